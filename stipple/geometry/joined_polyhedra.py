"""Power cells that share their corners, edges and facets, as meshing programs ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.errors import StippleError
from stipple.geometry.power_polyhedra import PowerPolyhedra

# Corners nearer than this part of the box's diagonal are one; the first that closes all cells.
NEARNESS = (1e-12, 1e-10, 1e-8)


Place = TypeVar("Place")
Joined = TypeVar("Joined")


@dataclass(frozen=True, eq=False)
class JoinedPolyhedra:
    """Cells that tile a box, each corner and each facet listed once.

    Attributes
    ----------
    corners : ndarray, shape (v, 3)
        Corners of the cells.
    loops : tuple of tuples of int, length f
        Corners of each facet, counterclockwise seen from outside its first cell.
    owners : ndarray, shape (f,)
        That cell.
    neighbours : ndarray, shape (f,)
        The cell beyond; −1 to −6 beyond the sides x = 0, x = width, y = 0, ... of the box.
    size : ndarray, shape (3,)
        The box is [0, size[0]] × [0, size[1]] × [0, size[2]].
    count : int
        How many cells there are.
    """

    corners: Floats
    loops: tuple[tuple[int, ...], ...]
    owners: Integers
    neighbours: Integers
    size: Floats
    count: int


def join_polyhedra(cells: PowerPolyhedra) -> JoinedPolyhedra:
    """Join cells that were cut one by one: corners that agree but for rounding become one.

    Facets without area, which rounding makes where many cells meet, are left out. The surface of
    each cell is then verified to be closed: every edge is passed once in each direction.

    Raises
    ------
    StippleError
        If a cell is empty, or if surfaces remain open: corners are then too near to one another.
    """
    refuse_empty(cells)
    return join_near(cells.size, lambda distance: _join(cells, distance), lambda one: one)


def refuse_empty(cells: PowerPolyhedra) -> None:
    """Refuse cells of which some are empty."""
    if cells.hidden.any():
        raise StippleError(
            f"{int(cells.hidden.sum()):,} of {len(cells.points):,} power cells are empty: cells"
            " that share their corners need a mass each, so write .ply or .vtp."
        )


def join_near(
    size: Floats, join: Callable[[float], Joined], read: Callable[[Joined], JoinedPolyhedra]
) -> Joined:
    """Join corners that are nearer and nearer to one another, until all cells are closed."""
    for nearness in NEARNESS:
        joined = join(nearness * float(np.linalg.norm(size)))
        if _are_closed(read(joined)):
            return joined
    raise StippleError(
        "Corners of the power cells are too near to one another to be told apart from rounding:"
        " write .ply or .vtp, where each cell has its own."
    )


def label_corners(
    places: Floats, distance: float, size: Floats | None = None
) -> tuple[int, Integers]:
    """Count corners and number them, those within a distance alike; on the torus of that size."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    pairs = cKDTree(places, boxsize=size).query_pairs(distance, output_type="ndarray").T
    graph = coo_array((np.ones(pairs.shape[1], np.bool_), tuple(pairs)), (len(places),) * 2)
    count, labels = connected_components(graph, directed=False)
    return count, labels


def _join(cells: PowerPolyhedra, distance: float) -> JoinedPolyhedra:
    placed = cells.place_corners()
    count, labels = label_corners(placed, distance)
    corners = np.empty((count, 3))
    corners[labels] = placed
    _put_on_sides(corners, labels, cells)
    ends = cells.facets.starts
    numbers = labels.tolist()
    loops = [shorten(numbers[a:b]) for a, b in pairwise(ends)]
    owners, others = cells.list_owners(), cells.facets.neighbours
    kept = _choose_facets(owners, others, np.array([len(loop) for loop in loops]))
    used, flat = np.unique(np.concatenate([loops[k] for k in kept]), return_inverse=True)
    places = iter(flat.tolist())
    return JoinedPolyhedra(
        corners[used],
        tuple(tuple(next(places) for _ in loops[k]) for k in kept),
        owners[kept],
        others[kept],
        cells.size,
        len(cells.points),
    )


def _put_on_sides(corners: Floats, labels: Integers, cells: PowerPolyhedra) -> None:
    """Put the corners of facets on the border there exactly."""
    beyond = np.repeat(cells.facets.neighbours, np.diff(cells.facets.starts))
    for axis in range(3):
        for side, place in ((-1 - 2 * axis, 0.0), (-2 - 2 * axis, cells.size[axis])):
            corners[labels[beyond == side], axis] = place


def shorten(loop: Sequence[Place]) -> list[Place]:
    """Leave out of a closed walk what rounding adds: steps on the spot, and there and back."""
    walk: list[Place] = []
    for corner in loop:
        if walk and walk[-1] == corner:
            continue
        if len(walk) > 1 and walk[-2] == corner:
            walk.pop()
            continue
        walk.append(corner)
    while len(walk) > 1 and walk[0] == walk[-1]:
        walk.pop()
    while len(walk) > 2 and (walk[1] == walk[-1] or walk[0] == walk[-2]):
        walk = walk[1:-1] if walk[1] == walk[-1] else walk[:-2]
    return walk


def _choose_facets(owners: Integers, others: Integers, sizes: Integers) -> Integers:
    """Choose facets with area: those on the border, and one of each pair of cells."""
    kept = np.flatnonzero(sizes > 2)
    first, second = owners[kept], others[kept]
    # Of two cells the lower lists the facet; the other only where rounding hides it there.
    low, high = np.minimum(first, second), np.maximum(first, second)
    inner = second >= 0
    low[~inner], high[~inner] = first[~inner], second[~inner]
    order = np.lexsort((first, high, low))
    pair = np.column_stack([low, high])[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (np.diff(pair, axis=0) != 0).any(axis=1)
    return np.sort(kept[order[fresh]])


def _are_closed(joined: JoinedPolyhedra) -> bool:
    """Whether each cell has facets, whose edges are passed once in each direction."""
    sizes = np.array([len(loop) for loop in joined.loops])
    starts = np.concatenate(joined.loops)
    ends = np.concatenate([[*loop[1:], loop[0]] for loop in joined.loops])
    owners, others = np.repeat(joined.owners, sizes), np.repeat(joined.neighbours, sizes)
    inner = others >= 0
    there = np.column_stack(
        [
            np.concatenate([owners, others[inner]]),
            np.concatenate([starts, ends[inner]]),
            np.concatenate([ends, starts[inner]]),
        ]
    )
    there = there[np.lexsort(there.T)]
    back = there[:, [0, 2, 1]]
    back = back[np.lexsort(back.T)]
    once = (np.diff(there, axis=0) != 0).any(axis=1).all()
    whole = len(np.unique(there[:, 0])) == joined.count
    return bool(once and whole and np.array_equal(there, back))
