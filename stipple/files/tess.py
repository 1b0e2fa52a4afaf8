"""Cells in a box as Neper's tessellation file (.tess, format 3.4), which it meshes and shows.

Source: Neper's documentation, "File and directory formats", and tessellations that it wrote.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.files.tess_periodicity import (
    Periodicity,
    join_numbers,
    list_periodicity,
    list_seeds,
)

# Corners, edges and sides of the box: corners by which sides they are on along x, y and z, edges
# by their corners, sides by corners and edges in a circle, seen from inside.
CORNERS = ("000", "100", "110", "010", "001", "011", "111", "101")
EDGES = (
    *((4, 6, "x0y1"), (6, 5, "x0z1"), (5, 1, "x0y0"), (1, 4, "x0z0"), (2, 8, "x1y0")),
    *((8, 7, "x1z1"), (7, 3, "x1y1"), (3, 2, "x1z0"), (5, 8, "y0z1"), (2, 1, "y0z0")),
    *((4, 3, "y1z0"), (7, 6, "y1z1")),
)
SIDES = (
    ("4 6 5 1", "1 2 3 4", "x0"),
    ("2 8 7 3", "5 6 7 8", "x1"),
    ("1 5 8 2", "3 9 5 10", "y0"),
    ("4 3 7 6", "11 7 12 1", "y1"),
    ("1 2 3 4", "10 8 11 4", "z0"),
    ("5 6 7 8", "2 12 6 9", "z1"),
)


def render_tess(
    corners: Floats,
    loops: Sequence[Sequence[int]],
    owners: Integers,
    neighbours: Integers,
    size: Floats,
    origin: Floats,
    periodicity: Periodicity | None = None,
) -> bytes:
    """Write cells that share corners and facets.

    Parameters
    ----------
    corners : ndarray, shape (v, 3)
        Corners, from that of the box; those on the border of the box exactly so.
    loops : sequence of sequences of int, length f
        Corners of each facet, counterclockwise seen from outside its owner.
    owners, neighbours : ndarrays, shape (f,)
        Cell of each facet, and the cell beyond; −1 to −6 beyond the sides x = 0, x = width,
        y = 0, ... of the box.
    size : ndarray, shape (3,)
        Sides of the box.
    origin : ndarray, shape (3,)
        Where its corner is.
    periodicity : Periodicity, optional
        Of whole cells in a periodic box: what are copies of what; neighbours at seams are −7.
    """
    edges, walks = _number_edges(loops)
    placed = corners + origin
    kind = "standard" if periodicity is None else "periodic"
    # Whole cells have no parts on the sides of the box.
    on_sides = np.stack([corners == 0, corners == size], axis=2).reshape(-1, 6)
    on_sides &= periodicity is None
    count = int(max(owners.max(), neighbours.max())) + 1
    lines = [
        *("***tess", " **format", "   3.4", " **general", f"   3 {kind}", " **cell", f"  {count}"),
        *(() if periodicity is None else list_seeds(periodicity, origin)),
        *(" **vertex", f" {len(corners)}"),
        *(f" {k} {join_numbers(corner)} 0" for k, corner in enumerate(placed.tolist(), 1)),
        *(" **edge", f" {len(edges)}"),
        *(f" {k} {a} {b} 0" for k, (a, b) in enumerate(edges, 1)),
        *(" **face", f" {len(loops)}"),
        *_list_faces(placed, loops, walks),
        *(" **polyhedron", f" {count}"),
        *_list_polyhedra(owners, neighbours, count),
        *(" **domain", "  *general", "   cube"),
        *_list_domain(on_sides, edges, neighbours, size, origin),
        *(() if periodicity is None else list_periodicity(periodicity, edges, size)),
        "***end",
    ]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _number_edges(
    loops: Sequence[Sequence[int]],
) -> tuple[list[tuple[int, int]], list[list[int]]]:
    """List edges once, by corners counted from 1, and the signed edges of each loop."""
    numbers: dict[tuple[int, int], int] = {}
    walks = []
    for loop in loops:
        walk = []
        for start, end in zip(loop, [*loop[1:], loop[0]], strict=True):
            key = (min(start, end) + 1, max(start, end) + 1)
            number = numbers.setdefault(key, len(numbers) + 1)
            walk.append(number if start < end else -number)
        walks.append(walk)
    return list(numbers), walks


def _list_faces(
    corners: Floats, loops: Sequence[Sequence[int]], walks: Sequence[Sequence[int]]
) -> Iterator[str]:
    """Corners, edges and plane of each facet; nothing of it was regularised."""
    planes = _find_planes(corners, loops).tolist()
    for number, (loop, walk, plane) in enumerate(zip(loops, walks, planes, strict=True), 1):
        yield f" {number} {len(loop)} {join_numbers(corner + 1 for corner in loop)}"
        yield f"  {len(walk)} {join_numbers(walk)}"
        yield f"  {join_numbers(plane)}"
        yield "  0 0 0 0 0"


def _find_planes(corners: Floats, loops: Sequence[Sequence[int]]) -> Floats:
    """Find the planes of facets, d and the unit normal (a, b, c), shape (f, 4): ax + by + cz = d.

    The normal is that of Newell: the sum of cross products around the facet, from its middle.
    """
    sizes = np.array([len(loop) for loop in loops])
    ends = np.cumsum(sizes)
    starts = ends - sizes
    places = corners[np.concatenate(loops)]
    middles = np.add.reduceat(places, starts) / sizes[:, None]
    around = places - np.repeat(middles, sizes, axis=0)
    following = np.arange(1, len(places) + 1)
    following[ends - 1] = starts
    normals = np.add.reduceat(np.cross(around, around[following]), starts)
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    return np.column_stack([(normals * middles).sum(axis=1), normals])


def _list_polyhedra(owners: Integers, neighbours: Integers, count: int) -> Iterator[str]:
    """List the facets of each cell, negative where their normals point inwards."""
    facets: list[list[int]] = [[] for _ in range(count)]
    for number, (owner, other) in enumerate(
        zip(owners.tolist(), neighbours.tolist(), strict=True), 1
    ):
        facets[owner].append(number)
        if other >= 0:
            facets[other].append(-number)
    for number, own in enumerate(facets, 1):
        yield f" {number} {len(own)} {join_numbers(own)}"


def _list_domain(
    on_sides: Booleans,
    edges: Sequence[tuple[int, int]],
    neighbours: Integers,
    size: Floats,
    origin: Floats,
) -> Iterator[str]:
    """Corners, edges and sides of the box, and which of the cells' are on each.

    Columns of `on_sides` are x0, x1, y0, y1, z0, z1: on which sides each corner is.
    """
    column = {label: k for k, (_, _, label) in enumerate(SIDES)}
    yield from ("  *vertex", f"   {len(CORNERS)}")
    for number, place in enumerate(CORNERS, 1):
        ends = [int(end) for end in place]
        names = [f"{axis}{end}" for axis, end in zip("xyz", ends, strict=True)]
        found = np.flatnonzero(on_sides[:, [column[name] for name in names]].all(axis=1)) + 1
        yield f"   {number} {join_numbers((origin + size * ends).tolist())} {''.join(names)}"
        # Neper asks for one number, and for 0 where there is none.
        yield f"    1 {found[0] if len(found) else 0}"
    yield from ("  *edge", f"   {len(EDGES)}")
    both = on_sides[np.array(edges) - 1].all(axis=1)
    for number, (start, end, label) in enumerate(EDGES, 1):
        found = np.flatnonzero(both[:, [column[label[:2]], column[label[2:]]]].all(axis=1)) + 1
        yield from (f"   {number} 2 {start} {end}", f"    {label}")
        yield f"    {len(found)} {join_numbers(found.tolist())}"
    yield from ("  *face", f"   {len(SIDES)}")
    for number, (around, borders, label) in enumerate(SIDES, 1):
        found = np.flatnonzero(neighbours == -number) + 1
        # Planes of sides look inwards at their lower ends' axes, as Neper writes them.
        axis, upper = divmod(number - 1, 2)
        plane = [0.0] * 4
        plane[axis + 1] = -1.0 if upper else 1.0
        plane[0] = -float(origin[axis] + size[axis]) if upper else float(origin[axis])
        yield from (f"   {number} 4 {around}", f"    4 {borders}", "    plane")
        yield from (f"    4 {join_numbers(plane)}", f"    {label}")
        yield f"    {len(found)} {join_numbers(found.tolist())}"
