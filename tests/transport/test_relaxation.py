"""Flows that are optimal up to a tolerance: nothing lost, and no dearer than was promised."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from stipple.arrays import Floats, Integers
from stipple.transport.relaxation import TOLERANCE, Network, join_network, relax_flow


def draw_problem(seed: int, sources: int, targets: int) -> tuple[Floats, Integers, Integers]:
    """A flow, the costs, and which arcs there are: those in use, and half of the others."""
    rng = np.random.default_rng(seed)
    amounts = rng.integers(0, 4, (sources, targets)) * (rng.random((sources, targets)) < 0.5)
    amounts[:, 0] += 1
    amounts[0] += 1
    present = (amounts > 0) | (rng.random(amounts.shape) < 0.5)
    return amounts.astype(float), rng.integers(0, 40 * TOLERANCE, amounts.shape), present


def relax(
    amounts: Floats, costs: Integers, present: Integers, psi: Integers
) -> tuple[Floats, Integers]:
    tails, heads = np.nonzero(present)
    network = join_network(*amounts.shape, tails, heads, costs[present])
    relaxed = relax_flow(network, amounts[present], psi)
    assert not relaxed.supplies.any()
    assert not relaxed.demands.any()
    found = np.zeros(amounts.shape)
    found[present] = relaxed.amounts
    return found, relaxed.psi


@settings(deadline=None, max_examples=200)
@given(
    seed=st.integers(0, 2**32 - 1),
    sources=st.integers(1, 9),
    targets=st.integers(1, 9),
    scale=st.sampled_from([0, 1, 50, 200_000]),
)
def test_relaxed_flow_is_optimal_up_to_the_tolerance(
    seed: int, sources: int, targets: int, scale: int
) -> None:
    amounts, costs, present = draw_problem(seed, sources, targets)
    first = np.random.default_rng(seed).integers(-scale, scale + 1, targets)
    found, psi = relax(amounts, costs, present, first)
    assert (found >= 0).all()
    assert not found[~present].any()
    assert (found.sum(axis=0) == amounts.sum(axis=0)).all()
    assert (found.sum(axis=1) == amounts.sum(axis=1)).all()
    # Potentials prove it: no arc in use has more slack than twice the tolerance.
    phi = np.where(present, costs - psi, np.iinfo(np.int64).max).min(axis=1)
    slack = costs - phi[:, None] - psi
    assert (slack[present] >= 0).all()
    assert slack[found > 0].max() <= 2 * TOLERANCE


def test_relaxed_flow_is_nearly_the_best_of_a_linear_programme() -> None:
    for seed in range(20):
        amounts, costs, present = draw_problem(seed, 12, 9)
        found, _ = relax(amounts, costs, present, np.zeros(9, np.int64))
        tails, heads = np.nonzero(present)
        rows = (tails == np.arange(12)[:, None]).astype(float)
        columns = (heads == np.arange(9)[:, None]).astype(float)
        best = linprog(
            costs[present],
            A_eq=np.vstack([rows, columns]),
            b_eq=np.concatenate([amounts.sum(axis=1), amounts.sum(axis=0)]),
        )
        assert best.success
        excess = (found * costs).sum() - best.fun
        assert -1e-6 <= excess <= TOLERANCE * amounts.sum()


def join_crosswise() -> Network:
    """Two sources and two targets; going across is dear."""
    costs = np.array([0, 50 * TOLERANCE, 50 * TOLERANCE, 0])
    tails, heads = np.indices((2, 2)).reshape(2, -1)
    return join_network(2, 2, tails, heads, costs)


def test_flow_that_is_good_enough_stays_as_it_is() -> None:
    best, psi = np.array([3.0, 0.0, 0.0, 2.0]), np.array([7, -7])
    relaxed = relax_flow(join_crosswise(), best, psi)
    assert relaxed.amounts.tolist() == best.tolist()
    assert relaxed.psi.tolist() == psi.tolist()


def test_what_is_late_is_left_over() -> None:
    amounts, psi = np.array([0.0, 2.0, 1.0, 0.0]), np.zeros(2, np.int64)
    late = relax_flow(join_crosswise(), amounts, psi, deadline=0.0)
    assert not late.amounts.any()
    assert late.supplies.tolist() == [2.0, 1.0]
    assert late.demands.tolist() == [1.0, 2.0]
    relaxed = relax_flow(join_crosswise(), amounts, psi)
    assert relaxed.amounts.tolist() == [1.0, 1.0, 0.0, 1.0]
