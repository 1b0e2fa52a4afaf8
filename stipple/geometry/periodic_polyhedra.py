"""Power cells of weighted points on the torus, as whole polyhedra that tile space periodically."""

from dataclasses import replace

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.power_polyhedra import (
    Begun,
    Facets,
    PowerPolyhedra,
    cut_cells,
    list_nearest,
    refuse_cells,
)
from stipple.geometry.torus import Copies, copy_points, count_laps, wrap
from stipple.geometry.voxel_integrals import PolyhedronIntegrals, integrate_polyhedra
from stipple.machine.threads import Workers
from stipple.measures.volume import VolumeDensity

# Copies are listed so many times the side of a mean cell beyond the box, or so many times the
# longest way to a neighbour before: if cells then do not tile, all that can matter are.
FIRST_MARGIN, MARGIN = 4.0, 1.25


def build_periodic_polyhedra(
    points: Floats,
    potentials: Floats,
    size: Floats,
    *,
    workers: Workers | None = None,
    previous: PowerPolyhedra | None = None,
    prove: bool = False,
) -> PowerPolyhedra:
    """Cut the power cells of points and all their copies, and verify that they tile the torus.

    A cell is no larger than the box about its point, beyond which copies of that point are nearer;
    from there on it is cut as `build_power_polyhedra` does, by points and copies.

    Parameters
    ----------
    points : ndarray, shape (n, 3)
        Points, anywhere: cells stay about them.
    potentials, size, workers, previous
        As `build_power_polyhedra` takes them.
    prove : bool
        Whether all copies are compared with, so that `excess` is right.

    Raises
    ------
    PowerCellError
        If the cells do not tile the torus in double precision.
    """
    points = np.ascontiguousarray(points, dtype=np.float64)
    places = wrap(points, size)
    margins = np.full(3, FIRST_MARGIN * np.cbrt(size.prod() / len(points)))
    if previous is not None:
        every = np.arange(len(previous.facets.neighbours))
        margins = MARGIN * np.abs(previous.find_ways(every)).max(axis=0)
    for reach in (np.minimum(margins, size), size):
        if prove and (reach < size).any():
            continue
        copies = copy_points(places, size, reach)
        likely = _list_likely(copies, points, size, previous)
        begun = Begun(np.tile(-size / 2, (len(points), 1)), *likely)
        weights = potentials[copies.owners]
        measures, facets = cut_cells(copies.places, weights, size, begun, False, workers)
        cells = _fold(points, potentials, size, copies, facets, measures)
        if cells.tile:
            return cells
    raise refuse_cells(len(points))


def _list_likely(
    copies: Copies, points: Floats, size: Floats, previous: PowerPolyhedra | None
) -> tuple[Integers, Integers]:
    """List copies that are likely to be neighbours of each point, as offsets and a list."""
    if previous is None or previous.laps is None or len(previous.points) != len(points):
        return list_nearest(copies.places, len(points))
    owners, neighbours = previous.list_owners(), previous.facets.neighbours
    laps = count_laps(points, size)
    return previous.facets.offsets, copies.find(
        neighbours, previous.laps + laps[neighbours] - laps[owners]
    )


def _fold(
    points: Floats,
    potentials: Floats,
    size: Floats,
    copies: Copies,
    facets: Facets,
    measures: Floats,
) -> PowerPolyhedra:
    """Give each facet the point of the cell beyond it as its neighbour."""
    owners = np.repeat(np.arange(len(points)), np.diff(facets.offsets))
    side = facets.neighbours < 0
    # Beyond the sides of the box that a cell begins as are the next copies of its own point.
    neighbours = np.where(side, owners, copies.owners[np.maximum(facets.neighbours, 0)])
    moved = copies.laps[np.maximum(facets.neighbours, 0)]
    number = -1 - facets.neighbours[side]
    moved[side] = (np.arange(3) == number[:, None] // 2) * (2 * (number % 2) - 1)[:, None]
    laps = count_laps(points, size)
    return PowerPolyhedra(
        points,
        potentials,
        size,
        facets._replace(neighbours=neighbours),
        measures[:, 0],
        measures[:, 1],
        moved + laps[owners] - laps[neighbours],
    )


def wrap_cells(cells: PowerPolyhedra) -> PowerPolyhedra:
    """Move each cell on the torus, with its point, so that the point is in the box."""
    if cells.laps is None:
        return cells
    moved = count_laps(cells.points, cells.size)
    owners, neighbours = cells.list_owners(), cells.facets.neighbours
    laps = cells.laps + moved[neighbours] - moved[owners]
    return replace(cells, points=wrap(cells.points, cells.size), laps=laps)


def integrate_cells(
    density: VolumeDensity, cells: PowerPolyhedra, workers: Workers | None = None
) -> PolyhedronIntegrals:
    """Integrate a density over power cells, continued periodically over those on the torus."""
    if cells.laps is None:
        return integrate_polyhedra(density, cells.points, cells.facets, workers)
    places = wrap(cells.points, cells.size)
    corners = cells.place_corners(places)
    voxels, origin = density.continued.cover(corners.min(axis=0), corners.max(axis=0))
    return integrate_polyhedra(voxels, places + origin, cells.facets, workers)
