"""Back-and-forth ascent and cells: the dual goes up, plans stay exact and go down."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from bound_images import draw_blobs, draw_noise, draw_smooth
from hypothesis import given, settings
from hypothesis import strategies as st

from stipple.bounds import back_and_forth
from stipple.bounds.back_and_forth import ascend_dual
from stipple.bounds.domain_decomposition import improve_in_cells
from stipple.bounds.problem import (
    TOTAL,
    Level,
    Potentials,
    conjugate,
    evaluate_dual,
    evaluate_flow,
    price_arcs,
)
from stipple.bounds.pyramid import build_pyramid
from stipple.bounds.sparse import join_all, solve_on_arcs, start_flow
from stipple.bounds.transforms import measure_costs
from stipple.machine.threads import Workers

every_image = pytest.mark.parametrize("draw", [draw_smooth, draw_noise, draw_blobs])
ONE = Workers(1)


def make_level(draw, shape: tuple[int, int], seed: int = 0) -> Level:  # type: ignore[no-untyped-def]
    images = (draw(seed + k, shape) for k in (1, 2))
    (level,) = build_pyramid(*(image / image.sum() for image in images), max(shape))
    return level


def solve(level: Level) -> float:
    costs = measure_costs(level.source.shape, 2).table
    flow, _ = solve_on_arcs(level, start_flow(level), join_all(level), costs)
    return evaluate_flow(flow, costs)


# --- back and forth ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "tolerance"), [(draw_smooth, 0.01), (draw_noise, 0.3), (draw_blobs, 0.02)]
)
@pytest.mark.parametrize("shape", [(32, 32), (21, 34)])
def test_ascent_comes_close_to_the_optimum_from_below(  # type: ignore[no-untyped-def]
    draw, tolerance: float, shape: tuple[int, int]
) -> None:
    level = make_level(draw, shape)
    potentials = ascend_dual(level, np.zeros(shape), 100, ONE)
    exact = solve(level)
    assert exact * (1 - tolerance) <= evaluate_dual(level, potentials) <= exact * (1 + 1e-9)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    scale=st.sampled_from([0.0, 1.0, 100.0]),
)
def test_ascent_never_loses_and_stays_feasible(
    seed: int, shape: tuple[int, int], scale: float
) -> None:
    rng = np.random.default_rng(seed)
    level = make_level(draw_noise, shape, seed % 1000)
    start = scale * rng.standard_normal(shape)
    potentials = ascend_dual(level, start, 20, ONE)
    before = evaluate_dual(level, conjugate(start, 2))
    assert evaluate_dual(level, potentials) >= before
    pixels = np.arange(level.source.size)
    slack = price_arcs(measure_costs(shape, 2).table, pixels[:, None], pixels)
    slack = slack - potentials.source.ravel()[:, None] - potentials.target.ravel()
    rounding = 1e-12 * (1 + np.abs(start).max() + sum(n * n for n in shape))
    assert slack.min() >= -rounding
    # Partners are where the minima are.
    rows = np.arange(level.source.size)
    assert np.abs(slack[rows, potentials.source_partner.ravel()]).max() <= rounding
    assert np.abs(slack[potentials.target_partner.ravel(), rows]).max() <= rounding


def test_ascent_recovers_a_translation() -> None:
    shape = (24, 30)
    source = np.zeros(shape)
    source[4:14, 5:15] = 1 + draw_noise(1, (10, 10))
    target = np.roll(source, (6, 9), axis=(0, 1))
    (level,) = build_pyramid(source / source.sum(), target / target.sum(), 100)
    potentials = ascend_dual(level, np.zeros(shape), 200, ONE)
    assert evaluate_dual(level, potentials) == pytest.approx(6**2 + 9**2, rel=1e-3)


def test_steps_that_promise_little_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    level = make_level(draw_smooth, (48, 40))
    transforms: list[int] = []

    def count(*given: Any) -> Potentials:
        transforms.append(1)
        return conjugate(*given)

    monkeypatch.setattr(back_and_forth, "conjugate", count)
    values, counts = [], []
    for worth in (0.0, 1e-4, 1e-2):
        transforms.clear()
        potentials = ascend_dual(level, np.zeros(level.source.shape), 100, ONE, worth=worth)
        values.append(evaluate_dual(level, potentials))
        counts.append(len(transforms))
    assert counts[2] < counts[1] < 0.8 * counts[0]
    assert values[0] * (1 - 0.2) <= values[2] <= values[1] <= values[0]
    assert values[1] >= values[0] * (1 - 2e-3)


# --- cells ---------------------------------------------------------------------------------------


@every_image
@pytest.mark.parametrize("side", [4, 7])
def test_cells_keep_marginals_and_lower_the_cost(draw, side: int) -> None:  # type: ignore[no-untyped-def]
    level = make_level(draw, (19, 26))
    size = level.source.size
    costs = measure_costs(level.source.shape, 2).table
    potentials = conjugate(np.zeros(level.source.shape), 2)
    flow = start_flow(level)
    values = [evaluate_flow(flow, costs)]
    with ThreadPoolExecutor(2) as pool:
        for offset in 3 * ((0, 0), (side // 2, side // 2), (0, side // 2), (side // 2, 0)):
            flow = improve_in_cells(flow, potentials, costs, side, offset, pool)
            values.append(evaluate_flow(flow, costs))
            assert (np.bincount(flow.source, flow.amounts, size) == level.source.ravel()).all()
            assert (np.bincount(flow.target, flow.amounts, size) == level.target.ravel()).all()
    assert (np.diff(values) <= 1e-12 * values[0]).all()
    assert values[-1] < values[0]
    assert values[-1] >= solve(level) * (1 - 1e-9)


@every_image
def test_one_cell_for_all_pixels_is_optimal(draw) -> None:  # type: ignore[no-untyped-def]
    level = make_level(draw, (12, 15))
    costs = measure_costs(level.source.shape, 2).table
    potentials = conjugate(np.zeros(level.source.shape), 2)
    with ThreadPoolExecutor(1) as pool:
        flow = improve_in_cells(start_flow(level), potentials, costs, 15, (0, 0), pool)
    assert evaluate_flow(flow, costs) == pytest.approx(solve(level), rel=1e-9)
    assert flow.amounts.sum() == TOTAL


def test_cells_that_are_solved_are_left_alone() -> None:
    level = make_level(draw_noise, (8, 16))
    costs = measure_costs(level.source.shape, 2).table
    optimal, dual = solve_on_arcs(level, start_flow(level), join_all(level), costs)
    potentials = conjugate(dual, 2)
    with ThreadPoolExecutor(1) as pool:
        flow = improve_in_cells(optimal, potentials, costs, 8, (0, 0), pool)
    assert evaluate_flow(flow, costs) == pytest.approx(evaluate_flow(optimal, costs), rel=1e-12)
