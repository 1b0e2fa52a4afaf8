"""Cells cut anew after a small change: most keep their neighbours, and need no search.

Where a cell keeps its neighbours, in their order, its corners are where the lines of consecutive
neighbours meet. A polygon of such corners that turns left everywhere surrounds all that is on the
inner side of its lines, so that it is never smaller than the cell: as where cells are cut, the
areas show whether it is larger.
"""

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.cutting import Polygons, cut_chosen, find_edge
from stipple.geometry.neighbours import Adjacency
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers

# Cells of more neighbours are cut.
MOST = 64
# Squared sine of the least angle between consecutive lines: where they are nearly parallel, the
# corner is found more precisely by cutting.
THIN = 1e-8


def recut_cells(
    points: Floats,
    potentials: Floats,
    width: float,
    height: float,
    adjacency: Adjacency,
    workers: Workers,
) -> Polygons:
    """Cut cells that were cut before, by search only where neighbours have changed.

    Parameters
    ----------
    points, potentials, width, height
        As in `build_power_cells`.
    adjacency : Adjacency
        Of the cells cut before, none of them hidden.
    workers : Workers
        Threads that share the work.
    """
    count = len(points)
    offsets, neighbours = adjacency.offsets, adjacency.neighbours
    kept = Polygons(offsets, neighbours, np.empty((len(neighbours), 2)), np.empty(count))
    changed = np.zeros(count, dtype=np.bool_)

    def follow(start: int, stop: int) -> None:
        _follow_rings(points, potentials, width, height, kept, start, stop, changed)

    workers.map_ranges(follow, count)
    return _cut_changed(points, potentials, width, height, adjacency, kept, changed, workers)


def mend_cells(
    points: Floats,
    potentials: Floats,
    width: float,
    height: float,
    found: Polygons,
    workers: Workers,
) -> Polygons:
    """Cut again, by search, the cells that lack a neighbour which others show.

    Parameters
    ----------
    points, potentials, width, height
        As in `build_power_cells`.
    found : Polygons
        Cells that a search has found, some of them too large.
    workers : Workers
        Threads that share the work.

    Returns
    -------
    Polygons
        `found` itself where no cell lacks one.
    """
    own = Adjacency(found.offsets, found.owners, np.diff(found.offsets) > 0)
    lacking = _find_lacking(own, workers)
    mutual = _list_back(own, lacking)
    return _cut_changed(points, potentials, width, height, mutual, found, lacking, workers)


def _find_lacking(adjacency: Adjacency, workers: Workers) -> Booleans:
    """Which cells lack a neighbour: one that lists them, or meets them in a corner of a third."""
    lacking = np.zeros(len(adjacency.visible), dtype=np.bool_)

    def check(start: int, stop: int) -> None:
        _check_corners(adjacency.offsets, adjacency.neighbours, start, stop, lacking)

    workers.map_ranges(check, len(lacking))
    return lacking


def _list_back(adjacency: Adjacency, chosen: Booleans) -> Adjacency:
    """Neighbour lists in which some cells also list those that list them."""
    offsets, neighbours = adjacency.offsets, adjacency.neighbours
    inner = np.flatnonzero(neighbours >= 0)
    listing = inner[chosen[neighbours[inner]]]
    listed = neighbours[listing]
    owners = np.searchsorted(offsets, listing, side="right") - 1
    more = np.append(0, np.cumsum(np.bincount(listed, minlength=len(chosen))))
    return Adjacency(
        offsets + more, np.insert(neighbours, offsets[listed + 1], owners), adjacency.visible
    )


def _cut_changed(
    points: Floats,
    potentials: Floats,
    width: float,
    height: float,
    adjacency: Adjacency,
    kept: Polygons,
    changed: Booleans,
    workers: Workers,
) -> Polygons:
    """Cut by search the cells that have changed, and those that this touches; keep the others."""
    chosen = np.flatnonzero(changed)
    cut: list[tuple[Integers, Polygons]] = []
    while len(chosen) > 0:
        found = cut_chosen(points, potentials, width, height, adjacency, True, chosen, workers)
        cut.append((chosen, found))
        touched = _find_touched(chosen, found, adjacency, workers)
        chosen = np.flatnonzero(touched & ~changed)
        changed |= touched
    return _merge(kept, cut, workers) if cut else kept


def _find_touched(
    chosen: Integers, found: Polygons, adjacency: Adjacency, workers: Workers
) -> Booleans:
    """Which cells are new neighbours of those cut, or no longer neighbours, shape (n,)."""
    touched = np.zeros(len(adjacency.visible), dtype=np.bool_)

    def touch(start: int, stop: int) -> None:
        _touch(chosen, found, adjacency.offsets, adjacency.neighbours, start, stop, touched)

    workers.map_ranges(touch, len(chosen))
    return touched


def _merge(kept: Polygons, cut: list[tuple[Integers, Polygons]], workers: Workers) -> Polygons:
    """Polygons kept and, in place of some, those that were cut."""
    count = len(kept.areas)
    sizes = np.diff(kept.offsets)
    # Where the polygons that were cut begin, in the lists one after the other.
    places = np.full(count, -1)
    before = 0
    for chosen, found in cut:
        sizes[chosen] = np.diff(found.offsets)
        places[chosen] = before + found.offsets[:-1]
        kept.areas[chosen] = found.areas
        before += len(found.owners)
    owners = np.concatenate([found.owners for _, found in cut])
    vertices = np.concatenate([found.vertices for _, found in cut])
    offsets = np.append(0, np.cumsum(sizes))
    merged = Polygons(
        offsets, np.empty(offsets[-1], dtype=np.int64), np.empty((offsets[-1], 2)), kept.areas
    )

    def copy(start: int, stop: int) -> None:
        _copy_polygons(kept, owners, vertices, places, merged, start, stop)

    workers.map_ranges(copy, count)
    return merged


@compile_loop
def _follow_rings(
    points: Floats,
    potentials: Floats,
    width: float,
    height: float,
    kept: Polygons,
    start: int,
    stop: int,
    changed: Booleans,
) -> None:
    """Fill the corners and areas of cells start..stop; mark those to which that cannot apply."""
    offsets, neighbours, vertices, areas = kept
    a = np.empty(MOST)
    b = np.empty(MOST)
    limit = np.empty(MOST)
    for i in range(start, stop):
        first = offsets[i]
        size = offsets[i + 1] - first
        if size < 3 or size > MOST:
            changed[i] = True
            continue
        x, y = points[i, 0], points[i, 1]
        # The cell is where a·x ≤ limit for the line of each neighbour, or side of the domain.
        for m in range(size):
            j = neighbours[first + m]
            if j >= 0:
                a[m] = points[j, 0] - x
                b[m] = points[j, 1] - y
                ahead = potentials[i] - potentials[j]
                limit[m] = (a[m] * a[m] + b[m] * b[m] + ahead) / 2
            else:
                a[m] = (0.0, 1.0, 0.0, -1.0)[-1 - j]
                b[m] = (-1.0, 0.0, 1.0, 0.0)[-1 - j]
                limit[m] = (y, width - x, height - y, x)[-1 - j]
        before = size - 1
        sound = True
        for m in range(size):
            turn = a[before] * b[m] - a[m] * b[before]
            lengths = (a[before] * a[before] + b[before] * b[before]) * (a[m] * a[m] + b[m] * b[m])
            part = 1 / turn
            p = (limit[before] * b[m] - limit[m] * b[before]) * part
            q = (a[before] * limit[m] - a[m] * limit[before]) * part
            for j in (neighbours[first + before], neighbours[first + m]):
                if j == -1 or j == -3:
                    q = -y if j == -1 else height - y
                elif j == -2 or j == -4:
                    p = width - x if j == -2 else -x
            inside = -x <= p <= width - x and -y <= q <= height - y
            if not (turn > 0 and turn * turn > THIN * lengths and inside):
                sound = False
                break
            vertices[first + m, 0] = p
            vertices[first + m, 1] = q
            before = m
        if not sound:
            changed[i] = True
            continue
        twice_area = 0.0
        before = size - 1
        for m in range(size):
            after = m + 1 if m + 1 < size else 0
            p, q = vertices[first + m, 0], vertices[first + m, 1]
            u, v = vertices[first + after, 0], vertices[first + after, 1]
            twice_area += p * v - u * q
            if not (v - q) * a[m] - (u - p) * b[m] > 0:
                # The side has vanished: those around it have changed, too.
                changed[i] = True
                for near in (before, m, after):
                    j = neighbours[first + near]
                    if j >= 0:
                        changed[j] = True
            before = m
        areas[i] = twice_area / 2


@compile_loop
def _check_corners(
    offsets: Integers, neighbours: Integers, start: int, stop: int, lacking: Booleans
) -> None:
    for i in range(start, stop):
        for k in range(offsets[i], offsets[i + 1]):
            j = neighbours[k]
            # In the corner where that edge ends, three cells meet.
            after = neighbours[k + 1 if k + 1 < offsets[i + 1] else offsets[i]]
            if j >= 0 and find_edge(offsets, neighbours, j, i) < 0:
                lacking[j] = True
            if j >= 0 and after >= 0:
                if find_edge(offsets, neighbours, j, after) < 0:
                    lacking[j] = True
                if find_edge(offsets, neighbours, after, j) < 0:
                    lacking[after] = True


@compile_loop
def _touch(
    chosen: Integers,
    found: Polygons,
    offsets: Integers,
    neighbours: Integers,
    start: int,
    stop: int,
    touched: Booleans,
) -> None:
    for place in range(start, stop):
        i = chosen[place]
        for k in range(found.offsets[place], found.offsets[place + 1]):
            j = found.owners[k]
            if j >= 0 and find_edge(offsets, neighbours, j, i) < 0:
                touched[j] = True
        for k in range(offsets[i], offsets[i + 1]):
            j = neighbours[k]
            if j >= 0 and find_edge(found.offsets, found.owners, place, j) < 0:
                touched[j] = True


@compile_loop
def _copy_polygons(
    kept: Polygons,
    owners: Integers,
    vertices: Floats,
    places: Integers,
    merged: Polygons,
    start: int,
    stop: int,
) -> None:
    for i in range(start, stop):
        to = merged.offsets[i]
        size = merged.offsets[i + 1] - to
        place = places[i]
        if place >= 0:
            for m in range(size):
                merged.owners[to + m] = owners[place + m]
                merged.vertices[to + m, 0] = vertices[place + m, 0]
                merged.vertices[to + m, 1] = vertices[place + m, 1]
        else:
            place = kept.offsets[i]
            for m in range(size):
                merged.owners[to + m] = kept.owners[place + m]
                merged.vertices[to + m, 0] = kept.vertices[place + m, 0]
                merged.vertices[to + m, 1] = kept.vertices[place + m, 1]
