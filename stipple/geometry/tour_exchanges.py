"""Exchanges that shorten a tour: 2-opt and Or-opt, with neighbour lists and a queue."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop

SEGMENT_LENGTH = 3  # longest piece of a tour that Or-opt moves
TOLERANCE = 1e-12  # least relative gain of a move, above what rounding can feign


@compile_loop
def _measure(points: Floats, dummy: int, a: int, b: int) -> float:
    """Return the distance between two stops; the dummy one is at zero distance from all."""
    if a == dummy or b == dummy:
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
    dummy: int,
    a: int,
    touched: Integers,
) -> int:
    """Make the first move found that shortens the tour by a new edge a-c shorter than an old a-b.

    Writes the ends of the changed edges into `touched` and returns how many they are, 0 for none.
    """
    for direction in (1, -1):
        b = _step(tour, places, a, direction)
        old = _measure(points, dummy, a, b)
        for c in neighbours[a]:
            new = _measure(points, dummy, a, c)
            if new >= old:
                break
            if c == a:
                continue
            # 2-opt: a-b and c-d become a-c and b-d.
            d = _step(tour, places, c, direction)
            removed = old + _measure(points, dummy, c, d)
            added = new + _measure(points, dummy, b, d)
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
                    removed = old + _measure(points, dummy, e, f) + _measure(points, dummy, c, d)
                    added = new + _measure(points, dummy, b, f) + _measure(points, dummy, e, d)
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
def improve_tour(points: Floats, tour: Integers, neighbours: Integers, dummy: int) -> None:
    """Shorten the tour in place until no stop offers a move; `dummy` may be NOWHERE."""
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
        if stop == dummy:
            continue
        count = _improve_stop(points, tour, places, neighbours, dummy, stop, touched)
        for other in touched[:count]:
            if not queued[other]:
                queued[other] = True
                queue[(head + waiting) % n] = other
                waiting += 1
