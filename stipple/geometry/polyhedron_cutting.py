"""Cutting power cells in space, one after the other: the loops of `power_polyhedra`."""

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.box_tree import DEEPEST, LEAF_SIZE, NOWHERE, BoxTree
from stipple.geometry.convex_polyhedra import (
    CUT,
    EMPTY,
    FULL,
    MISSED,
    Polyhedron,
    begin_box,
    cut_by_plane,
    make_polyhedron,
    measure_height,
)
from stipple.machine.compiled import compile_loop

FIRST_PLANES = 64


@compile_loop
def cut_range(
    points: Floats,
    potentials: Floats,
    lower: Floats,
    size: Floats,
    repeated: Booleans,
    offsets: Integers,
    likely: Integers,
    tree: BoxTree,
    near: bool,
    start: int,
    stop: int,
) -> tuple[Floats, Integers, Integers, Integers, Floats]:
    """Cut the cells of a range: volume and excess, facets each, and all facets.

    Cell i begins as the box with the lower corner `lower[i]`, relative to its point.
    """
    cell = make_polyhedron(FIRST_PLANES)
    measures = np.zeros((stop - start, 2))
    numbers = np.zeros(stop - start, np.int64)
    neighbours = np.empty(20 * (stop - start) + 100, np.int64)
    lengths = np.empty(len(neighbours), np.int64)
    corners = np.empty((6 * len(neighbours), 3))
    facet, corner = 0, 0
    for i in range(start, stop):
        state, excess = EMPTY if repeated[i] else FULL, 0.0
        while state == FULL:
            state, excess = _cut_cell(
                cell, points, potentials, lower, size, offsets, likely, tree, near, i
            )
            if state == FULL:
                cell = make_polyhedron(2 * len(cell.planes))
        if state == EMPTY:
            continue
        while facet + cell.counts[0] > len(neighbours):
            neighbours = np.concatenate((neighbours, np.empty_like(neighbours)))
            lengths = np.concatenate((lengths, np.empty_like(lengths)))
        while corner + 3 * cell.counts[1] > len(corners):
            corners = np.concatenate((corners, np.empty_like(corners)))
        first = facet
        facet, corner = _list_facets(cell, neighbours, lengths, corners, facet, corner)
        numbers[i - start] = facet - first
        measures[i - start, 0] = _measure_volume(lengths[first:facet], corners, corner)
        measures[i - start, 1] = excess
    return (
        measures,
        numbers,
        neighbours[:facet].copy(),
        lengths[:facet].copy(),
        corners[:corner].copy(),
    )


@compile_loop
def _cut_cell(
    cell: Polyhedron,
    points: Floats,
    potentials: Floats,
    lower: Floats,
    size: Floats,
    offsets: Integers,
    likely: Integers,
    tree: BoxTree,
    near: bool,
    i: int,
) -> tuple[int, float]:
    """Cut a cell by likely neighbours, and by others until all its corners are its own."""
    begin_box(cell, lower[i], lower[i] + size)
    for k in range(offsets[i], offsets[i + 1]):
        j = likely[k]
        if j >= 0 and j != i:
            state = _cut_by(cell, points, potentials, i, j)
            if state >= EMPTY:
                return state, 0.0
    excess = 0.0
    t = 0
    while t < cell.counts[1]:
        if cell.settled[t]:
            t += 1
            continue
        if near:
            j, height = _find_near_owner(cell, points, potentials, offsets, likely, i, t)
        else:
            j, height = _find_owner(tree, points, potentials, i, cell.corners[t])
        cell.settled[t] = True
        if j < 0:
            continue
        if (cell.owners[: cell.counts[0]] == j).any():
            # It cuts the cell already: what is left is rounding.
            excess = max(excess, height)
            continue
        state = _cut_by(cell, points, potentials, i, j)
        if state >= EMPTY:
            return state, 0.0
        # New corners may be anywhere in the list.
        t = 0
    return CUT, excess


@compile_loop
def _cut_by(cell: Polyhedron, points: Floats, potentials: Floats, i: int, j: int) -> int:
    """Cut cell i by the plane between it and cell j."""
    a, b, c = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
    if a == 0 and b == 0 and c == 0:
        return MISSED
    d = (a * a + b * b + c * c + potentials[i] - potentials[j]) / 2
    return cut_by_plane(cell, a, b, c, d, j)


@compile_loop
def _measure_excess(
    points: Floats, potentials: Floats, i: int, j: int, x: float, y: float, z: float
) -> float:
    """How much nearer a place, relative to point i, is to cell j; 0 if rounding may be it."""
    a, b, c = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
    d = (a * a + b * b + c * c + potentials[i] - potentials[j]) / 2
    return 2 * measure_height(a, b, c, d, x, y, z)


@compile_loop
def _find_near_owner(
    cell: Polyhedron,
    points: Floats,
    potentials: Floats,
    offsets: Integers,
    neighbours: Integers,
    i: int,
    t: int,
) -> tuple[int, float]:
    """Find whose a corner is as `_find_owner` does, among neighbours of the cells there."""
    x, y, z = cell.corners[t, 0], cell.corners[t, 1], cell.corners[t, 2]
    found, most = NOWHERE, 0.0
    for side in range(3):
        beside = cell.owners[cell.triangles[t, side]]
        if beside < 0:
            continue
        for k in range(offsets[beside], offsets[beside + 1]):
            j = neighbours[k]
            if j < 0 or j == i:
                continue
            height = _measure_excess(points, potentials, i, j, x, y, z)
            if height > most:
                found, most = j, height
    return found, most


@compile_loop
def _find_owner(
    tree: BoxTree, points: Floats, potentials: Floats, i: int, corner: Floats
) -> tuple[int, float]:
    """Find whose a place, relative to point i, is if not cell i's; and by how much, or −1."""
    x, y, z = corner
    px, py, pz = points[i]
    own = x * x + y * y + z * z
    found, most = NOWHERE, 0.0
    waiting = np.empty(DEEPEST, np.int64)
    waiting[0] = 0
    depth = 1
    inner = len(tree.highest) // 2
    while depth:
        depth -= 1
        node = waiting[depth]
        u = max(tree.lower[node, 0] - px - x, px + x - tree.upper[node, 0], 0.0)
        v = max(tree.lower[node, 1] - py - y, py + y - tree.upper[node, 1], 0.0)
        w = max(tree.lower[node, 2] - pz - z, pz + z - tree.upper[node, 2], 0.0)
        # What is found must be nearer than the owner so far.
        if u * u + v * v + w * w - tree.highest[node] + potentials[i] >= own - most:
            continue
        if node < inner:
            waiting[depth], waiting[depth + 1] = 2 * node + 1, 2 * node + 2
            depth += 2
            continue
        for slot in range((node - inner) * LEAF_SIZE, (node - inner + 1) * LEAF_SIZE):
            j = tree.slots[slot]
            if j < 0 or j == i:
                continue
            height = _measure_excess(points, potentials, i, j, x, y, z)
            if height > most:
                found, most = j, height
    return found, most


@compile_loop
def _list_facets(
    cell: Polyhedron,
    neighbours: Integers,
    lengths: Integers,
    corners: Floats,
    facet: int,
    corner: int,
) -> tuple[int, int]:
    """Append the facets of a cell to lists; the ends of these are given and returned."""
    # A corner of each plane that has any.
    some = np.full(cell.counts[0], NOWHERE)
    for t in range(cell.counts[1]):
        for k in range(3):
            some[cell.triangles[t, k]] = t
    for plane in range(cell.counts[0]):
        if some[plane] == NOWHERE:
            continue
        neighbours[facet] = cell.owners[plane]
        first = corner
        t = some[plane]
        while True:
            corners[corner] = cell.corners[t]
            corner += 1
            p, q, r = cell.triangles[t]
            beside = r if p == plane else (p if q == plane else q)
            t = cell.table[plane, beside]
            if t == some[plane]:
                break
        lengths[facet] = corner - first
        facet += 1
    return facet, corner


@compile_loop
def _measure_volume(lengths: Integers, corners: Floats, stop: int) -> float:
    """Measure the volume of a cell, of which the corners end there in the list."""
    sixfold = 0.0
    first = stop - lengths.sum()
    for length in lengths:
        x, y, z = corners[first]
        for k in range(first + 1, first + length - 1):
            a, b, c = corners[k]
            d, e, f = corners[k + 1]
            sixfold += x * (b * f - c * e) + y * (c * d - a * f) + z * (a * e - b * d)
        first += length
    return sixfold / 6
