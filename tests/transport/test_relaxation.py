"""Flows that are optimal up to a tolerance: nothing lost, and no dearer than was promised."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from stipple.arrays import Floats, Integers
from stipple.transport.relaxation import BITS, TOLERANCE, Flow, Network, join_network, relax_flow


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
    sources, targets = amounts.shape
    network = join_network(sources + targets, tails, sources + heads, costs[present])
    phi = np.where(present, costs - psi, np.iinfo(np.int64).max).min(axis=1)
    given = Flow(amounts[present], np.zeros(sources + targets), np.concatenate((phi, -psi)))
    relaxed = relax_flow(network, given)
    assert not relaxed.excess.any()
    found = np.zeros(amounts.shape)
    found[present] = relaxed.amounts
    return found, -relaxed.potentials[sources:]


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
    return join_network(4, tails, 2 + heads, costs)


def test_flow_that_is_good_enough_stays_as_it_is() -> None:
    best = Flow(np.array([3.0, 0.0, 0.0, 2.0]), np.zeros(4), np.array([-7, 7, -7, 7]))
    relaxed = relax_flow(join_crosswise(), best)
    for before, after in zip(best, relaxed, strict=True):
        assert after.tolist() == before.tolist()


def test_what_is_late_is_left_over() -> None:
    across = Flow(np.array([0.0, 2.0, 1.0, 0.0]), np.zeros(4), np.zeros(4, np.int64))
    late = relax_flow(join_crosswise(), across, deadline=0.0)
    assert not late.amounts.any()
    assert late.excess.tolist() == [2.0, 1.0, -1.0, -2.0]
    relaxed = relax_flow(join_crosswise(), across)
    assert relaxed.amounts.tolist() == [1.0, 1.0, 0.0, 1.0]


# --- ways over several arcs ----------------------------------------------------------------------


def join_circle(count: int, seed: int) -> tuple[Network, Floats, Integers]:
    """Nodes in a circle joined both ways, and by some arcs across it; what each has to send."""
    rng = np.random.default_rng(seed)
    places = np.arange(count)
    tails = np.concatenate((places, places, rng.integers(0, count, count)))
    heads = np.concatenate(((places + 1) % count, places - 1, rng.integers(0, count, count)))
    heads[heads < 0] = count - 1
    costs = rng.integers(4 * TOLERANCE, 40 * TOLERANCE, len(tails))
    order = np.argsort(tails, kind="stable")
    excess = rng.integers(-9, 10, count).astype(float)
    excess[0] -= excess.sum()
    return join_network(count, tails[order], heads[order], costs[order]), excess, tails[order]


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(3, 20), loose=st.booleans())
def test_ways_over_several_arcs_cost_little_more_than_the_best(
    seed: int, count: int, loose: bool
) -> None:
    network, excess, tails = join_circle(count, seed)
    idle = Flow(np.zeros(len(tails)), excess, np.zeros(count, np.int64))
    relaxed = relax_flow(network, idle, loosest=BITS + 1 if loose else BITS)
    assert not relaxed.excess.any()
    out = (tails == np.arange(count)[:, None]).astype(float)
    balance = out - (network.heads == np.arange(count)[:, None])
    assert (balance @ relaxed.amounts == excess).all()
    slack = network.costs - relaxed.potentials[tails] + relaxed.potentials[network.heads]
    most = 2 * TOLERANCE if loose else TOLERANCE
    assert slack.min() >= -most
    assert slack[relaxed.amounts > 0].max(initial=0) <= most
    best = linprog(network.costs, A_eq=balance, b_eq=excess)
    assert best.success
    cost = relaxed.amounts @ network.costs
    assert best.fun - 1e-6 <= cost <= best.fun + 2 * most * relaxed.amounts.sum() + 1e-6


def test_a_share_may_be_left_over() -> None:
    network, excess, tails = join_circle(200, 1)
    idle = Flow(np.zeros(len(tails)), excess, np.zeros(200, np.int64))
    whole = excess[excess > 0].sum()
    left = [
        np.maximum(relax_flow(network, idle, enough=share).excess, 0).sum() / whole
        for share in (0.9, 0.3, 0.0)
    ]
    assert left[2] == 0 < left[1] <= 0.3 < left[0] <= 0.9
