"""Convex polyhedra that planes cut, as triangulations of the sphere (Ray et al., TOG 2018).

A corner is where three planes meet: a triangle of the dual, its planes in counterclockwise order
seen from outside. A plane removes the corners beyond it, and a fan of new ones fills the hole. The
hole is always made a disc, so that rounding moves corners and never breaks the polyhedron.
"""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.machine.compiled import compile_loop

# What cutting does: nothing, a new face, or no polyhedron left; or there is no room for more.
MISSED, CUT, EMPTY, FULL = 0, 1, 2, 3
# Corners are beyond a plane if rounding cannot have put them there: in terms of what is added up.
ROUNDING = 1e-15
SIDES = 6


class Polyhedron(NamedTuple):
    """A polyhedron while it is cut, with room for more planes and corners.

    Attributes
    ----------
    planes : ndarray, shape (p, 4)
        a, d of each half-space a·x ≤ d.
    owners : ndarray, shape (p,)
        What lies beyond each plane.
    triangles : ndarray, shape (t, 3)
        The planes of each corner.
    corners : ndarray, shape (t, 3)
        Where it is.
    settled : ndarray of bool, shape (t,)
        For the caller: whether it is known to be a corner of the result.
    table : ndarray, shape (p, p)
        The corner in whose triangle the first plane is followed by the second.
    counts : ndarray, shape (2,)
        How many planes and corners are in use.
    heights : ndarray, shape (t,)
        How far beyond the plane that cuts the corners are.
    state : ndarray, shape (t,)
        Marks of corners and planes during a cut.
    ring : ndarray, shape (t, 4)
        The border of the hole: two planes, the corner removed, and the one kept.
    fresh : ndarray, shape (t, 3)
        The new corners.
    """

    planes: Floats
    owners: Integers
    triangles: Integers
    corners: Floats
    settled: Booleans
    table: Integers
    counts: Integers
    heights: Floats
    state: Integers
    ring: Integers
    fresh: Floats


@compile_loop
def make_polyhedron(most: int) -> Polyhedron:
    """Make room for so many planes, at least 6."""
    corners = 2 * most
    return Polyhedron(
        np.empty((most, 4)),
        np.empty(most, np.int64),
        np.empty((corners, 3), np.int64),
        np.empty((corners, 3)),
        np.empty(corners, np.bool_),
        np.empty((most, most), np.int64),
        np.zeros(2, np.int64),
        np.empty(corners),
        np.empty(corners, np.int64),
        np.empty((corners, 4), np.int64),
        np.empty((corners, 3)),
    )


@compile_loop
def begin_box(cell: Polyhedron, lower: Floats, upper: Floats) -> None:
    """Begin with a box; beyond x = lower is −1, beyond x = upper −2, and so on to −6."""
    cell.counts[0], cell.counts[1] = SIDES, 8
    for axis in range(3):
        for end in range(2):
            plane = 2 * axis + end
            cell.planes[plane] = 0.0
            cell.planes[plane, axis] = 1.0 if end else -1.0
            cell.planes[plane, 3] = upper[axis] if end else -lower[axis]
            cell.owners[plane] = -1 - plane
    for corner in range(8):
        even = True
        for axis in range(3):
            end = (corner >> axis) & 1
            cell.corners[corner, axis] = upper[axis] if end else lower[axis]
            cell.triangles[corner, axis] = 2 * axis + end
            even ^= end == 0
        if not even:
            second = cell.triangles[corner, 1]
            cell.triangles[corner, 1] = cell.triangles[corner, 2]
            cell.triangles[corner, 2] = second
        _enter(cell, corner)


@compile_loop
def _enter(cell: Polyhedron, corner: int) -> None:
    """Enter a new corner."""
    p, q, r = cell.triangles[corner]
    cell.table[p, q] = cell.table[q, r] = cell.table[r, p] = corner
    cell.settled[corner] = False


@compile_loop
def measure_height(a: float, b: float, c: float, d: float, x: float, y: float, z: float) -> float:
    """How far beyond a plane a place is, times the length of (a, b, c); 0 if rounding may be it."""
    height = a * x + b * y + c * z - d
    if height <= ROUNDING * (abs(a * x) + abs(b * y) + abs(c * z) + abs(d)):
        return min(height, 0.0)
    return height


@compile_loop
def cut_by_plane(cell: Polyhedron, a: float, b: float, c: float, d: float, owner: int) -> int:
    """Keep the part where a·x + b·y + c·z ≤ d; tell what came of it."""
    corners = cell.counts[1]
    heights, beyond = cell.heights, cell.state
    removed = 0
    for t in range(corners):
        x, y, z = cell.corners[t, 0], cell.corners[t, 1], cell.corners[t, 2]
        heights[t] = measure_height(a, b, c, d, x, y, z)
        beyond[t] = 1 if heights[t] > 0 else 0
        removed += beyond[t]
    if removed == 0:
        return MISSED
    if removed == corners:
        return EMPTY
    # Each corner of a new face may be a corner more.
    if cell.counts[0] == len(cell.planes) or 2 * cell.counts[0] > len(cell.corners) - 4:
        return FULL
    border = _find_border(cell)
    if border < 0:
        _make_disc(cell)
        border = _find_border(cell)
    new = cell.counts[0]
    cell.counts[0] += 1
    plane = cell.planes[new]
    plane[0], plane[1], plane[2], plane[3] = a, b, c, d
    cell.owners[new] = owner
    _place_corners(cell, border)
    _fill_hole(cell, border, new)
    return CUT


@compile_loop
def _find_border(cell: Polyhedron) -> int:
    """List the border of what is beyond; −1 if it is not a single closed line."""
    ring, beyond = cell.ring, cell.state
    border = 0
    for t in range(cell.counts[1]):
        if beyond[t] != 1:
            continue
        for k in range(3):
            p, q = cell.triangles[t, k], cell.triangles[t, (k + 1) % 3]
            kept = cell.table[q, p]
            if beyond[kept] != 1:
                if border == len(ring):
                    return -1
                ring[border, 0], ring[border, 1], ring[border, 2], ring[border, 3] = p, q, t, kept
                border += 1
    # Follow the line: it must come back after all its edges, and to no plane twice before.
    first = ring[0, 0]
    at, length = ring[0, 1], 1
    while at != first and length <= border:
        following = -1
        for k in range(border):
            if ring[k, 0] == at:
                if following >= 0:
                    return -1
                following = ring[k, 1]
        at = following
        length += 1
    return border if length == border else -1


@compile_loop
def _make_disc(cell: Polyhedron) -> None:
    """Change what is beyond, by corners that lie on the plane nearly, to a disc.

    The part of it with the highest corner; and then all but the part of the rest with the lowest.
    """
    heights, beyond = cell.heights, cell.state
    count = cell.counts[1]
    _keep_part(cell, int(np.argmax(heights[:count])), 1)
    for t in range(count):
        beyond[t] = 1 - beyond[t]
    _keep_part(cell, int(np.argmin(heights[:count])), 1)
    for t in range(count):
        beyond[t] = 1 - beyond[t]


@compile_loop
def _keep_part(cell: Polyhedron, seed: int, mark: int) -> None:
    """Of corners with a mark keep those that hang together with one; the others have 0."""
    state, stack = cell.state, cell.ring
    reached = 2
    stack[0, 3] = seed
    state[seed] = reached
    waiting = 1
    while waiting:
        waiting -= 1
        t = stack[waiting, 3]
        for k in range(3):
            other = cell.table[cell.triangles[t, (k + 1) % 3], cell.triangles[t, k]]
            if state[other] == mark:
                state[other] = reached
                stack[waiting, 3] = other
                waiting += 1
    for t in range(cell.counts[1]):
        state[t] = 1 if state[t] == reached else 0


@compile_loop
def _place_corners(cell: Polyhedron, border: int) -> None:
    """Find the new corners, on the edges that the plane meets."""
    for k in range(border):
        out, kept = cell.ring[k, 2], cell.ring[k, 3]
        high, low = cell.heights[out], cell.heights[kept]
        part = min(max(-low / (high - low), 0.0), 1.0) if high > low else 0.0
        for axis in range(3):
            inner, outer = cell.corners[kept, axis], cell.corners[out, axis]
            # From the nearer end, which rounds less.
            if part <= 0.5:
                cell.fresh[k, axis] = inner + part * (outer - inner)
            else:
                cell.fresh[k, axis] = outer + (1 - part) * (inner - outer)


@compile_loop
def _fill_hole(cell: Polyhedron, border: int, new: int) -> None:
    """Put the new corners where removed ones were, and close gaps from the end of the list."""
    count, place = cell.counts[1], 0
    for k in range(border):
        while place < count and cell.state[place] != 1:
            place += 1
        cell.triangles[place, 0] = cell.ring[k, 0]
        cell.triangles[place, 1] = cell.ring[k, 1]
        cell.triangles[place, 2] = new
        cell.corners[place] = cell.fresh[k]
        _enter(cell, place)
        place += 1
    last = max(count, place)
    while place < last:
        if cell.state[place] != 1:
            place += 1
            continue
        last -= 1
        if cell.state[last] != 1 and last > place:
            cell.triangles[place] = cell.triangles[last]
            cell.corners[place] = cell.corners[last]
            settled = cell.settled[last]
            _enter(cell, place)
            cell.settled[place] = settled
            place += 1
    cell.counts[1] = last
