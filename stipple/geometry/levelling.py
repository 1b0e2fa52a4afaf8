"""Cells that a prediction leaves with far too little or too much, each solved alone."""

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.cutting import cut_cell
from stipple.geometry.power_cells import PowerCells
from stipple.geometry.recutting import recut_cells
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers

# Areas below or above these parts of what is wanted are far from it.
LEAST, MOST = 0.5, 2.0
NEAR = 0.1
SWEEPS = 4
CUTS = 40


def level_cells(
    cells: PowerCells, points: Floats, potentials: Floats, areas: Floats, workers: Workers
) -> tuple[Floats, int, int]:
    adjacency = cells.adjacency
    points = np.ascontiguousarray(points)
    now = recut_cells(points, potentials, cells.width, cells.height, adjacency, workers).areas
    far = np.flatnonzero((now < LEAST * areas) | (now > MOST * areas))
    if len(far) == 0:
        return potentials, 0, 0
    order = far[np.argsort(-areas[far])]
    levelled = potentials.copy()
    n, c = _level_cells(
        points,
        levelled,
        cells.width,
        cells.height,
        adjacency.offsets,
        adjacency.neighbours,
        adjacency.visible,
        areas,
        order,
    )
    return levelled, n, c


@compile_loop
def _level_cells(
    points: Floats,
    potentials: Floats,
    width: float,
    height: float,
    offsets: Integers,
    neighbours: Integers,
    visible: Booleans,
    wanted: Floats,
    order: Integers,
) -> tuple[int, int]:
    room = 256
    polygon = np.empty((5, room))
    labels = np.empty((3, room), dtype=np.int64)
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
        rise = wanted[i]
        first = 0.0
        for trial in range(CUTS):
            stamp += 1
            total += 1
            size, now = cut_cell(
                i, points, potentials, width, height, offsets, neighbours, visible, True,
                stamps, stamp, polygon, labels,
            )
            if size < 0:
                break
            twice = 0.0
            slope = 0.0
            for m in range(size):
                after = m + 1 if m + 1 < size else 0
                x, y = polygon[now, m], polygon[now + 1, m]
                u, v = polygon[now, after], polygon[now + 1, after]
                twice += x * v - u * y
                j = labels[now // 2, m]
                if j >= 0:
                    a, b = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
                    slope += np.sqrt(((u - x) ** 2 + (v - y) ** 2) / (a * a + b * b)) / 2
            area = twice / 2
            part = area / wanted[i]
            if trial == 0:
                first = area
                if LEAST <= part <= MOST:
                    break
            elif 1 - NEAR <= part <= 1 + NEAR:
                # Those around that are no heavier than what has changed.
                for m in range(size):
                    j = labels[now // 2, m]
                    if j >= 0 and not queued[j] and abs(area - first) > 0.25 * wanted[j] and wanted[j]>0:
                        queue[(head + waiting) % count] = j
                        queued[j] = True
                        waiting += 1
                for k in range(offsets[i], offsets[i + 1]):
                    j = neighbours[k]
                    if j >= 0 and not queued[j] and abs(area - first) > 0.25 * wanted[j] and wanted[j]>0:
                        queue[(head + waiting) % count] = j
                        queued[j] = True
                        waiting += 1
                break
            here = potentials[i]
            if part < 1:
                low = here
            else:
                high = here
            if area > 0 and slope > 0:
                there = here + 2 * (np.sqrt(area * wanted[i]) - area) / slope
            else:
                there = here + rise
                rise *= 2
            if not low < there < high:
                there = (low + high) / 2
            potentials[i] = there
    return done, total
