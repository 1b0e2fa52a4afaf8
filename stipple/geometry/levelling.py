"""Cells that a prediction leaves with far too little or too much, each solved alone."""

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.contours import integrate_polygons
from stipple.geometry.cutting import cut_cell
from stipple.geometry.power_cells import PowerCells
from stipple.geometry.recutting import recut_cells
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers
from stipple.measures.density import Density

# Areas below or above these parts of what is wanted are far from it.
LEAST, MOST = 0.5, 2.0
NEAR = 0.1
SWEEPS = 4
CUTS = 40


def level_cells(
    density: Density,
    cells: PowerCells, points: Floats, potentials: Floats, masses: Floats, wanted: Floats, suspect: Booleans, workers: Workers
) -> tuple[Floats, int, int]:
    adjacency = cells.adjacency
    points = np.ascontiguousarray(points)
    now = recut_cells(points, potentials, cells.width, cells.height, adjacency, workers).areas
    now *= masses / cells.areas
    far = np.flatnonzero((now < LEAST * wanted) | (now > MOST * wanted) | suspect)
    if len(far) == 0:
        return potentials, 0, 0
    order = far[np.argsort(-wanted[far])]
    levelled = potentials.copy()
    rows = density.row_sums
    n, c = _level_cells(
        rows.pixels,
        rows.blocks,
        rows.stretches,
        points,
        levelled,
        cells.width,
        cells.height,
        adjacency.offsets,
        adjacency.neighbours,
        adjacency.visible,
        cells.areas,
        wanted,
        order,
    )
    return levelled, n, c


@compile_loop
def _level_cells(
    pixels: Floats,
    blocks: Floats,
    stretches: Floats,
    points: Floats,
    potentials: Floats,
    width: float,
    height: float,
    offsets: Integers,
    neighbours: Integers,
    visible: Booleans,
    areas: Floats,
    wanted: Floats,
    order: Integers,
) -> tuple[int, int]:
    room = 256
    polygon = np.empty((5, room))
    labels = np.empty((3, room), dtype=np.int64)
    place = np.empty((1, 2))
    ends = np.zeros(2, dtype=np.int64)
    vertices = np.empty((room, 2))
    only = np.zeros(1, dtype=np.int64)
    sums = np.empty((1, 5))
    edges = np.empty((2, room))
    no_bounds = np.empty((0, 3))
    no_strips = np.empty((2, 0))
    count = len(points)
    stamps = np.full(count, -1, dtype=np.int64)
    queue = np.empty(count, dtype=np.int64)
    queued = np.zeros(count, dtype=np.bool_)
    for k in range(len(order)):
        queue[k] = order[k]
        queued[order[k]] = True
    waiting = len(order)
    head = 0
    stamp = 0
    total = 0
    most = SWEEPS * len(order) + 100
    done = 0
    while waiting > 0 and done < most:
        i = queue[head]
        head = (head + 1) % count
        waiting -= 1
        queued[i] = False
        done += 1
        low, high = -np.inf, np.inf
        rise = areas[i]
        first = 0.0
        place[0, 0], place[0, 1] = points[i, 0], points[i, 1]
        for trial in range(CUTS):
            stamp += 1
            total += 1
            size, now = cut_cell(
                i, points, potentials, width, height, offsets, neighbours, visible, True,
                stamps, stamp, polygon, labels,
            )
            if size < 0:
                break
            ends[1] = size
            for m in range(size):
                vertices[m, 0] = polygon[now, m]
                vertices[m, 1] = polygon[now + 1, m]
            integrate_polygons(pixels, blocks, stretches, place, ends, vertices, only, sums, edges, no_bounds, no_strips)
            mass = sums[0, 0]
            slope = 0.0
            for m in range(size):
                j = labels[now // 2, m]
                if j >= 0:
                    a, b = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
                    slope += edges[0, m] / np.sqrt(a * a + b * b) / 2
            part = mass / wanted[i]
            if trial == 0:
                first = mass
                if LEAST <= part <= MOST:
                    break
            elif 1 - NEAR <= part <= 1 + NEAR:
                # Those around that are no heavier than what has changed.
                for m in range(size):
                    j = labels[now // 2, m]
                    if j >= 0 and not queued[j] and abs(mass - first) > 0.25 * wanted[j]:
                        queue[(head + waiting) % count] = j
                        queued[j] = True
                        waiting += 1
                for k in range(offsets[i], offsets[i + 1]):
                    j = neighbours[k]
                    if j >= 0 and not queued[j] and abs(mass - first) > 0.25 * wanted[j]:
                        queue[(head + waiting) % count] = j
                        queued[j] = True
                        waiting += 1
                break
            here = potentials[i]
            if part < 1:
                low = here
            else:
                high = here
            if mass > 0 and slope > 0:
                there = here + 2 * (np.sqrt(mass * wanted[i]) - mass) / slope
            else:
                there = here + rise
                rise *= 2
            if not low < there < high:
                there = (low + high) / 2
            potentials[i] = there
    return done, total
