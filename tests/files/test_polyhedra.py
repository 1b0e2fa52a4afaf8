"""Points and cells in space: files that are read by the standard library tell the same."""

import xml.etree.ElementTree as ElementTree
from base64 import b64decode
from io import BytesIO
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from stipple.arrays import Floats, Integers
from stipple.files import ply, vtk
from stipple.geometry.power_polyhedra import PowerPolyhedra, build_power_polyhedra


class Polygons(NamedTuple):
    """Polygons as files hold them: corners, numbers of them, cells and what is beyond."""

    corners: Floats
    loops: list[list[int]]
    owners: list[int]
    neighbours: list[int]


SIZE = np.array([2.0, 1.0, 3.0])


def cut(kind: str) -> PowerPolyhedra:
    """Random cells, and lattices of which many cells meet in a corner."""
    random = np.random.default_rng(0)
    steps = np.stack(np.meshgrid(*(np.arange(3),) * 3), axis=-1).reshape(-1, 3)
    points, potentials = {
        "random": (random.random((60, 3)) * SIZE, 0.02 * random.random(60)),
        "lattice": ((steps + 0.5) / 3 * SIZE, np.zeros(27)),
        "one": (SIZE[None] / 3, np.zeros(1)),
        "plane": (np.column_stack([random.random((9, 2)), np.ones(9)]), np.zeros(9)),
    }[kind]
    return build_power_polyhedra(points, potentials, SIZE)


def list_arguments(cells: PowerPolyhedra) -> tuple[Floats, Integers, Integers, Integers]:
    sizes = np.diff(cells.facets.starts)
    return cells.place_corners(), sizes, cells.list_owners(), cells.facets.neighbours


def measure_volumes(polygons: Polygons, count: int) -> Floats:
    """Volumes of closed surfaces by the divergence theorem, over fans of triangles."""
    volumes = np.zeros(count)
    for loop, owner in zip(polygons.loops, polygons.owners, strict=True):
        first, *others = polygons.corners[loop]
        for second, third in pairwise(others):
            volumes[owner] += np.linalg.det([first, second, third]) / 6
    return volumes


def read_ply(data: bytes) -> tuple[list[str], BytesIO]:
    header, body = data.split(b"end_header\n", 1)
    return header.decode("ascii").splitlines(), BytesIO(body)


def read_ply_polygons(data: bytes) -> Polygons:
    lines, body = read_ply(data)
    numbers = {words[1]: int(words[2]) for words in map(str.split, lines) if words[0] == "element"}
    corners = np.frombuffer(body.read(24 * numbers["vertex"]), "<f8").reshape(-1, 3)
    loops, owners, neighbours = [], [], []
    for _ in range(numbers["face"]):
        (size,) = np.frombuffer(body.read(4), "<i4")
        *loop, owner, neighbour = np.frombuffer(body.read(4 * (int(size) + 2)), "<i4").tolist()
        loops.append(loop)
        owners.append(owner)
        neighbours.append(neighbour)
    assert not body.read()
    return Polygons(corners, loops, owners, neighbours)


def read_vtp(data: bytes) -> tuple[dict[str, Floats | Integers], dict[str, str]]:
    """Arrays by name, and the numbers that the file says there are."""
    root = ElementTree.fromstring(data)
    assert (root.get("type"), root.get("byte_order")) == ("PolyData", "LittleEndian")
    assert root.get("header_type") == "UInt64"
    arrays = {}
    for element in root.iter("DataArray"):
        assert element.get("format") == "binary"
        body = b64decode(element.text or "", validate=True)
        assert int.from_bytes(body[:8], "little") == len(body) - 8
        kind = {"Float64": "<f8", "Int64": "<i8"}[element.attrib["type"]]
        values = np.frombuffer(body[8:], kind)
        parts = int(element.attrib["NumberOfComponents"])
        arrays[element.attrib["Name"]] = values.reshape(-1, 3) if parts == 3 else values
    return arrays, root.find("PolyData/Piece").attrib  # type: ignore[union-attr]


def read_vtp_polygons(data: bytes) -> Polygons:
    arrays, numbers = read_vtp(data)
    ends = arrays["offsets"].tolist()
    assert int(numbers["NumberOfPolys"]) == len(ends)
    assert int(numbers["NumberOfPoints"]) == len(arrays["Points"])
    connectivity = arrays["connectivity"].tolist()
    loops = [connectivity[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    return Polygons(arrays["Points"], loops, arrays["cell"].tolist(), arrays["neighbour"].tolist())


@pytest.mark.parametrize("form", ["ply", "vtp"])
@pytest.mark.parametrize("kind", ["random", "lattice", "one", "plane"])
def test_polygons_have_their_cells_neighbours_and_volumes(kind: str, form: str) -> None:
    cells = cut(kind)
    if form == "ply":
        found = read_ply_polygons(ply.render_polygons(*list_arguments(cells)))
    else:
        found = read_vtp_polygons(vtk.render_polygons(*list_arguments(cells)))
    assert found.owners == cells.list_owners().tolist()
    assert found.neighbours == cells.facets.neighbours.tolist()
    volumes = measure_volumes(found, len(cells.points))
    assert volumes == pytest.approx(cells.volumes, rel=1e-12)
    assert volumes.sum() == pytest.approx(SIZE.prod(), rel=1e-12)


def test_polygons_as_ply_are_bytes_in_order() -> None:
    corners = np.random.default_rng(0).random((12, 3))
    data = ply.render_polygons(
        corners, np.array([3, 5, 4]), np.array([0, 0, 2]), np.array([2, -1, 0])
    )
    lines, body = read_ply(data)
    assert {"element vertex 12", "element face 3"} <= set(lines)
    assert np.array_equal(np.frombuffer(body.read(12 * 24), "<f8").reshape(12, 3), corners)
    faces = np.frombuffer(body.read(), "<i4").tolist()
    assert faces == [3, 0, 1, 2, 0, 2, 5, 3, 4, 5, 6, 7, 0, -1, 4, 8, 9, 10, 11, 2, 0]


def make_columns(count: int) -> dict[str, Floats]:
    return dict(
        zip(("x", "y", "z", "mass"), np.random.default_rng(0).random((4, count)), strict=True)
    )


def test_points_as_ply_have_their_columns() -> None:
    columns = make_columns(5)
    lines, body = read_ply(ply.render_cloud(columns))
    assert "element vertex 5" in lines
    table = np.frombuffer(body.read(), "<f8").reshape(5, 4)
    assert np.array_equal(table, np.column_stack(list(columns.values())))


def test_points_as_vtk_are_vertices_with_their_masses() -> None:
    columns = make_columns(5)
    arrays, numbers = read_vtp(vtk.render_cloud(columns))
    assert numbers == {"NumberOfPoints": "5", "NumberOfVerts": "5"}
    assert np.array_equal(arrays["Points"], np.column_stack([columns[name] for name in "xyz"]))
    assert np.array_equal(arrays["mass"], columns["mass"])
    assert arrays["connectivity"].tolist() == [0, 1, 2, 3, 4]
    assert arrays["offsets"].tolist() == [1, 2, 3, 4, 5]
