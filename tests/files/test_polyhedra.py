"""Points and cells in space: files that are read by the standard library tell the same."""

import xml.etree.ElementTree as ElementTree
from base64 import b64decode
from io import BytesIO
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from stipple.arrays import Floats, Integers
from stipple.errors import StippleError
from stipple.files import ply, tess, vtk
from stipple.geometry.joined_polyhedra import join_polyhedra
from stipple.geometry.power_polyhedra import PowerPolyhedra, build_power_polyhedra


class Polygons(NamedTuple):
    """Polygons as files hold them: corners, numbers of them, cells and what is beyond."""

    corners: Floats
    loops: list[list[int]]
    owners: list[int]
    neighbours: list[int]


SIZE = np.array([2.1, 0.7, 3.3])


def cut(kind: str) -> PowerPolyhedra:
    """Random cells, lattices where many meet in a corner, and points far outside the box."""
    random = np.random.default_rng(0)
    steps = np.stack(np.meshgrid(*(np.arange(3),) * 3), axis=-1).reshape(-1, 3)
    points, potentials = {
        "random": (random.random((60, 3)) * SIZE, 0.02 * random.random(60)),
        "lattice": ((steps + 0.5) / 3 * SIZE, np.zeros(27)),
        "one": (SIZE[None] / 3, np.zeros(1)),
        "plane": (np.column_stack([random.random((9, 2)), np.full(9, 1000.1)]), np.zeros(9)),
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


class Tessellation(NamedTuple):
    """What a .tess file holds, by numbers from 1."""

    vertices: dict[int, Floats]
    edges: dict[int, tuple[int, int]]
    faces: dict[int, list[int]]
    planes: dict[int, Floats]
    cells: dict[int, list[int]]
    domain: list[tuple[str, list[int]]]


def read_tess(data: bytes) -> Tessellation:
    """Read word by word, as Neper does, and hold faces against their edges."""
    words = iter(data.decode("ascii").split())

    def expect(*expected: str) -> None:
        assert [next(words) for _ in expected] == list(expected)

    def take(count: int) -> list[int]:
        return [int(next(words)) for _ in range(count)]

    def place() -> Floats:
        return np.array([float(next(words)) for _ in range(3)])

    def number() -> int:
        return take(1)[0]

    expect("***tess", "**format", "3.4", "**general", "3", "standard", "**cell")
    count = number()
    expect("**vertex")
    vertices = {}
    for k in range(1, number() + 1):
        expect(str(k))
        vertices[k] = place()
        expect("0")
    expect("**edge")
    edges = {}
    for k in range(1, number() + 1):
        expect(str(k))
        edges[k] = (number(), number())
        expect("0")
    expect("**face")
    faces, planes = {}, {}
    for k in range(1, number() + 1):
        expect(str(k))
        faces[k] = take(number())
        walk = take(number())
        ways = [edges[e] if e > 0 else edges[-e][::-1] for e in walk]
        assert ways == list(zip(faces[k], [*faces[k][1:], faces[k][0]], strict=True))
        planes[k] = np.array([float(next(words)), *place()])
        expect("0", "0", "0", "0", "0")
    expect("**polyhedron", str(count))
    cells = {}
    for k in range(1, count + 1):
        expect(str(k))
        cells[k] = take(number())
    expect("**domain", "*general", "cube", "*vertex", "8")
    domain = []
    for k in range(1, 9):
        expect(str(k))
        corner, label = place(), next(words)
        assert corner.tolist() == [s * int(e) for s, e in zip(SIZE, label[1::2], strict=True)]
        domain.append((label, take(number())))
    expect("*edge", "12")
    for k in range(1, 13):
        expect(str(k), "2")
        both = [domain[corner - 1][0] for corner in take(2)]
        label = next(words)
        assert all(label[:2] in one and label[2:] in one for one in both)
        domain.append((label, take(number())))
    expect("*face", "6")
    for k in range(1, 7):
        expect(str(k), "4")
        around = [domain[corner - 1][0] for corner in take(4)]
        expect("4")
        borders = [domain[8 + edge - 1][0] for edge in take(4)]
        expect("plane", "4")
        plane = np.array([float(next(words)), *place()])
        label = next(words)
        assert all(label in one for one in around + borders)
        axis, upper = "xyz".index(label[0]), label[1] == "1"
        assert plane[0] == plane[axis + 1] * SIZE[axis] * upper
        domain.append((label, take(number())))
    expect("***end")
    assert not list(words)
    return Tessellation(vertices, edges, faces, planes, cells, domain)


def write_tess(cells: PowerPolyhedra) -> bytes:
    joined = join_polyhedra(cells)
    return tess.render_tess(
        joined.corners, joined.loops, joined.owners, joined.neighbours, joined.size, np.zeros(3)
    )


@pytest.mark.parametrize("kind", ["random", "lattice", "one", "plane"])
def test_a_tessellation_has_its_volumes_planes_and_borders(kind: str) -> None:
    cells = cut(kind)
    found = read_tess(write_tess(cells))
    volumes = np.zeros(len(cells.points))
    for number, faces in found.cells.items():
        for face in faces:
            first, *others = (found.vertices[k] for k in found.faces[abs(face)])
            for second, third in pairwise(others):
                volumes[number - 1] += np.sign(face) * np.linalg.det([first, second, third]) / 6
        # Euler's formula of a closed surface.
        corners = {k for face in faces for k in found.faces[abs(face)]}
        edges = sum(len(found.faces[abs(face)]) for face in faces) / 2
        assert len(corners) - edges + len(faces) == 2
    assert volumes == pytest.approx(cells.volumes, rel=1e-9)
    for number, (offset, *normal) in found.planes.items():
        places = np.array([found.vertices[k] for k in found.faces[number]])
        assert np.linalg.norm(normal) == pytest.approx(1, rel=1e-12)
        assert places @ normal == pytest.approx(offset, abs=1e-9)
    shared = [face for faces in found.cells.values() for face in faces]
    assert len(shared) == len(set(shared))
    outer = {face for face in shared if -face not in shared}
    assert outer == {face for label, faces in found.domain if len(label) == 2 for face in faces}
    for label, parts in found.domain:
        sides = [
            SIZE["xyz".index(a)] * int(b) for a, b in zip(label[::2], label[1::2], strict=True)
        ]
        axes = ["xyz".index(a) for a in label[::2]]
        kept = {2: found.faces, 4: found.edges, 6: {k: (k,) for k in found.vertices}}[len(label)]
        for part in parts:
            for corner in kept[part]:
                assert found.vertices[corner][axes].tolist() == sides
        assert parts
        assert len(label) < 6 or len(parts) == 1


def test_corners_where_many_cells_meet_are_one() -> None:
    found = read_tess(write_tess(cut("lattice")))
    assert len(found.vertices) == 4**3
    assert len(found.edges) == 3 * 3 * 4**2
    assert len(found.faces) == 3 * 4 * 3**2


def test_edges_of_the_box_are_covered() -> None:
    found = read_tess(write_tess(cut("random")))
    for label, parts in found.domain[8:20]:
        axis = next(axis for axis in range(3) if "xyz"[axis] not in label)
        ends = [[found.vertices[k][axis] for k in found.edges[part]] for part in parts]
        assert sum(abs(a - b) for a, b in ends) == pytest.approx(SIZE[axis], rel=1e-12)


def test_an_empty_cell_is_no_part_of_a_tessellation() -> None:
    cells = build_power_polyhedra(np.array([[0.5, 0.5, 0.5]] * 2), np.zeros(2), SIZE)
    with pytest.raises(StippleError, match="1 of 2 power cells are empty"):
        join_polyhedra(cells)


def test_corners_that_rounding_hides_are_refused() -> None:
    """A lattice moved by hardly more than rounding: edges cross at places that are not resolved."""
    steps = np.stack(np.meshgrid(*(np.arange(2),) * 3), axis=-1).reshape(-1, 3)
    random = np.random.default_rng(0)
    points = (steps + 0.5) + 1e-12 * random.standard_normal((8, 3))
    cells = build_power_polyhedra(points, np.zeros(8), np.full(3, 2.0))
    with pytest.raises(StippleError, match="too near to one another"):
        join_polyhedra(cells)
