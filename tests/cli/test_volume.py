"""`stipple volume` of formulas, and volumes as the samples of `stipple edot`."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command import invoke

import stipple
from stipple.cli import main
from stipple.measures.formula import parse_density
from stipple.measures.solid import Solid, rasterise_in_space


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read(name):
    return np.loadtxt(name, delimiter=",", skiprows=1, ndmin=2)


def test_a_formula_is_divided_as_its_voxels_are():
    box = ("--box", "1,-2,0,3,-1,1", "--voxels", 8)
    words = ("volume", "gaussian:2/-1.5/0.4,0.4", *box, "-n", 9, "--iterations", 2, "-q")
    invoke(*words, "-o", "a.csv", "-o", "a.ply", "--draw", "cells", "--report", "r.json")
    terms = parse_density("gaussian:2/-1.5/0.4,0.4")
    domain = rasterise_in_space(terms, Solid((1, -2, 0), (3, -1, 1)), 8)
    found = stipple.stipple_volume(domain.density, 9, iterations=2)
    np.testing.assert_allclose(
        read("a.csv")[:, :3], found.points + np.array([1, -2, 0]), rtol=1e-12
    )
    report = json.loads(Path("r.json").read_text("utf-8"))
    assert report["rasterisation_bound"] == pytest.approx(3**0.5 / 4)
    # Corners of cells are in the coordinates of the box, too.
    data = Path("a.ply").read_bytes()
    head, body = data.split(b"end_header\n", 1)
    count = int(head.split(b"element vertex ")[1].split()[0])
    corners = np.frombuffer(body[: 24 * count], "<f8").reshape(-1, 3)
    np.testing.assert_allclose(corners.min(axis=0), (1, -2, 0), atol=1e-12)
    np.testing.assert_allclose(corners.max(axis=0), (3, -1, 1), atol=1e-12)


def test_points_of_a_ball_lie_in_it():
    invoke("volume", "uniform", "--ball", "5,5,5,2", "--voxels", 12, "-n", 30, "-o", "a.csv", "-q")
    away = np.linalg.norm(read("a.csv")[:, :3] - 5, axis=1)
    assert away.max() < 2
    assert (away**2).mean() == pytest.approx(0.6 * 4, rel=0.15)


def test_a_volume_is_weighted_samples_of_edot():
    values = np.zeros((2, 3, 4))
    values[0, 0, 0], values[1, 2, 3] = 1, 3
    np.save("stack.npy", values)
    invoke("edot", "stack.npy", "--spacing", "2,1,0.5", "-m", 2, "-o", "a.csv", "-q")
    rows = read("a.csv")
    found = rows[np.argsort(rows[:, 0])]
    np.testing.assert_allclose(found, [[1, 0.5, 0.25, 0.25], [7, 2.5, 0.75, 0.75]], atol=1e-9)
    volume = stipple.VolumeDensity(values, (2, 1, 0.5))
    assert sorted(stipple.edot(volume, 2).weights) == pytest.approx([0.25, 0.75])
    invoke("edot", "uniform", "--box", "0,0,0,4,2,2", "--pixels", 4, "-m", 1, "-o", "b.csv", "-q")
    np.testing.assert_allclose(read("b.csv"), [[2, 1, 1, 1]], atol=1e-9)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("volume uniform --box 0,0,1,1", "--box takes six numbers"),
        ("volume uniform --spacing 1,1,1", "--spacing is for volumes, not for formulas"),
        ("volume uniform --box 0,0,0,1,1,1 --ball 0,0,0,1", "Give --box or --ball, not both"),
        ("volume stack.npy --voxels 4", "are for formulas, not for files"),
        ("volume gaussian:0/1,0.1", "0/1 is for 2 axes, and there are 3"),
        ("edot stack.npy --gamma 2 -m 2", "--gamma is for images"),
        ("edot uniform --spacing 1,1,1 -m 2", "--spacing is for volumes, not for formulas"),
        ("edot stack.npy --ball 0,0,0,1 -m 2", "are for formulas, not for files"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(words, told):
    np.save("stack.npy", np.ones((2, 2, 2)))
    result = CliRunner().invoke(main, words.split())
    assert result.exit_code in (1, 2)
    assert told in " ".join(result.output.split())


def test_a_volume_in_place_of_the_image_is_divided_in_space():
    np.save("stack.npy", np.random.default_rng(0).random((3, 4, 5)))
    invoke("volume", "stack.npy", "-n", 4, "-q", "-o", "a.csv")
    invoke("stipple", "stack.npy", "-n", 4, "-q", "-o", "b.csv")
    invoke("stack.npy", "-n", 4, "-q", "-o", "c.csv")
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes() == Path("c.csv").read_bytes()
    assert read("a.csv").shape == (4, 4)


@pytest.mark.parametrize("shape", [(4, 5, 3), (4, 5, 4), (2, 3, 4, 5)])
def test_other_arrays_in_place_of_the_image_are_refused_as_before(shape):
    np.save("a.npy", np.ones(shape))
    assert "a.npy holds an array of shape" in invoke("stipple", "a.npy", code=1).stderr


def test_cells_are_asked_for_where_they_can_be_shown():
    np.save("stack.npy", np.ones((2, 2, 2)))
    idle = invoke("volume", "stack.npy", "-n", 2, "--draw", "cells", "-o", "a.csv", code=2)
    assert "--draw cells is for .ply, .vtp, .tess and .png" in " ".join(idle.stderr.split())
    missing = invoke("volume", "stack.npy", "-n", 2, "-o", "a.tess", code=2)
    assert "A .tess file holds cells: say --draw cells" in missing.stderr
