"""Parts of power cells: strips along the sides of neighbours, and what lies on ink."""

from dataclasses import dataclass, replace

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.neighbours import Adjacency
from stipple.geometry.power_cells import PowerCells
from stipple.machine.compiled import compile_loop
from stipple.measures.density import Density

# Width of a strip, in distances between the two points.
WIDTH = 1 / 32


@dataclass(frozen=True, eq=False)
class Strips:
    """For each side between two cells, the strip of the one cell along it.

    Attributes
    ----------
    owners, targets : ndarray of int, shape (m,)
        The cell that a strip is of, and the one across the side.
    offsets : ndarray of int, shape (m + 1,)
        Strip k has the corners `vertices[offsets[k]:offsets[k + 1]]`.
    vertices : ndarray, shape (l, 2)
        Relative to the point of the owner, in pixels.
    ways, whole_ways : ndarray, shape (m,)
        Largest distance, in pixels, from a place of the strip, or of the whole cell, to the point
        of the target.
    extents : ndarray, shape (n,)
        Largest distance from a place of each cell to its point.
    """

    owners: Integers
    targets: Integers
    offsets: Integers
    vertices: Floats
    ways: Floats
    whole_ways: Floats
    extents: Floats

    def as_polygons(self, cells: PowerCells) -> PowerCells:
        """Give the strips as polygons about the points of their owners, to integrate over."""
        count = len(self.owners)
        none = np.full(len(self.vertices), -1)
        return replace(
            cells,
            points=cells.points[self.owners],
            potentials=cells.potentials[self.owners],
            adjacency=Adjacency(self.offsets, none, np.ones(count, dtype=np.bool_)),
            vertices=self.vertices,
            areas=np.zeros(count),
        )


def cut_strips(cells: PowerCells) -> Strips:
    """Cut a strip from each convex polygon along each side that it shares with another."""
    sizes = np.diff(cells.adjacency.offsets)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    inner = np.flatnonzero(cells.adjacency.neighbours >= 0)
    room = np.append(0, np.cumsum(sizes[owners[inner]] + 2))
    offsets, vertices, ways, whole_ways = _cut_strips(
        cells.points,
        cells.adjacency.offsets,
        cells.vertices,
        owners[inner],
        cells.adjacency.neighbours[inner],
        inner,
        np.empty((room[-1], 2)),
    )
    return Strips(
        owners[inner],
        cells.adjacency.neighbours[inner],
        offsets,
        vertices[: offsets[-1]],
        ways,
        whole_ways,
        _measure_reach(cells),
    )


def measure_black_reach(density: Density, cells: PowerCells, beyond: float) -> Floats:
    """Bound the distance from each point to the ink in its polygon.

    Parameters
    ----------
    density : Density
        Whatever it holds is ink.
    cells : PowerCells
        Convex polygons.
    beyond : float
        How far outside of its polygon a place may lie, in pixels.

    Returns
    -------
    ndarray, shape (n,)
        In pixels, without `beyond`.
    """
    reach = _measure_reach(cells)
    black = density.values > 0
    if black.all():
        return reach
    inked = _measure_inked(
        cells.points, cells.adjacency.offsets, cells.vertices, black, beyond, reach
    )
    return np.minimum(reach, inked)


def _measure_reach(cells: PowerCells) -> Floats:
    """Distance from each point to the farthest corner of its polygon, shape (n,)."""
    reach = np.zeros(len(cells.points))
    owners, _ = cells.list_edges()
    np.maximum.at(reach, owners, np.hypot(*cells.vertices.T))
    return reach


@compile_loop
def _cut_strips(
    points: Floats,
    offsets: Integers,
    corners: Floats,
    owners: Integers,
    targets: Integers,
    edges: Integers,
    vertices: Floats,
) -> tuple[Integers, Floats, Floats, Floats]:
    count = len(owners)
    ends = np.zeros(count + 1, dtype=np.int64)
    ways = np.zeros(count)
    whole_ways = np.zeros(count)
    filled = 0
    for k in range(count):
        i = owners[k]
        start = offsets[i]
        stop = offsets[i + 1]
        a = points[targets[k], 0] - points[i, 0]
        b = points[targets[k], 1] - points[i, 1]
        apart = np.hypot(a, b)
        after = edges[k] + 1 if edges[k] + 1 < stop else start
        side = min(
            corners[edges[k], 0] * a + corners[edges[k], 1] * b,
            corners[after, 0] * a + corners[after, 1] * b,
        )
        limit = side - WIDTH * apart * apart
        for corner in range(start, stop):
            x, y = corners[corner]
            whole_ways[k] = max(whole_ways[k], np.hypot(x - a, y - b))
            following = corner + 1 if corner + 1 < stop else start
            u, v = corners[following]
            here = x * a + y * b - limit
            there = u * a + v * b - limit
            if here >= 0:
                vertices[filled, 0] = x
                vertices[filled, 1] = y
                filled += 1
            if (here >= 0) != (there >= 0):
                part = here / (here - there)
                vertices[filled, 0] = x + part * (u - x)
                vertices[filled, 1] = y + part * (v - y)
                filled += 1
        ends[k + 1] = filled
        for corner in range(ends[k], filled):
            ways[k] = max(ways[k], np.hypot(vertices[corner, 0] - a, vertices[corner, 1] - b))
    return ends, vertices, ways, whole_ways


@compile_loop
def _measure_inked(
    points: Floats,
    offsets: Integers,
    corners: Floats,
    black: Booleans,
    beyond: float,
    reach: Floats,
) -> Floats:
    """Distance from each point to the far corner of the farthest black pixel that it may get."""
    height, width = black.shape
    inked = np.zeros(len(points))
    for i in range(len(points)):
        start = offsets[i]
        stop = offsets[i + 1]
        if start == stop:
            continue
        x, y = points[i]
        # Of the polygon and a margin, and one pixel for what rounding does to both.
        margin = beyond + 1e-9 * (1 + width + height)
        left = max(0, int(np.floor(corners[start:stop, 0].min() + x - margin)))
        right = min(width - 1, int(np.floor(corners[start:stop, 0].max() + x + margin)))
        top = max(0, int(np.floor(corners[start:stop, 1].min() + y - margin)))
        bottom = min(height - 1, int(np.floor(corners[start:stop, 1].max() + y + margin)))
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                if not black[row, column]:
                    continue
                far = np.hypot(
                    max(abs(column - x), abs(column + 1 - x)),
                    max(abs(row - y), abs(row + 1 - y)),
                )
                if far <= inked[i] or inked[i] >= reach[i]:
                    continue
                outside = False
                for k in range(start, stop):
                    after = k + 1 if k + 1 < stop else start
                    p = corners[after, 0] - corners[k, 0]
                    q = corners[after, 1] - corners[k, 1]
                    # The largest distance of a corner of the pixel to the left of this side.
                    u = column + (0 if q > 0 else 1) - x - corners[k, 0]
                    v = row + (1 if p > 0 else 0) - y - corners[k, 1]
                    if p * v - q * u < -margin * (abs(p) + abs(q)):
                        outside = True
                        break
                if not outside:
                    inked[i] = far
    return inked
