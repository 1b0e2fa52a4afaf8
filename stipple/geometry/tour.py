"""The order in which a pen visits points: nearest neighbour, or a tour by 2-opt and Or-opt.

No library on PyPI does this for 100,000 points under a free licence without a dense n x n matrix
of distances, so the two heuristics are written here after their sources:

- J. J. Bentley, "Fast algorithms for geometric traveling salesman problems", ORSA Journal on
  Computing 4 (1992): greedy start, neighbour lists, a queue instead of sweeps.
- D. S. Johnson and L. A. McGeoch, "The traveling salesman problem: a case study in local
  optimization", in Local Search in Combinatorial Optimization (1997).
"""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop

LEAF_SIZE = 8  # points in a leaf of the box tree
NEIGHBOURS = 10  # candidates for a new edge at each point
SEGMENT_LENGTH = 3  # longest piece of a tour that Or-opt moves
TOLERANCE = 1e-12  # least relative gain of a move, above what rounding can feign
NOWHERE = -1  # no such point


def order_nearest(points: Floats) -> Integers:
    """Visit each time the nearest point not yet visited, from the one nearest the top-left corner.

    Parameters
    ----------
    points : (n, 2) array
        Positions, y down.

    Returns
    -------
    (n,) int64 array
        Indices of the points in the order of the visit. Among equally near points any may come
        first, but always the same one.
    """
    if len(points) == 0:
        return np.empty(0, dtype=np.int64)
    points = np.ascontiguousarray(points, dtype=np.float64)
    slots, lower, upper = _build_box_tree(points)
    return _follow_nearest(points, slots, lower, upper, _find_first(points, points.min(axis=0)))


def order_tour(points: Floats, *, closed: bool) -> Integers:
    """Visit the points along a short tour: greedy edges, then 2-opt and Or-opt until neither helps.

    Tours of uniform random points are about 5 % longer than the shortest.

    Parameters
    ----------
    points : (n, 2) array
        Positions, y down.
    closed : bool
        Whether the tour returns to its first point. If not, both ends are free.

    Returns
    -------
    (n,) int64 array
        Indices of the points in the order of the visit. A closed tour starts at the point nearest
        the top-left corner, an open one at whichever of its ends is nearer to it.
    """
    # As complex numbers points are sorted fast; those at the same place share one stop.
    complex_points = np.ascontiguousarray(points, dtype=np.float64).view(np.complex128).ravel()
    places, place_of_point = np.unique(complex_points, return_inverse=True)
    tour = _find_tour(places.view(np.float64).reshape(-1, 2), closed)
    rank_of_place = np.empty_like(tour)
    rank_of_place[tour] = np.arange(len(tour))
    return np.argsort(rank_of_place[place_of_point], kind="stable")


def measure_travel(points: Floats, order: Integers, closed: bool = False) -> float:
    """Return the length of the way through `points` (n, 2) in `order`, and back if `closed`."""
    visited = np.asarray(points, dtype=np.float64)[order]
    if closed:
        visited = np.concatenate([visited, visited[:1]])
    steps = np.diff(visited, axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def _find_tour(points: Floats, closed: bool) -> Integers:
    """Return a short tour of points at different places."""
    n = len(points)
    tour = _link_greedily(points) if n > 2 else np.arange(n)
    if n < 2:
        return tour
    neighbours = _find_neighbours(points, NEIGHBOURS)
    if closed:
        _improve_tour(points, tour, neighbours, NOWHERE)
        return np.roll(tour, -np.flatnonzero(tour == _find_first(points, points.min(axis=0)))[0])
    # An open path is a closed tour through one more stop, n, at distance zero from every point.
    tour = np.append(tour, n)
    _improve_tour(points, tour, neighbours, n)
    path = np.roll(tour, -np.flatnonzero(tour == n)[0])[1:]
    return path if _find_first(points[path[[0, -1]]], points.min(axis=0)) == 0 else path[::-1]


def _find_first(points: Floats, corner: Floats) -> int:
    """Return the index of the point nearest the corner, the first one of equals."""
    offsets = points - corner
    return int(np.argmin(np.hypot(offsets[:, 0], offsets[:, 1])))


def _find_neighbours(points: Floats, count: int) -> Integers:
    """Return the nearest `count` points of each point, nearest first, and the point itself."""
    from scipy.spatial import cKDTree

    count = min(count + 1, len(points))  # one more, for the point itself
    return np.asarray(cKDTree(points).query(points, k=count)[1], dtype=np.int64)


# Nearest neighbour ---------------------------------------------------------------------------


def _build_box_tree(points: Floats) -> tuple[Integers, Floats, Floats]:
    """Build a complete binary tree of bounding boxes over the points.

    Node k has the children 2k + 1 and 2k + 2; the leaves come last and hold LEAF_SIZE slots each.
    Returns the point in each slot (NOWHERE in spare ones) and the corners of the boxes (nodes, 2).
    """
    from scipy.spatial import cKDTree

    n = len(points)
    leaves = 1
    while leaves * LEAF_SIZE < n:
        leaves *= 2
    # SciPy lists the points leaf after leaf, so slots that are close hold points that are close.
    slots = np.full(leaves * LEAF_SIZE, NOWHERE, dtype=np.int64)
    slots[:n] = cKDTree(points, leafsize=LEAF_SIZE).indices
    spare = (slots == NOWHERE)[:, None]
    lower = np.where(spare, np.inf, points[slots]).reshape(leaves, LEAF_SIZE, 2).min(axis=1)
    upper = np.where(spare, -np.inf, points[slots]).reshape(leaves, LEAF_SIZE, 2).max(axis=1)
    lowers, uppers = [lower], [upper]
    while len(lower) > 1:
        lower = lower.reshape(-1, 2, 2).min(axis=1)
        upper = upper.reshape(-1, 2, 2).max(axis=1)
        lowers.insert(0, lower)
        uppers.insert(0, upper)
    return slots, np.concatenate(lowers), np.concatenate(uppers)


@compile_loop
def _follow_nearest(
    points: Floats, slots: Integers, lower: Floats, upper: Floats, first: int
) -> Integers:
    """Go from point to nearest remaining point, taking each out of the tree."""
    n = len(points)
    nodes = len(lower)
    first_leaf = nodes // 2
    remaining = np.zeros(nodes, dtype=np.int64)  # points below each node still to visit
    slot_of = np.empty(n, dtype=np.int64)
    for slot in range(len(slots)):
        if slots[slot] != NOWHERE:
            slot_of[slots[slot]] = slot
            remaining[first_leaf + slot // LEAF_SIZE] += 1
    for node in range(first_leaf - 1, -1, -1):
        remaining[node] = remaining[2 * node + 1] + remaining[2 * node + 2]

    order = np.empty(n, dtype=np.int64)
    stack_node = np.empty(128, dtype=np.int64)  # at most two nodes for each level
    stack_distance = np.empty(128, dtype=np.float64)
    current = first
    for step in range(n):
        order[step] = current
        slots[slot_of[current]] = NOWHERE
        node = first_leaf + slot_of[current] // LEAF_SIZE
        while node > 0:
            remaining[node] -= 1
            node = (node - 1) // 2
        remaining[0] -= 1

        x, y = points[current, 0], points[current, 1]
        best = np.inf
        stack_node[0] = 0
        stack_distance[0] = 0.0
        depth = 1 if remaining[0] > 0 else 0
        while depth > 0:
            depth -= 1
            if stack_distance[depth] >= best:
                continue
            node = stack_node[depth]
            if node >= first_leaf:
                start = (node - first_leaf) * LEAF_SIZE
                for slot in range(start, start + LEAF_SIZE):
                    point = slots[slot]
                    if point != NOWHERE:
                        distance = (points[point, 0] - x) ** 2 + (points[point, 1] - y) ** 2
                        if distance < best:
                            best = distance
                            current = point
                continue
            entered = depth
            for child in range(2 * node + 1, 2 * node + 3):
                if remaining[child] > 0:
                    across = max(lower[child, 0] - x, 0.0, x - upper[child, 0])
                    down = max(lower[child, 1] - y, 0.0, y - upper[child, 1])
                    stack_node[depth] = child
                    stack_distance[depth] = across * across + down * down
                    depth += 1
            # The nearer child goes on top: what it holds may rule the other one out.
            top = depth - 1
            if top > entered and stack_distance[entered] < stack_distance[top]:
                stack_node[entered], stack_node[top] = stack_node[top], stack_node[entered]
                nearer = stack_distance[entered]
                stack_distance[entered] = stack_distance[top]
                stack_distance[top] = nearer
    return order


# Greedy edges --------------------------------------------------------------------------------


def _link_greedily(points: Floats) -> Integers:
    """Link points by the shortest edges first, never a third at a point nor a circle: one path.

    Each round offers the edges from the ends of the paths to their nearest ends. An end has at
    most one other end on its own path, so each round links something, in practice most of them.
    """
    n = len(points)
    links = np.full((n, 2), NOWHERE, dtype=np.int64)
    parents = np.arange(n)
    ends = np.arange(n)
    while len(ends) > 2:
        neighbours = ends[_find_neighbours(points[ends], NEIGHBOURS)]
        tails = np.repeat(ends, neighbours.shape[1])
        heads = neighbours.ravel()
        steps = points[tails] - points[heads]
        shortest_first = np.argsort(np.hypot(steps[:, 0], steps[:, 1]), kind="stable")
        _link_edges(tails[shortest_first], heads[shortest_first], links, parents)
        ends = np.flatnonzero(links[:, 1] == NOWHERE)
    return _walk_links(links, ends[0])


@compile_loop
def _link_edges(tails: Integers, heads: Integers, links: Integers, parents: Integers) -> None:
    """Add to `links` each edge between two ends of different paths (`parents`: disjoint sets)."""
    for edge in range(len(tails)):
        tail, head = tails[edge], heads[edge]
        if links[tail, 1] != NOWHERE or links[head, 1] != NOWHERE:
            continue
        tail_root, head_root = tail, head
        while parents[tail_root] != tail_root:
            parents[tail_root] = parents[parents[tail_root]]
            tail_root = parents[tail_root]
        while parents[head_root] != head_root:
            parents[head_root] = parents[parents[head_root]]
            head_root = parents[head_root]
        if tail_root != head_root:
            parents[tail_root] = head_root
            links[tail, 0 if links[tail, 0] == NOWHERE else 1] = head
            links[head, 0 if links[head, 0] == NOWHERE else 1] = tail


@compile_loop
def _walk_links(links: Integers, first: int) -> Integers:
    """Follow the links from one end of the path to the other."""
    order = np.empty(len(links), dtype=np.int64)
    previous, current = NOWHERE, first
    for step in range(len(order)):
        order[step] = current
        following = links[current, 0] if links[current, 0] != previous else links[current, 1]
        previous, current = current, following
    return order


# 2-opt and Or-opt ----------------------------------------------------------------------------


@compile_loop
def _measure(points: Floats, joker: int, a: int, b: int) -> float:
    """Return the distance between two stops; the joker is at zero distance from all."""
    if a == joker or b == joker:
        return 0.0
    return float(np.hypot(points[a, 0] - points[b, 0], points[a, 1] - points[b, 1]))


@compile_loop
def _step(tour: Integers, places: Integers, stop: int, direction: int) -> int:
    """Return the stop after (direction 1) or before (-1) `stop`."""
    place = places[stop] + direction
    if place == len(tour):
        place = 0
    return int(tour[place])  # place -1 is the last one


@compile_loop
def _exchange(tour: Integers, places: Integers, a: int, b: int, c: int, d: int) -> None:
    """Replace the edges a-b and c-d of the tour by a-c and b-d.

    On the tour b comes next to a and d next to c, in the same direction. Either of the two pieces
    between the edges may be reversed, so the shorter one is.
    """
    n = len(tour)
    i, j = (b, c) if _step(tour, places, a, 1) == b else (a, d)
    i, j = places[i], places[j]
    length = (j - i) % n + 1
    if 2 * length > n:
        i, j = (j + 1) % n, (i - 1) % n
        length = n - length
    for _ in range(length // 2):
        tour[i], tour[j] = tour[j], tour[i]
        places[tour[i]] = i
        places[tour[j]] = j
        i = i + 1 if i + 1 < n else 0
        j = j - 1 if j > 0 else n - 1


@compile_loop
def _improve_stop(
    points: Floats,
    tour: Integers,
    places: Integers,
    neighbours: Integers,
    joker: int,
    a: int,
    touched: Integers,
) -> int:
    """Make the first move found that shortens the tour by a new edge a-c shorter than an old a-b.

    Writes the ends of the changed edges into `touched` and returns how many they are, 0 for none.
    """
    for direction in (1, -1):
        b = _step(tour, places, a, direction)
        old = _measure(points, joker, a, b)
        for c in neighbours[a]:
            new = _measure(points, joker, a, c)
            if new >= old:
                break
            if c == a:
                continue
            # 2-opt: a-b and c-d become a-c and b-d.
            d = _step(tour, places, c, direction)
            removed = old + _measure(points, joker, c, d)
            added = new + _measure(points, joker, b, d)
            if removed - added > TOLERANCE * removed:
                _exchange(tour, places, a, b, c, d)
                touched[:4] = (a, b, c, d)
                return 4
            # Or-opt: the piece a..e, which lies between b and f, goes between c and d.
            e = a
            for _ in range(SEGMENT_LENGTH):
                f = _step(tour, places, e, -direction)
                if e == c or f == b:
                    break
                for side in (1, -1):
                    d = _step(tour, places, c, side)
                    if d == e:
                        continue
                    removed = old + _measure(points, joker, e, f) + _measure(points, joker, c, d)
                    added = new + _measure(points, joker, b, f) + _measure(points, joker, e, d)
                    if removed - added > TOLERANCE * removed:
                        if side == direction:
                            _exchange(tour, places, b, a, d, c)
                            _exchange(tour, places, b, d, f, e)
                        else:
                            _exchange(tour, places, b, a, c, d)
                            _exchange(tour, places, b, c, f, e)
                            _exchange(tour, places, c, e, a, d)
                        touched[:6] = (a, b, c, d, e, f)
                        return 6
                e = f
    return 0


@compile_loop
def _improve_tour(points: Floats, tour: Integers, neighbours: Integers, joker: int) -> None:
    """Shorten the tour in place until no stop offers a move; `joker` may be NOWHERE."""
    n = len(tour)
    places = np.empty(n, dtype=np.int64)
    for place in range(n):
        places[tour[place]] = place
    # A ring of the stops whose surroundings changed since they were last looked at.
    queue = tour.copy()
    queued = np.ones(n, dtype=np.bool_)
    touched = np.empty(6, dtype=np.int64)
    head, waiting = 0, n
    while waiting > 0:
        stop = queue[head]
        head = (head + 1) % n
        waiting -= 1
        queued[stop] = False
        if stop == joker:
            continue
        count = _improve_stop(points, tour, places, neighbours, joker, stop, touched)
        for other in touched[:count]:
            if not queued[other]:
                queued[other] = True
                queue[(head + waiting) % n] = other
                waiting += 1
