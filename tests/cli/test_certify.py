"""`stipple certify`: what it reads, prints and writes, and what it refuses."""

import json

import numpy as np
import pytest
from command import invoke, save

import stipple

SLOW = pytest.mark.slow


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[:14, :20]
    pixels = (12 * x + 3 * y).astype(np.uint8)
    pixels[3:8, 2:9] = 255
    save(tmp_path / "photo.png", pixels)
    np.savetxt("points.csv", np.random.default_rng(1).random((30, 2)), delimiter=",")
    (tmp_path / "named.csv").write_text(
        "ink,y,Mass,x\ncyan,0.5,1,0.25\n,0.5,3,0.75\n", encoding="utf-8"
    )
    return tmp_path


def certify(*words, code=0, data=None):
    return invoke("certify", *words, code=code, data=data)


def read_rows(result):
    return dict(line.split(None, 1) for line in result.stderr.splitlines() if "  " in line)


@pytest.mark.parametrize("options", [[], ["--gamma", "2", "--resize", "12"]])
def test_a_drawing_has_the_quality_that_stipple_printed(folder, options):
    drawn = invoke("stipple", "photo.png", "-n", 40, "-o", "p.csv", *options, "--report", "p.json")
    assert drawn.exit_code == 0
    known = json.loads((folder / "p.json").read_text())["inks"][0]
    certify("p.csv", "--density", "photo.png", *options, "-o", "c.json")
    (found,) = json.loads((folder / "c.json").read_text())["certificates"]
    assert found["quality"] == pytest.approx(known["quality"], rel=1e-5)
    assert found["w2_squared_lower"] <= known["w2_squared"] * (1 + 1e-5)
    assert found["w2_squared_upper"] >= known["w2_squared"] * (1 - 1e-5)
    assert found["largest_power"] == pytest.approx(known["largest_power"])
    assert found["six_neighboured"] == known["six_neighboured"]
    assert found["points"] == 40


def test_the_columns_that_matter_are_read_and_masses_are_masses(folder):
    certify("named.csv", "-o", "a.csv")
    header, row = (folder / "a.csv").read_text().splitlines()
    figures = dict(zip(header.split(","), row.split(","), strict=True))
    known = stipple.certify([[0.25, 0.5], [0.75, 0.5]], masses=[1, 3])
    assert figures["file"] == "named.csv"
    assert float(figures["w2_squared"]) == known.w2_squared
    assert float(figures["quality"]) == known.quality
    assert figures["l2_star_discrepancy"] == ""
    assert "of the masses in the file" in certify("named.csv").stderr
    (folder / "two.csv").write_text("x,y,mass,w\n0.5,0.5,1,1\n", encoding="utf-8")
    assert "has 2 columns of weights: keep one." in certify("two.csv", code=1).stderr


def test_points_of_space_are_not_judged_by_two_of_their_coordinates(folder):
    (folder / "space.csv").write_text("x,y,z\n0.1,0.2,0.3\n0.5,0.6,0.7\n", encoding="utf-8")
    assert "space.csv has a column z" in certify("space.csv", code=1).stderr
    (folder / "bare.csv").write_text("0.1 0.2 0.3\n0.5 0.6 0.7\n", encoding="utf-8")
    assert (
        "bare.csv has 3 columns without names: name x and y" in certify("bare.csv", code=1).stderr
    )


def test_points_too_near_for_the_solver_have_bounds_that_hold(folder):
    np.savetxt("near.csv", 0.5 + 1e-12 * np.random.default_rng(5).random((20, 2)), delimiter=",")
    rows = read_rows(certify("near.csv", "--report", "r.json"))
    (found,) = json.loads((folder / "r.json").read_text())["certificates"]
    assert not found["converged"]
    # All are nearly one point, and bounds that nobody asked to be narrow are.
    assert found["w2_squared_lower"] <= 1 / 6 + 1e-11
    assert found["w2_squared_upper"] >= 1 / 6 - 1e-11
    assert found["w2_squared_upper"] - found["w2_squared_lower"] < 1e-10
    assert rows["warning"].endswith("the bounds hold, but may be wide")


@pytest.mark.usefixtures("folder")
def test_a_strip_has_no_waves_across_it():
    np.savetxt("strip.csv", np.random.default_rng(2).random((9, 2)) * (1000, 1), delimiter=",")
    rows = read_rows(certify("strip.csv", "--box", "0,0,1000,1"))
    assert rows["spectrum"].startswith("no slanting wave of about the spacing has power; mean")


def test_arrays_and_standard_input_are_read(folder):
    points = np.loadtxt("points.csv", delimiter=",")
    np.save("points.npy", points)
    np.save("line.npy", points[:, 0])
    certify("points.npy", "-o", "a.json")
    certify("-", "-o", "b.json", data=(folder / "points.csv").read_bytes())
    first, second = (
        json.loads((folder / name).read_text())["certificates"][0] for name in ("a.json", "b.json")
    )
    assert {**first, "file": "-"} == second
    assert "points of the plane are saved as (n, 2)." in certify("line.npy", code=1).stderr


def test_several_files_are_a_table_with_a_line_each(folder):
    result = certify("points.csv", "named.csv", "-o", "-", "--format", "csv", "--report", "r.json")
    rows = [line.split(",") for line in result.stdout.splitlines()]
    assert [row[:2] for row in rows] == [
        ["file", "points"],
        ["points.csv", "30"],
        ["named.csv", "2"],
    ]
    told = read_rows(result)
    assert told["file"].split()[:3] == ["points", "quality", "W2"]
    assert told["points.csv"].split()[0] == "30"
    report = json.loads((folder / "r.json").read_text())
    assert [one["points"] for one in report["certificates"]] == [30, 2]
    assert report["command"] == "certify"


@pytest.mark.usefixtures("folder")
def test_what_is_printed_holds():
    found = stipple.certify(np.loadtxt("points.csv", delimiter=","))
    rows = read_rows(certify("points.csv", "-v"))
    lower, upper = map(float, rows["W2²"].strip("[]").split(","))
    assert lower <= found.w2_squared_lower
    assert upper >= found.w2_squared_upper
    value, ends = rows["W2"].split(", certified within ")
    low, high = map(float, ends.strip("[]").split(","))
    assert low <= found.w2_squared_lower**0.5 <= found.w2_squared_upper**0.5 <= high
    assert low <= float(value) <= high
    assert float(value) == pytest.approx(found.w2_squared_upper**0.5, rel=1e-6)
    low, high = map(float, rows["W∞"].strip("[]").split(","))
    assert low <= found.w_infinity_lower <= found.w_infinity_upper <= high


def test_coinciding_points_are_said(folder):
    (folder / "twice.csv").write_text("0.2,0.2\n0.2,0.2\n0.7,0.2\n", encoding="utf-8")
    assert "3; 1 lies where another does, and their masses are added" in certify("twice.csv").stderr


@pytest.mark.parametrize(
    "form", [*(pytest.param(one, marks=SLOW) for one in ("svg", "png")), "pdf"]
)
def test_a_page_is_the_same_each_time(folder, form):
    name = "点 $x^2 ünï.csv"
    (folder / name).write_bytes((folder / "points.csv").read_bytes())
    for stem in ("a", "b"):
        told = certify(name, "-o", f"{stem}.{form}", "--dpi", 40, "-q")
        assert told.stderr == ""
    first, second = ((folder / f"{stem}.{form}").read_bytes() for stem in ("a", "b"))
    assert first == second
    assert len(first) > 5000


@pytest.mark.usefixtures("folder")
def test_the_points_of_other_commands_are_read():
    invoke("sequence", "-n", 16, "-o", "s.csv")
    invoke("lloyd", "uniform", "--pixels", 8, "-n", 9, "--steps", 1, "--last-points", "l.csv")
    table = certify("s.csv", "l.csv", "-o", "-", "--format", "json").stdout
    assert [one["points"] for one in json.loads(table)["certificates"]] == [16, 9]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["points.csv", "named.csv", "-o", "a.png"], 2, "A page shows one file of points"),
        (["points.csv", "--gamma", "2"], 2, "--gamma needs --density IMAGE."),
        (["points.csv", "--density", "photo.png", "--box", "0,0,1,1"], 2, "not both"),
        (["points.csv", "--box", "0,1"], 2, "--box takes four numbers"),
        (["-", "-"], 2, "can be read once only"),
        (["points.csv", "--box", "5,5,6,6"], 1, "points.csv: 30 of the 30 points lie outside"),
        (["points.csv", "-o", "points.csv"], 1, "is read as well"),
        (["photo.png"], 1, "is not UTF-8 text"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_is_refused(words, code, sentence):
    assert sentence in certify(*words, code=code).stderr
