"""Network simplex, pyramids and sparse arcs: exact flows, optimal costs, nothing lost."""

import numpy as np
import pytest
from bound_images import draw_blobs, draw_noise, draw_smooth, solve_exactly
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from stipple.arrays import Floats
from stipple.bounds.problem import (
    TOTAL,
    Flow,
    Level,
    conjugate,
    evaluate_dual,
    evaluate_flow,
    price_arcs,
)
from stipple.bounds.pyramid import build_pyramid, refine_flow, refine_potential
from stipple.bounds.sparse import (
    join_all,
    relax_on_arcs,
    select_arcs,
    solve_on_arcs,
    start_flow,
)
from stipple.bounds.transforms import measure_costs
from stipple.transport.network_simplex import NetworkSimplex

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
seeds = st.integers(0, 2**32 - 1)
orders = st.sampled_from([1.0, 1.5, 2.0, 3.0])


def draw_level(seed: int, shape: tuple[int, int], coarsest: int = 100) -> list[Level]:
    rng = np.random.default_rng(seed)
    images = rng.random((2, *shape)) * (rng.random((2, *shape)) < 0.6)
    images[:, 0, 0] += images.sum(axis=(1, 2)) == 0
    return build_pyramid(images[0] / images[0].sum(), images[1] / images[1].sum(), coarsest)


def check_marginals(flow: Flow, level: Level) -> None:
    """Exactly, as sums of whole numbers must be."""
    size = level.source.size
    assert (flow.amounts > 0).all()
    assert (np.bincount(flow.source, flow.amounts, size) == level.source.ravel()).all()
    assert (np.bincount(flow.target, flow.amounts, size) == level.target.ravel()).all()


def mix_flows(rng: np.random.Generator, sources: int, targets: int) -> Floats:
    """Whole-number flow, full of cycles, ties and unused arcs."""
    flow = rng.integers(0, 4, (sources, targets)) * (rng.random((sources, targets)) < 0.5)
    flow[:, 0] += 1
    flow[0] += 1
    return flow.astype(float)


# --- network simplex -----------------------------------------------------------------------------


@settings(deadline=None, max_examples=200)
@given(seed=seeds, sources=st.integers(1, 9), targets=st.integers(1, 9), whole=st.booleans())
def test_simplex_finds_the_optimum_of_a_linear_programme(
    seed: int, sources: int, targets: int, whole: bool
) -> None:
    rng = np.random.default_rng(seed)
    amounts = mix_flows(rng, sources, targets)
    costs = rng.integers(0, 4, amounts.shape) * 1.0 if whole else rng.random(amounts.shape)
    # Arcs without flow may be missing.
    present = (amounts > 0) | (rng.random(amounts.shape) < 0.5)
    tails, heads = np.nonzero(present)
    simplex = NetworkSimplex(
        sources, targets, tails, heads, costs[present].copy(), amounts[present].copy()
    )
    while not simplex.improve():
        pass
    arcs, moved = simplex.get_flow()
    found = np.zeros(amounts.shape)
    np.add.at(found, (tails[arcs], heads[arcs]), moved)
    assert (found.sum(axis=0) == amounts.sum(axis=0)).all()
    assert (found.sum(axis=1) == amounts.sum(axis=1)).all()
    rows = (tails == np.arange(sources)[:, None]).astype(float)
    columns = (heads == np.arange(targets)[:, None]).astype(float)
    best = linprog(
        costs[present],
        A_eq=np.vstack([rows, columns]),
        b_eq=np.concatenate([amounts.sum(axis=1), amounts.sum(axis=0)]),
    )
    assert best.success
    assert (found * costs).sum() == pytest.approx(best.fun, abs=1e-9)
    # Potentials prove it: ψ, and the best φ on these arcs.
    psi = simplex.get_target_potential()
    phi = np.where(present, costs - psi, np.inf).min(axis=1)
    value = phi @ amounts.sum(axis=1) + psi @ amounts.sum(axis=0)
    assert value == pytest.approx(best.fun, abs=1e-9)


def test_simplex_never_makes_the_first_flow_dearer() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        amounts = mix_flows(rng, 12, 9)
        costs = rng.random(amounts.shape)
        tails, heads = np.indices(amounts.shape).reshape(2, -1)
        simplex = NetworkSimplex(12, 9, tails, heads, costs.ravel(), amounts.ravel())
        arcs, moved = simplex.get_flow()
        assert moved @ costs.ravel()[arcs] <= (costs * amounts).sum() * (1 + 1e-12)
        # A basis: no more arcs in use than a tree has.
        assert len(arcs) <= 12 + 9 - 1


# --- pyramid -------------------------------------------------------------------------------------


@settings(deadline=None)
@given(seed=seeds, shape=shapes)
def test_levels_keep_all_mass_and_flows_climb_down_exactly(
    seed: int, shape: tuple[int, int]
) -> None:
    levels = draw_level(seed, shape, coarsest=1)
    assert levels[0].source.shape == (1, 1)
    flow = start_flow(levels[0])
    for level in levels:
        assert level.source.sum() == level.target.sum() == TOTAL
        if level is not levels[0]:
            before = len(flow.source)
            flow = refine_flow(flow, level)
            pixels = np.count_nonzero(level.source) + np.count_nonzero(level.target)
            assert len(flow.source) <= before + pixels
        check_marginals(flow, level)
    assert levels[-1].source.shape == shape


def test_what_both_images_have_is_left_out_for_distances() -> None:
    images = [image / image.sum() for image in (draw_blobs(1, (12, 9)), draw_blobs(2, (12, 9)))]
    whole, moving = build_pyramid(*images, 12)[-1], build_pyramid(*images, 12, 1)[-1]
    assert not (moving.source * moving.target).any()
    np.testing.assert_array_equal(moving.source - moving.target, whole.source - whole.target)
    same = build_pyramid(images[0], images[0], 12, 1)[-1]
    assert same.source.sum() == same.target.sum() == TOTAL


def test_flows_stay_between_the_same_parents() -> None:
    coarse, fine = draw_level(5, (9, 7), coarsest=5)
    flow = start_flow(coarse)
    children = refine_flow(flow, fine)
    parents = [
        pixels // 7 // 2 * 4 + pixels % 7 // 2 for pixels in (children.source, children.target)
    ]
    sums: dict[tuple[int, int], float] = {}
    for source, target, amount in zip(*parents, children.amounts, strict=True):
        sums[source, target] = sums.get((source, target), 0.0) + amount
    assert sums == {(source, target): amount for source, target, amount in zip(*flow, strict=True)}


@pytest.mark.parametrize("shape", [(8, 12), (7, 11), (5, 4)])
def test_refined_potentials_keep_linear_functions(shape: tuple[int, int]) -> None:
    # Children of pixel r are at 2r and 2r + 1: in coarse pixels r − 1/4 and r + 1/4.
    coarse = tuple(-(-n // 2) for n in shape)
    fine = refine_potential(
        np.add.outer(np.arange(coarse[0]), 3.0 * np.arange(coarse[1])), shape, 2
    )
    assert fine.shape == shape
    y, x = np.indices(shape)
    inner = (y > 0) & (y < 2 * coarse[0] - 1) & (x > 0) & (x < 2 * coarse[1] - 1)
    assert inner.any()
    expected = 4 * ((y / 2 - 0.25) + 3 * (x / 2 - 0.25))
    np.testing.assert_allclose(fine[inner], expected[inner])


# --- arcs ----------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(seed=seeds, shape=shapes, order=orders)
def test_all_arcs_give_the_exact_distance(seed: int, shape: tuple[int, int], order: float) -> None:
    (level,) = draw_level(seed, shape)
    costs = measure_costs(shape, order).table
    flow, dual = solve_on_arcs(level, start_flow(level), join_all(level), costs)
    check_marginals(flow, level)
    upper = evaluate_flow(flow, costs)
    lower = evaluate_dual(level, conjugate(dual, order))
    assert lower == pytest.approx(upper, rel=1e-9, abs=1e-9)
    exact = solve_exactly(level.source, level.target, order)
    assert upper == pytest.approx(exact**order, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("order", [1.0, 2.0])
@pytest.mark.parametrize("draw", [draw_smooth, draw_noise, draw_blobs])
def test_arcs_of_least_slack_are_those_of_brute_force(draw, order: float) -> None:  # type: ignore[no-untyped-def]
    shape = (9, 13)
    images = [draw(seed, shape) for seed in (1, 2)]
    (level,) = build_pyramid(*(image / image.sum() for image in images), 100)
    costs = measure_costs(shape, order).table
    potentials = conjugate(np.random.default_rng(0).random(shape), order)
    flow = start_flow(level)
    arcs = select_arcs(level, flow, potentials, costs, 4, max(shape))
    assert (np.diff(arcs) > 0).all()
    pixels = np.arange(level.source.size)
    slack = price_arcs(costs, pixels[:, None], pixels)
    slack = slack - potentials.source.ravel()[:, None] - potentials.target.ravel()
    slack[level.source.ravel() == 0] = np.inf
    slack[:, level.target.ravel() == 0] = np.inf
    wanted = np.isfinite(slack) & (
        (slack <= np.sort(slack, axis=1)[:, 3:4]) | (slack <= np.sort(slack, axis=0)[3])
    )
    wanted[flow.source, flow.target] = True
    found = np.zeros(slack.shape, dtype=bool)
    found[np.divmod(arcs, level.source.size)] = True
    assert not (found & ~wanted).any()
    # Of arcs that tie for the last place, any may be taken.
    assert (found | ~wanted).mean() > 0.95
    assert (found.sum(axis=1)[level.source.ravel() > 0] >= 4).all()
    assert (found.sum(axis=0)[level.target.ravel() > 0] >= 4).all()


def test_time_that_is_up_leaves_a_flow() -> None:
    images = [draw_noise(seed, (40, 40)) for seed in (1, 2)]
    (level,) = build_pyramid(*(image / image.sum() for image in images), 100)
    costs = measure_costs(level.source.shape, 2).table
    flow, _ = solve_on_arcs(level, start_flow(level), join_all(level), costs, deadline=0.0)
    check_marginals(flow, level)
    assert evaluate_flow(flow, costs) <= evaluate_flow(start_flow(level), costs)


@pytest.mark.parametrize("draw", [draw_smooth, draw_noise, draw_blobs])
def test_relaxed_arcs_are_as_good_as_their_tolerance(draw) -> None:  # type: ignore[no-untyped-def]
    shape = (15, 18)
    (level,) = build_pyramid(
        *(image / image.sum() for image in (draw(1, shape), draw(2, shape))), 18
    )
    costs = measure_costs(shape, 2).table
    optimal, _ = solve_on_arcs(level, start_flow(level), join_all(level), costs)
    exact = evaluate_flow(optimal, costs)
    for share in (0.1, 0.001):
        relaxed = relax_on_arcs(
            level, start_flow(level), join_all(level), np.zeros(shape), costs, share * exact
        )
        assert relaxed is not None
        flow, potential = relaxed
        check_marginals(flow, level)
        lower = evaluate_dual(level, conjugate(potential, 2))
        assert exact * (1 - 2 * share) <= lower <= exact * (1 + 1e-9)
        assert exact * (1 - 1e-9) <= evaluate_flow(flow, costs) <= exact * (1 + 2 * share)
        assert evaluate_flow(flow, costs) - lower <= 2 * share * exact


def test_late_arcs_leave_a_whole_flow() -> None:
    shape = (9, 11)
    (level,) = build_pyramid(
        *(image / image.sum() for image in (draw_noise(1, shape), draw_noise(2, shape))), 11
    )
    costs = measure_costs(shape, 2).table
    relaxed = relax_on_arcs(
        level, start_flow(level), join_all(level), np.zeros(shape), costs, 1e-3, deadline=0.0
    )
    assert relaxed is not None
    check_marginals(relaxed[0], level)


def test_tolerances_below_all_digits_are_refused() -> None:
    (level,) = draw_level(1, (5, 6))
    costs = measure_costs((5, 6), 2).table
    arcs = join_all(level)
    assert relax_on_arcs(level, start_flow(level), arcs, np.zeros((5, 6)), costs, 1e-16) is None
