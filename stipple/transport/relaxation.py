"""Flow from sources to targets that is optimal up to a tolerance, from potentials at hand.

Each arc may cost the tolerance ε less than the potentials allow, and an arc in use may cost ε more
(ε-complementary slackness: Bertsekas, "Network optimization", 1998, chapter 7). A flow with that
property costs at most ε for each unit of mass more than the best one. Where potentials are nearly
right, few arcs of a flow lack it: these are emptied, and what they carried is sent along shortest
ways instead, from all nodes at once (as in Gabow and Tarjan, "Faster scaling algorithms for network
problems", 1989). All costs and potentials are whole numbers, so that no step is rounded.
"""

import math
import time
from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop

# Potentials change by at most so many tolerances in a round.
FARTHEST = 4096


class Network(NamedTuple):
    """Arcs from sources to targets, both counted from 0.

    Attributes
    ----------
    tails, heads, costs : ndarray, shape (k,)
        Source, target and cost of each arc: whole numbers, with ascending sources.
    outwards : ndarray, shape (sources + 1,)
        The arcs of source i are outwards[i], …, outwards[i + 1] − 1.
    inwards : ndarray, shape (targets + 1,)
        Those of target j are entries[inwards[j]], …, entries[inwards[j + 1] − 1].
    entries : ndarray, shape (k,)
    """

    tails: Integers
    heads: Integers
    costs: Integers
    outwards: Integers
    inwards: Integers
    entries: Integers


class _State(NamedTuple):
    """Potentials by node, what each arc carries, and what sources and targets still lack."""

    phi: Integers
    psi: Integers
    flows: Floats
    supplies: Floats
    demands: Floats


def join_network(
    sources: int, targets: int, tails: Integers, heads: Integers, costs: Integers
) -> Network:
    """Sort the arcs of a network by their targets, too; they come sorted by their sources."""
    entries = np.argsort(heads, kind="stable")
    outwards = np.searchsorted(tails, np.arange(sources + 1))
    inwards = np.searchsorted(heads[entries], np.arange(targets + 1))
    return Network(tails, heads, costs, outwards, inwards, entries)


def relax_flow(
    network: Network,
    amounts: Floats,
    psi: Integers,
    tolerance: int,
    deadline: float = math.inf,
) -> tuple[Floats, Integers] | None:
    """Make a flow optimal up to a tolerance for each unit of mass.

    Parameters
    ----------
    network : Network
    amounts : ndarray, shape (k,)
        Whole numbers ≥ 0, so that sums are exact: a flow with the right marginals.
    psi : ndarray, shape (targets,)
        Potentials of the targets, near to optimal ones. The nearer, the less there is to do.
    tolerance : int
        ε > 0.
    deadline : float
        Time of `time.perf_counter` at which to give up.

    Returns
    -------
    amounts : ndarray, shape (k,)
        A flow with the same marginals.
    psi : ndarray, shape (targets,)
        With φ(i) = min_j c(i, j) − ψ(j), no arc in use costs more than φ + ψ + 2ε.

    None if that would come too late.
    """
    sources, targets = len(network.outwards) - 1, len(network.inwards) - 1
    state = _State(
        np.zeros(sources, np.int64),
        psi.astype(np.int64),
        amounts.copy(),
        np.zeros(sources),
        np.zeros(targets),
    )
    left = _empty_arcs(network, state, tolerance)
    while left > 0:
        if time.perf_counter() >= deadline:
            return None
        _shift_potentials(network, state, tolerance)
        left -= _send_along(network, state)
    return state.flows, state.psi


@compile_loop
def _empty_arcs(network: Network, state: _State, tolerance: int) -> float:
    """Give each source the highest potential, empty arcs of too much slack; tell what they had."""
    _, heads, costs, outwards, _, _ = network
    phi, psi, flows, supplies, demands = state
    emptied = 0.0
    for i in range(len(phi)):
        least = np.int64(2**62)
        for arc in range(outwards[i], outwards[i + 1]):
            least = min(least, costs[arc] - psi[heads[arc]])
        phi[i] = least
        for arc in range(outwards[i], outwards[i + 1]):
            j = heads[arc]
            if flows[arc] > 0 and costs[arc] - phi[i] - psi[j] > tolerance:
                supplies[i] += flows[arc]
                demands[j] += flows[arc]
                emptied += flows[arc]
                flows[arc] = 0.0
    return emptied


@compile_loop
def _shift_potentials(network: Network, state: _State, tolerance: int) -> None:
    """Shift potentials until shortest ways lead from each supply to a demand (Dijkstra, Dial).

    A step along an arc, or back along one in use, is as long as its slack in tolerances, rounded
    up beyond: with the distances to the demands as shifts, just shortest ways have slack below 0.
    """
    tails, heads, costs, outwards, inwards, entries = network
    phi, psi, flows, supplies, demands = state
    sources, targets = len(phi), len(psi)
    distances = np.full(sources + targets, FARTHEST, np.int64)
    settled = np.zeros(sources + targets, np.bool_)
    # Lists of nodes by distance; a node that came nearer is in several, and counts once.
    first = np.full(FARTHEST + 1, -1, np.int64)
    nodes = np.empty(2 * len(heads) + targets, np.int64)
    following = np.empty_like(nodes)
    listed = waiting = 0
    for i in range(sources):
        waiting += supplies[i] > 0
    for j in range(targets):
        if demands[j] > 0:
            node = sources + j
            distances[node] = 0
            nodes[listed], following[listed] = node, first[0]
            first[0] = listed
            listed += 1
    distance = 0
    while distance < FARTHEST and waiting > 0:
        place = first[distance]
        if place < 0:
            distance += 1
            continue
        first[distance] = following[place]
        node = nodes[place]
        if settled[node]:
            continue
        settled[node] = True
        if node < sources:
            waiting -= supplies[node] > 0
            for arc in range(outwards[node], outwards[node + 1]):
                other = sources + heads[arc]
                if flows[arc] > 0 and not settled[other]:
                    slack = costs[arc] - phi[node] - psi[heads[arc]]
                    longer = distance + (-slack) // tolerance + 1
                    if longer < distances[other]:
                        distances[other] = longer
                        nodes[listed], following[listed] = other, first[longer]
                        first[longer] = listed
                        listed += 1
        else:
            target = node - sources
            for k in range(inwards[target], inwards[target + 1]):
                arc = entries[k]
                other = tails[arc]
                if not settled[other]:
                    slack = costs[arc] - phi[other] - psi[target]
                    longer = distance + slack // tolerance + 1
                    if longer < distances[other]:
                        distances[other] = longer
                        nodes[listed], following[listed] = other, first[longer]
                        first[longer] = listed
                        listed += 1
    for i in range(sources):
        phi[i] += min(distances[i], distance) * tolerance
    for j in range(targets):
        psi[j] -= min(distances[sources + j], distance) * tolerance


@compile_loop
def _send_along(network: Network, state: _State) -> float:
    """Send supplies to demands along arcs of slack below 0, until no way is left; tell how much.

    Depth first, each node left for good where it leads nowhere. A way leads back from a target
    along an arc in use of slack above 0, and then carries at most what that arc does.
    """
    tails, heads, costs, outwards, inwards, entries = network
    phi, psi, flows, supplies, demands = state
    sources, targets = len(phi), len(psi)
    current = np.concatenate((outwards[:-1], inwards[:-1]))
    closed = np.zeros(sources + targets, np.bool_)
    way = np.empty(sources + targets, np.int64)
    through = np.empty(sources + targets, np.int64)
    sent = 0.0
    for start in range(sources):
        if supplies[start] == 0 or closed[start]:
            continue
        depth = 0
        way[0] = start
        closed[start] = True
        while depth >= 0 and supplies[start] > 0:
            node = way[depth]
            if node >= sources and demands[node - sources] > 0:
                amount = min(supplies[start], demands[node - sources])
                for k in range(2, depth + 1, 2):
                    amount = min(amount, flows[through[k]])
                supplies[start] -= amount
                demands[node - sources] -= amount
                sent += amount
                kept = depth - 1
                for k in range(depth, 0, -1):
                    flows[through[k]] += amount if k % 2 else -amount
                    if flows[through[k]] == 0:
                        kept = k - 1
                # Up to where the way is blocked now, nodes are open to other ways.
                for k in range(kept + 1, depth + 1):
                    closed[way[k]] = False
                depth = kept
                continue
            place, found = current[node], -1
            if node < sources:
                while place < outwards[node + 1]:
                    j = heads[place]
                    if not closed[sources + j] and costs[place] - phi[node] - psi[j] < 0:
                        found, arc = sources + j, place
                        break
                    place += 1
            else:
                j = node - sources
                while place < inwards[j + 1]:
                    arc = entries[place]
                    i = tails[arc]
                    if flows[arc] > 0 and not closed[i] and costs[arc] - phi[i] - psi[j] > 0:
                        found = i
                        break
                    place += 1
            current[node] = place
            if found < 0:
                depth -= 1
                continue
            depth += 1
            way[depth], through[depth] = found, arc
            closed[found] = True
        for k in range(depth + 1):
            closed[way[k]] = False
    return sent
