"""The sides between power cells: what joins their masses to potentials and points."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.cell_integrals import CellIntegrals
from stipple.geometry.power_cells import PowerCells
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers

# Barycentres on a side count as so far from it, as parts of the squared distance of the points.
NEAREST = 1e-3
# Least part of a bound that a move of the points leaves.
STIFFEST = 0.1
# Cells of which sides are counted, and then listed, by one thread.
GROUP = 1024


@dataclass(frozen=True)
class Sides:
    """The sides between cells, each once.

    Attributes
    ----------
    edges : ndarray, shape (m,)
        Their places in `PowerCells.vertices`, where they begin.
    rows, columns : ndarray, shape (m,)
        The cells on either side.
    distances : ndarray, shape (m,)
        Distances between the points of those cells, in pixels.
    lengths : ndarray, shape (m,)
        In pixels.
    """

    edges: Integers
    rows: Integers
    columns: Integers
    distances: Floats
    lengths: Floats


def list_sides(cells: PowerCells, workers: Workers | None = None) -> Sides:
    """List the sides of cells, in the order of the cells; threads share them."""
    adjacency, shifts = cells.adjacency, cells.shifts
    workers = workers or Workers(1)
    count = len(cells.points)
    counts = np.zeros(-(-count // GROUP), dtype=np.int64)

    def work(places: Integers, sides: Sides) -> None:
        def fill(start: int, stop: int) -> None:
            _list_sides(
                cells.points,
                adjacency.offsets,
                adjacency.neighbours,
                cells.vertices,
                shifts,
                -(-start // GROUP),
                -(-stop // GROUP),
                places,
                counts,
                sides.edges,
                sides.rows,
                sides.columns,
                sides.distances,
                sides.lengths,
            )

        workers.map_ranges(fill, count)

    room = len(adjacency.neighbours)
    if len(counts) > 1:
        work(counts, _make_room(0))
        room = int(counts.sum())
    sides = _make_room(room)
    work(np.cumsum(counts) - counts, sides)
    return _cut_short(sides, int(counts.sum()))


def _make_room(count: int) -> Sides:
    edges, rows, columns = np.empty((3, count), dtype=np.int64)
    return Sides(edges, rows, columns, np.empty(count), np.empty(count))


def _cut_short(sides: Sides, count: int) -> Sides:
    return Sides(
        sides.edges[:count],
        sides.rows[:count],
        sides.columns[:count],
        sides.distances[:count],
        sides.lengths[:count],
    )


def predict_masses(
    cells: PowerCells, integrals: CellIntegrals, sides: Sides, move: Floats
) -> Floats:
    """Change of the masses of cells when their points move, to first order, shape (n,).

    The side between two cells moves at the speed that keeps |x − y|² − φ equal on both.

    Parameters
    ----------
    cells : PowerCells
        The cells before the move.
    integrals : CellIntegrals
        Of the density over them and along their edges.
    sides : Sides
        Their sides.
    move : ndarray, shape (n, 2)
        Shift of each point, in pixels.
    """
    return _predict_masses(
        cells.points,
        cells.adjacency.offsets,
        cells.vertices,
        cells.shifts,
        sides.edges,
        sides.rows,
        sides.columns,
        integrals.edge_masses,
        integrals.edge_moments,
        np.ascontiguousarray(move),
    )


def bound_drops(
    cells: PowerCells,
    sides: Sides,
    barycentres: Floats,
    move: Floats,
    part: float,
    workers: Workers | None = None,
) -> tuple[Floats, Floats]:
    """Find how far potentials of neighbours may differ more than they do, to first order.

    A side may go that part of its way, measured as |x − y_i|² − φ_i − |x − y_j|² + φ_j, to the
    barycentre of either cell, so that no cell loses what its mass is about.

    Parameters
    ----------
    cells : PowerCells
        The cells before the change.
    sides : Sides
        Their sides.
    barycentres : ndarray, shape (n, 2)
        Of the mass in each cell, in pixels.
    move : ndarray, shape (n, 2)
        Shift of each point at the same time, in pixels.
    part : float
        Below 1.
    workers : Workers, optional
        Threads that share the sides.

    Returns
    -------
    falls, rises : ndarray, shape (m,)
        How far φ of a row may fall, or rise, against that of its column, in square pixels.
    """
    falls, rises = np.empty(len(sides.rows)), np.empty(len(sides.rows))
    move = np.ascontiguousarray(move)

    def bound(start: int, stop: int) -> None:
        some = slice(start, stop)
        _bound_drops(
            cells.points,
            cells.potentials,
            barycentres,
            move,
            sides.rows[some],
            sides.columns[some],
            sides.distances[some],
            part,
            falls[some],
            rises[some],
        )

    (workers or Workers(1)).map_ranges(bound, len(falls))
    return falls, rises


@compile_loop
def _bound_drops(
    points: Floats,
    potentials: Floats,
    barycentres: Floats,
    move: Floats,
    rows: Integers,
    columns: Integers,
    distances: Floats,
    part: float,
    falls: Floats,
    rises: Floats,
) -> None:
    for side in range(len(rows)):
        least = NEAREST * distances[side] ** 2
        for way in range(2):
            i, j = rows[side], columns[side]
            if way == 1:
                i, j = j, i
            x, y = barycentres[i, 0] - points[i, 0], barycentres[i, 1] - points[i, 1]
            a, b = barycentres[i, 0] - points[j, 0], barycentres[i, 1] - points[j, 1]
            height = a * a + b * b - potentials[j] - x * x - y * y + potentials[i]
            gain = x * move[i, 0] + y * move[i, 1] - a * move[j, 0] - b * move[j, 1]
            bound = part * max(height, least)
            # Where the points alone lead too far, potentials can do a little still.
            bound = max(bound + 2 * gain, STIFFEST * bound)
            if way == 0:
                falls[side] = bound
            else:
                rises[side] = bound


@compile_loop
def _list_sides(
    points: Floats,
    offsets: Integers,
    neighbours: Integers,
    vertices: Floats,
    shifts: Floats,
    start: int,
    stop: int,
    places: Integers,
    counts: Integers,
    edges: Integers,
    rows: Integers,
    columns: Integers,
    distances: Floats,
    lengths: Floats,
) -> None:
    """Fill the sides of the cells in groups start..stop from their places; count them, at least."""
    counts_only = len(edges) == 0
    for group in range(start, stop):
        used = first = 0 if counts_only else places[group]
        for i in range(group * GROUP, min((group + 1) * GROUP, len(points))):
            for k in range(offsets[i], offsets[i + 1]):
                j = neighbours[k]
                # Each side is listed by both cells: take it from the one of lower index. Those
                # between copies of one cell, on the torus, move no mass.
                if j <= i:
                    continue
                used += 1
                if counts_only:
                    continue
                end = k + 1 if k + 1 < offsets[i + 1] else offsets[i]
                edges[used - 1], rows[used - 1], columns[used - 1] = k, i, j
                a, b = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
                if len(shifts):
                    a, b = a + shifts[k, 0], b + shifts[k, 1]
                u, v = vertices[end, 0] - vertices[k, 0], vertices[end, 1] - vertices[k, 1]
                distances[used - 1] = np.sqrt(a * a + b * b)
                lengths[used - 1] = np.sqrt(u * u + v * v)
        counts[group] = used - first


@compile_loop
def _predict_masses(
    points: Floats,
    offsets: Integers,
    vertices: Floats,
    shifts: Floats,
    edges: Integers,
    rows: Integers,
    columns: Integers,
    edge_masses: Floats,
    edge_moments: Floats,
    move: Floats,
) -> Floats:
    change = np.zeros(len(points))
    for side in range(len(edges)):
        k, i, j = edges[side], rows[side], columns[side]
        end = k + 1 if k + 1 < offsets[i + 1] else offsets[i]
        # Where the side begins, relative to the first point, and where it leads.
        x, y = vertices[k, 0], vertices[k, 1]
        u, v = vertices[end, 0] - x, vertices[end, 1] - y
        a = points[j, 0] - points[i, 0]
        b = points[j, 1] - points[i, 1]
        if len(shifts):
            a, b = a + shifts[k, 0], b + shifts[k, 1]
        first = x * move[i, 0] + y * move[i, 1] - (x - a) * move[j, 0] - (y - b) * move[j, 1]
        rise = u * (move[i, 0] - move[j, 0]) + v * (move[i, 1] - move[j, 1])
        gain = (edge_masses[k] * first + edge_moments[k] * rise) / np.sqrt(a * a + b * b)
        change[i] += gain
        change[j] -= gain
    return change
