"""Periodic tessellations as .tess files, read back: whole cells, and what repeats what."""

from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
import pytest
from command import invoke

from stipple.arrays import Floats
from stipple.cli.volume.show import render_tess_of
from stipple.geometry.periodic_polyhedra import build_periodic_polyhedra, wrap_cells
from stipple.geometry.power_polyhedra import PowerPolyhedra

SIZE = np.array([2.0, 0.8, 1.5])
ORIGIN = np.array([10.0, -1.0, 0.25])
KINDS = ("random", "one", "two", "cubes", "body-centred", "weights")


def cut(kind: str) -> PowerPolyhedra:
    random = np.random.default_rng(1)
    steps = np.stack(np.meshgrid(*(np.arange(3),) * 3), axis=-1).reshape(-1, 3) / 3
    points, potentials = {
        "random": (random.random((40, 3)), np.zeros(40)),
        "one": (np.full((1, 3), 0.3), np.zeros(1)),
        "two": (np.array([[0.1, 0.2, 0.3], [0.55, 0.8, 0.9]]), np.array([0.0, 0.05])),
        "cubes": (steps + 0.1, np.zeros(27)),
        "body-centred": (np.concatenate([steps, steps + 1 / 6]), np.zeros(54)),
        "weights": (random.random((25, 3)), 0.02 * random.random(25)),
    }[kind]
    return wrap_cells(build_periodic_polyhedra(points * SIZE, potentials, SIZE))


class Periodic(NamedTuple):
    """What a file holds: numbers are from 1, as in it."""

    seeds: dict[int, Floats]
    vertices: dict[int, Floats]
    edges: dict[int, tuple[int, int]]
    faces: dict[int, list[int]]
    cells: dict[int, list[int]]
    copies: dict[str, list[list[int]]]


def read(data: bytes) -> Periodic:
    """Read section by section; of faces every fourth line begins one."""
    sections: dict[str, list[list[str]]] = {}
    main = ""
    for line in data.decode("ascii").splitlines():
        words = line.split()
        if words[0].startswith("*"):
            main = words[0] if words[0].startswith("**") else main
            name = main if words[0] == main else f"{main} {words[0]}"
            rows = sections.setdefault(name, [])
        else:
            rows.append(words)
    assert sections["**general"] == [["3", "periodic"]]
    counts = {
        name: int(sections[name][0][0]) for name in ("**cell", "**vertex", "**edge", "**face")
    }
    assert len(sections["**face"]) == 1 + 4 * counts["**face"]
    numbered = {
        name: {int(row[0]): row[1:] for row in sections[name][1:]}
        for name in ("**vertex", "**edge", "**polyhedron")
    }
    copies = {}
    for name in ("seed", "vertex", "edge", "face"):
        (count,), *rows = sections[f"**periodicity *{name}"]
        assert int(count) == len(rows)
        copies[name] = [[int(word) for word in row] for row in rows]
    assert sections["**periodicity *general"][0] == ["1", "1", "1"]
    assert [float(word) for word in sections["**periodicity *general"][1]] == SIZE.tolist()
    return Periodic(
        {int(row[0]): np.array(row[1:], float) for row in sections["**cell *seed"]},
        {k: np.array(row[:3], float) for k, row in numbered["**vertex"].items()},
        {k: (int(row[0]), int(row[1])) for k, row in numbered["**edge"].items()},
        {int(row[0]): [int(word) for word in row[2:]] for row in sections["**face"][1::4]},
        {k: [int(word) for word in row[1:]] for k, row in numbered["**polyhedron"].items()},
        copies,
    )


def measure_volume(found: Periodic, faces: list[int]) -> float:
    total = 0.0
    for face in faces:
        first, *others = (found.vertices[k] - ORIGIN for k in found.faces[abs(face)])
        for second, third in pairwise(others):
            total += np.sign(face) * np.linalg.det([first, second, third]) / 6
    return float(total)


@pytest.mark.parametrize("kind", KINDS)
def test_whole_cells_are_closed_and_fill_the_box(kind: str) -> None:
    cells = cut(kind)
    found = read(render_tess_of(cells, ORIGIN))
    volumes = [measure_volume(found, faces) for faces in found.cells.values()]
    assert volumes == pytest.approx(cells.volumes, rel=1e-9)
    assert sum(volumes) == pytest.approx(SIZE.prod(), rel=1e-9)
    for faces in found.cells.values():
        corners = {k for face in faces for k in found.faces[abs(face)]}
        edges = sum(len(found.faces[abs(face)]) for face in faces) / 2
        assert len(corners) - edges + len(faces) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_copies_are_what_they_are_copies_of(kind: str) -> None:
    found = read(render_tess_of(cut(kind), ORIGIN))
    for number, primary, *shift in found.copies["vertex"]:
        moved = found.vertices[primary] + shift * SIZE
        assert found.vertices[number] == pytest.approx(moved, abs=1e-12)
    for number, primary, *shift, sense in found.copies["edge"]:
        ends = [found.vertices[k] for k in found.edges[number][::sense]]
        moved = [found.vertices[k] + shift * SIZE for k in found.edges[primary]]
        assert np.allclose(ends, moved, rtol=0, atol=1e-12)
    for number, primary, *shift, sense in found.copies["face"]:
        assert sense == 1
        places = np.array([found.vertices[k] for k in reversed(found.faces[number])])
        moved = np.array([found.vertices[k] + shift * SIZE for k in found.faces[primary]])
        turns = [np.roll(places, k, axis=0) for k in range(len(places))]
        assert any(np.allclose(turn, moved, rtol=0, atol=1e-12) for turn in turns)
    for rows in found.copies.values():
        numbers = {row[0] for row in rows}
        assert len(numbers) == len(rows)
        assert not numbers & {row[1] for row in rows}
        assert all(part in (-1, 0, 1) for row in rows for part in row[2:5])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_repeats_that_is_not_listed(kind: str) -> None:
    found = read(render_tess_of(cut(kind), ORIGIN))
    copies = {name: {row[0] for row in rows} for name, rows in found.copies.items()}
    wrapped = np.array([found.vertices[k] for k in set(found.vertices) - copies["vertex"]])
    wrapped = np.exp(2j * np.pi * wrapped / SIZE)
    apart = np.abs(wrapped[:, None] - wrapped).max(axis=2) + 9 * np.eye(len(wrapped))
    assert apart.min() > 1e-6
    # A facet has two cells: both inside, or one at either side of the seam.
    listed = [face for faces in found.cells.values() for face in faces]
    alone = {abs(face) for face in listed if -face not in listed}
    paired = [number for row in found.copies["face"] for number in row[:2]]
    assert sorted(alone) == sorted(paired)
    # Euler's formula of the torus in three dimensions.
    first = {
        name: len(parts) - len(copies[name])
        for name, parts in (
            ("vertex", found.vertices),
            ("edge", found.edges),
            ("face", found.faces),
        )
    }
    assert first["vertex"] - first["edge"] + first["face"] - len(found.cells) == 0


@pytest.mark.parametrize("kind", ["two", "weights"])
def test_seeds_and_their_weights_make_the_cells(kind: str) -> None:
    found = read(render_tess_of(cut(kind), ORIGIN))
    count = len(found.cells)
    table = {k: (seed[:3], seed[3]) for k, seed in found.seeds.items()}
    for number, primary, *shift in found.copies["seed"]:
        table[number] = (table[primary][0] + shift * SIZE, table[primary][1])
    assert sorted(table) == list(range(1, 27 * count + 1))
    shifts = {tuple(row[2:]) for row in found.copies["seed"] if row[1] == 1}
    assert shifts == set(product((-1, 0, 1), repeat=3)) - {(0, 0, 0)}
    places = np.array([table[k][0] for k in sorted(table)])
    radii = np.array([table[k][1] for k in sorted(table)])
    for number, faces in found.cells.items():
        for corner in {k for face in faces for k in found.faces[abs(face)]}:
            powers = ((places - found.vertices[corner]) ** 2).sum(axis=1) - radii**2
            assert powers[number - 1] == pytest.approx(powers.min(), abs=1e-9)


def test_the_command_line_writes_periodic_cells(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.random.default_rng(0).random((3, 2, 4)))
    words = ("--spacing", "0.5,0.4,0.5", "-n", 12, "--periodic", "--iterations", 1, "-q")
    invoke("volume", "a.npy", *words, "-o", "a.csv", "-o", "a.tess", "--draw", "cells")
    found = read((tmp_path / "a.tess").read_bytes())
    assert len(found.cells) == 12
    volumes = [measure_volume(found, faces) for faces in found.cells.values()]
    assert sum(volumes) == pytest.approx(SIZE.prod(), rel=1e-9)
