"""The loops that cut power cells: convex polygons, half-plane by half-plane."""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.neighbours import Adjacency
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers


class Polygons(NamedTuple):
    """Convex polygons: number i has edges and vertices `offsets[i]` to `offsets[i + 1]`.

    `owners`, `vertices` and `areas` are as in `PowerCells`.
    """

    offsets: Integers
    owners: Integers
    vertices: Floats
    areas: Floats


def cut_chosen(
    points: Floats,
    potentials: Floats,
    width: float,
    height: float,
    adjacency: Adjacency,
    search: bool,
    chosen: Integers,
    workers: Workers,
) -> Polygons:
    """Cut some cells, one polygon for each.

    Parameters
    ----------
    points, potentials, width, height
        As in `build_power_cells`.
    adjacency : Adjacency
        Neighbours that cells are cut by.
    search : bool
        Whether to try neighbours of neighbours, too.
    chosen : ndarray of int, shape (m,)
        Which cells.
    workers : Workers
        Threads that share the work.
    """

    def cut(start: int, stop: int) -> tuple[Integers, Floats, Integers, Floats]:
        return _cut_chosen(
            points,
            potentials,
            width,
            height,
            adjacency.offsets,
            adjacency.neighbours,
            adjacency.visible,
            search,
            chosen[start:stop],
        )

    parts = workers.map_ranges(cut, len(chosen))
    sizes, vertices, owners, areas = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Polygons(np.append(0, np.cumsum(sizes)), owners, vertices, areas)


@compile_loop
def _cut_chosen(
    points: Floats,
    potentials: Floats,
    width: float,
    height: float,
    offsets: Integers,
    neighbours: Integers,
    visible: Booleans,
    search: bool,
    chosen: Integers,
) -> tuple[Integers, Floats, Integers, Floats]:
    """Cut cells: sizes, vertices, owners of edges, areas."""
    count = len(chosen)
    sizes = np.zeros(count, dtype=np.int64)
    areas = np.zeros(count)
    capacity = 8 * count + 64
    vertices = np.empty((capacity, 2))
    owners = np.empty(capacity, dtype=np.int64)
    used = 0
    room = 64
    polygon = np.empty((5, room))
    labels = np.empty((3, room), dtype=np.int64)
    stamps = np.full(len(points), -1, dtype=np.int64)
    stamp = 0
    for place in range(count):
        while True:
            stamp += 1
            size, now = cut_cell(
                chosen[place],
                points,
                potentials,
                width,
                height,
                offsets,
                neighbours,
                visible,
                search,
                stamps,
                stamp,
                polygon,
                labels,
            )
            if size >= 0:
                break
            room *= 2
            polygon = np.empty((5, room))
            labels = np.empty((3, room), dtype=np.int64)
        if used + size > capacity:
            capacity = 2 * capacity + size
            larger_vertices = np.empty((capacity, 2))
            larger_owners = np.empty(capacity, dtype=np.int64)
            # One by one: slices that may not fit take seconds to compile.
            for k in range(used):
                larger_vertices[k, 0] = vertices[k, 0]
                larger_vertices[k, 1] = vertices[k, 1]
                larger_owners[k] = owners[k]
            vertices, owners = larger_vertices, larger_owners
        twice_area = 0.0
        for m in range(size):
            after = m + 1 if m + 1 < size else 0
            x, y = polygon[now, m], polygon[now + 1, m]
            twice_area += x * polygon[now + 1, after] - polygon[now, after] * y
            vertices[used + m, 0] = x
            vertices[used + m, 1] = y
            owners[used + m] = labels[now // 2, m]
        sizes[place] = size
        areas[place] = twice_area / 2
        used += size
    return sizes, vertices[:used], owners[:used], areas


@compile_loop
def cut_cell(
    i: int,
    points: Floats,
    potentials: Floats,
    width: float,
    height: float,
    offsets: Integers,
    neighbours: Integers,
    visible: Booleans,
    search: bool,
    stamps: Integers,
    stamp: int,
    polygon: Floats,
    labels: Integers,
) -> tuple[int, int]:
    """Cut one cell: how many corners it has, and the row of `polygon` where they begin.

    With `search`, the neighbours of every neighbour that shapes the cell are tried as well, until
    none of them cuts: enough when the given lists are those of a similar diagram. A cell said to
    be hidden is cut by cells farther and farther away until nothing is left, or no cell: so a cell
    never comes out too small, and the areas show whether one is too large.

    Rows 0, 1 and 2, 3 of `polygon` are the corners before and after a cut, rows 0 and 1 of `labels`
    the owners of their edges; the last rows serve as room for sides and for the queue. Where the
    room is too small, the answer is −1: a loop that never replaces its arrays is five times faster.
    """
    room = polygon.shape[1]
    x, y = points[i, 0], points[i, 1]
    # The domain, relative to the point, so that no digits are lost on small cells.
    polygon[0, 0], polygon[1, 0] = -x, -y
    polygon[0, 1], polygon[1, 1] = width - x, -y
    polygon[0, 2], polygon[1, 2] = width - x, height - y
    polygon[0, 3], polygon[1, 3] = -x, height - y
    labels[0, 0], labels[0, 1], labels[0, 2], labels[0, 3] = -1, -2, -3, -4
    now = 0
    size = 4
    reach_squared = np.inf
    stamps[i] = stamp
    # First the given neighbours, then those of each neighbour that is worth following.
    labels[2, 0] = i
    queued = 1
    head = 0
    while head < queued:
        source = labels[2, head]
        head += 1
        for k in range(offsets[source], offsets[source + 1]):
            j = neighbours[k]
            if j < 0 or stamps[j] == stamp:
                continue
            stamps[j] = stamp
            a = points[j, 0] - x
            b = points[j, 1] - y
            ahead = potentials[i] - potentials[j]
            if a == 0 and b == 0:
                # Coinciding points: one keeps the cell, by potential, then by index.
                if ahead < 0 or (ahead == 0 and j < i):
                    return 0, 0
                continue
            apart = a * a + b * b
            limit = (apart + ahead) / 2
            # Most neighbours of neighbours are beyond the farthest corner: one test for all.
            beyond = limit > 0 and limit * limit >= apart * reach_squared
            outside = 0
            if not beyond:
                for m in range(size):
                    side = a * polygon[now, m] + b * polygon[now + 1, m] - limit
                    polygon[4, m] = side
                    if side > 0:
                        outside += 1
            if outside == size:
                return 0, 0
            if not visible[i] or (search and outside > 0):
                if queued == room:
                    return -1, 0
                labels[2, queued] = j
                queued += 1
            if outside == 0:
                continue
            # A cut splits at most every other corner in two, even if rounding bends the cell.
            if 2 * size > room:
                return -1, 0
            then = 2 - now
            new_size = 0
            reach_squared = 0.0
            for m in range(size):
                after = m + 1 if m + 1 < size else 0
                here, there = polygon[4, m], polygon[4, after]
                p, q = polygon[now, m], polygon[now + 1, m]
                if here <= 0:
                    polygon[then, new_size], polygon[then + 1, new_size] = p, q
                    # A corner on the cutting line whose edge leaves starts the new edge.
                    leaves = there > 0 and here == 0
                    labels[then // 2, new_size] = j if leaves else labels[now // 2, m]
                    new_size += 1
                    reach_squared = max(reach_squared, p * p + q * q)
                if (here < 0 and there > 0) or (here > 0 and there < 0):
                    t = here / (here - there)
                    p += t * (polygon[now, after] - p)
                    q += t * (polygon[now + 1, after] - q)
                    polygon[then, new_size], polygon[then + 1, new_size] = p, q
                    labels[then // 2, new_size] = j if here < 0 else labels[now // 2, m]
                    new_size += 1
                    reach_squared = max(reach_squared, p * p + q * q)
            now = then
            size = new_size
            if size < 3:
                return 0, 0
    return size, now


@compile_loop
def find_edge(offsets: Integers, neighbours: Integers, i: int, j: int) -> int:
    """First edge of cell i towards cell j, or −1."""
    for k in range(offsets[i], offsets[i + 1]):
        if neighbours[k] == j:
            return k
    return -1
