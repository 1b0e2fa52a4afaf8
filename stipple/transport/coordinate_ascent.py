"""Potentials of cells far from their mass, one at a time: coordinate ascent on the dual.

A light cell between heavy ones may vanish, or hold many times its mass, when they move by a small
part of their size: more than first order foretells. Its own potential mends that, and disturbs
nobody. After V. I. Oliker and L. D. Prussner, Numerische Mathematik 54 (1988).
"""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.contours import integrate_polygons
from stipple.geometry.cutting import cut_cell
from stipple.geometry.discs import cut_disc
from stipple.geometry.power_cells import PowerCells
from stipple.machine.compiled import compile_loop

# Cells with less or more than these parts of the mass expected are solved, to this relative error.
LEAST, MOST, NEAR = 0.5, 2.0, 0.1
# A cell is looked at again when one beside it changes by more than this part of its mass.
FELT = 0.25
# Cells solved: so many for each that was far from its mass, and this part of all for chains.
MOST_SOLVED, CHAINS = 4, 0.5
MOST_CUTS = 40


class Picture(NamedTuple):
    """Sums of the density along its rows, as in `RowSums`.

    Without any, a cell holds what is of the disc about its point in it, as in `fit_discs`.
    """

    pixels: Floats
    blocks: Floats
    stretches: Floats


def ascend(
    picture: Picture,
    cells: PowerCells,
    points: Floats,
    potentials: Floats,
    expected: Floats,
    far: Booleans,
) -> Floats:
    """Solve the cells that are far from what is expected, and then those that they disturb.

    Parameters
    ----------
    picture : Picture
        What cells hold.
    cells : PowerCells
        Cells of the same points a little earlier: searches begin at their neighbours.
    points, potentials : ndarray, shapes (n, 2) and (n,)
        Now, in pixels and square pixels.
    expected : ndarray, shape (n,)
        What each cell is to hold, positive.
    far : ndarray of bool, shape (n,)
        Which cells to begin with, heavy ones first.

    Returns
    -------
    ndarray, shape (n,)
        Potentials, in square pixels.
    """
    chosen = np.flatnonzero(far)
    shares = cells.width * cells.height * expected / expected.sum()
    ascended: Floats = potentials.copy()
    adjacency = cells.adjacency
    _ascend(
        picture,
        _Cells(
            points,
            ascended,
            cells.width,
            cells.height,
            adjacency.offsets,
            adjacency.neighbours,
            adjacency.visible,
        ),
        expected,
        np.where(cells.areas > 0, cells.areas, shares),
        chosen[np.argsort(-expected[chosen], kind="stable")],
    )
    return ascended


class _Cells(NamedTuple):
    """Points and potentials, and cells of earlier ones, as in `cut_cell`."""

    points: Floats
    potentials: Floats
    width: float
    height: float
    offsets: Integers
    neighbours: Integers
    visible: Booleans


class _Room(NamedTuple):
    """Where a cell is cut, as in `cut_cell`, and integrated, as in `integrate_polygons`."""

    stamps: Integers
    polygon: Floats
    labels: Integers
    point: Floats
    ends: Integers
    only: Integers
    vertices: Floats
    sums: Floats
    edges: Floats
    no_bounds: Floats
    no_strips: Floats


@compile_loop
def _make_room(count: int) -> _Room:
    # Enough for a cell among all the others; what is not used is never touched.
    most = 2 * count + 16
    return _Room(
        np.zeros(count, dtype=np.int64),
        np.empty((5, most)),
        np.empty((3, most), dtype=np.int64),
        np.empty((1, 2)),
        np.zeros(2, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
        np.empty((most, 2)),
        np.empty((1, 5)),
        np.empty((2, most)),
        np.empty((0, 3)),
        np.empty((2, 0)),
    )


@compile_loop
def _ascend(
    picture: Picture, cells: _Cells, expected: Floats, areas: Floats, chosen: Integers
) -> None:
    """Solve the chosen cells, and those beside cells that changed, in the order of a queue."""
    count = len(expected)
    room = _make_room(count)
    queue = np.empty(count, dtype=np.int64)
    queued = np.zeros(count, dtype=np.bool_)
    for k in range(len(chosen)):
        queue[k] = chosen[k]
        queued[chosen[k]] = True
    head, waiting = 0, len(chosen)
    stamp = 0
    for _ in range(MOST_SOLVED * waiting + int(CHAINS * count)):
        if waiting == 0:
            break
        i = queue[head]
        head = (head + 1) % count
        waiting -= 1
        queued[i] = False
        size, change, stamp = _solve_cell(i, picture, cells, expected[i], areas[i], room, stamp)
        if change == 0:
            continue
        before = cells.offsets[i + 1] - cells.offsets[i]
        for k in range(before + size):
            # Cells that it hides are beside it no longer.
            j = cells.neighbours[cells.offsets[i] + k] if k < before else room.labels[0, k - before]
            if j >= 0 and not queued[j] and change > FELT * expected[j]:
                queue[(head + waiting) % count] = j
                queued[j] = True
                waiting += 1


@compile_loop
def _solve_cell(
    i: int,
    picture: Picture,
    cells: _Cells,
    expected: float,
    scale: float,
    room: _Room,
    stamp: int,
) -> tuple[int, float, int]:
    """Bracket the potential of a cell that is far from its mass, and find it by Newton's method.

    Returns
    -------
    size : int
        How many sides it has, whose owners begin `room.labels`.
    change : float
        Of its mass.
    stamp : int
        The last one used.
    """
    potentials = cells.potentials
    before = potentials[i]
    low, high = -np.inf, np.inf
    first = 0.0
    for trial in range(MOST_CUTS):
        stamp += 1
        size, mass, slope = _measure_cell(i, picture, cells, room, stamp)
        if trial == 0:
            first = mass
            if LEAST * expected <= mass <= MOST * expected:
                return size, 0.0, stamp
        if abs(mass - expected) <= NEAR * expected:
            return size, abs(mass - first), stamp
        here = potentials[i]
        if mass < expected:
            low = here
        else:
            high = here
        # Under even density the root of the mass is concave: then none of these steps is too long.
        step = scale if mass < expected else -scale
        if mass > 0 and slope > 0:
            newton = 2 * (np.sqrt(mass * expected) - mass) / slope
            if abs(newton) < scale:
                step = newton
        if step == scale or step == -scale:
            scale *= 2
        there = here + step
        if not low < there < high:
            there = 0.5 * (low + high)
            if not np.isfinite(there):
                break
        potentials[i] = there
    # Across white, perhaps.
    potentials[i] = before
    return 0, 0.0, stamp


@compile_loop
def _measure_cell(
    i: int, picture: Picture, cells: _Cells, room: _Room, stamp: int
) -> tuple[int, float, float]:
    """Cut a cell: how many sides it has, its mass, and by how much that grows per potential."""
    points = cells.points
    of_disc = len(picture.pixels) == 0
    if of_disc and cells.potentials[i] <= 0:
        return 0, 0.0, 0.0
    size, now = cut_cell(
        i,
        points,
        cells.potentials,
        cells.width,
        cells.height,
        cells.offsets,
        cells.neighbours,
        cells.visible,
        True,
        room.stamps,
        stamp,
        room.polygon,
        room.labels,
    )
    if size == 0:
        return 0, 0.0, 0.0
    room.point[0, 0], room.point[0, 1] = points[i, 0], points[i, 1]
    room.ends[1] = size
    for m in range(size):
        room.vertices[m, 0] = room.polygon[now, m]
        room.vertices[m, 1] = room.polygon[now + 1, m]
        room.labels[0, m] = room.labels[now // 2, m]
    mass, slope = 0.0, 0.0
    if of_disc:
        for m in range(size):
            room.edges[0, m] = 0.0
        radius = np.sqrt(cells.potentials[i])
        mass, arc, _ = cut_disc(0, size, room.vertices, radius, room.edges[0])
        slope = arc / 2
    else:
        integrate_polygons(
            picture.pixels,
            picture.blocks,
            picture.stretches,
            room.point,
            room.ends,
            room.vertices,
            room.only,
            room.sums,
            room.edges,
            room.no_bounds,
            room.no_strips,
        )
        mass = room.sums[0, 0]
    for m in range(size):
        j = room.labels[0, m]
        if j >= 0:
            a, b = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
            slope += room.edges[0, m] / (2 * np.sqrt(a * a + b * b))
    return size, mass, slope
