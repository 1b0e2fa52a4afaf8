"""Optimal flow from sources to targets on given arcs, started from a flow that is at hand.

The network simplex method with strongly feasible trees (Ahuja, Magnanti, Orlin, "Network flows",
1993, chapter 11). Nodes are the sources, the targets and a root; every node hangs on a tree. An
arc that is not in the tree carries nothing.

POT's simplex solves dense problems from nothing. Here a problem has few arcs, or a good flow is
known from the problem before, and starting there was measured to be 2 to 4 times faster; it can
also be left when the time is up, with a flow that is complete. `_grow_tree` and `_push` are long
loops: their parts share a dozen arrays and indices, which calls would have to pass on.
"""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.machine.compiled import compile_loop

NONE = -1
# Reduced costs nearer to 0 than this share of the numbers that they come from are rounding.
ROUNDING = 1e-13
# Potentials are computed anew this many times, at the most, before an optimum is believed.
RENEWALS = 3
# Tens of milliseconds at 256 × 256 pixels: deadlines are looked at in between.
PIVOTS_PER_CALL = 1_000


class _Arcs(NamedTuple):
    """From which node to which, and at what cost."""

    tails: Integers
    heads: Integers
    costs: Floats


class _Tree(NamedTuple):
    """By node; the root is the last.

    The rows of `links` are: parent, arc to it, first child, next sibling, previous sibling, depth.
    `upwards` tells whether the arc leads to the parent, `flows` what it carries. Potentials of
    sources have the opposite sign, so that a branch can be shifted as a whole.
    """

    links: Integers
    upwards: Booleans
    flows: Floats
    potentials: Floats


class NetworkSimplex:
    """A tree solution of a transport problem, and its improvement.

    Parameters
    ----------
    sources, targets : int
        How many; each takes part in the flow.
    tails, heads : ndarray, shape (k,)
        Source and target of each arc, both counted from 0.
    costs : ndarray, shape (k,)
        ≥ 0.
    amounts : ndarray, shape (k,)
        Whole numbers ≥ 0, so that sums are exact: a flow with the right marginals.
    """

    def __init__(
        self,
        sources: int,
        targets: int,
        tails: Integers,
        heads: Integers,
        costs: Floats,
        amounts: Floats,
    ) -> None:
        self._sources = sources
        self._place = 0
        self._arcs = _Arcs(tails, heads + sources, costs)
        nodes = sources + targets + 1
        self._tree = _Tree(
            np.full((6, nodes), NONE, dtype=np.int64),
            np.zeros(nodes, dtype=np.bool_),
            np.zeros(nodes),
            np.zeros(nodes),
        )
        used = np.flatnonzero(amounts)
        in_tree = _grow_tree(self._arcs, amounts, used, sources, self._tree)
        _settle(self._arcs, amounts, used[~in_tree], self._tree)

    def improve(self) -> bool:
        """Pivot many times; tell whether the flow is optimal now."""
        self._place = _pivot(self._arcs, self._place, PIVOTS_PER_CALL, self._tree)
        return self._place == NONE

    def get_flow(self) -> tuple[Integers, Floats]:
        """Arcs in use, and what they carry."""
        used = self._tree.flows > 0
        return self._tree.links[1, used], self._tree.flows[used]

    def get_target_potential(self) -> Floats:
        """ψ of each target; dual optimal if the flow is optimal."""
        return self._tree.potentials[self._sources : -1]


@compile_loop
def _grow_tree(arcs: _Arcs, amounts: Floats, used: Integers, sources: int, tree: _Tree) -> Booleans:
    """Hang all nodes on the root by arcs in use; tell which of those are in the tree."""
    tails, heads, costs = arcs
    links, upwards, flows, potentials = tree
    root = len(flows) - 1
    leader = np.arange(root)
    in_tree = np.zeros(len(used), dtype=np.bool_)
    degree = np.zeros(root + 1, dtype=np.int64)
    for k in range(len(used)):
        a, b = tails[used[k]], heads[used[k]]
        while leader[a] != a:
            leader[a] = leader[leader[a]]
            a = leader[a]
        while leader[b] != b:
            leader[b] = leader[leader[b]]
            b = leader[b]
        if a != b:
            leader[a] = b
            in_tree[k] = True
            degree[tails[used[k]] + 1] += 1
            degree[heads[used[k]] + 1] += 1
    starts = np.cumsum(degree)
    fill = starts.copy()
    around = np.empty(starts[-1], dtype=np.int64)
    for k in range(len(used)):
        if in_tree[k]:
            for node in (tails[used[k]], heads[used[k]]):
                around[fill[node]] = used[k]
                fill[node] += 1
    parent, arc, depth = links[0], links[1], links[5]
    depth[root] = 0
    queue = np.empty(root, dtype=np.int64)
    # Each component hangs on the root by an arc of a source, which stays idle, for there is none
    # from the root to a target. It leads up, as idle arcs of a strongly feasible tree must.
    for start in range(sources):
        if parent[start] != NONE:
            continue
        upwards[start] = True
        _attach(start, root, links)
        depth[start] = 1
        queue[0] = start
        done, size = 0, 1
        while done < size:
            node = queue[done]
            done += 1
            for k in range(starts[node], starts[node + 1]):
                other = tails[around[k]] + heads[around[k]] - node
                if parent[node] != other:
                    _attach(other, node, links)
                    arc[other] = around[k]
                    upwards[other] = other < sources
                    flows[other] = amounts[around[k]]
                    depth[other] = depth[node] + 1
                    rise = costs[around[k]]
                    potentials[other] = potentials[node] + (-rise if other < sources else rise)
                    queue[size] = other
                    size += 1
    return in_tree


@compile_loop
def _settle(arcs: _Arcs, amounts: Floats, extra: Integers, tree: _Tree) -> None:
    """Bring arcs in use outside the tree into it, or out of use, whichever is cheaper."""
    for arc in extra:
        _push(arcs, arc, amounts[arc], tree)


@compile_loop
def _pivot(arcs: _Arcs, place: int, pivots: int, tree: _Tree) -> int:
    """Pivot on the worst arc of each block in turn; return where to go on, NONE if optimal.

    Potentials change by differences, whose rounding adds up: beside costs that span many orders
    of magnitude it would hide the small ones. So they are computed anew before an optimum counts.
    """
    tails, heads, costs = arcs
    potentials = tree.potentials
    count = len(costs)
    block = max(2 * int(np.sqrt(count)), 10)
    fresh, renewals = False, 0
    for _ in range(pivots):
        worst, entering, seen = 0.0, NONE, 0
        while seen < count and entering == NONE:
            for _ in range(min(block, count - seen)):
                before, after = potentials[tails[place]], potentials[heads[place]]
                reduced = costs[place] + before - after
                if reduced < worst and -reduced > ROUNDING * (
                    costs[place] + abs(before) + abs(after)
                ):
                    worst, entering = reduced, place
                place += 1
                if place == count:
                    place = 0
            seen += block
        if entering != NONE:
            _push(arcs, entering, 0.0, tree)
            fresh = False
        elif fresh or renewals == RENEWALS:
            return NONE
        else:
            _renew_potentials(arcs, tree)
            fresh, renewals = True, renewals + 1
    return place


@compile_loop
def _renew_potentials(arcs: _Arcs, tree: _Tree) -> None:
    """Compute the potentials from the costs along the tree, from the root downwards."""
    links, upwards, _, potentials = tree
    parent, arc, first_child, sibling = links[0], links[1], links[2], links[3]
    root = len(potentials) - 1
    node = first_child[root]
    while node != NONE and node != root:
        if parent[node] == root:
            potentials[node] = 0.0
        else:
            rise = arcs.costs[arc[node]]
            potentials[node] = potentials[parent[node]] + (-rise if upwards[node] else rise)
        if first_child[node] != NONE:
            node = first_child[node]
            continue
        while node != root and sibling[node] == NONE:
            node = parent[node]
        if node != root:
            node = sibling[node]


@compile_loop
def _push(arcs: _Arcs, entering: int, amount: float, tree: _Tree) -> None:
    """Change the flow on an arc outside the tree, and around its cycle, as far as that saves."""
    tails, heads, costs = arcs
    links, upwards, flows, potentials = tree
    parent, arc, first_child, sibling, depth = links[0], links[1], links[2], links[3], links[5]
    tail, head = tails[entering], heads[entering]
    reduced = costs[entering] + potentials[tail] - potentials[head]
    grows = reduced < 0
    # The push goes from `first` to `second` on the arc and returns through the tree.
    first, second = (tail, head) if grows else (head, tail)
    a, b = first, second
    while a != b:
        if depth[a] >= depth[b]:
            a = parent[a]
        else:
            b = parent[b]
    apex = a
    # The last arc that blocks, seen from the apex in the direction of the push, leaves: the tree
    # stays strongly feasible.
    most = np.inf
    leaving, on_first = NONE, True
    node = first
    while node != apex:
        if upwards[node] and flows[node] < most:
            most, leaving, on_first = flows[node], node, True
        node = parent[node]
    node = second
    while node != apex:
        if not upwards[node] and flows[node] <= most:
            most, leaving, on_first = flows[node], node, False
        node = parent[node]
    stays_out = not grows and amount <= most
    if stays_out:
        most = amount
    node = first
    while node != apex:
        flows[node] += -most if upwards[node] else most
        node = parent[node]
    node = second
    while node != apex:
        flows[node] += most if upwards[node] else -most
        node = parent[node]
    if stays_out:
        return
    inner, outer = (first, second) if on_first else (second, first)
    # Turn the path from the end of the new arc to the one that leaves upside down.
    node, above, link, up = inner, outer, entering, inner == tail
    flow = amount + most if grows else amount - most
    while True:
        old = (parent[node], arc[node], upwards[node], flows[node])
        _detach(node, links)
        _attach(node, above, links)
        arc[node], upwards[node], flows[node] = link, up, flow
        if node == leaving:
            break
        node, above, link, up, flow = old[0], node, old[1], not old[2], old[3]
    shift = -reduced if inner == tail else reduced
    node = inner
    while True:
        potentials[node] += shift
        depth[node] = depth[parent[node]] + 1
        if first_child[node] != NONE:
            node = first_child[node]
            continue
        while node != inner and sibling[node] == NONE:
            node = parent[node]
        if node == inner:
            return
        node = sibling[node]


@compile_loop
def _attach(node: int, above: int, links: Integers) -> None:
    parent, first, after, before = links[0], links[2], links[3], links[4]
    parent[node] = above
    after[node] = first[above]
    before[node] = NONE
    if first[above] != NONE:
        before[first[above]] = node
    first[above] = node


@compile_loop
def _detach(node: int, links: Integers) -> None:
    parent, first, after, before = links[0], links[2], links[3], links[4]
    if before[node] == NONE:
        first[parent[node]] = after[node]
    else:
        after[before[node]] = after[node]
    if after[node] != NONE:
        before[after[node]] = before[node]
