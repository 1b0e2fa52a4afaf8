"""Points and polygons in space as VTK's XML PolyData (.vtp), which ParaView opens."""

from base64 import b64encode
from collections.abc import Mapping
from itertools import starmap

import numpy as np

from stipple.arrays import Floats, Integers

TYPES = {"f": ("Float64", "<f8"), "i": ("Int64", "<i8")}


def render_cloud(columns: Mapping[str, Floats]) -> bytes:
    """Write points: columns of numbers by name, of which x, y and z are the places.

    Each point is a vertex too, for programs draw nothing else of a cloud.
    """
    values = dict(columns)
    points = np.column_stack([values.pop(name) for name in "xyz"])
    numbers = np.arange(len(points))
    return _render("Verts", points, numbers, np.ones(len(points), np.int64), values, {})


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
    cells = {"cell": owners, "neighbour": neighbours}
    return _render("Polys", corners, np.arange(len(corners)), sizes, {}, cells)


def _render(
    kind: str,
    points: Floats,
    connectivity: Integers,
    sizes: Integers,
    point_data: Mapping[str, Floats],
    cell_data: Mapping[str, Integers],
) -> bytes:
    lines = [
        '<?xml version="1.0"?>',
        '<VTKFile type="PolyData" version="1.0" byte_order="LittleEndian" header_type="UInt64">',
        "<PolyData>",
        f'<Piece NumberOfPoints="{len(points)}" NumberOf{kind}="{len(sizes)}">',
        "<Points>",
        _render_array("Points", points),
        "</Points>",
        f"<{kind}>",
        _render_array("connectivity", connectivity),
        _render_array("offsets", np.cumsum(sizes)),
        f"</{kind}>",
        "<PointData>",
        *starmap(_render_array, point_data.items()),
        "</PointData>",
        "<CellData>",
        *starmap(_render_array, cell_data.items()),
        "</CellData>",
        "</Piece>",
        "</PolyData>",
        "</VTKFile>",
    ]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _render_array(name: str, values: Floats | Integers) -> str:
    """Write numbers in base64, behind how many bytes they are."""
    kind, order = TYPES[values.dtype.kind]
    data = values.astype(order).tobytes()
    text = b64encode(np.uint64(len(data)).astype("<u8").tobytes() + data).decode("ascii")
    parts = values.shape[1] if values.ndim == 2 else 1
    return (
        f'<DataArray type="{kind}" Name="{name}" NumberOfComponents="{parts}" format="binary">'
        f"{text}</DataArray>"
    )
