"""Power cells on the torus that share corners and facets, with what repeats what across seams."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from stipple.arrays import Integers
from stipple.geometry.joined_polyhedra import (
    JoinedPolyhedra,
    join_near,
    label_corners,
    refuse_empty,
    shorten,
)
from stipple.geometry.power_polyhedra import PowerPolyhedra
from stipple.geometry.torus import wrap

# Beyond a facet at a seam is a copy of a cell, whose own facet is listed elsewhere.
SEAM = -7
# A corner of the torus, and by how many sides of the box it is moved along x, y and z.
Corner: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class JoinedTorus:
    """Whole cells, which reach beyond the box, and which of their parts are copies of others.

    Attributes
    ----------
    cells : JoinedPolyhedra
        The cells; neighbours are −7 at seams, where a facet is listed for each of its two cells.
    classes : ndarray, shape (v,)
        Corners of the same class are copies of one another.
    laps : ndarray, shape (v, 3)
        By how many sides of the box corners are moved from the first place of their class.
    primaries : ndarray, shape (f,)
        The facet that a facet is a copy of; −1 for those listed first.
    shifts : ndarray, shape (f, 3)
        By how many sides of the box it is moved from that.
    """

    cells: JoinedPolyhedra
    classes: Integers
    laps: Integers
    primaries: Integers
    shifts: Integers


@dataclass(frozen=True)
class _Facet:
    """A facet, its cell, the one beyond or `SEAM`, and what it is a copy of."""

    loop: Sequence[Corner]
    owner: int
    beyond: int
    primary: int = -1
    shift: tuple[int, int, int] = (0, 0, 0)


def join_torus(cells: PowerPolyhedra) -> JoinedTorus:
    """Join whole cells on the torus: corners that agree but for rounding and whole sides are one.

    Parameters
    ----------
    cells : PowerPolyhedra
        As from `wrap_cells`.

    Raises
    ------
    StippleError
        If a cell is empty, or if surfaces remain open: corners are then too near to one another.
    """
    refuse_empty(cells)
    return join_near(cells.size, lambda distance: _join(cells, distance), lambda one: one.cells)


def _join(cells: PowerPolyhedra, distance: float) -> JoinedTorus:
    size = cells.size
    placed = cells.place_corners()
    wrapped = wrap(placed, size)
    count, labels = label_corners(wrapped, distance, size)
    middles = np.empty((count, 3))
    middles[labels] = wrapped
    laps = np.rint((placed - middles[labels]) / size).astype(np.int64)
    facets = _list_facets(cells, np.column_stack([labels, laps]))
    numbers: dict[Corner, int] = {}
    loops = tuple(
        tuple(numbers.setdefault(corner, len(numbers)) for corner in one.loop) for one in facets
    )
    corners = np.array(list(numbers))
    joined = JoinedPolyhedra(
        middles[corners[:, 0]] + corners[:, 1:] * size,
        loops,
        np.array([one.owner for one in facets]),
        np.array([one.beyond for one in facets]),
        size,
        len(cells.points),
    )
    return JoinedTorus(
        joined,
        corners[:, 0],
        corners[:, 1:],
        np.array([one.primary for one in facets]),
        np.array([one.shift for one in facets]),
    )


def _list_facets(cells: PowerPolyhedra, corners: Integers) -> list[_Facet]:
    """List each facet with area once, and at a seam its copy for the cell beyond right after it."""
    assert cells.laps is not None
    flat = [tuple(corner) for corner in corners.tolist()]
    facets: list[_Facet] = []
    seen: set[tuple[int, ...]] = set()
    sides = zip(cells.list_owners().tolist(), cells.facets.neighbours.tolist(), strict=True)
    ends = pairwise(cells.facets.starts.tolist())
    for (owner, other), lap, (begin, end) in zip(sides, cells.laps.tolist(), ends, strict=True):
        back = tuple(-part for part in lap)
        loop = shorten(flat[begin:end])
        # Either cell lists the facet, unless rounding hides it there.
        if len(loop) < 3 or (other, owner, *back) in seen:
            continue
        seen.add((owner, other, *lap))
        if not any(lap):
            facets.append(_Facet(loop, owner, other))
            continue
        facets.append(_Facet(loop, owner, SEAM))
        copied = [_move(corner, back) for corner in reversed(loop)]
        facets.append(_Facet(copied, other, SEAM, len(facets) - 1, (back[0], back[1], back[2])))
    return facets


def _move(corner: Corner, shift: Sequence[int]) -> Corner:
    return (corner[0], corner[1] + shift[0], corner[2] + shift[1], corner[3] + shift[2])
