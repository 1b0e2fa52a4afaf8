"""The transforms are the minima over all pairs of pixels: exactly so in integers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cdist

from stipple.arrays import Floats
from stipple.bounds.transforms import (
    NOTHING,
    measure_costs,
    minimise_costs,
    round_costs_down,
    transform_cost,
)
from stipple.errors import StippleError
from stipple.machine.threads import Workers

ORDERS = [1, 1.5, 2, 3]


def measure(shape: tuple[int, int], order: float) -> Floats:
    places = np.stack(np.indices(shape), -1).reshape(-1, 2).astype(float)
    if order == 2:
        return cdist(places, places, "sqeuclidean")
    return cdist(places, places) ** order


def draw_potential(seed: int, shape: tuple[int, int]) -> Floats:
    random = np.random.default_rng(seed)
    potential = random.normal(size=shape) * 10.0 ** random.integers(-2, 5)
    kind = seed % 4
    if kind == 1:
        potential = gaussian_filter(potential, 3)
    elif kind == 2:
        potential[random.random(shape) < 0.7] = -np.inf
        potential[random.integers(shape[0]), random.integers(shape[1])] = 1.0
    elif kind == 3:
        potential = np.round(potential)
    return potential


@pytest.mark.parametrize("order", ORDERS)
@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    threads=st.integers(1, 2),
)
def test_transforms_are_minima_over_all_pairs(
    order: float, seed: int, shape: tuple[int, int], threads: int
) -> None:
    potential = draw_potential(seed, shape)
    found = transform_cost(potential, order, workers=Workers(threads))
    values = measure(shape, order) - potential.ravel()
    scale = np.abs(potential[np.isfinite(potential)]).max() + values[np.isfinite(values)].max()
    tolerance = 1e-14 * scale
    np.testing.assert_allclose(found.values.ravel(), values.min(axis=1), rtol=0, atol=tolerance)
    attained = values[np.arange(potential.size), found.nearest.ravel()]
    np.testing.assert_allclose(found.values.ravel(), attained, rtol=0, atol=tolerance)


@pytest.mark.parametrize("order", ORDERS)
@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    kept=st.floats(0, 1),
)
def test_integers_are_exact(order: float, seed: int, shape: tuple[int, int], kept: float) -> None:
    random = np.random.default_rng(seed)
    costs = round_costs_down(measure_costs(shape, order))
    largest = int(costs.table[-1, -1])
    heights = random.integers(0, 2 * largest + 2, shape)
    if seed % 2:
        heights >>= int(random.integers(0, 60))
    heights[random.random(shape) > kept] = NOTHING
    lowest, nearest = minimise_costs(heights, costs, Workers(1))
    row, column = (each.ravel() for each in np.indices(shape))
    table = costs.table[abs(row[:, None] - row), abs(column[:, None] - column)]
    flat = heights.ravel()
    values = np.where(flat == NOTHING, NOTHING, table + np.where(flat == NOTHING, 0, flat))
    np.testing.assert_array_equal(lowest.ravel(), values.min(axis=1))
    attained = values[np.arange(flat.size), nearest.ravel()]
    np.testing.assert_array_equal(attained, lowest.ravel())


@pytest.mark.parametrize("order", [1, 1.5, 3])
@pytest.mark.parametrize("shape", [(17, 9, 14), (3, 30, 12)])
@pytest.mark.parametrize("lowered", [1.0, 0.03])
def test_volumes_are_exact(order: float, shape: tuple[int, ...], lowered: float) -> None:
    """Smooth, and steep as the costs: whole blocks are discarded, also where costs are lowered."""
    random = np.random.default_rng(len(shape) + int(10 * order))
    costs = measure_costs(shape, order)
    costs = round_costs_down(
        replace(costs, table=np.minimum(costs.table, lowered * costs.table.flat[-1]))
    )
    places = np.argwhere(np.ones(shape))
    bowl = ((places - random.uniform(0, shape)) ** 2).sum(axis=1) ** (order / 2)
    rough = gaussian_filter(random.normal(size=shape), 2).ravel()
    heights = np.ldexp(0.4 * bowl + 5 * rough - (5 * rough).min(), -costs.exponent).astype(np.int64)
    heights[random.random(heights.size) < 0.1] = NOTHING
    lowest, nearest = minimise_costs(heights.reshape(shape), costs, Workers(1))
    offsets = np.abs(places[:, None] - places)
    values = costs.table[tuple(np.moveaxis(offsets, -1, 0))] + np.where(
        heights == NOTHING, 0, heights
    )
    values[:, heights == NOTHING] = NOTHING
    np.testing.assert_array_equal(lowest.ravel(), values.min(axis=1))
    attained = values[np.arange(heights.size), nearest.ravel()]
    np.testing.assert_array_equal(attained, lowest.ravel())


@pytest.mark.parametrize("order", [1, 1.5, 2, 2.5, 3, 7, 32])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (30, 40)])
def test_costs_are_rounded_down(order: float, shape: tuple[int, int]) -> None:
    """Whole numbers k with k·2^e ≤ |Δ|^p, checked by their exact powers: orders are halves."""
    costs = round_costs_down(measure_costs(shape, order))
    flat: NDArray[np.int64] = costs.table.ravel()
    row, column = (each.ravel().tolist() for each in np.indices(shape))
    for r, c, units in zip(row, column, flat.tolist(), strict=True):
        # (k·2^e)^4 ≤ (r² + c²)^(2p), both whole numbers after a shift.
        true, ours = (r * r + c * c) ** round(2 * order), units**4
        shift = 4 * costs.exponent
        left, right = (ours << shift, true) if shift >= 0 else (ours, true << -shift)
        assert left <= right
        assert units == 0 or right < (ours + 4 * units**3 * (units * 2**-47 + 2)) * 2 ** max(
            shift, 0
        )
    # Pruning by blocks needs costs that grow with either offset.
    assert (np.diff(costs.table, axis=0) >= 0).all()
    assert (np.diff(costs.table, axis=1) >= 0).all()


@pytest.mark.parametrize("order", ORDERS)
def test_three_transforms_are_one(order: float) -> None:
    potential = draw_potential(1, (30, 20))
    once = transform_cost(potential, order).values
    twice = transform_cost(once, order).values
    assert (twice >= potential - 1e-9).all()
    np.testing.assert_allclose(transform_cost(twice, order).values, once, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "potential",
    [np.zeros(4), np.zeros((0, 3)), np.full((2, 2), -np.inf), np.array([[0, np.nan]])],
)
def test_potentials_without_numbers_are_refused(potential: Floats) -> None:
    with pytest.raises(StippleError, match="cannot be transformed"):
        transform_cost(potential, 2)


def test_infinity_is_refused() -> None:
    with pytest.raises(StippleError, match="below infinity"):
        transform_cost(np.array([[0, np.inf]]), 2)
