"""Exchanges that shorten a tour: 3-opt with neighbour lists and a queue, kicks and their repair.

- S. Lin, "Computer solutions of the traveling salesman problem", Bell System Technical Journal 44
  (1965): 2-opt and 3-opt.
- O. Martin, S. Otto and E. Felten, "Large-step Markov chains for the traveling salesman problem",
  Complex Systems 5 (1991): kick a tour, repair it, keep it if it is not longer.
- D. Applegate, W. Cook and A. Rohe, "Chained Lin-Kernighan for large traveling salesman problems",
  INFORMS Journal on Computing 15 (2003): kicks whose edges are found by random walks.
"""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.box_tree import NOWHERE
from stipple.machine.compiled import compile_loop

TOLERANCE = 1e-12  # least relative gain of a move, above what rounding can feign
KICKS_OF_A_STOP = 30
MOST_KICKS = 30_000
FARTHEST = 8  # a kick joins stops up to 2**8 random steps apart, each scale as often as another
LONGEST_REPAIR = 1000  # reversals
HEAD, WAITING, REVERSALS = 0, 1, 2  # of `Search.counts`


class Search(NamedTuple):
    """A tour that is being shortened.

    Attributes
    ----------
    points : ndarray, shape (n, 2)
        Distinct points.
    neighbours : ndarray, shape (n, k)
        Candidates for a new edge, nearest first; then NOWHERE.
    stops, places : ndarray, shape (n,) or (n + 1,)
        The tour, and where each stop is on it. Stop n is a dummy at distance zero from all others.
    queue, queued : ndarray, shape (n,) or (n + 1,)
        A ring of the stops whose surroundings changed since they were last looked at.
    reversals : ndarray, shape (LONGEST_REPAIR, 2)
        First and last places of the pieces reversed since the last kick.
    counts : ndarray, shape (3,)
        Where the queue begins, how many stops wait there, and the number of reversals.
    """

    points: Floats
    neighbours: Integers
    stops: Integers
    places: Integers
    queue: Integers
    queued: Booleans
    reversals: Integers
    counts: Integers


def begin_search(points: Floats, tour: Integers, neighbours: Integers) -> Search:
    """Prepare a search from `tour`, which all stops wait to improve."""
    count = len(tour)
    return Search(
        points=points,
        neighbours=neighbours,
        stops=tour,
        places=np.argsort(tour),
        queue=tour.copy(),
        queued=np.ones(count, dtype=np.bool_),
        reversals=np.empty((LONGEST_REPAIR, 2), dtype=np.int64),
        counts=np.array([0, count, 0]),
    )


@compile_loop
def measure(search: Search, a: int, b: int) -> float:
    """Return the distance between two stops; the dummy one is at zero distance from all."""
    points = search.points
    if max(a, b) == len(points):
        return 0.0
    x, y = points[a, 0] - points[b, 0], points[a, 1] - points[b, 1]
    return float(np.sqrt(x * x + y * y))


@compile_loop
def _step(search: Search, stop: int, direction: int) -> int:
    """Return the stop after (direction 1) or before (-1) `stop`."""
    place = search.places[stop] + direction
    if place == len(search.stops):
        place = 0
    return int(search.stops[place])  # place -1 is the last one


@compile_loop
def _lies_between(search: Search, a: int, b: int, c: int, direction: int) -> bool:
    """Whether b comes on the way from a to c in the direction, both ends included."""
    n = len(search.stops)
    b_after_a = (search.places[b] - search.places[a]) * direction % n
    c_after_a = (search.places[c] - search.places[a]) * direction % n
    return bool(b_after_a <= c_after_a)


@compile_loop
def _reverse(search: Search, i: int, j: int) -> None:
    """Reverse the piece from place i to place j, or all the rest, whichever is shorter."""
    stops, places = search.stops, search.places
    n = len(stops)
    length = (j - i) % n + 1
    if 2 * length > n:
        i, j = (j + 1) % n, (i - 1) % n
        length = n - length
    for _ in range(length // 2):
        first, last = stops[i], stops[j]
        stops[i], stops[j] = last, first
        places[last], places[first] = i, j
        i = i + 1 if i + 1 < n else 0
        j = j - 1 if j > 0 else n - 1


@compile_loop
def _await(search: Search, stop: int) -> None:
    """Put the stop at the end of the queue, if it does not wait there yet."""
    if not search.queued[stop]:
        search.queued[stop] = True
        head, waiting = search.counts[HEAD], search.counts[WAITING]
        search.queue[(head + waiting) % len(search.queue)] = stop
        search.counts[WAITING] += 1


@compile_loop
def exchange(search: Search, a: int, b: int, c: int, d: int) -> None:
    """Replace the edges a-b and c-d of the tour by a-c and b-d.

    On the tour b comes next to a and d next to c, in the same direction.
    """
    first, last = (b, c) if _step(search, a, 1) == b else (a, d)
    i, j = search.places[first], search.places[last]
    _reverse(search, i, j)
    used = search.counts[REVERSALS]
    search.reversals[used, 0], search.reversals[used, 1] = i, j
    search.counts[REVERSALS] = used + 1
    for stop in (a, b, c, d):
        _await(search, stop)


@compile_loop
def _improve_stop(search: Search, a: int) -> float:
    """Make the first 2-opt or 3-opt move found that shortens the tour, and return what it saves.

    It takes the edges a-b, c-d and e-f away and adds b-c, d-e and f-a; with 2-opt, d-a.
    """
    for direction in (1, -1):
        b = _step(search, a, direction)
        if b == len(search.points):
            continue
        removed_first = measure(search, a, b)
        for c in search.neighbours[b]:
            added_first = measure(search, b, c) if c != NOWHERE else np.inf
            if added_first >= removed_first:
                break
            for side in (-1, 1):
                d = _step(search, c, side * direction)
                if d == b:
                    continue
                removed = removed_first + measure(search, c, d)
                gain = removed - added_first - measure(search, d, a)
                if side == -1 and gain > TOLERANCE * removed:
                    exchange(search, a, b, d, c)
                    return gain
                if d == len(search.points):
                    continue
                gain = _add_third_edge(search, a, b, c, d, direction, side, removed, added_first)
                if gain > 0.0:
                    return gain
    return 0.0


@compile_loop
def _add_third_edge(
    search: Search,
    a: int,
    b: int,
    c: int,
    d: int,
    direction: int,
    side: int,
    removed_before: float,
    added_before: float,
) -> float:
    """Find e and f of a 3-opt move, make it, and return what it saves: 0 if there is none.

    In the direction the tour goes a b … d c … if side is -1, and a b … c d … if it is 1.
    """
    for e in search.neighbours[d]:
        added = added_before + measure(search, d, e) if e != NOWHERE else np.inf
        if added >= removed_before:
            return 0.0
        inside = _lies_between(search, b, e, d if side == -1 else c, direction)
        for turn in (1, -1):
            f = _step(search, e, turn * direction)
            # One circle through all stops is left only where ...
            if side == -1:
                possible = f != d and inside == (turn == 1)
            else:
                possible = inside and e != (c if turn == 1 else b)
            removed = removed_before + measure(search, e, f)
            gain = removed - added - measure(search, f, a)
            if not possible or gain <= TOLERANCE * removed:
                continue
            if side == -1:  # a f … d e … b c, or a f … c b … d e
                exchange(search, a, b, d, c)
                exchange(search, a, d, f, e)
            elif turn == -1:  # a f … b c … e d
                exchange(search, a, b, f, e)
                exchange(search, b, e, c, d)
            else:
                swap_pieces(search, a, b, e, f, c, d)
            return gain
    return 0.0


@compile_loop
def swap_pieces(search: Search, a: int, b: int, c: int, d: int, e: int, f: int) -> None:
    """Turn the tour a b … c d … e f into a d … e b … c f."""
    exchange(search, a, b, e, f)
    exchange(search, a, e, d, c)
    exchange(search, e, c, b, f)


@compile_loop
def settle(search: Search, forget: bool) -> float:
    """Improve the stops that wait until none offers a move, and return what that saves.

    Reversals are remembered, and it stops where there are too many, unless `forget` is true.
    """
    counts = search.counts
    saved = 0.0
    while counts[WAITING] > 0:
        if forget:
            counts[REVERSALS] = 0
        stop = search.queue[counts[HEAD]]
        counts[HEAD] = (counts[HEAD] + 1) % len(search.queue)
        counts[WAITING] -= 1
        search.queued[stop] = False
        # A move makes at most three reversals.
        if stop < len(search.points) and counts[REVERSALS] < LONGEST_REPAIR - 3:
            saved += _improve_stop(search, stop)
    return saved


@compile_loop
def _walk(search: Search, stop: int, steps: int, generator: np.random.Generator) -> int:
    """Go from neighbour to neighbour at random."""
    neighbours = search.neighbours
    for _ in range(steps):
        following = neighbours[stop, int(generator.random() * neighbours.shape[1])]
        if following != NOWHERE:
            stop = following
    return stop


@compile_loop
def kick(search: Search, kicks: int, generator: np.random.Generator) -> None:
    """Swap two pieces between stops near each other, repair the tour, undo all if it is longer."""
    stops, counts = search.stops, search.counts
    n = len(stops)
    cuts = np.empty(3, dtype=np.int64)
    for _ in range(kicks):
        start = int(generator.random() * len(search.points))
        steps = int(2.0 ** (FARTHEST * generator.random()))
        cuts[0] = search.places[start]
        cuts[1] = search.places[_walk(search, start, steps, generator)]
        cuts[2] = search.places[_walk(search, start, steps, generator)]
        cuts.sort()
        if cuts[0] == cuts[1] or cuts[1] == cuts[2]:
            continue
        a, b = stops[cuts[0]], stops[cuts[0] + 1]
        c, d = stops[cuts[1]], stops[cuts[1] + 1]
        e, f = stops[cuts[2]], stops[(cuts[2] + 1) % n]
        saved = measure(search, a, b) + measure(search, c, d) + measure(search, e, f)
        saved -= measure(search, a, d) + measure(search, e, b) + measure(search, c, f)
        counts[REVERSALS] = 0
        swap_pieces(search, a, b, c, d, e, f)
        saved += settle(search, False)
        if saved < 0.0 or counts[REVERSALS] >= LONGEST_REPAIR - 3:
            for used in range(counts[REVERSALS] - 1, -1, -1):
                _reverse(search, search.reversals[used, 0], search.reversals[used, 1])
