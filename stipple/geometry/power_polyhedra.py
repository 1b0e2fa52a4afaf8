"""Power cells of weighted points in a box, as verified polyhedra."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.errors import PowerCellError
from stipple.geometry.box_tree import build_box_tree
from stipple.geometry.polyhedron_cutting import cut_range
from stipple.machine.threads import Workers

# Volumes that differ from the box's by more show that cells overlap, or leave gaps.
VOLUME_TOLERANCE = 1e-12
# Points nearest to each that cut it first; who else cuts is found from the corners.
FIRST_NEIGHBOURS = 16


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
    laps : ndarray, shape (m, 3), optional
        Of cells on the torus, which are whole: by how many sides of the box the copy of the
        neighbour that lies beyond each facet is moved from the neighbour itself. A facet to
        another copy of its own cell has that cell as its neighbour.
    """

    points: Floats
    potentials: Floats
    size: Floats
    facets: Facets
    volumes: Floats
    excess: Floats
    laps: Integers | None = None

    @property
    def hidden(self) -> Booleans:
        """Which cells are empty, shape (n,)."""
        return np.equal(np.diff(self.facets.offsets), 0)

    @property
    def tile(self) -> bool:
        """Whether volumes add up to the box's: cells that lack a cut overlap others."""
        box = float(self.size.prod())
        return abs(float(self.volumes.sum()) - box) <= VOLUME_TOLERANCE * box

    def list_owners(self) -> Integers:
        """List the cell of each facet, shape (m,)."""
        sizes = np.diff(self.facets.offsets)
        return np.repeat(np.arange(len(sizes)), sizes)

    def find_ways(self, facets: Integers) -> Floats:
        """Find the ways between the points on either side of facets, outwards, shape (k, 3)."""
        owners, neighbours = self.list_owners()[facets], self.facets.neighbours[facets]
        ways = self.points[neighbours] - self.points[owners]
        return ways if self.laps is None else ways + self.laps[facets] * self.size

    def place_corners(self, points: Floats | None = None) -> Floats:
        """Corners of all facets about the points, or copies of them, shape (c, 3)."""
        points = self.points if points is None else points
        return self.facets.corners + np.repeat(
            points[self.list_owners()], np.diff(self.facets.starts), axis=0
        )


class Begun(NamedTuple):
    """What cells are before they are cut, and by whom they likely are.

    Attributes
    ----------
    lower : ndarray, shape (n, 3)
        Lower corner of the box that each begins as, relative to its point.
    offsets, likely : ndarray, shape (n + 1,) and any
        Cell i is first cut by the points likely[offsets[i]], …, likely[offsets[i + 1] − 1].
    """

    lower: Floats
    offsets: Integers
    likely: Integers


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
    begun = Begun(-points, *_list_likely(points, previous))

    def cut(near: bool) -> PowerPolyhedra:
        measures, facets = cut_cells(points, potentials, size, begun, near, workers)
        return PowerPolyhedra(points, potentials, size, facets, measures[:, 0], measures[:, 1])

    if previous is not None and not prove:
        cells = cut(True)
        if cells.tile:
            return cells
    cells = cut(False)
    if cells.tile:
        return cells
    raise refuse_cells(count)


def refuse_cells(count: int) -> PowerCellError:
    """Say that the cells of so many points do not tile the box."""
    return PowerCellError(
        f"The power cells of these {count} points could not be computed in double precision:"
        " the points or potentials are too far outside the box, or too close together."
    )


def cut_cells(
    points: Floats,
    potentials: Floats,
    size: Floats,
    begun: Begun,
    near: bool,
    workers: Workers | None,
) -> tuple[Floats, Facets]:
    """Cut the cells of the first points, as many as are begun, each from its own box.

    Returns
    -------
    measures : ndarray, shape (n, 2)
        Volume and excess of each.
    facets : Facets
    """
    count = len(begun.lower)
    tree = build_box_tree(points, potentials)
    repeated = _find_repeated(points[:count], potentials[:count])
    parts = (workers or Workers(1)).map_ranges(
        lambda start, stop: cut_range(
            *(points, potentials, begun.lower, size, repeated, begun.offsets, begun.likely),
            *(tree, near, start, stop),
        ),
        count,
    )
    measures, numbers, neighbours, lengths, corners = map(np.concatenate, zip(*parts, strict=True))
    return measures, Facets(_add_up(numbers), neighbours, _add_up(lengths), corners)


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
    return list_nearest(points, len(points))


def list_nearest(points: Floats, count: int) -> tuple[Integers, Integers]:
    """List the nearest of all points to each of the first ones, as offsets and a list."""
    from scipy.spatial import cKDTree

    most = min(FIRST_NEIGHBOURS + 1, len(points))
    nearest = cKDTree(points).query(points[:count], k=most)[1].reshape(count, -1).astype(np.int64)
    return np.arange(0, nearest.size + 1, nearest.shape[1]), nearest.ravel()
