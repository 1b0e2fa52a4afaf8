"""`stipple lloyd` in space: volumes, boxes and balls from the command line to files."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command import invoke, list_circles, read_svg
from PIL import Image

import stipple
from stipple.cli import main

VALUES = np.random.default_rng(0).random((3, 4, 5)) + 0.1


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("stack.npy", VALUES)


def test_a_volume_is_followed_as_in_the_library():
    words = ("lloyd", "stack.npy", "--spacing", "1,2,0.5", "-n", 6, "--steps", 2, "-q")
    files = ("-o", "t.csv", "--last-points", "l.npy", "--report", "r.json")
    invoke(*words, *files)
    found = stipple.lloyd(stipple.VolumeDensity(VALUES, (1, 2, 0.5)), 6, steps=2)
    np.testing.assert_allclose(np.load("l.npy"), found.points, rtol=1e-12)
    report = json.loads(Path("r.json").read_text("utf-8"))
    told = [row["w2_squared"] for row in report["trace"]]
    assert told == pytest.approx([row.w2_squared for row in found.trace], rel=1e-12)
    assert report["inequalities_hold"]
    assert Path("t.csv").read_text("utf-8").count("\n") == 4
    # Where a run ends another begins.
    invoke(*words, "--last-points", "l.csv")
    invoke("lloyd", "stack.npy", "--spacing", "1,2,0.5", "--start", "l.csv", "--steps", 0, "-q")
    invoke(*words, "--last-points", "l.ply")
    assert Path("l.ply").read_bytes().endswith(found.points.astype("<f8").tobytes())
    invoke(*words, "--last-points", "l.vtp")
    assert b'NumberOfPoints="6"' in Path("l.vtp").read_bytes()


def test_pictures_in_space_are_slices_views_and_a_page():
    words = ("-o", "s.svg", "-o", "p.html", "--animate", "a.gif", "--frames", "f-{step}.png")
    invoke("lloyd", "stack.npy", "-n", 4, "--steps", 1, "-q", *words)
    # Each ball is cut by a slice, or in the middle between two.
    assert 4 <= len(list_circles(read_svg(Path("s.svg")))) <= 12
    with Image.open("a.gif") as image:
        assert image.n_frames == 2
    with Image.open("f-0.png") as image:
        assert image.width > image.height
    assert "least distance" in Path("p.html").read_text("utf-8")


def test_points_of_a_box_are_in_its_coordinates():
    box = "--box=10,-4,2,12,-3,3"
    invoke("lloyd", "uniform", box, "-n", 8, "--steps", 1, "--last-points", "l.csv", "-q")
    points = np.loadtxt("l.csv", delimiter=",", skiprows=1)
    assert points.shape == (8, 3)
    assert ((points > (10, -4, 2)) & (points < (12, -3, 3))).all()
    done = invoke("lloyd", "gaussian:0,0.4", "--ball", "0,0,0,1", "--pixels", 6, "-n", 5)
    assert "W2 to the formula at most 0.578" in done.output


def test_random_starts_and_theorems_are_told_for_space():
    words = ("lloyd", "uniform", "--box", "0,0,0,1,1,1", "--start", "uniform", "--step-size", 0.5)
    done = invoke(*words, "-n", "40,80", "--steps", "theorem")
    assert "1/(½W2²·N) < ε² <= 1" in done.output
    assert "Corollary 5" in done.output
    line = invoke("lloyd", "--preset", "space-line", "-n", "4,8", "--steps", 1)
    assert "for β > d − 1 = 2 is needed" in line.output
    assert "start         critical" in line.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("stack.npy", "--engine", "qhull"), "--engine is for the plane"),
        (("stack.npy", "--gamma", "2"), "stack.npy is a volume: --resize and the options of tone"),
        (("stack.npy", "--start", "koch"), "The von Koch curve lies in the plane"),
        (("stack.npy", "--box", "0,0,0,1,1,1"), "are for formulas, not for files"),
        (("uniform", "--box", "0,0,0,1,1"), "--box takes four numbers, X0,Y0,X1,Y1"),
        (("uniform", "--box", "0,0,0,1,1,0"), "has no volume"),
        (("uniform", "--ball", "0,0,0"), "--ball takes four numbers"),
        (("uniform", "--spacing", "1,1,1"), "--spacing is for volumes, not for formulas"),
        (("uniform", "--last-points", "a.ply"), "--last-points writes .csv or .npy in the plane"),
        (("uniform", "--box", "0,1", "--ball", "0,0,0,1"), "--ball is for the plane"),
        (("nan.npy",), "Of the volume's 60 voxels 1 is not finite"),
        (("empty.npy",), "The volume is zero everywhere"),
        (("stack.npy", "--start", "plane.csv"), "name three of them x, y and z"),
        (("stack.npy", "--start", "bare.csv"), "has two columns: give three, x, y and z"),
        (("stack.npy", "-n", "100M"), "points in 60 voxels need about"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(words, told):
    np.save("empty.npy", 0 * VALUES)
    Path("plane.csv").write_text("x,y\n1,1\n", "utf-8")
    Path("bare.csv").write_text("1,1\n", "utf-8")
    np.save("nan.npy", np.where(VALUES.max() == VALUES, np.nan, VALUES))
    result = CliRunner().invoke(main, ["lloyd", *words])
    assert result.exit_code in (1, 2)
    assert told in " ".join(result.output.split())
