"""Power cells of weighted points in a rectangle, as verified polygons."""

from dataclasses import dataclass, replace

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.choices import NeighbourEngine
from stipple.errors import PowerCellError
from stipple.geometry.cutting import Polygons, cut_chosen
from stipple.geometry.morton import order_along_curve
from stipple.geometry.near_points import list_near
from stipple.geometry.neighbours import Adjacency, connect, find_neighbours
from stipple.geometry.recutting import mend_cells, recut_cells
from stipple.machine.threads import Workers

# Cells cut by too few neighbours overlap, so their areas add up to more than the domain.
AREA_TOLERANCE = 1e-13
# From so many points cells are searched for from the nearest points, without an engine.
SEARCHED = 1000
# Points follow one another along a curve if they are, on average, no farther apart than so many
# sides of square cells.
FARTHEST_STEP = 10.0
# How often cells are mended that a search has left without some neighbour: across wide white,
# what is missing comes to light step by step.
MENDINGS = 8


@dataclass(frozen=True)
class PowerCells:
    """The cells { x : |x − y_i|² − φ_i ≤ |x − y_j|² − φ_j for all j }, clipped to the domain.

    Attributes
    ----------
    points : ndarray, shape (n, 2)
        The points y, in pixels.
    potentials : ndarray, shape (n,)
        The potentials φ, in square pixels.
    adjacency : Adjacency
        `adjacency.neighbours[k]` is the cell across the edge from vertex k to the next vertex of
        the same cell, or −1, −2, −3, −4 on the sides y = 0, x = width, y = height and x = 0 of
        the domain.
    vertices : ndarray, shape (m, 2)
        Polygon corners relative to the cell's own point, in pixels, in order of increasing angle
        from x to y. Cell i owns `vertices[offsets[i]:offsets[i + 1]]`; a hidden cell owns none.
    areas : ndarray, shape (n,)
        Areas, in square pixels. They add up to the domain's.
    width, height : float
        The domain [0, width] × [0, height], in pixels.
    laps : ndarray, shape (m, 2), optional
        Of cells on the torus, which are whole: by how many sides of the domain the copy of the
        neighbour that lies across each edge is moved from the neighbour itself.
    """

    points: Floats
    potentials: Floats
    adjacency: Adjacency
    vertices: Floats
    areas: Floats
    width: float
    height: float
    laps: Integers | None = None

    @property
    def shifts(self) -> Floats:
        """By how much the copy across each edge is moved, shape (m, 2); none where none is."""
        if self.laps is None:
            return np.zeros((0, 2))
        shifts: Floats = self.laps * np.array([self.width, self.height])
        return shifts

    def list_edges(self) -> tuple[Integers, Integers]:
        """List the cell of each edge and the vertex where it ends, two arrays of shape (m,).

        Edge k begins at vertex k; edges between two cells are listed by both.
        """
        offsets = self.adjacency.offsets
        sizes = np.diff(offsets)
        ends = np.arange(1, len(self.vertices) + 1)
        visible = sizes > 0
        ends[offsets[1:][visible] - 1] = offsets[:-1][visible]
        return np.repeat(np.arange(len(sizes)), sizes), ends

    def touch_border(self) -> Booleans:
        """Find the cells with a side on the border of the domain, shape (n,)."""
        owners, _ = self.list_edges()
        outer = self.adjacency.neighbours < 0
        touching: Booleans = np.bincount(owners, outer, len(self.points)) > 0
        return touching

    def polygon(self, index: int) -> Floats:
        """Corners of one cell in domain coordinates, shape (k, 2), in pixels."""
        start, stop = self.adjacency.offsets[index : index + 2]
        corners: Floats = self.vertices[start:stop] + self.points[index]
        return corners

    def reorder(self, order: Integers) -> "PowerCells":
        """List the cells, and their points, in another order: a permutation, shape (n,)."""
        sizes = np.diff(self.adjacency.offsets)[order]
        offsets = np.append(0, np.cumsum(sizes))
        edges = np.arange(offsets[-1]) + np.repeat(
            self.adjacency.offsets[order] - offsets[:-1], sizes
        )
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        neighbours = self.adjacency.neighbours[edges]
        inner = neighbours >= 0
        neighbours[inner] = places[neighbours[inner]]
        return replace(
            self,
            points=self.points[order],
            potentials=self.potentials[order],
            adjacency=Adjacency(offsets, neighbours, self.adjacency.visible[order]),
            vertices=self.vertices[edges],
            areas=self.areas[order],
            laps=None if self.laps is None else self.laps[edges],
        )


def build_power_cells(
    points: Floats,
    potentials: Floats,
    width: float,
    height: float,
    *,
    engine: NeighbourEngine = "auto",
    workers: Workers | None = None,
    previous: PowerCells | None = None,
    all_visible: bool = False,
) -> PowerCells:
    """Cut the power cells and verify that they tile the domain.

    Of coinciding points the one with the largest potential, then the lowest index, gets the
    cell; the others are hidden.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Points, in pixels.
    potentials : ndarray, shape (n,)
        Potentials, in square pixels.
    width, height : float
        The domain, in pixels.
    engine : {"auto", "pysdot", "qhull"}
        Backend for neighbours; `auto` searches from the nearest points where they are many, and
        asks one only if that fails.
    workers : Workers, optional
        Threads that share the cutting.
    previous : PowerCells, optional
        Cells of the same points a little earlier: when the search along their neighbours gives
        cells that tile the domain, the engine is not asked at all.
    all_visible : bool
        Whether cells are of use only if none is hidden: when the search shows a hidden one, which
        is certain, the engine is not asked either.

    Raises
    ------
    PowerCellError
        If no engine gives cells that tile the domain (not seen for finite input), or if the search
        shows a hidden cell where none may be.
    """
    points = np.ascontiguousarray(points, dtype=np.float64)
    potentials = np.ascontiguousarray(potentials, dtype=np.float64)
    workers = workers or Workers(1)
    cutter = _Cutter(points, potentials, width, height, workers)
    if previous is not None and len(previous.points) == len(points):
        cells = cutter.follow(previous)
    elif engine == "auto" and len(points) >= SEARCHED:
        order = _find_better_order(points, width, height)
        if order is not None:
            chosen = points[order], potentials[order], width, height
            found = build_power_cells(*chosen, workers=workers, all_visible=all_visible)
            return found.reorder(np.argsort(order))
        cells = cutter.cut(list_near(points, workers), True)
    else:
        return cutter.ask(engine)
    hidden = len(points) - int(cells.adjacency.visible.sum())
    if all_visible and hidden:
        raise PowerCellError(f"{hidden} of {len(points)} power cells are hidden.")
    cells = cutter.complete(cells)
    return cells if _tiles(cells) else cutter.ask(engine)


@dataclass(frozen=True)
class _Cutter:
    """Ways to cut the cells of some points, in the words of `build_power_cells`."""

    points: Floats
    potentials: Floats
    width: float
    height: float
    workers: Workers

    def cut(self, adjacency: Adjacency, search: bool) -> PowerCells:
        """Cut every cell by the neighbours given and, in a search, by theirs."""
        every = np.arange(len(self.points))
        known = self.points, self.potentials, self.width, self.height
        return self._describe(cut_chosen(*known, adjacency, search, every, self.workers))

    def follow(self, previous: PowerCells) -> PowerCells:
        """Cut by search from the neighbours in cells a little earlier."""
        adjacency = previous.adjacency
        if not adjacency.visible.all():
            return self.cut(adjacency, True)
        known = self.points, self.potentials, self.width, self.height
        return self._describe(recut_cells(*known, adjacency, self.workers))

    def complete(self, cells: PowerCells) -> PowerCells:
        """Cut again where a search has missed neighbours, until the cells tile the domain."""
        known = self.points, self.potentials, self.width, self.height
        for _ in range(MENDINGS):
            if _tiles(cells):
                return cells
            lists = cells.adjacency
            found = Polygons(lists.offsets, lists.neighbours, cells.vertices, cells.areas)
            mended = mend_cells(*known, found, self.workers)
            if mended is found:
                break
            cells = self._describe(mended)
        # Once for neighbours missed, once more for those of cells that come out of hiding.
        for _ in range(2):
            if _tiles(cells):
                return cells
            cells = self.cut(symmetrise(cells), True)
        return cells

    def ask(self, engine: NeighbourEngine) -> PowerCells:
        """Cut by the neighbours that an engine finds."""
        found = _find_candidates(self.points, self.potentials, self.width, self.height, engine)
        cells = self.cut(found, False)
        for _ in range(3):
            if _tiles(cells):
                return cells
            cells = self.cut(_link_nearest(cells), True)
        if _tiles(cells):
            return cells
        raise PowerCellError(
            f"The power cells of these {len(self.points)} points could not be computed in double"
            " precision: the points or potentials are too far outside the picture, or too close"
            " together."
        )

    def _describe(self, polygons: Polygons) -> PowerCells:
        offsets, owners, vertices, areas = polygons
        adjacency = Adjacency(offsets, owners, np.diff(offsets) > 0)
        return PowerCells(
            self.points, self.potentials, adjacency, vertices, areas, self.width, self.height
        )


def _find_better_order(points: Floats, width: float, height: float) -> Integers | None:
    """Order along a curve, where what is near in space is far in memory: searches would be slow."""
    steps = np.abs(np.diff(points, axis=0)).sum()
    if steps <= FARTHEST_STEP * np.sqrt(width * height * len(points)):
        return None
    order = order_along_curve(points)
    return order if (np.diff(order) != 1).any() else None


def _tiles(cells: PowerCells) -> bool:
    domain = cells.width * cells.height
    return bool(abs(cells.areas.sum() - domain) <= AREA_TOLERANCE * domain)


def _find_candidates(
    points: Floats,
    potentials: Floats,
    width: float,
    height: float,
    engine: NeighbourEngine,
) -> Adjacency:
    """Neighbours found among distinct points, and every hidden cell linked to a visible one near.

    The links let `cut_range` check that the cells that the engine does not see are hidden.
    """
    # Sorted so that the first of each group of coinciding points is the one that gets the cell.
    order = np.lexsort((-potentials, points[:, 1], points[:, 0]))
    repeated = (np.diff(points[order], axis=0) == 0).all(axis=1)
    distinct = np.sort(np.delete(order, np.flatnonzero(repeated) + 1))
    found = find_neighbours(points[distinct], potentials[distinct], width, height, engine)
    if found.visible.all() and len(distinct) == len(points):
        return found
    rows = np.repeat(distinct, np.diff(found.offsets))
    inner = found.neighbours >= 0
    visible = np.zeros(len(points), dtype=bool)
    visible[distinct] = found.visible
    rows, columns = rows[inner], distinct[found.neighbours[inner]]
    return _connect_all(points, potentials, rows, columns, ~visible, visible)


def symmetrise(cells: PowerCells) -> Adjacency:
    """Neighbour lists made symmetric, and a first neighbour for cells that have none.

    Where the search of a cell has missed a neighbour, the neighbour's search has mostly found it.
    """
    rows, columns = _list_neighbours(cells)
    count = len(cells.points)
    isolated = np.bincount(rows, minlength=count) == 0
    visible = np.ones(count, dtype=bool)
    return _connect_all(cells.points, cells.potentials, rows, columns, isolated, visible)


def _connect_all(
    points: Floats,
    potentials: Floats,
    rows: Integers,
    columns: Integers,
    isolated: Booleans,
    visible: Booleans,
) -> Adjacency:
    """Neighbour lists from pairs, with every isolated cell linked to the nearest that is not."""
    from scipy.spatial import cKDTree

    if not isolated.any():
        return connect(rows, columns, visible)
    # All are isolated when one cell fills the domain.
    anchors = np.array([potentials.argmax()]) if isolated.all() else np.flatnonzero(~isolated)
    alone = np.flatnonzero(isolated)
    nearest = anchors[cKDTree(points[anchors]).query(points[alone])[1]]
    return connect(np.concatenate([rows, alone]), np.concatenate([columns, nearest]), visible)


def _link_nearest(cells: PowerCells) -> Adjacency:
    """Neighbour lists made symmetric, with the nearest points of every point added."""
    from scipy.spatial import cKDTree

    count = len(cells.points)
    rows, columns = _list_neighbours(cells)
    nearest = cKDTree(cells.points).query(cells.points, k=min(9, count))[1].reshape(count, -1)
    return connect(
        np.concatenate([rows, np.repeat(np.arange(count), nearest.shape[1])]),
        np.concatenate([columns, nearest.ravel()]),
        cells.adjacency.visible,
    )


def _list_neighbours(cells: PowerCells) -> tuple[Integers, Integers]:
    """Pairs of cells that share an edge, two arrays of shape (m,)."""
    rows = np.repeat(np.arange(len(cells.points)), np.diff(cells.adjacency.offsets))
    inner = cells.adjacency.neighbours >= 0
    return rows[inner], cells.adjacency.neighbours[inner]
