"""How far stored polygons are from tiling the domain: proved bounds.

Nothing is assumed about how the polygons were made; docs/certificates.md has the proofs.
"""

from dataclasses import dataclass, replace

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.cutting import find_edge
from stipple.geometry.neighbours import Adjacency
from stipple.geometry.power_cells import PowerCells
from stipple.machine.compiled import compile_loop
from stipple.machine.rounding import UNIT_ROUNDING
from stipple.machine.threads import Workers

# Corners no farther apart, in pixels, are one.
SAME_CORNER = 1e-6
# Strips narrower than this stay within the pixels around the edge.
NARROW_STRIP = 0.25
# Cells whose lengths are added up together, whatever the number of threads.
GROUP = 1024


@dataclass(frozen=True)
class Defects:
    """Where polygons overlap or leave gaps: Σ 1_P − 1_Ω is a sum of thin strips and a rest.

    Attributes
    ----------
    strips : ndarray, shape (n,)
        Mass, at most, of the strips along the edges of each polygon.
    costs : ndarray, shape (n,)
        ∫|x − y_i|²ρ over these strips, at most, in square pixels.
    gap : float
        Width of the widest strip, in pixels, at most.
    rest : float
        Area of the rest, in square pixels, at most.
    """

    strips: Floats
    costs: Floats
    gap: float
    rest: float


def straighten(cells: PowerCells, workers: Workers | None = None) -> PowerCells:
    """Leave out corners until every polygon is convex beyond doubt; some may vanish.

    Before, corners that polygons share become as equal as their coordinates allow.
    """
    offsets, neighbours = cells.adjacency.offsets, cells.adjacency.neighbours
    vertices, owners = cells.vertices.copy(), neighbours.copy()
    kept = np.ones(len(vertices), dtype=np.bool_)
    sizes = np.empty(len(cells.points), dtype=np.int64)

    def work(start: int, stop: int) -> None:
        given = cells.points, offsets, neighbours, cells.vertices
        _share_corners(*given, start, stop, vertices)
        _straighten(offsets, vertices, start, stop, kept, owners, sizes)

    (workers or Workers(1)).map_ranges(work, len(cells.points))
    adjacency = Adjacency(np.append(0, np.cumsum(sizes)), owners[kept], sizes > 0)
    return replace(cells, adjacency=adjacency, vertices=vertices[kept])


def measure_defects(
    cells: PowerCells, densities: Floats, densest: float, workers: Workers | None = None
) -> Defects:
    """Bound overlaps and gaps of convex polygons.

    Parameters
    ----------
    cells : PowerCells
        The polygons.
    densities : ndarray, shape (2, m)
        `RoundedIntegrals.strips` of their edges.
    densest : float
        Largest density of all.
    workers : Workers, optional
        Threads that share the polygons.
    """
    workers = workers or Workers(1)
    count = len(cells.points)
    strips, sides = np.zeros((2, len(cells.vertices))), np.full(len(cells.vertices), -1)
    gaps, lengths = np.zeros((2, -(-count // GROUP)))
    sums = np.zeros((2, count))
    offsets = cells.adjacency.offsets

    def match(start: int, stop: int) -> None:
        _match_edges(
            cells.points,
            offsets,
            cells.adjacency.neighbours,
            cells.vertices,
            cells.width,
            cells.height,
            densities,
            densest,
            -(-start // GROUP),
            -(-stop // GROUP),
            strips,
            sides,
            gaps,
            lengths,
        )

    workers.map_ranges(match, count)
    workers.map_ranges(lambda start, stop: _add_strips(offsets, strips, start, stop, sums), count)
    length = float(lengths.sum())
    owners, ends = cells.list_edges()
    for side in range(4):
        edges = np.flatnonzero(sides == side)
        length += _measure_side(cells, side, owners[edges], edges, ends[edges])
    # The isoperimetric inequality for winding numbers.
    return Defects(sums[0], sums[1], float(gaps.max()), (1 + 1e-6) * length**2 / (4 * np.pi))


def _measure_side(
    cells: PowerCells, side: int, owners: Integers, starts: Integers, ends: Integers
) -> float:
    """Length of what is missing, or there twice, on a side of the domain."""
    axis = side % 2
    length = cells.height if axis else cells.width
    if len(owners) == 0:
        return length
    origin = cells.points[owners, axis]
    start, end = cells.vertices[starts, axis], cells.vertices[ends, axis]
    # The first two sides are walked upwards, the others downwards.
    corners = (0.0, length) if side < 2 else (length, 0.0)
    order = np.argsort(origin + start) if side < 2 else np.argsort(-(origin + start))
    origin, start, end = origin[order], start[order], end[order]
    gaps = np.abs((origin[1:] - origin[:-1]) + (start[1:] - end[:-1]))
    scales = np.abs(origin[1:] - origin[:-1]) + np.abs(start[1:]) + np.abs(end[:-1])
    first, last = corners[0] - origin[0], corners[1] - origin[-1]
    total = gaps.sum() + abs(first - start[0]) + abs(last - end[-1])
    scale = scales.sum() + abs(first) + abs(start[0]) + abs(last) + abs(end[-1])
    return float(total * (1 + 1e-6) + 8 * UNIT_ROUNDING * scale)


@compile_loop
def _share_corners(
    points: Floats,
    offsets: Integers,
    neighbours: Integers,
    vertices: Floats,
    start: int,
    stop: int,
    shared: Floats,
) -> None:
    """Take corners from the cell with the least number among the three that meet there."""
    for i in range(start, stop):
        before = neighbours[offsets[i + 1] - 1]
        for k in range(offsets[i], offsets[i + 1]):
            j = neighbours[k]
            # Edge k starts where the twin of this edge ends, and that of the one before starts.
            owner = i
            corner = -1
            if 0 <= j < owner:
                twin = find_edge(offsets, neighbours, j, i)
                if twin >= 0:
                    owner = j
                    corner = twin + 1 if twin + 1 < offsets[j + 1] else offsets[j]
            if 0 <= before < owner:
                twin = find_edge(offsets, neighbours, before, i)
                if twin >= 0:
                    owner = before
                    corner = twin
            before = j
            if corner >= 0:
                x = vertices[corner, 0] + (points[owner, 0] - points[i, 0])
                y = vertices[corner, 1] + (points[owner, 1] - points[i, 1])
                if abs(x - vertices[k, 0]) + abs(y - vertices[k, 1]) < SAME_CORNER:
                    shared[k, 0] = x
                    shared[k, 1] = y


@compile_loop
def _straighten(
    offsets: Integers,
    vertices: Floats,
    first: int,
    last: int,
    kept: Booleans,
    owners: Integers,
    sizes: Integers,
) -> None:
    """Tell which corners stay, how many, and the owners of the edges that begin there."""
    for i in range(first, last):
        start = offsets[i]
        stop = offsets[i + 1]
        left = stop - start
        sound = 0
        k = start
        while left >= 3 and sound < left:
            before = _step(kept, start, stop, k, -1)
            after = _step(kept, start, stop, k, 1)
            ax = vertices[k, 0] - vertices[before, 0]
            ay = vertices[k, 1] - vertices[before, 1]
            bx = vertices[after, 0] - vertices[k, 0]
            by = vertices[after, 1] - vertices[k, 1]
            turn = ax * by - ay * bx
            if turn > 8 * UNIT_ROUNDING * (abs(ax * by) + abs(ay * bx)):
                sound += 1
                k = after
            else:
                if abs(bx) + abs(by) > abs(ax) + abs(ay):
                    owners[before] = owners[k]
                kept[k] = False
                left -= 1
                sound = 0
                k = after
        # Turning left everywhere, once around: edges point downwards in one run only.
        runs = 0
        for k in range(start, stop):
            if kept[k]:
                after = _step(kept, start, stop, k, 1)
                further = _step(kept, start, stop, after, 1)
                falls = vertices[after, 1] < vertices[k, 1]
                if falls and not vertices[further, 1] < vertices[after, 1]:
                    runs += 1
        sizes[i] = left
        if left < 3 or runs != 1:
            kept[start:stop] = False
            sizes[i] = 0


@compile_loop
def _step(kept: Booleans, start: int, stop: int, k: int, step: int) -> int:
    """Find the next corner kept, in either sense."""
    while True:
        k += step
        if k == stop:
            k = start
        elif k < start:
            k = stop - 1
        if kept[k]:
            return k


@compile_loop
def _match_edges(
    points: Floats,
    offsets: Integers,
    neighbours: Integers,
    vertices: Floats,
    width: float,
    height: float,
    densities: Floats,
    densest: float,
    start: int,
    stop: int,
    strips: Floats,
    sides: Integers,
    gaps: Floats,
    lengths: Floats,
) -> None:
    """Fill masses and costs of the strips along the edges of the cells in groups start..stop.

    And the sides of edges on the border; of each group the widest gap, and the length of the rest.
    """
    for i in range(start * GROUP, min(stop * GROUP, len(points))):
        x, y = points[i]
        widest = rest = 0.0
        for k in range(offsets[i], offsets[i + 1]):
            after = k + 1 if k + 1 < offsets[i + 1] else offsets[i]
            px, py = vertices[k]
            qx, qy = vertices[after]
            length = (abs(qx - px) + abs(qy - py)) * (1 + 4 * UNIT_ROUNDING)
            j = neighbours[k]
            twin = -1
            if j < 0:
                gap = np.inf
                for side in range(4):
                    line = (-y, width - x, height - y, -x)[side]
                    p, q = (py, qy) if side % 2 == 0 else (px, qx)
                    apart = abs(line - p) + abs(line - q)
                    apart += 4 * UNIT_ROUNDING * (abs(line) + apart)
                    if apart < gap:
                        gap = apart
                        sides[k] = side
                across = gap
            else:
                twin = find_edge(offsets, neighbours, j, i)
                if twin < 0 or j == i or find_edge(offsets, neighbours, i, j) != k:
                    rest += length
                    continue
                if j < i:
                    continue
                beyond = twin + 1 if twin + 1 < offsets[j + 1] else offsets[j]
                # What turns an end of the edge into that of its twin, along it and across.
                span = np.sqrt((qx - px) ** 2 + (qy - py) ** 2)
                along_x, along_y = 1.0, 0.0
                if span > 0:
                    along_x, along_y = (qx - px) / span, (qy - py) / span
                gap = 0.0
                across = 0.0
                for end_x, end_y, end in ((px, py, beyond), (qx, qy, twin)):
                    a = points[j, 0] - x
                    b = points[j, 1] - y
                    back_x = vertices[end, 0] - end_x
                    back_y = vertices[end, 1] - end_y
                    doubt_x = 4 * UNIT_ROUNDING * (abs(a) + abs(back_x))
                    doubt_y = 4 * UNIT_ROUNDING * (abs(b) + abs(back_y))
                    shift_x = a + back_x
                    shift_y = b + back_y
                    size_x = abs(shift_x) + doubt_x
                    size_y = abs(shift_y) + doubt_y
                    gap += (size_x + size_y) * (1 + 4 * UNIT_ROUNDING)
                    aside = abs(shift_x * along_y - shift_y * along_x)
                    aside += doubt_x * abs(along_y) + doubt_y * abs(along_x)
                    across = max(across, aside + 8 * UNIT_ROUNDING * (size_x + size_y))
            widest = max(widest, gap)
            rest += gap
            for cell, edge in ((i, k), (j, twin)):
                if edge < 0:
                    continue
                last = offsets[cell + 1] - 1
                ahead = edge + 1 if edge < last else offsets[cell]
                near = np.hypot(vertices[edge, 0], vertices[edge, 1])
                far = max(near, np.hypot(vertices[ahead, 0], vertices[ahead, 1])) + gap
                mass = densest * gap * (across if gap < NARROW_STRIP else length + gap)
                cost = mass * far * far
                if gap < NARROW_STRIP:
                    mass += across * densities[0, edge]
                    cost += across * densities[1, edge]
                strips[0, edge] = mass * (1 + 1e-6)
                strips[1, edge] = cost * (1 + 1e-6)
        gaps[i // GROUP] = max(gaps[i // GROUP], widest)
        lengths[i // GROUP] += rest


@compile_loop
def _add_strips(offsets: Integers, strips: Floats, start: int, stop: int, sums: Floats) -> None:
    for i in range(start, stop):
        for k in range(offsets[i], offsets[i + 1]):
            sums[0, i] += strips[0, k]
            sums[1, i] += strips[1, k]
