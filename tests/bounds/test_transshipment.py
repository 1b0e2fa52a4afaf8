"""Ways in short steps: no mass is lost, potentials obey, and both are near to the optimum."""

import math
from typing import Any

import numpy as np
import pytest
from bound_images import draw_blobs, draw_noise, draw_smooth, solve_exactly
from hypothesis import given, settings
from hypothesis import strategies as st

from stipple.arrays import Floats
from stipple.bounds import transshipment
from stipple.bounds.certificate import certify_bounds
from stipple.bounds.masses import pair_masses
from stipple.bounds.problem import TOTAL, Flow, Level, evaluate_flow
from stipple.bounds.pyramid import build_pyramid
from stipple.bounds.refine import bound_images
from stipple.bounds.steps import list_steps, obey_steps
from stipple.bounds.transforms import measure_costs
from stipple.bounds.transshipment import STEPS, ship_in_steps

every_image = pytest.mark.parametrize("draw", [draw_smooth, draw_noise, draw_blobs])
shapes = st.tuples(st.integers(1, 12), st.integers(1, 12))


def make_level(a: Floats, b: Floats) -> Level:
    """A level with mass that both images have, as coarse ones have it."""
    (level,) = build_pyramid(a / a.sum(), b / b.sum(), max(a.shape), 2)
    return level


@pytest.mark.parametrize("reach", [1, 2, 5])
def test_ways_in_steps_are_little_longer_than_lines(reach: int) -> None:
    steps = list_steps(reach).offsets
    turned = steps[np.argsort(np.arctan2(*steps.T))]
    following = np.roll(turned, -1, axis=0)
    # Neighbours by angle span the whole grid, so that each offset between them is a sum of both.
    assert (abs(np.linalg.det(np.stack((turned, following), axis=1)).round()) == 1).all()
    i, j = np.indices((20, 20)).reshape(2, 1, -1)[:, :, 1:]
    pairs = zip(turned.T, following.T, strict=True)
    lines = np.hypot(*(i * one[:, None] + j * other[:, None] for one, other in pairs))
    ways = i * np.hypot(*turned.T)[:, None] + j * np.hypot(*following.T)[:, None]
    longest = (ways / lines).max()
    assert math.sqrt(1 + 1 / (4 * reach**2)) * 0.96 <= longest <= math.sqrt(1 + 1 / (4 * reach**2))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), shape=shapes, scale=st.sampled_from([0.0, 1.0, 50.0]))
def test_potentials_that_obey_are_the_highest_below(
    seed: int, shape: tuple[int, int], scale: float
) -> None:
    potential = scale * np.random.default_rng(seed).standard_normal(shape)
    obeying = obey_steps(potential, STEPS)
    places = np.argwhere(np.ones(shape))
    distances = np.hypot(*(places[:, None] - places).T)
    # All lines between so near pixels are steps, or multiples.
    best = (potential.ravel() + distances).min(axis=1).reshape(shape)
    np.testing.assert_allclose(obeying, best, rtol=0, atol=1e-12 * (1 + scale))


@every_image
@pytest.mark.parametrize("shape", [(12, 15), (1, 30), (21, 2)])
def test_shipping_is_nearly_optimal_and_loses_nothing(draw, shape: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    a, b = draw(1, shape), draw(2, shape)
    level = make_level(a, b)
    flow, potential = ship_in_steps(level, np.zeros(shape), (0.5, 0.05, 0.002))
    assert (flow.amounts > 0).all()
    assert (np.bincount(flow.source, flow.amounts, a.size) == level.source.ravel()).all()
    assert (np.bincount(flow.target, flow.amounts, a.size) == level.target.ravel()).all()
    exact = solve_exactly(a, b, 1)
    assert evaluate_flow(flow, measure_costs(shape, 1).table) <= exact * 1.01
    assert np.vdot(level.source - level.target, potential) / TOTAL >= exact * 0.97
    certificate = certify_bounds(pair_masses(a, b), 1, -potential)
    assert certificate.lower >= exact * 0.97


def test_what_is_late_goes_along_the_curve() -> None:
    level = make_level(draw_noise(1, (9, 14)), draw_noise(2, (9, 14)))
    flow, _ = ship_in_steps(level, np.zeros((9, 14)), (0.01,), deadline=0.0)
    size = level.source.size
    assert (np.bincount(flow.source, flow.amounts, size) == level.source.ravel()).all()
    assert (np.bincount(flow.target, flow.amounts, size) == level.target.ravel()).all()


@every_image
@pytest.mark.parametrize("shape", [(50, 41), (33, 70)])
def test_the_exact_distance_is_inside(draw, shape: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    a, b = draw(3, shape), draw(4, shape)
    wide = bound_images(pair_masses(a, b), 1, gap=5e-3)
    narrow = bound_images(pair_masses(a, b), 1, gap=1e-6)
    assert wide.reached
    assert narrow.reached
    assert wide.lower <= narrow.upper
    assert narrow.lower <= wide.upper


def test_smooth_images_go_in_steps_unless_the_gap_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped: list[tuple[int, ...]] = []

    def ship(level: Level, *given: Any) -> tuple[Flow, Floats]:
        shipped.append(level.source.shape)
        return ship_in_steps(level, *given)

    monkeypatch.setattr(transshipment, "ship_in_steps", ship)
    for scale, order, gap, steps in (
        (9.0, 1, 1e-3, True),
        (9.0, 1, 1e-5, False),
        (9.0, 1.5, 1e-3, False),
        (0.5, 1, 1e-3, False),
    ):
        shipped.clear()
        a, b = (draw_smooth(seed, (50, 44), scale) for seed in (1, 2))
        assert bound_images(pair_masses(a, b), order, gap=gap).reached
        assert bool(shipped) == steps
