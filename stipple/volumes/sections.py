"""Where the borders of power cells meet a plane across z."""

from itertools import product

import numpy as np

from stipple.arrays import Booleans, Floats
from stipple.geometry.power_polyhedra import PowerPolyhedra


def cut_borders(cells: PowerPolyhedra, height: float) -> Floats:
    """Cut the facets between cells by the plane at a height, shape (k, 2, 2).

    Whole cells of a periodic box are continued, and their borders cut off at its sides.

    Parameters
    ----------
    cells : PowerPolyhedra
        Those on the torus as from `wrap_cells`.
    height : float
        z, strictly between the ends of the box.

    Returns
    -------
    ndarray
        Segments, by their ends (x, y).
    """
    owners, others = cells.list_owners(), cells.facets.neighbours
    # Each border once: of those between copies of a cell the one on the farther side.
    once = owners < others
    if cells.laps is None:
        return _cut_facets(cells, once, height)
    x, y, z = cells.laps.T
    once |= (owners == others) & ((x > 0) | ((x == 0) & ((y > 0) | ((y == 0) & (z > 0)))))
    width, depth, tall = cells.size
    parts = [
        _cut_facets(cells, once, height + k * tall) + np.array([i * width, j * depth])
        for i, j, k in product((-1, 0, 1), repeat=3)
    ]
    return _clip(np.concatenate(parts), cells.size[:2])


def _cut_facets(cells: PowerPolyhedra, chosen: Booleans, height: float) -> Floats:
    """Cut facets, which are convex, in two of their edges or in none."""
    corners, starts = cells.place_corners(), cells.facets.starts
    following = np.arange(1, len(corners) + 1)
    following[starts[1:] - 1] = starts[:-1]
    above = corners[:, 2] > height
    crossing = np.flatnonzero(above != above[following])
    crossing = crossing[np.repeat(chosen, np.diff(starts))[crossing]]
    begin, end = corners[crossing], corners[following[crossing]]
    part = (height - begin[:, 2]) / (end[:, 2] - begin[:, 2])
    places = begin[:, :2] + part[:, None] * (end - begin)[:, :2]
    return places.reshape(-1, 2, 2)


def _clip(segments: Floats, size: Floats) -> Floats:
    """Cut off what lies outside of [0, size] (Liang and Barsky, 1984)."""
    begin, way = segments[:, 0], segments[:, 1] - segments[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = -begin / way, (size - begin) / way
    enter, leave = np.minimum(low, high), np.maximum(low, high)
    # Along a side a segment is inside for its whole length, or nowhere.
    inside = (begin >= 0) & (begin <= size)
    flat = way == 0
    enter = np.where(flat, np.where(inside, 0.0, 2.0), enter).max(axis=1).clip(0.0, None)
    leave = np.where(flat, 1.0, leave).min(axis=1).clip(None, 1.0)
    kept = enter < leave
    ends = [begin[kept] + part[kept, None] * way[kept] for part in (enter, leave)]
    return np.stack(ends, axis=1)
