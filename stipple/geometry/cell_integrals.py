"""Exact integrals of a piecewise-constant density over power cells and boxes."""

from dataclasses import dataclass, fields, replace

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.contours import integrate_polygons
from stipple.geometry.periodic_cells import cover_cells
from stipple.geometry.power_cells import PowerCells
from stipple.geometry.shared_sides import GROUP, integrate_groups
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.measures.row_sums import RowSums

NO_BOUNDS = np.empty((0, 3))
NO_STRIPS = np.empty((2, 0))


@dataclass(frozen=True)
class CellIntegrals:
    """Integrals of ρ (total mass 1) over each power cell and along each of its edges.

    Attributes
    ----------
    masses : ndarray, shape (n,)
        ∫ρ.
    first_moments : ndarray, shape (n, 2)
        ∫(x − y_i)ρ, in pixels.
    second_moments : ndarray, shape (n,)
        ∫|x − y_i|²ρ, in square pixels.
    edge_masses : ndarray, shape (m,)
        ∫ρ ds along each edge of `PowerCells.vertices`, per pixel; the mean of both sides where an
        edge runs along a border between pixels.
    edge_moments : ndarray, shape (m,)
        ∫tρ ds, t running from 0 to 1 along the edge: where on it the mass lies.
    """

    masses: Floats
    first_moments: Floats
    second_moments: Floats
    edge_masses: Floats
    edge_moments: Floats


def integrate_cells(
    density: Density, cells: PowerCells, workers: Workers | None = None
) -> CellIntegrals:
    """Integrate the density over the power cells, exactly up to rounding.

    Parameters
    ----------
    density : Density
        The density; its rectangle is the cells' domain. Over cells on the torus it is continued
        periodically.
    cells : PowerCells
        The cells.
    workers : Workers, optional
        Threads that share the cells.
    """
    workers = workers or Workers(1)
    if cells.laps is not None:
        return _integrate_whole(density, cells, workers)
    rows = density.row_sums
    tiles = density.even_tiles
    adjacency = cells.adjacency
    count = len(cells.points)
    sums = np.empty((count, 5))
    edges = np.empty((2, len(cells.vertices)))
    alone = np.zeros(count, dtype=np.bool_)

    def integrate(start: int, stop: int) -> None:
        integrate_groups(
            rows.pixels,
            rows.blocks,
            tiles.values,
            tiles.sums,
            cells.points,
            adjacency.offsets,
            adjacency.neighbours,
            cells.vertices,
            -(-start // GROUP),
            -(-stop // GROUP),
            sums,
            edges,
            alone,
        )

    workers.map_ranges(integrate, count)
    chosen = np.flatnonzero(alone)
    _integrate(rows, cells.points, adjacency.offsets, cells.vertices, chosen, workers, sums, edges)
    return CellIntegrals(
        masses=np.maximum(sums[:, 0], 0.0),
        first_moments=sums[:, 1:3],
        second_moments=np.maximum(sums[:, 3] + sums[:, 4], 0.0),
        edge_masses=edges[0],
        edge_moments=edges[1],
    )


def _integrate_whole(density: Density, cells: PowerCells, workers: Workers) -> CellIntegrals:
    """Integrate over cells that reach beyond the rectangle, in a wider part of the density."""
    wide, shift = cover_cells(density, cells)
    moved = replace(
        cells, points=cells.points + shift, width=wide.width, height=wide.height, laps=None
    )
    found = integrate_cells(wide, moved, workers)
    scale = wide.total / density.total
    return CellIntegrals(*(scale * getattr(found, field.name) for field in fields(found)))


@dataclass(frozen=True)
class RoundedIntegrals:
    """Integrals of ρ over polygons with bounds of what rounding has done to them.

    Attributes
    ----------
    masses, first_moments, second_moments : ndarray, shapes (n,), (n, 2) and (n,)
        As in `CellIntegrals`.
    errors, first_errors, second_errors : ndarray, shape (n,)
        The three kinds of moments are within these.
    strips : ndarray, shape (2, m)
        At least ∫ρ ds along each edge, ρ being the largest density within a pixel's width; and
        ∫|x − y_i|²ρ ds, x being the farthest place within half a pixel.
    """

    masses: Floats
    first_moments: Floats
    second_moments: Floats
    errors: Floats
    first_errors: Floats
    second_errors: Floats
    strips: Floats


def bound_integrals(
    density: Density, cells: PowerCells, workers: Workers | None = None
) -> RoundedIntegrals:
    """Integrate as `integrate_cells` does, keeping account of rounding.

    Parameters
    ----------
    density, cells, workers
        As there.
    """
    count = len(cells.points)
    sums = np.empty((count, 5))
    edges = np.empty((2, len(cells.vertices)))
    bounds = np.empty((count, 3))
    strips = np.empty((2, len(cells.vertices)))
    _integrate(
        density.row_sums,
        cells.points,
        cells.adjacency.offsets,
        cells.vertices,
        np.arange(count),
        workers or Workers(1),
        sums,
        edges,
        bounds,
        strips,
    )
    return RoundedIntegrals(
        sums[:, 0],
        sums[:, 1:3],
        sums[:, 3] + sums[:, 4],
        bounds[:, 0],
        bounds[:, 1],
        bounds[:, 2],
        strips,
    )


def integrate_boxes(
    density: Density, boxes: Floats, workers: Workers | None = None
) -> tuple[Floats, Floats]:
    """Barycentre and spread of the density in each box.

    Parameters
    ----------
    density : Density
        The density.
    boxes : ndarray, shape (n, 4)
        x0, y0, x1, y1 of each box, in pixels.
    workers : Workers, optional
        Threads that share the boxes.

    Returns
    -------
    barycentres : ndarray, shape (n, 2)
        In pixels; the centre where the box holds no mass.
    spreads : ndarray, shape (n, 2)
        Variances of x and of y under the density in the box, in square pixels.
    """
    workers, rows = workers or Workers(1), density.row_sums
    parts = workers.map_ranges(
        lambda start, stop: _integrate_boxes(rows, boxes[start:stop]), len(boxes)
    )
    barycentres, spreads = (np.concatenate(column) for column in zip(*parts, strict=True))
    return barycentres, spreads


def _integrate_boxes(rows: RowSums, boxes: Floats) -> tuple[Floats, Floats]:
    count = len(boxes)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(count, 4, 2) - centres[:, None]
    offsets = np.arange(0, 4 * count + 1, 4)
    sums = np.empty((count, 5))
    edges = np.empty((2, 4 * count))
    vertices = corners.reshape(-1, 2)
    every = np.arange(count)
    _integrate(rows, centres, offsets, vertices, every, Workers(1), sums, edges)
    masses = sums[:, :1]
    moments = np.divide(sums[:, 1:], masses, out=np.zeros((count, 4)), where=masses > 0)
    # Rounding must not carry a barycentre out of a very thin box.
    barycentres = np.clip(centres + moments[:, :2], boxes[:, :2], boxes[:, 2:])
    return barycentres, np.maximum(moments[:, 2:] - moments[:, :2] ** 2, 0.0)


def _integrate(
    rows: RowSums,
    points: Floats,
    offsets: Integers,
    vertices: Floats,
    chosen: Integers,
    workers: Workers,
    sums: Floats,
    edges: Floats,
    bounds: Floats = NO_BOUNDS,
    strips: Floats = NO_STRIPS,
) -> None:
    """Fill masses, first and second moments by axis of polygons; ∫ρ ds and ∫tρ ds of their edges.

    `bounds`, if not empty, and `strips` receive what `RoundedIntegrals` holds.
    """

    def integrate(start: int, stop: int) -> None:
        integrate_polygons(
            rows.pixels,
            rows.blocks,
            rows.stretches,
            points,
            offsets,
            vertices,
            chosen[start:stop],
            sums,
            edges,
            bounds,
            strips,
        )

    if len(chosen) > 0:
        workers.map_ranges(integrate, len(chosen))
