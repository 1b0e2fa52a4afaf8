"""Points and polygons in space as PLY (Turk, 1994), in binary of the little-endian kind."""

from collections.abc import Mapping, Sequence

import numpy as np

from stipple.arrays import Floats, Integers


def render_cloud(columns: Mapping[str, Floats]) -> bytes:
    """Write points: columns of numbers by name, of which x, y and z are known to readers."""
    table = np.column_stack(list(columns.values())).astype("<f8")
    properties = [f"property double {name}" for name in columns]
    return _write_header([f"element vertex {len(table)}", *properties]) + table.tobytes()


def render_polygons(
    corners: Floats, sizes: Integers, owners: Integers, neighbours: Integers
) -> bytes:
    """Write the facets of cells, each with the number of its cell and of the one beyond.

    Parameters
    ----------
    corners : ndarray, shape (c, 3)
        Corners of all polygons, one after the other.
    sizes, owners, neighbours : ndarrays, shape (m,)
        Of each polygon how many corners it has, its cell, and what is beyond: a cell, or a
        negative number on the border.
    """
    header = _write_header(
        [
            f"element vertex {len(corners)}",
            *(f"property double {name}" for name in "xyz"),
            f"element face {len(sizes)}",
            "property list int int vertex_indices",
            "property int cell",
            "property int neighbour",
        ]
    )
    # Each face: how many corners, their numbers, its cell and its neighbour.
    ends = np.cumsum(sizes + 3)
    faces = np.empty(ends[-1], dtype="<i4")
    begins = ends - sizes - 3
    faces[begins], faces[ends - 2], faces[ends - 1] = sizes, owners, neighbours
    first = np.cumsum(sizes) - sizes
    inner = np.arange(len(corners))
    faces[inner + np.repeat(begins + 1 - first, sizes)] = inner
    return header + corners.astype("<f8").tobytes() + faces.tobytes()


def _write_header(elements: Sequence[str]) -> bytes:
    lines = ["ply", "format binary_little_endian 1.0", *elements, "end_header"]
    return "".join(f"{line}\n" for line in lines).encode("ascii")
