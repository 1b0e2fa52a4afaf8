"""Points and polygons in space as PLY (Turk, 1994), in binary of the little-endian kind."""

from collections.abc import Mapping, Sequence

import numpy as np

from stipple.arrays import Floats, Integers


def render_cloud(columns: Mapping[str, Floats]) -> bytes:
    """Write points: columns of numbers by name, of which x, y and z are known to readers."""
    table = np.column_stack(list(columns.values())).astype("<f8")
    properties = [f"property double {name}" for name in columns]
    return _write_header([f"element vertex {len(table)}", *properties]) + table.tobytes()


def render_polygons(cells: Sequence[Sequence[Floats]], neighbours: Integers) -> bytes:
    """Write the facets of cells, each with the number of its cell and of the one beyond.

    Parameters
    ----------
    cells : sequence of sequences of ndarrays, shape (k, 3)
        Polygons of each cell.
    neighbours : ndarray, shape (m,)
        What is beyond each, cell after cell; negative on the border.
    """
    polygons = [polygon for cell in cells for polygon in cell]
    corners = np.concatenate(polygons).astype("<f8")
    header = _write_header(
        [
            f"element vertex {len(corners)}",
            *(f"property double {name}" for name in "xyz"),
            f"element face {len(polygons)}",
            "property list int int vertex_indices",
            "property int cell",
            "property int neighbour",
        ]
    )
    sizes = np.array([len(polygon) for polygon in polygons])
    owners = np.repeat(np.arange(len(cells)), [len(cell) for cell in cells])
    # Each face: how many corners, their numbers, its cell and its neighbour.
    ends = np.cumsum(sizes + 3)
    faces = np.empty(ends[-1], dtype="<i4")
    begins = ends - sizes - 3
    faces[begins], faces[ends - 2], faces[ends - 1] = sizes, owners, neighbours
    first = np.cumsum(sizes) - sizes
    inner = np.arange(len(corners))
    faces[inner + np.repeat(begins + 1 - first, sizes)] = inner
    return header + corners.tobytes() + faces.tobytes()


def _write_header(elements: Sequence[str]) -> bytes:
    lines = ["ply", "format binary_little_endian 1.0", *elements, "end_header"]
    return "".join(f"{line}\n" for line in lines).encode("ascii")
