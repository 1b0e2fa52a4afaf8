"""Crossings of a tour with itself: found by a sweep, decided exactly, undone by 2-opt.

Exchanging two edges that cross always shortens a tour, so this ends, and without a crossing.
The bound on the rounding of a determinant is that of J. R. Shewchuk, "Adaptive precision
floating-point arithmetic and fast robust geometric predicates", Discrete & Computational
Geometry 18 (1997).
"""

from fractions import Fraction

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.tour_exchanges import TOLERANCE, Search, exchange, settle
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill

ROUNDING = 4e-16  # of a determinant, relative to the sum of its two products
SMALLEST = 1e-300  # products below this may have lost digits


def remove_crossings(search: Search) -> None:
    """Exchange edges that cross, and improve what that changed, until no two edges cross."""
    points = search.points
    while True:
        edges = _list_edges(search)
        # The sweep goes along the longer side, where fewer edges are side by side.
        axis = int(np.argmax(np.ptp(points, axis=0)))
        leftmost_first = np.argsort(points[edges, axis].min(axis=1), kind="stable")
        suspects, gains = _find_suspects(points, edges[leftmost_first], axis)
        exchanged = 0
        for (a, b, c, d), gain in zip(suspects, gains, strict=True):
            if gain > 0.0 or _cross(points[[a, b, c, d]]):
                exchanged += _exchange_if_there(search, a, b, c, d)
        if not exchanged:
            return
        settle(search, True)


def _list_edges(search: Search) -> Integers:
    """Return the stops at both ends of each edge, in the direction of the tour, shape (m, 2)."""
    edges = np.stack([search.stops, np.roll(search.stops, -1)], axis=1)
    between_points: Integers = edges[edges.max(axis=1) < len(search.points)]
    return between_points


@compile_loop
def _exchange_if_there(search: Search, a: int, b: int, c: int, d: int) -> bool:
    """Exchange the edges a-b and c-d, unless one of them has gone by now."""
    n = len(search.stops)
    places = search.places
    step = (places[b] - places[a]) % n
    if step not in (1, n - 1) or (places[d] - places[c]) % n != step:
        return False
    search.counts[2] = 0
    exchange(search, a, b, c, d)
    return True


@compile_loop
def _turn(points: Floats, a: int, b: int, c: int) -> int:
    """Return the sign of the turn from a-b to a-c, 0 where rounding leaves it open."""
    left = (points[b, 0] - points[a, 0]) * (points[c, 1] - points[a, 1])
    right = (points[b, 1] - points[a, 1]) * (points[c, 0] - points[a, 0])
    doubt = ROUNDING * (abs(left) + abs(right)) + SMALLEST
    if left - right > doubt:
        return 1
    return -1 if right - left > doubt else 0


@compile_loop
def _measure_gain(points: Floats, a: int, b: int, c: int, d: int) -> float:
    """Return what a-c and b-d save in place of a-b and c-d, 0 where rounding may feign it."""
    removed = np.hypot(points[a, 0] - points[b, 0], points[a, 1] - points[b, 1])
    removed += np.hypot(points[c, 0] - points[d, 0], points[c, 1] - points[d, 1])
    added = np.hypot(points[a, 0] - points[c, 0], points[a, 1] - points[c, 1])
    added += np.hypot(points[b, 0] - points[d, 0], points[b, 1] - points[d, 1])
    return float(removed - added) if removed - added > TOLERANCE * removed else 0.0


@compile_loop
def _find_suspects(points: Floats, edges: Integers, axis: int) -> tuple[Integers, Floats]:
    """List pairs of edges that may have a point in common, and what their exchange saves.

    The edges are ordered by the lower of their two coordinates along `axis`.
    """
    other = 1 - axis
    suspects = np.empty((16, 4), dtype=np.int64)
    gains = np.empty(16)
    found = 0
    for i in range(len(edges)):
        a, b = edges[i]
        end = max(points[a, axis], points[b, axis])
        low = min(points[a, other], points[b, other])
        high = max(points[a, other], points[b, other])
        for j in range(i + 1, len(edges)):
            c, d = edges[j]
            if min(points[c, axis], points[d, axis]) > end:
                break
            if max(points[c, other], points[d, other]) < low:
                continue
            if min(points[c, other], points[d, other]) > high or a in (c, d) or b in (c, d):
                continue
            if _turn(points, a, b, c) * _turn(points, a, b, d) > 0:
                continue
            if _turn(points, c, d, a) * _turn(points, c, d, b) > 0:
                continue
            if found == len(gains):
                suspects = np.concatenate((suspects, np.empty_like(suspects)))
                gains = np.concatenate((gains, np.empty_like(gains)))
            fill(suspects[found], (a, b, c, d))
            gains[found] = _measure_gain(points, a, b, c, d)
            found += 1
    return suspects[:found], gains[:found]


def _cross(corners: Floats) -> bool:
    """Whether the segments between the first two and the last two corners cross, exactly."""
    a, b, c, d = ([Fraction(x) for x in corner] for corner in corners.tolist())

    def turn(p: list[Fraction], q: list[Fraction], r: list[Fraction]) -> Fraction:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
