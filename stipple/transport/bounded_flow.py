"""Optimal flow from samples to atoms that take no less and no more than given amounts.

Shortest augmenting paths (Ahuja, Magnanti, Orlin, "Network flows", 1993, section 9.7) on the atoms
alone, which are few: the arc from one atom to another is its cheapest sample to be handed on. A
last node, the drain, takes what atoms hold; arcs to it carry between least and most. Potentials
that are nearly right leave few paths to be found, so that solving anew after atoms moved is fast,
and there is no scale below which costs are smoothed: clusters may be as far apart as they like.
"""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.errors import StippleError
from stipple.machine.compiled import compile_loop
from stipple.transport.bounded_shares import (
    NONE,
    Shares,
    Sites,
    hand_on,
    lengthen,
    list_costs,
    list_shares,
    share_out,
)


class Flow(NamedTuple):
    """Amounts that go from samples to atoms, shape (k,) each, and the potentials that prove it.

    `potential`, shape (m,), is positive only where an atom has no more than its least amount, and
    negative only where it has its most: Σ_i a_i·min_j(C_ij − g_j) + Σ_j g_j·(amount of j) is the
    cost, and no flow within the bounds has a smaller one.
    """

    samples: Integers
    atoms: Integers
    amounts: Floats
    potential: Floats


class _Ways(NamedTuple):
    """What it costs least to hand a sample on, atom by atom, which part that is, and if known."""

    rises: Floats
    parts: Integers
    known: Booleans


class _Balance(NamedTuple):
    """Potentials and what is to be sent on, both for atoms and drain; what atoms drain, and may."""

    potential: Floats
    excess: Floats
    drained: Floats
    least: Floats
    most: Floats


class _Paths(NamedTuple):
    """Shortest paths from a node: distances, nodes before, and which are certain."""

    distances: Floats
    before: Integers
    certain: Booleans


def find_flow(
    points: Floats,
    amounts: Floats,
    atoms: Floats,
    least: Floats,
    most: Floats,
    potential: Floats,
    *,
    order: float,
    arcs: bool,
) -> Flow:
    """Send all that samples have to atoms at the least cost.

    Parameters
    ----------
    points, amounts : ndarray, shapes (n, d) and (n,)
        Samples, and what each has: whole numbers > 0 that add up to no more than 2^52.
    atoms : ndarray, shape (m, d)
        Where it goes.
    least, most : ndarray, shape (m,)
        Bounds of what each atom takes, whole numbers; the sum of the amounts is between theirs.
    potential : ndarray, shape (m,)
        Where to begin: the nearer, the faster.
    order : float
        k ≥ 1: costs are k-th powers of distances.
    arcs : bool
        Whether distances are arcs of the unit sphere.

    Raises
    ------
    StippleError
        If costs are beyond floating-point numbers.
    """
    sites = Sites(points, np.ascontiguousarray(atoms.T), order, arcs)
    samples, receivers, sent, found, complete = _find_flow(sites, amounts, least, most, potential)
    if not complete:
        raise StippleError(
            f"Distances to the power {order:g} are beyond floating-point numbers here: give a"
            " smaller order, or scale the samples down."
        )
    return Flow(samples, receivers, sent, found)


@compile_loop
def _find_flow(
    sites: Sites, amounts: Floats, least: Floats, most: Floats, potential: Floats
) -> tuple[Integers, Integers, Floats, Floats, bool]:
    count = len(least)
    shares, held = share_out(sites, amounts, potential)
    ways = _Ways(
        np.empty((count, count)),
        np.empty((count, count), dtype=np.int64),
        np.zeros(count, dtype=np.bool_),
    )
    balance = _strike_balance(held, least, most, potential)
    paths = _Paths(
        np.empty(count + 1),
        np.empty(count + 1, dtype=np.int64),
        np.empty(count + 1, dtype=np.bool_),
    )
    costs = np.empty(count)
    for start in range(count + 1):
        while balance.excess[start] > 0:
            end = _search(sites, shares, ways, balance, paths, start, costs)
            if end == NONE:
                break
            if shares.spare[0] + count > len(shares.samples):
                shares = lengthen(shares)
            _shorten(shares, ways, paths, start, end)
            _push(sites, shares, ways, balance, paths, start, end, costs)
    samples, receivers, sent = list_shares(shares)
    # Potentials count from that of the drain.
    potential = balance.potential[:count] - balance.potential[count]
    return samples, receivers, sent, potential, not balance.excess.any()


@compile_loop
def _strike_balance(held: Floats, least: Floats, most: Floats, potential: Floats) -> _Balance:
    """Let atoms drain what their potentials ask for, and see who has too much."""
    count = len(held)
    drained = np.minimum(np.maximum(held, least), most)
    for j in range(count):
        if potential[j] > 0:
            drained[j] = least[j]
        elif potential[j] < 0:
            drained[j] = most[j]
    excess = np.append(held - drained, drained.sum() - held.sum())
    return _Balance(np.append(potential, 0.0), excess, drained, least, most)


@compile_loop
def _search(
    sites: Sites,
    shares: Shares,
    ways: _Ways,
    balance: _Balance,
    paths: _Paths,
    start: int,
    costs: Floats,
) -> int:
    """Find the nearest node that lacks something (Dijkstra), and make the path cost nothing.

    NONE where costs are no numbers.
    """
    potential, drained = balance.potential, balance.drained
    distances, before, certain = paths
    drain = len(drained)
    distances[:] = np.inf
    certain[:] = False
    distances[start] = 0.0
    while True:
        node = NONE
        nearest = np.inf
        for k in range(drain + 1):
            if not certain[k] and distances[k] < nearest:
                nearest, node = distances[k], k
        if node == NONE:
            return NONE
        if balance.excess[node] < 0:
            break
        certain[node] = True
        base = nearest + potential[node]
        if node == drain:
            for k in range(drain):
                if not certain[k] and drained[k] > balance.least[k]:
                    _reach(paths, k, drain, max(base - potential[k], nearest))
            continue
        if not ways.known[node]:
            _find_ways(sites, shares, ways, node, costs)
        rises = ways.rises[node]
        for k in range(drain):
            distance = max(base + rises[k] - potential[k], nearest)
            if distance < distances[k] and not certain[k]:
                distances[k] = distance
                before[k] = node
        if not certain[drain] and drained[node] < balance.most[node]:
            _reach(paths, drain, node, max(base - potential[drain], nearest))
    for k in range(drain + 1):
        if certain[k]:
            potential[k] += distances[k] - nearest
    return node


@compile_loop
def _reach(paths: _Paths, node: int, before: int, distance: float) -> None:
    if distance < paths.distances[node]:
        paths.distances[node] = distance
        paths.before[node] = before


@compile_loop
def _find_ways(sites: Sites, shares: Shares, ways: _Ways, atom: int, costs: Floats) -> None:
    """Find what of an atom's parts is handed on most cheaply, to each other atom."""
    rises, parts = ways.rises[atom], ways.parts[atom]
    rises[:] = np.inf
    part = shares.first[atom]
    while part != NONE:
        list_costs(sites, shares.samples[part], costs)
        own = costs[atom]
        for k in range(len(costs)):
            if costs[k] - own < rises[k]:
                rises[k] = costs[k] - own
                parts[k] = part
        part = shares.after[part]
    ways.known[atom] = True


@compile_loop
def _shorten(shares: Shares, ways: _Ways, paths: _Paths, start: int, end: int) -> None:
    """Leave out atoms that would hand on the sample that they are handed.

    Such a way costs as much as the direct one, but carries no more than what they have of it.
    """
    before = paths.before
    drain = len(before) - 1
    node = end
    while node != start:
        giver = before[node]
        while giver != start and drain not in (node, giver, before[giver]):
            handed = shares.samples[ways.parts[before[giver], giver]]
            if shares.samples[ways.parts[giver, node]] != handed:
                break
            giver = before[giver]
        before[node] = giver
        node = giver


@compile_loop
def _push(
    sites: Sites,
    shares: Shares,
    ways: _Ways,
    balance: _Balance,
    paths: _Paths,
    start: int,
    end: int,
    costs: Floats,
) -> None:
    """Send along a path what the start has too much, the end lacks, and all between can carry."""
    drained = balance.drained
    drain = len(drained)
    amount = min(balance.excess[start], -balance.excess[end])
    node = end
    while node != start:
        giver = paths.before[node]
        if node == drain:
            amount = min(amount, balance.most[giver] - drained[giver])
        elif giver == drain:
            amount = min(amount, drained[node] - balance.least[node])
        else:
            amount = min(amount, shares.amounts[ways.parts[giver, node]])
        node = giver
    balance.excess[start] -= amount
    balance.excess[end] += amount
    node = end
    while node != start:
        giver = paths.before[node]
        if node == drain:
            drained[giver] += amount
        elif giver == drain:
            drained[node] -= amount
        else:
            _hand_on(sites, shares, ways, giver, node, amount, costs)
        node = giver


@compile_loop
def _hand_on(
    sites: Sites,
    shares: Shares,
    ways: _Ways,
    giver: int,
    taker: int,
    amount: float,
    costs: Floats,
) -> None:
    """Move an amount of the cheapest part of one atom to another, and note what that changes."""
    part = ways.parts[giver, taker]
    sample = shares.samples[part]
    if shares.amounts[part] == amount:
        ways.known[giver] = False
    part = hand_on(shares, part, giver, taker, amount)
    if part == NONE or not ways.known[taker]:
        return
    list_costs(sites, sample, costs)
    rises, parts = ways.rises[taker], ways.parts[taker]
    own = costs[taker]
    for k in range(len(costs)):
        if costs[k] - own < rises[k]:
            rises[k] = costs[k] - own
            parts[k] = part
