"""Flow through a network that is optimal up to a tolerance, from potentials at hand.

Each arc may cost the tolerance ε less than the potentials allow, and an arc in use may cost ε more
(ε-complementary slackness: Bertsekas, "Network optimization", 1998, chapter 7). A flow with that
property costs at most 2ε for each unit of mass more than the best one. Where potentials are nearly
right, few arcs of a flow lack it: these are emptied, and what they carried is sent along shortest
ways instead, from many nodes at once (as in Gabow and Tarjan, "Faster scaling algorithms for
network problems", 1989). Costs and potentials are whole numbers, so that no step is rounded.

The network simplex finds the very best flow; a pivot changes a long branch of its tree. What is
good enough was measured to be found 4 to 8 times faster here, at 128 × 128 pixels.
"""

import math
import time
from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop

# Costs are counted in units of which the tolerance ε has 2^BITS.
BITS = 4
TOLERANCE = 2**BITS
# How often the tolerance doubles while the last of the mass halves.
LOOSENING = 2.0
# Potentials change by at most so many tolerances in a round.
FARTHEST = 4096


class Network(NamedTuple):
    """Arcs between nodes counted from 0: as they go out, and as they come in.

    Attributes
    ----------
    outwards : ndarray, shape (nodes + 1,)
        The arcs out of node i are outwards[i], …, outwards[i + 1] − 1.
    heads, costs : ndarray, shape (k,)
        Where each arc leads, and its cost.
    inwards : ndarray, shape (nodes + 1,)
        Those into node j are arcs[inwards[j]], …, arcs[inwards[j + 1] − 1].
    arcs, tails, prices : ndarray, shape (k,)
        Numbers of the arcs by head; where each comes from, and its cost, in this order.
    """

    outwards: Integers
    heads: Integers
    costs: Integers
    inwards: Integers
    arcs: Integers
    tails: Integers
    prices: Integers


class Flow(NamedTuple):
    """What moves through a network.

    Attributes
    ----------
    amounts : ndarray, shape (k,)
        What each arc carries: whole numbers ≥ 0, so that sums are exact.
    excess : ndarray, shape (nodes,)
        What each node has left to send (> 0) or to receive (< 0).
    potentials : ndarray, shape (nodes,)
        u, whole numbers in units of which `TOLERANCE` make the tolerance. An arc from i to j has
        the slack cost − u(i) + u(j).
    """

    amounts: Floats
    excess: Floats
    potentials: Integers


class _Room(NamedTuple):
    """Distances of nodes, and lists of nodes by distance: one that came nearer is in several."""

    distances: Integers
    first: Integers
    nodes: Integers
    following: Integers


def join_network(nodes: int, tails: Integers, heads: Integers, costs: Integers) -> Network:
    """Sort the arcs of a network by their heads, too; they come sorted by their tails."""
    arcs = np.argsort(heads, kind="stable")
    # Half as many bytes, for loops that wait for memory.
    small = np.int32
    return Network(
        np.searchsorted(tails, np.arange(nodes + 1)),
        heads.astype(small),
        costs,
        np.searchsorted(heads[arcs], np.arange(nodes + 1)),
        arcs.astype(small),
        tails[arcs].astype(small),
        costs[arcs],
    )


def relax_flow(
    network: Network,
    flow: Flow,
    deadline: float = math.inf,
    enough: float = 0.0,
    loosest: int = BITS,
) -> Flow:
    """Make a flow optimal up to twice the tolerance for each unit of mass and arc on its way.

    Parameters
    ----------
    network : Network
    flow : Flow
        With potentials that leave no arc a slack below 0, but for rounding. The nearer they are to
        optimal ones, the less there is to do.
    deadline : float
        Time of `time.perf_counter` at which to leave the rest as it is.
    enough : float
        As soon as no more than this share of the excess is left, it may stay so.
    loosest : int
        The tolerance doubles `LOOSENING` times while what is left halves, up to 2^loosest units:
        else most of the rounds would be spent on little mass.

    Returns
    -------
    Flow
        No arc has a slack below −ε, and no arc in use one above ε, for the last tolerance ε.
    """
    nodes = len(flow.excess)
    state = Flow(*(each.copy() for each in flow))
    entries = nodes + 2 * len(flow.amounts)
    room = _Room(*(np.empty(n, np.int64) for n in (nodes, FARTHEST, entries, entries)))
    _empty_arcs(network, state)
    whole = left = float(state.excess[state.excess > 0].sum())
    while left > enough * whole and time.perf_counter() < deadline:
        bits = BITS + int(LOOSENING * math.log2(whole / left))
        _shift_potentials(network, state, min(bits, loosest), room)
        left -= _send_along(network, state)
    return state


@compile_loop
def _empty_arcs(network: Network, state: Flow) -> None:
    """Empty arcs of too much slack."""
    outwards, heads, costs, _, _, _, _ = network
    amounts, excess, potentials = state
    for i in range(len(excess)):
        for arc in range(outwards[i], outwards[i + 1]):
            j = heads[arc]
            if amounts[arc] > 0 and costs[arc] - potentials[i] + potentials[j] > TOLERANCE:
                excess[i] += amounts[arc]
                excess[j] -= amounts[arc]
                amounts[arc] = 0.0


@compile_loop
def _shift_potentials(network: Network, state: Flow, bits: int, room: _Room) -> None:
    """Shift potentials until shortest ways lead to where mass is missing (Dijkstra, Dial).

    A step along an arc, or back along one in use, is as long as its slack in tolerances, rounded
    up beyond: with distances as shifts, just shortest ways have slack below 0. They are measured
    from the fewer, senders or receivers, until ways to all of the others are known.
    """
    outwards, heads, costs, inwards, arcs, tails, prices = network
    amounts, excess, potentials = state
    distances, first, nodes, following = room
    count = len(excess)
    distances[:] = FARTHEST
    first[:] = -1
    sign = 1 if np.count_nonzero(excess > 0) < np.count_nonzero(excess < 0) else -1
    listed = wanted = 0
    for node in range(count):
        if sign * excess[node] > 0:
            distances[node] = 0
            nodes[listed], following[listed] = node, first[0]
            first[0] = listed
            listed += 1
        elif excess[node] != 0:
            wanted += 1
    distance = 0
    while distance < FARTHEST and wanted > 0:
        place = first[distance]
        if place < 0:
            distance += 1
            continue
        first[distance] = following[place]
        node = nodes[place]
        if distances[node] < distance:
            continue
        if sign * excess[node] < 0:
            wanted -= 1
        height = potentials[node]
        for arc in range(outwards[node], outwards[node + 1]):
            if sign < 0 and amounts[arc] == 0:
                continue
            other = heads[arc]
            slack = costs[arc] - height + potentials[other]
            longer = distance + (sign * slack >> bits) + 1
            if longer < distances[other]:
                distances[other] = longer
                nodes[listed], following[listed] = other, first[longer]
                first[longer] = listed
                listed += 1
        for k in range(inwards[node], inwards[node + 1]):
            if sign > 0 and amounts[arcs[k]] == 0:
                continue
            other = tails[k]
            slack = prices[k] - potentials[other] + height
            longer = distance + (-sign * slack >> bits) + 1
            if longer < distances[other]:
                distances[other] = longer
                nodes[listed], following[listed] = other, first[longer]
                first[longer] = listed
                listed += 1
    for node in range(count):
        potentials[node] -= sign * min(distances[node], distance) << bits


@compile_loop
def _send_along(network: Network, state: Flow) -> float:
    """Send along arcs of slack below 0, until no way is left; tell how much.

    Depth first, each node left for good where it leads nowhere. A way may go back along an arc in
    use of slack above 0 (listed as ~arc), and then carries at most what that arc does.
    """
    outwards, heads, costs, inwards, arcs, tails, prices = network
    amounts, excess, potentials = state
    count = len(excess)
    ahead, behind = outwards.copy(), inwards.copy()
    closed = np.zeros(count, np.bool_)
    way = np.empty(count, np.int64)
    through = np.empty(count, np.int64)
    sent = 0.0
    for start in range(count):
        if excess[start] <= 0 or closed[start]:
            continue
        depth = 0
        way[0] = start
        closed[start] = True
        while depth >= 0 and excess[start] > 0:
            node = way[depth]
            if excess[node] < 0:
                amount = min(excess[start], -excess[node])
                for k in range(1, depth + 1):
                    if through[k] < 0:
                        amount = min(amount, amounts[~through[k]])
                excess[start] -= amount
                excess[node] += amount
                sent += amount
                kept = depth
                for k in range(depth, 0, -1):
                    if through[k] >= 0:
                        amounts[through[k]] += amount
                    else:
                        amounts[~through[k]] -= amount
                        if amounts[~through[k]] == 0:
                            kept = k - 1
                # Up to where the way is blocked now, nodes are open to other ways.
                for k in range(kept + 1, depth + 1):
                    closed[way[k]] = False
                depth = kept
                continue
            found, arc = -1, 0
            place = ahead[node]
            while found < 0 and place < outwards[node + 1]:
                other = heads[place]
                if not closed[other] and costs[place] - potentials[node] + potentials[other] < 0:
                    found, arc = other, place
                else:
                    place += 1
            ahead[node] = place
            place = behind[node]
            while found < 0 and place < inwards[node + 1]:
                other = tails[place]
                if (
                    amounts[arcs[place]] > 0
                    and not closed[other]
                    and prices[place] - potentials[other] + potentials[node] > 0
                ):
                    found, arc = other, ~arcs[place]
                else:
                    place += 1
            behind[node] = place
            if found < 0:
                depth -= 1
                continue
            depth += 1
            way[depth], through[depth] = found, arc
            closed[found] = True
        for k in range(depth + 1):
            closed[way[k]] = False
    return sent
