"""What repeats what in a periodic tessellation, as sections of Neper's .tess files.

Source: Neper's documentation, "File and directory formats", and tessellations that it wrote.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from stipple.arrays import Floats, Integers


@dataclass(frozen=True, eq=False)
class Periodicity:
    """Seeds, and which corners and facets are copies of others.

    Attributes
    ----------
    seeds, radii : ndarray, shapes (n, 3) and (n,)
        Points of the cells, and weights: cells are those of |x − seed|² − radius².
    classes, laps : ndarray, shapes (v,) and (v, 3)
        Corners of the same class are copies, moved by so many sides of the box.
    primaries, shifts : ndarray, shapes (f,) and (f, 3)
        The facet that a facet is a copy of, −1 for none, and by how many sides it is moved.
    """

    seeds: Floats
    radii: Floats
    classes: Integers
    laps: Integers
    primaries: Integers
    shifts: Integers


def list_seeds(periodicity: Periodicity, origin: Floats) -> Iterator[str]:
    """Points of the cells, for the section on these."""
    yield "  *seed"
    seeds = (periodicity.seeds + origin).tolist()
    for number, (seed, radius) in enumerate(zip(seeds, periodicity.radii.tolist(), strict=True), 1):
        yield f"   {number} {join_numbers(seed)} {radius!r}"


def list_periodicity(
    periodicity: Periodicity, edges: Sequence[tuple[int, int]], size: Floats
) -> Iterator[str]:
    """List the copies of seeds in the boxes around, and which corners, edges and facets are copies.

    Parameters
    ----------
    periodicity : Periodicity
        What is known of corners and facets.
    edges : sequence of (int, int)
        Corners of each edge, counted from 1.
    size : ndarray, shape (3,)
        Sides of the box.
    """
    yield from (" **periodicity", "  *general", "   1 1 1", f"   {join_numbers(size.tolist())}")
    count = len(periodicity.seeds)
    boxes = [(x, y, z) for z, y, x in product((-1, 0, 1), repeat=3) if x or y or z]
    yield from ("  *seed", f"   {count * len(boxes)}")
    copies = ((seed, box) for box in boxes for seed in range(1, count + 1))
    for number, (seed, box) in enumerate(copies, count + 1):
        yield f"   {number} {seed} {join_numbers(box)}"
    yield from _list_copies("vertex", _find_corners(periodicity))
    yield from _list_copies("edge", _find_edges(periodicity, edges))
    kept = np.flatnonzero(periodicity.primaries >= 0)
    # Both facets are seen from outside their cells, which Neper writes as 1.
    facets = np.column_stack(
        [kept + 1, periodicity.primaries[kept] + 1, periodicity.shifts[kept], np.ones_like(kept)]
    )
    yield from _list_copies("face", facets.tolist())


def _list_copies(name: str, rows: Sequence[Sequence[int]]) -> Iterator[str]:
    yield from (f"  *{name}", f"   {len(rows)}")
    yield from (f"   {join_numbers(row)}" for row in rows)


def _find_corners(periodicity: Periodicity) -> list[list[int]]:
    """Find corners that are copies: number, that of the first, and shift, all from 1."""
    laps = periodicity.laps
    _, first, inverse = np.unique(periodicity.classes, return_index=True, return_inverse=True)
    primaries = first[inverse]
    numbers = np.arange(len(primaries))
    kept = np.flatnonzero(primaries != numbers)
    shifts = laps[kept] - laps[primaries[kept]]
    found: list[list[int]] = np.column_stack([kept + 1, primaries[kept] + 1, shifts]).tolist()
    return found


def _find_edges(periodicity: Periodicity, edges: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Find edges that are copies: number, that of the first, shift, and 1 or −1 for its sense."""
    classes, laps = periodicity.classes.tolist(), periodicity.laps
    first: dict[tuple[int, ...], tuple[int, int, bool]] = {}
    rows = []
    for number, (a, b) in enumerate(edges, 1):
        way = laps[b - 1] - laps[a - 1]
        there = (classes[a - 1], classes[b - 1], *way.tolist())
        back = (classes[b - 1], classes[a - 1], *(-way).tolist())
        turned = back < there
        # Edges are compared at the end that comes first in their class.
        corner = b if turned else a
        known = first.setdefault(min(there, back), (number, corner, turned))
        if known[0] != number:
            shift = (laps[corner - 1] - laps[known[1] - 1]).tolist()
            rows.append([number, known[0], *shift, 1 if turned == known[2] else -1])
    return rows


def join_numbers(numbers: Sequence[float] | Iterator[int]) -> str:
    """Join numbers as they are read back."""
    return " ".join(map(repr, numbers))
