"""Power cells of weighted points on the torus: whole polygons that tile the plane periodically."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.choices import NeighbourEngine
from stipple.errors import PowerCellError
from stipple.geometry.neighbours import Adjacency
from stipple.geometry.power_cells import PowerCells, build_power_cells
from stipple.geometry.torus import Copies, copy_points, count_laps, wrap
from stipple.machine.threads import Workers
from stipple.measures.density import Density

# Copies are listed so many times the side of a mean cell beyond the box first; where cells then do
# not tile, that many times farther.
FIRST_MARGIN, GROWTH = 4.0, 2.0
# Points that moved by no more than this part of the margin keep the copies around them.
NEAR = 0.2
# Areas that differ from the box's by more show that cells overlap, or are cut by its margin.
AREA_TOLERANCE = 1e-12
# Width, in pixels, of what a cell may have beyond the box without being cut by it.
SLIVER = 1e-9
# Part of a cell's area that is not worth a polygon of its own.
SPECK = 1e-15


class Copied(NamedTuple):
    """Points and copies in a box with a margin, and their cells, those of the points first.

    Attributes
    ----------
    owners : ndarray, shape (m,)
        The point that each is a copy of.
    laps : ndarray, shape (m, 2)
        By how many sides of the box it is moved.
    margin : ndarray, shape (2,)
        Width of the margin, by which the origin of the cells is moved.
    cells : PowerCells
        Of all of them, cut by the border of the margin.
    """

    owners: Integers
    laps: Integers
    margin: Floats
    cells: PowerCells


class TorusCutter:
    """Cuts the cells of points on one torus, again and again: each time from where it was before.

    Parameters
    ----------
    width, height : float
        The box whose opposite sides are one, in pixels.
    engine : {"auto", "pysdot", "qhull"}
        Backend for neighbours.
    workers : Workers
        Threads that share the cutting.
    """

    def __init__(
        self, width: float, height: float, engine: NeighbourEngine, workers: Workers
    ) -> None:
        self._size = np.array([width, height], dtype=np.float64)
        self._engine = engine
        self._workers = workers
        self._before: Copied | None = None

    def cut(self, points: Floats, potentials: Floats, *, all_visible: bool = False) -> PowerCells:
        """Cut the cells of points and all their copies, and verify that they tile the torus.

        Parameters
        ----------
        points : ndarray, shape (n, 2)
            Anywhere, in pixels: cells stay about them.
        potentials : ndarray, shape (n,)
            In square pixels.
        all_visible : bool
            Whether cells are of use only if none is hidden.

        Raises
        ------
        PowerCellError
            If the cells do not tile the torus, or if one is hidden where none may be.
        """
        cells = self._recut(points, potentials)
        if cells is None:
            cells = self._cut_anew(points, potentials)
        hidden = len(points) - int(cells.adjacency.visible.sum())
        if all_visible and hidden:
            raise PowerCellError(f"{hidden} of {len(points)} power cells are hidden.")
        return cells

    def _recut(self, points: Floats, potentials: Floats) -> PowerCells | None:
        """Cut by the copies of before, from their cells, if the points are near those."""
        before = self._before
        if before is None or int(before.owners.max()) + 1 != len(points):
            return None
        places = self._place(points, before.owners, before.laps, before.margin)
        if (np.abs(places - before.cells.points) > NEAR * before.margin).any():
            return None
        return self._cut(points, potentials, before.owners, before.laps, before.margin)

    def _cut_anew(self, points: Floats, potentials: Floats) -> PowerCells:
        """Cut by copies within a margin, the wider the more are needed."""
        self._before = None
        away = count_laps(points, self._size)
        reach = FIRST_MARGIN * float(np.sqrt(self._size.prod() / len(points)))
        while True:
            margin = np.minimum(reach, self._size)
            copies = copy_points(wrap(points, self._size), self._size, margin)
            laps = copies.laps - away[copies.owners]
            cells = self._cut(points, potentials, copies.owners, laps, margin)
            if cells is not None:
                return cells
            if (margin == self._size).all():
                raise PowerCellError(
                    f"The power cells of these {len(points)} points could not be computed in double"
                    " precision: the points or potentials are too close together."
                )
            reach *= GROWTH

    def _place(self, points: Floats, owners: Integers, laps: Integers, margin: Floats) -> Floats:
        places: Floats = points[owners] + laps * self._size + margin
        return places

    def _cut(
        self,
        points: Floats,
        potentials: Floats,
        owners: Integers,
        laps: Integers,
        margin: Floats,
    ) -> PowerCells | None:
        """Cut cells of copies; those of the points, if they are whole and tile."""
        width, height = self._size + 2 * margin
        cells = build_power_cells(
            self._place(points, owners, laps, margin),
            potentials[owners],
            float(width),
            float(height),
            engine=self._engine,
            workers=self._workers,
            previous=None if self._before is None else self._before.cells,
        )
        count, area = len(points), float(self._size.prod())
        if abs(float(cells.areas[:count].sum()) - area) > AREA_TOLERANCE * area:
            return None
        stop = cells.adjacency.offsets[count]
        beyond = cells.adjacency.neighbours[:stop]
        if (beyond < 0).any():
            return None
        self._before = Copied(owners, laps, margin, cells)
        offsets = cells.adjacency.offsets[: count + 1]
        within = np.repeat(np.arange(count), np.diff(offsets))
        adjacency = Adjacency(offsets, owners[beyond], cells.adjacency.visible[:count])
        return PowerCells(
            points,
            potentials,
            adjacency,
            cells.vertices[:stop],
            cells.areas[:count],
            float(self._size[0]),
            float(self._size[1]),
            laps[beyond] - laps[within],
        )


def wrap_cells(cells: PowerCells) -> PowerCells:
    """Move each cell on the torus, with its point, so that the point is in the box."""
    if cells.laps is None:
        return cells
    size = np.array([cells.width, cells.height])
    away = count_laps(cells.points, size)
    owners, _ = cells.list_edges()
    laps = cells.laps + away[cells.adjacency.neighbours] - away[owners]
    return replace(cells, points=wrap(cells.points, size), laps=laps)


def cover_cells(density: Density, cells: PowerCells) -> tuple[Density, Floats]:
    """Continue a density over whole cells; tell by how much each is then moved, shape (n, 2)."""
    places = wrap(cells.points, np.array([cells.width, cells.height]))
    corners = cells.vertices + np.repeat(places, np.diff(cells.adjacency.offsets), axis=0)
    wide, origin = density.continued.cover(corners.min(axis=0), corners.max(axis=0))
    return wide, places + origin - cells.points


def cut_by_box(cells: PowerCells, workers: Workers | None = None) -> tuple[PowerCells, Integers]:
    """Cut whole cells by the box: ordinary cells of all copies that can be nearest in it.

    Returns
    -------
    cells : PowerCells
        Of the points first, then of copies; many are hidden.
    owners : ndarray, shape (m,)
        The point that each is a copy of.
    """
    if cells.laps is None:
        return cells, np.arange(len(cells.points))
    size = np.array([cells.width, cells.height])
    # A place in the box is at most half a side away from the nearest copy of any point; the pixel
    # more is for rounding.
    copies = copy_points(wrap(cells.points, size), size, size / 2 + 1)
    owners = copies.owners
    chosen, cut = _cut_copies(cells, copies, workers)
    others = np.setdiff1d(np.arange(len(owners)), chosen)
    order = np.concatenate([chosen, others])
    offsets = cut.adjacency.offsets
    adjacency = Adjacency(
        np.append(offsets, np.full(len(others), offsets[-1])),
        cut.adjacency.neighbours,
        np.append(cut.adjacency.visible, np.zeros(len(others), np.bool_)),
    )
    every = replace(
        cut,
        points=copies.places[order],
        potentials=cells.potentials[owners[order]],
        adjacency=adjacency,
        areas=np.append(cut.areas, np.zeros(len(others))),
    )
    return every, owners[order]


def _cut_copies(
    cells: PowerCells, copies: Copies, workers: Workers | None
) -> tuple[Integers, PowerCells]:
    """Cut the cells of those copies, by number, of which a part is in the box.

    What is too thin to be a polygon beyond doubt is left to the cells beside it.
    """
    offsets, owners = cells.adjacency.offsets, copies.owners
    size = np.array([cells.width, cells.height])
    visible = np.flatnonzero(np.diff(offsets) > 0)
    lower, upper = np.full(cells.points.shape, np.inf), np.full(cells.points.shape, -np.inf)
    lower[visible] = np.minimum.reduceat(cells.vertices, offsets[visible])
    upper[visible] = np.maximum.reduceat(cells.vertices, offsets[visible])
    seen = copies.places + upper[owners] > SLIVER
    seen &= copies.places + lower[owners] < size - SLIVER
    chosen = np.flatnonzero(seen.all(axis=1))
    while True:
        cut = build_power_cells(
            copies.places[chosen],
            cells.potentials[owners[chosen]],
            cells.width,
            cells.height,
            workers=workers,
        )
        thick = cut.areas > SPECK * cells.areas[owners[chosen]]
        if (thick | ~cut.adjacency.visible).all():
            return chosen, cut
        chosen = chosen[thick]
