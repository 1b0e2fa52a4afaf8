"""The matching of two clouds of equally many points that costs least, with its proof."""

import math
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.matching import exchange_targets
from stipple.geometry.morton import order_along_curve
from stipple.geometry.nearest import find_cheapest
from stipple.machine.rounding import UNIT_ROUNDING
from stipple.machine.threads import Workers
from stipple.transport.network_simplex import NetworkSimplex

# How much more than the least a matching may cost, as a part of it.
GAP = 1e-3
# The same of clouds of groups, whose potentials only have to be near.
COARSE_GAP = 1e-2
# So few points are matched on all arcs; of more, groups of four are matched first.
FEW, GROUP = 64, 4
# Arcs of each point at the beginning: to the cheapest partner and points next to it.
NEAREST = 6
# Each round adds the arcs that its potentials ask for; most clouds need one or two.
LARGEST_ROUNDS = 30
# What one cost less its potential errs by, in units of the squared extent and of potentials.
ROUNDINGS = 32


@dataclass(frozen=True, eq=False)
class Assignment:
    """A permutation that costs nearly the least.

    Attributes
    ----------
    matched : ndarray, shape (n,)
        Source i goes to `targets[matched[i]]`.
    cost : float
        Mean of |source − target|², the square of W2 of the clouds if it is the least.
    lower : float
        No permutation costs less: proved by the dual of the problem, rounding included.
    """

    matched: Integers
    cost: float
    lower: float


def assign_points(sources: Floats, targets: Floats, gap: float = GAP) -> Assignment:
    """Match two clouds so that Σ |source − target|² is the least, up to a gap that is proved.

    Groups of four points are matched first, down to few. Potentials of the groups, which extend
    to all points, tell the few arcs that may be in use; the network simplex finds the best flow
    on them, and where its potentials ask for other arcs, these are added (multiscale: Schmitzer,
    "A sparse multiscale algorithm for dense optimal transport", 2016).

    Parameters
    ----------
    sources, targets : ndarray, shape (n, 2)
        Two clouds of equally many points, at least one.
    gap : float
        How much more than the least it may cost, as a part of its own cost.

    Returns
    -------
    Assignment
    """
    # Costs of clouds that are shifted differ by the same for all permutations, and boxes of a
    # search tell more of points that go less far.
    clouds = [cloud - cloud.mean(axis=0) for cloud in (sources, targets)]
    orders = [order_along_curve(cloud) for cloud in clouds]
    near = [np.ascontiguousarray(cloud[order]) for cloud, order in zip(clouds, orders, strict=True)]
    found, potentials = _match(near[0], near[1], gap)
    matched = np.empty(len(sources), dtype=np.int64)
    matched[orders[0]] = orders[1][found]
    cost = _measure(sources, targets[matched])
    excess = max(_bound_excess(near[0], near[1], found, potentials), 0.0)
    # Shifts round each coordinate, which extents that are squared here cover as well.
    extent = float(np.ptp(np.concatenate((sources, targets)), axis=0).sum())
    place = float(max(np.abs(sources).max(), np.abs(targets).max()))
    # Squares that underflow lose less than the least normal number.
    rounding = ROUNDINGS * UNIT_ROUNDING * (extent + place) * extent + np.finfo(float).tiny
    return Assignment(matched, cost, max(0.0, float(cost - excess - rounding)))


def _match(sources: Floats, targets: Floats, gap: float) -> tuple[Integers, Floats]:
    """Match clouds that are ordered along a curve; give potentials of the targets as well."""
    count = len(sources)
    every = np.arange(count)
    if count <= FEW:
        matched, arcs = every, np.arange(count * count)
    else:
        matched, arcs = _begin(sources, targets)
    workers = Workers(1)
    for _ in range(LARGEST_ROUNDS):
        matched, potentials = _solve(sources, targets, matched, arcs)
        onwards = find_cheapest(sources, targets, potentials, workers)
        steps = ((sources - targets[matched]) ** 2).sum(axis=1)
        missing = steps.sum() - onwards.values.sum() - potentials.sum()
        if count <= FEW or missing <= gap * steps.sum():
            break
        back = find_cheapest(targets, sources, onwards.values, workers)
        wanted = np.concatenate(
            [every * count + ends for ends in (onwards.first, onwards.second)]
            + [starts * count + every for starts in (back.first, back.second)]
        )
        wider = np.union1d(arcs, wanted)
        if len(wider) == len(arcs):
            break  # optimal, up to rounding
        arcs = wider
    return matched, potentials


def _begin(sources: Floats, targets: Floats) -> tuple[Integers, Integers]:
    """Match groups of points, and give a matching of the points and arcs that may be in use."""
    from scipy.spatial import cKDTree

    count = len(sources)
    every = np.arange(count)
    groups = count // GROUP
    whole = GROUP * groups
    means = [cloud[:whole].reshape(groups, GROUP, 2).mean(axis=1) for cloud in (sources, targets)]
    coarse, potentials = _match(means[0], means[1], COARSE_GAP)
    matched = every.copy()
    matched[:whole] = (coarse[:, None] * GROUP + np.arange(GROUP)).ravel()
    exchange_targets(sources, targets, matched)
    workers = Workers(1)
    of_groups = find_cheapest(means[0], means[1], potentials, workers).values
    extended = find_cheapest(targets, means[0], of_groups, workers).values
    onwards = find_cheapest(sources, targets, extended, workers)
    back = find_cheapest(targets, sources, onwards.values, workers)
    next_sources, next_targets = (
        cKDTree(cloud).query(cloud, k=NEAREST)[1] for cloud in (sources, targets)
    )
    arcs = [
        (every[:, None] * count + next_targets[onwards.first]).ravel(),
        (next_sources[back.first] * count + every[:, None]).ravel(),
        every * count + onwards.second,
        back.second * count + every,
        every * count + matched,
    ]
    return matched, np.unique(np.concatenate(arcs))


def _solve(
    sources: Floats, targets: Floats, matched: Integers, arcs: Integers
) -> tuple[Integers, Floats]:
    """Improve a matching until it is the best on some arcs, source·n + target, ascending."""
    count = len(sources)
    tails, heads = np.divmod(arcs, count)
    amounts = np.zeros(len(arcs))
    amounts[np.searchsorted(arcs, np.arange(count) * count + matched)] = 1.0
    costs = ((sources[tails] - targets[heads]) ** 2).sum(axis=1)
    simplex = NetworkSimplex(count, count, tails, heads, costs, amounts)
    while not simplex.improve():
        pass
    used, _ = simplex.get_flow()
    best = np.empty(count, dtype=np.int64)
    best[tails[used]] = heads[used]
    return best, simplex.get_target_potential()


def _measure(sources: Floats, targets: Floats) -> float:
    return math.fsum(((sources - targets) ** 2).ravel()) / len(sources)


def _bound_excess(sources: Floats, targets: Floats, matched: Integers, potentials: Floats) -> float:
    """Bound how much more than the least a matching costs, on the mean of all points.

    Whatever the potentials ψ, Σ min_j (c_ij − ψ_j) + Σ ψ_j is at most the cost of any permutation.
    """
    count = len(sources)
    values = find_cheapest(sources, targets, potentials, Workers(1)).values
    dual = math.fsum(values) + math.fsum(potentials)
    extent = float(np.ptp(np.concatenate((sources, targets)), axis=0).sum())
    rounding = ROUNDINGS * UNIT_ROUNDING * (extent**2 + float(np.abs(potentials).max()))
    return _measure(sources, targets[matched]) - dual / count + rounding
