"""Power cells of weighted points in a box, as verified polyhedra."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.errors import PowerCellError
from stipple.geometry.box_tree import DEEPEST, LEAF_SIZE, NOWHERE, BoxTree, build_box_tree
from stipple.geometry.convex_polyhedra import (
    CUT,
    EMPTY,
    FULL,
    MISSED,
    Polyhedron,
    begin_box,
    cut_by_plane,
    make_polyhedron,
    measure_height,
)
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers

# Cells that lack a cut overlap others, so their volumes add up to more than the box.
VOLUME_TOLERANCE = 1e-12
# Points nearest to each that cut it first; who else cuts is found from the corners.
FIRST_NEIGHBOURS = 16
FIRST_PLANES = 64


class Facets(NamedTuple):
    """The facets of polyhedra, flat.

    Attributes
    ----------
    offsets : ndarray, shape (n + 1,)
        Polyhedron i has the facets offsets[i], …, offsets[i + 1] − 1; a hidden cell has none.
    neighbours : ndarray, shape (m,)
        The cell beyond each; −1 to −6 beyond the sides x = 0, x = width, y = 0, ... of the box.
    starts : ndarray, shape (m + 1,)
        Facet k has the corners starts[k], …, starts[k + 1] − 1.
    corners : ndarray, shape (c, 3)
        Relative to the cell's own point, counterclockwise seen from outside.
    """

    offsets: Integers
    neighbours: Integers
    starts: Integers
    corners: Floats


@dataclass(frozen=True, eq=False)
class PowerPolyhedra:
    """The cells { x : |x − y_i|² − φ_i ≤ |x − y_j|² − φ_j for all j }, clipped to a box.

    Attributes
    ----------
    points : ndarray, shape (n, 3)
        The points y.
    potentials : ndarray, shape (n,)
        The potentials φ, in squares of that unit.
    size : ndarray, shape (3,)
        The box is [0, size[0]] × [0, size[1]] × [0, size[2]].
    facets : Facets
        The surfaces of the cells.
    volumes : ndarray, shape (n,)
        They add up to the box's.
    excess : ndarray, shape (n,)
        What |x − y_i|² − φ_i is at most, anywhere in the cell, above the least of all cells: the
        largest found at its corners, where it must be by convexity, but for rounding.
    """

    points: Floats
    potentials: Floats
    size: Floats
    facets: Facets
    volumes: Floats
    excess: Floats

    @property
    def hidden(self) -> Booleans:
        """Which cells are empty, shape (n,)."""
        return np.equal(np.diff(self.facets.offsets), 0)

    def list_owners(self) -> Integers:
        """List the cell of each facet, shape (m,)."""
        sizes = np.diff(self.facets.offsets)
        return np.repeat(np.arange(len(sizes)), sizes)

    def list_polygons(self, index: int) -> list[Floats]:
        """List the facets of a cell as polygons in the box, each of shape (k, 3)."""
        facets = self.facets
        first, last = facets.offsets[index : index + 2]
        return [
            facets.corners[facets.starts[k] : facets.starts[k + 1]] + self.points[index]
            for k in range(first, last)
        ]


def build_power_polyhedra(
    points: Floats,
    potentials: Floats,
    size: Floats,
    *,
    workers: Workers | None = None,
    previous: PowerPolyhedra | None = None,
    prove: bool = False,
) -> PowerPolyhedra:
    """Cut the power cells, and verify that they tile the box.

    A cell is cut by likely neighbours, and then, until there is none, by the owner of any of its
    corners that is another's: a convex cell whose corners are its own is right. Of coinciding
    points the one with the largest potential, then the lowest index, gets the cell.

    Parameters
    ----------
    points : ndarray, shape (n, 3)
        Points; they may lie outside the box.
    potentials : ndarray, shape (n,)
        Potentials.
    size : ndarray, shape (3,)
        Sides of the box.
    workers : Workers, optional
        Threads that share the cells.
    previous : PowerPolyhedra, optional
        Cells of the same points a little earlier: owners of corners are first sought among the
        neighbours of neighbours, which is faster, and right if the volumes then add up.
    prove : bool
        Whether owners are sought among all points even so; only then `excess` is known.

    Raises
    ------
    PowerCellError
        If the cells do not tile the box in double precision.
    """
    points = np.ascontiguousarray(points, dtype=np.float64)
    potentials = np.ascontiguousarray(potentials, dtype=np.float64)
    size = np.ascontiguousarray(size, dtype=np.float64)
    count = len(points)
    offsets, likely = _list_likely(points, previous)
    tree = build_box_tree(points, potentials)
    repeated = _find_repeated(points, potentials)

    def cut(near: bool) -> PowerPolyhedra:
        parts = (workers or Workers(1)).map_ranges(
            lambda start, stop: _cut_range(
                points, potentials, size, repeated, offsets, likely, tree, near, start, stop
            ),
            count,
        )
        measures, numbers, neighbours, lengths, corners = map(
            np.concatenate, zip(*parts, strict=True)
        )
        facets = Facets(_add_up(numbers), neighbours, _add_up(lengths), corners)
        return PowerPolyhedra(points, potentials, size, facets, measures[:, 0], measures[:, 1])

    if previous is not None and not prove:
        cells = cut(True)
        if _tiles(cells):
            return cells
    cells = cut(False)
    if _tiles(cells):
        return cells
    raise PowerCellError(
        f"The power cells of these {count} points could not be computed in double precision:"
        " the points or potentials are too far outside the box, or too close together."
    )


def _tiles(cells: PowerPolyhedra) -> bool:
    box = cells.size.prod()
    return bool(abs(cells.volumes.sum() - box) <= VOLUME_TOLERANCE * box)


def _find_repeated(points: Floats, potentials: Floats) -> Booleans:
    """Find the points that coincide with one that gets their cell, shape (n,)."""
    order = np.lexsort((-potentials, *points.T))
    repeated = np.zeros(len(points), np.bool_)
    repeated[order[1:]] = (np.diff(points[order], axis=0) == 0).all(axis=1)
    return repeated


def _add_up(sizes: Integers) -> Integers:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])


def _list_likely(points: Floats, previous: PowerPolyhedra | None) -> tuple[Integers, Integers]:
    """List cells that are likely to be neighbours of each, as offsets and a list."""
    if previous is not None and len(previous.points) == len(points):
        return previous.facets.offsets, previous.facets.neighbours
    from scipy.spatial import cKDTree

    most = min(FIRST_NEIGHBOURS + 1, len(points))
    nearest = cKDTree(points).query(points, k=most)[1].reshape(len(points), -1).astype(np.int64)
    return np.arange(0, nearest.size + 1, nearest.shape[1]), nearest.ravel()


@compile_loop
def _cut_range(
    points: Floats,
    potentials: Floats,
    size: Floats,
    repeated: Booleans,
    offsets: Integers,
    likely: Integers,
    tree: BoxTree,
    near: bool,
    start: int,
    stop: int,
) -> tuple[Floats, Integers, Integers, Integers, Floats]:
    """Cut the cells of a range: volume and excess, facets each, and all facets."""
    cell = make_polyhedron(FIRST_PLANES)
    measures = np.zeros((stop - start, 2))
    numbers = np.zeros(stop - start, np.int64)
    neighbours = np.empty(20 * (stop - start) + 100, np.int64)
    lengths = np.empty(len(neighbours), np.int64)
    corners = np.empty((6 * len(neighbours), 3))
    facet, corner = 0, 0
    for i in range(start, stop):
        state, excess = EMPTY if repeated[i] else FULL, 0.0
        while state == FULL:
            state, excess = _cut_cell(
                cell, points, potentials, size, offsets, likely, tree, near, i
            )
            if state == FULL:
                cell = make_polyhedron(2 * len(cell.planes))
        if state == EMPTY:
            continue
        while facet + cell.counts[0] > len(neighbours):
            neighbours = np.concatenate((neighbours, np.empty_like(neighbours)))
            lengths = np.concatenate((lengths, np.empty_like(lengths)))
        while corner + 3 * cell.counts[1] > len(corners):
            corners = np.concatenate((corners, np.empty_like(corners)))
        first = facet
        facet, corner = _list_facets(cell, neighbours, lengths, corners, facet, corner)
        numbers[i - start] = facet - first
        measures[i - start, 0] = _measure_volume(lengths[first:facet], corners, corner)
        measures[i - start, 1] = excess
    return (
        measures,
        numbers,
        neighbours[:facet].copy(),
        lengths[:facet].copy(),
        corners[:corner].copy(),
    )


@compile_loop
def _cut_cell(
    cell: Polyhedron,
    points: Floats,
    potentials: Floats,
    size: Floats,
    offsets: Integers,
    likely: Integers,
    tree: BoxTree,
    near: bool,
    i: int,
) -> tuple[int, float]:
    """Cut a cell by likely neighbours, and by others until all its corners are its own."""
    begin_box(cell, -points[i], size - points[i])
    for k in range(offsets[i], offsets[i + 1]):
        j = likely[k]
        if j >= 0 and j != i:
            state = _cut_by(cell, points, potentials, i, j)
            if state >= EMPTY:
                return state, 0.0
    excess = 0.0
    t = 0
    while t < cell.counts[1]:
        if cell.settled[t]:
            t += 1
            continue
        if near:
            j, height = _find_near_owner(cell, points, potentials, offsets, likely, i, t)
        else:
            j, height = _find_owner(tree, points, potentials, i, cell.corners[t])
        cell.settled[t] = True
        if j < 0:
            continue
        if (cell.owners[: cell.counts[0]] == j).any():
            # It cuts the cell already: what is left is rounding.
            excess = max(excess, height)
            continue
        state = _cut_by(cell, points, potentials, i, j)
        if state >= EMPTY:
            return state, 0.0
        # New corners may be anywhere in the list.
        t = 0
    return CUT, excess


@compile_loop
def _cut_by(cell: Polyhedron, points: Floats, potentials: Floats, i: int, j: int) -> int:
    """Cut cell i by the plane between it and cell j."""
    a, b, c = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
    if a == 0 and b == 0 and c == 0:
        return MISSED
    d = (a * a + b * b + c * c + potentials[i] - potentials[j]) / 2
    return cut_by_plane(cell, a, b, c, d, j)


@compile_loop
def _measure_excess(
    points: Floats, potentials: Floats, i: int, j: int, x: float, y: float, z: float
) -> float:
    """How much nearer a place, relative to point i, is to cell j; 0 if rounding may be it."""
    a, b, c = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
    d = (a * a + b * b + c * c + potentials[i] - potentials[j]) / 2
    return 2 * measure_height(a, b, c, d, x, y, z)


@compile_loop
def _find_near_owner(
    cell: Polyhedron,
    points: Floats,
    potentials: Floats,
    offsets: Integers,
    neighbours: Integers,
    i: int,
    t: int,
) -> tuple[int, float]:
    """Find whose a corner is as `_find_owner` does, among neighbours of the cells there."""
    x, y, z = cell.corners[t, 0], cell.corners[t, 1], cell.corners[t, 2]
    found, most = NOWHERE, 0.0
    for side in range(3):
        beside = cell.owners[cell.triangles[t, side]]
        if beside < 0:
            continue
        for k in range(offsets[beside], offsets[beside + 1]):
            j = neighbours[k]
            if j < 0 or j == i:
                continue
            height = _measure_excess(points, potentials, i, j, x, y, z)
            if height > most:
                found, most = j, height
    return found, most


@compile_loop
def _find_owner(
    tree: BoxTree, points: Floats, potentials: Floats, i: int, corner: Floats
) -> tuple[int, float]:
    """Find whose a place, relative to point i, is if not cell i's; and by how much, or −1."""
    x, y, z = corner
    px, py, pz = points[i]
    own = x * x + y * y + z * z
    found, most = NOWHERE, 0.0
    waiting = np.empty(DEEPEST, np.int64)
    waiting[0] = 0
    depth = 1
    inner = len(tree.highest) // 2
    while depth:
        depth -= 1
        node = waiting[depth]
        u = max(tree.lower[node, 0] - px - x, px + x - tree.upper[node, 0], 0.0)
        v = max(tree.lower[node, 1] - py - y, py + y - tree.upper[node, 1], 0.0)
        w = max(tree.lower[node, 2] - pz - z, pz + z - tree.upper[node, 2], 0.0)
        # What is found must be nearer than the owner so far.
        if u * u + v * v + w * w - tree.highest[node] + potentials[i] >= own - most:
            continue
        if node < inner:
            waiting[depth], waiting[depth + 1] = 2 * node + 1, 2 * node + 2
            depth += 2
            continue
        for slot in range((node - inner) * LEAF_SIZE, (node - inner + 1) * LEAF_SIZE):
            j = tree.slots[slot]
            if j < 0 or j == i:
                continue
            height = _measure_excess(points, potentials, i, j, x, y, z)
            if height > most:
                found, most = j, height
    return found, most


@compile_loop
def _list_facets(
    cell: Polyhedron,
    neighbours: Integers,
    lengths: Integers,
    corners: Floats,
    facet: int,
    corner: int,
) -> tuple[int, int]:
    """Append the facets of a cell to lists; the ends of these are given and returned."""
    # A corner of each plane that has any.
    some = np.full(cell.counts[0], NOWHERE)
    for t in range(cell.counts[1]):
        for k in range(3):
            some[cell.triangles[t, k]] = t
    for plane in range(cell.counts[0]):
        if some[plane] == NOWHERE:
            continue
        neighbours[facet] = cell.owners[plane]
        first = corner
        t = some[plane]
        while True:
            corners[corner] = cell.corners[t]
            corner += 1
            p, q, r = cell.triangles[t]
            beside = r if p == plane else (p if q == plane else q)
            t = cell.table[plane, beside]
            if t == some[plane]:
                break
        lengths[facet] = corner - first
        facet += 1
    return facet, corner


@compile_loop
def _measure_volume(lengths: Integers, corners: Floats, stop: int) -> float:
    """Measure the volume of a cell, of which the corners end there in the list."""
    sixfold = 0.0
    first = stop - lengths.sum()
    for length in lengths:
        x, y, z = corners[first]
        for k in range(first + 1, first + length - 1):
            a, b, c = corners[k]
            d, e, f = corners[k + 1]
            sixfold += x * (b * f - c * e) + y * (c * d - a * f) + z * (a * e - b * d)
        first += length
    return sixfold / 6
