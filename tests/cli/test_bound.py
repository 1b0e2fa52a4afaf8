"""`stipple bound` through click's runner."""

import csv
import io
import json
import os
import signal
import sys
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command import save, start
from PIL import Image

from stipple.cli import main


@pytest.fixture
def bound(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate("abcd"):
        np.save(f"{name}.npy", draw_field(seed))

    def invoke(*words, code=0):
        words = ["bound", *map(str, words)]
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    return invoke


def draw_field(seed, shape=(12, 16)):
    """A smooth random field > 0."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]] / max(shape)
    waves = generator.standard_normal((4, 4))
    field = sum(waves[j, k] * np.cos(np.pi * (j * y + k * x)) for j in range(4) for k in range(4))
    return np.exp(field)


def read_table(path):
    return list(csv.DictReader(io.StringIO(path.read_text())))


def test_a_pair_is_told_written_and_reported(bound, tmp_path):
    options = ["-o", "out.json", "-o", "out.csv", "--report", "report.json", "--plot", "plot.svg"]
    result = bound("a.npy", "b.npy", "--gap", 0.001, *options)
    told = json.loads((tmp_path / "out.json").read_text())
    assert 0 < told["lower"] <= told["upper"]
    assert told["gap"] <= 0.001
    assert told["reached"]
    assert told["normalised"]
    assert told["levels"][-1]["shape"] == [12, 16]
    (row,) = read_table(tmp_path / "out.csv")
    assert list(row) == ["a", "b", "lower", "upper", "gap", "seconds"]
    assert float(row["lower"]) == told["lower"]
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["upper"] == told["upper"]
    assert report["options"]["gap"] == 0.001
    assert "numpy" in report["versions"]
    assert "seed" not in report
    assert (tmp_path / "plot.svg").read_bytes().startswith(b"<?xml")
    for word in ("W_2", "gap", "method", "levels", "seconds", "both were scaled to 1"):
        assert word in result.stderr
    assert result.stdout == ""


def test_pictures_are_outputs_like_any_other(bound, tmp_path):
    pictures = [word for form in ("svg", "png", "pdf") for word in ("-o", f"out.{form}")]
    bound("a.npy", "b.npy", *pictures, "-o", "out.json", "--plot", "plot.svg")
    starts = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}
    for form, start_ in starts.items():
        assert (tmp_path / f"out.{form}").read_bytes().startswith(start_)
    assert (tmp_path / "out.svg").read_bytes() == (tmp_path / "plot.svg").read_bytes()
    piped = bound("a.npy", "b.npy", "-o", "-", "--format", "pdf").stdout_bytes
    assert piped == (tmp_path / "out.pdf").read_bytes()


def test_a_morph_is_drawn_and_what_is_proved_of_it_is_told(bound, tmp_path):
    said = bound("a.npy", "b.npy", "--morph", "x.gif", "-o", "x.json").stderr
    with Image.open(tmp_path / "x.gif") as animation:
        assert animation.n_frames == 33
        assert animation.size == (480, 360)
    told = json.loads((tmp_path / "x.json").read_text())
    times = told["morph"]["times"]
    assert [one["time"] for one in times] == [k / 32 for k in range(33)]
    half = times[16]
    behind = told["lower"] - told["upper"] / 2
    assert 0 <= behind - half["lower"] < 1e-12
    assert 0 <= half["upper"] - told["upper"] / 2 < 1e-12
    words = next(line for line in said.splitlines() if line.startswith("morph")).split()
    assert words[1:3] == ["half", "way"]
    assert float(words[9]) <= half["lower"] <= half["upper"] <= float(words[11])
    bound("a.npy", "b.npy", "--morph", "x.png", "-o", "y.json")
    assert len(json.loads((tmp_path / "y.json").read_text())["morph"]["times"]) == 5
    assert "morph" not in json.loads(bound("a.npy", "b.npy", "-o", "-", "--format", "json").stdout)


def test_the_nearest_images_are_those_of_all_pairs(bound, tmp_path):
    (tmp_path / "folder").mkdir()
    for seed in range(8):
        np.save(f"folder/{seed}.npy", draw_field(seed))
    words = ("--query", "folder/2.npy", "--all", "folder", "--nearest", 3, "--strict")
    said = bound(*words, "-o", "x.json", "-o", "x.csv", "--report", "r.json").stderr
    told = json.loads((tmp_path / "x.json").read_text())
    found = [one["image"] for one in told["nearest"]]
    assert (told["images"], told["proved"], told["rivals"]) == (7, True, [])
    assert [row["image"] for row in read_table(tmp_path / "x.csv")] == found
    assert all(one["certain"] for one in told["nearest"])
    distances = {}
    for seed in {*range(8)} - {2}:
        pair = ("folder/2.npy", f"folder/{seed}.npy", "--gap", 0, "-o", "-", "--format", "json")
        distances[pair[1]] = json.loads(bound(*pair).stdout)
    best = sorted(distances, key=lambda path: distances[path]["lower"])[:3]
    assert {Path(path).name for path in found} == {Path(path).name for path in best}
    for one in told["nearest"]:
        exact = distances[one["image"]]
        assert one["lower"] <= exact["upper"]
        assert exact["lower"] <= one["upper"]
    assert f"refined  {told['refined']} of 7 pairs" in said
    assert "proved: no image that was left out is nearer" in said
    assert "pairs; sums of rows and columns decided the others" in said
    assert json.loads((tmp_path / "r.json").read_text())["nearest"] == told["nearest"]


def test_undecided_nearest_images_are_told(bound, tmp_path):
    (tmp_path / "folder").mkdir()
    for name in ("1.npy", "2.npy", "é.npy"):
        np.save(f"folder/{name}", draw_field(1))
    words = ("--query", "a.npy", "--all", "folder", "--nearest", 2, "-o", "-", "--format", "json")
    result = bound(*words, "--gap", 0.01)
    told = json.loads(result.stdout)
    assert (told["proved"], told["stopped"]) == (False, "gap")
    assert len(told["rivals"]) == 1
    assert "NOT decided, ties within the gap: of those left out 1 may be nearer" in result.stderr
    assert "decided the others" not in result.stderr
    failed = bound(*words, "--gap", 0.01, "--strict", code=1)
    assert failed.stderr.splitlines()[-1].startswith("Error: The nearest images are NOT decided")
    late = bound(*words, "--time-limit", 0)
    assert json.loads(late.stdout)["stopped"] == "time"
    assert "the time was up" in late.stderr


def test_lines_are_exact_from_text_and_from_vectors(bound, tmp_path):
    (tmp_path / "row.csv").write_text("1,0,0,3,0\n")
    np.save("vector.npy", np.array([0, 0, 2, 0, 2]))
    pictures = ("-o", "x.svg", "--morph", "x.png")
    told = json.loads(
        bound("row.csv", "vector.npy", "-p", 1, *pictures, "-o", "-", "--format", "json").stdout
    )
    # A quarter of the mass goes from 0 to 2, as much from 3 to 2, and a half from 3 to 4.
    assert (told["lower"], told["upper"], told["gap"]) == (1.25, 1.25, 0)
    assert (told["method"], told["shape"], told["plan"]["entries"]) == ("line", [1, 5], 3)
    assert (tmp_path / "x.svg").stat().st_size > 0
    assert (tmp_path / "x.png").stat().st_size > 0


def test_no_time_is_no_picture(bound, tmp_path, monkeypatch):
    """However fast a machine is: bounds without a plan are what a short time leaves."""
    library = import_module("stipple.bounds.bound")
    solve = library.bound
    monkeypatch.setattr(library, "bound", lambda *a, **k: replace(solve(*a, **k), plan=None))
    words = ("a.npy", "b.npy", "-o", "x.png", "-o", "x.json")
    assert "no time for a plan to draw" in bound(*words, code=1).stderr
    assert not (tmp_path / "x.json").exists()


def test_data_alone_is_on_standard_output(bound):
    result = bound("a.npy", "b.npy", "-o", "-", "--format", "json")
    assert json.loads(result.stdout)["a"] == "a.npy"


def test_the_printed_interval_contains_the_exact_one(bound, tmp_path):
    result = bound("a.npy", "b.npy", "-o", "out.json")
    words = next(line for line in result.stderr.splitlines() if line.startswith("W_2")).split()
    told = json.loads((tmp_path / "out.json").read_text())
    assert float(words[2]) <= told["lower"]
    assert float(words[4]) >= told["upper"]


def test_images_are_dark_where_mass_is(bound, tmp_path):
    white = np.full((8, 8), 255, np.uint8)
    first, second = white.copy(), white.copy()
    first[1, 1] = 0
    second[1, 4] = 100
    for name, pixels in (("a.png", first), ("b.png", second)):
        save(tmp_path / name, pixels)
    told = json.loads(bound("a.png", "b.png", "-o", "-", "--format", "json", "-q").stdout)
    assert (told["lower"], told["upper"]) == (3, 3)
    assert told["plan"]["shift"] == [3, 0]
    side = json.loads(
        bound("a.png", "b.png", "-o", "-", "--format", "json", "--unit", "side").stdout
    )
    assert side["lower"] <= 3 / 8 <= side["upper"]
    assert side["upper"] - side["lower"] < 1e-15
    inverted = bound("a.png", "b.png", "--invert", "-o", "-", "--format", "json", "-q").stdout
    # One of 64 light pixels is a little darker than another.
    assert 0 < json.loads(inverted)["upper"] < 1
    squares = bound("a.png", "b.png", "--pixels", "squares", "-o", "-", "--format", "json").stdout
    # Squares are as far apart as their barycentres, which no spreading moves.
    assert (json.loads(squares)["lower"], json.loads(squares)["upper"]) == (3, 3)


def test_identical_images_have_distance_zero(bound):
    told = json.loads(bound("a.npy", "a.npy", "-o", "-", "--format", "json").stdout)
    assert (told["lower"], told["upper"], told["gap"]) == (0, 0, 0)


def test_resize_makes_shapes_meet(bound, tmp_path):
    save(tmp_path / "a.png", np.zeros((8, 12), np.uint8))
    save(tmp_path / "b.png", np.zeros((10, 10), np.uint8))
    said = bound("a.png", "b.png", code=1).stderr
    assert "a.png has 12 × 8 pixels and b.png 10 × 10" in said
    assert "--resize" in said
    told = json.loads(
        bound("a.png", "b.png", "--resize", "8x8", "-o", "-", "--format", "json").stdout
    )
    assert told["upper"] == 0


def test_paper_names_its_estimators(bound):
    pytest.importorskip("ot", reason="the linear programs need POT")
    result = bound("a.npy", "b.npy", "--method", "paper", "--block", 2)
    for word in ("minimum cost", "dual", "weighted cost", "primal", "variation", "NOT reached"):
        assert word in result.stderr
    failed = bound("a.npy", "b.npy", "--method", "paper", "--block", 2, "--strict", code=1)
    assert failed.stderr.splitlines()[-1].startswith("Error: The gap is ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "Give two images"),
        (["a.npy"], 2, "Give two images, not 1"),
        (["-", "-"], 2, "once only"),
        (["a.npy", "b.npy", "-p", "0.5"], 2, "0.5"),
        (["a.npy", "b.npy", "-p", "nan"], 2, "not a finite number"),
        (["a.npy", "b.npy", "--gap", "-1"], 2, "-1"),
        (["a.npy", "b.npy", "--jobs", "2"], 2, "many pairs"),
        (["a.npy", "b.npy", "-o", "a.npy"], 2, "format"),
        (["a.npy", "b.npy", "-o", "-"], 2, "--format"),
        (["a.npy", "b.npy", "--plot", "x.gif"], 2, ".svg or .png"),
        (["a.npy", "b.npy", "--plot", "x.png", "--method", "paper"], 2, "no plan"),
        (["a.npy", "b.npy", "-o", "x.pdf", "--method", "paper"], 2, "no plan"),
        (["a.npy", "b.npy", "-o", "-", "--format", "svg", "--method", "paper"], 2, "no plan"),
        (["a.npy", "b.npy", "-o", "x.svg", "--plot", "x.svg"], 2, "twice"),
        (["a.npy", "b.npy", "--morph", "x.gif", "--method", "paper"], 2, "no plan"),
        (["a.npy", "b.npy", "--morph", "x.svg"], 2, "a .gif or .png file"),
        (["--all", ".", "--morph", "x.gif"], 2, "Pictures are of one pair"),
        (["--query", "a.npy"], 2, "--query IMAGE --all DIR"),
        (["--all", ".", "--nearest", "2"], 2, "--query IMAGE --all DIR"),
        (["a.npy", "--query", "b.npy", "--all", "."], 2, "no other images"),
        (["--query", "a.npy", "--all", ".", "--pairs", "p.csv"], 2, "no other images"),
        (["--query", "a.npy", "--all", ".", "--plot", "x.svg"], 2, "go to .json or .csv"),
        (["--query", "a.npy", "--all", ".", "--method", "fast"], 2, "leave --method"),
        (["--query", "a.npy", "--all", ".", "--jobs", "2"], 2, "leave them, or --query, out"),
        (["--query", "a.npy", "--all", ".", "--nearest", "0"], 2, "0"),
        (["--query", "a.npy", "--all", "empty"], 1, "0 images beside the query, and 1 were"),
        (["--query", "a.npy", "--all", "nowhere"], 1, "not a folder"),
        (["--query", "missing.npy", "--all", "few"], 1, "missing.npy does not exist"),
        (["--query", "a.npy", "--all", "few"], 1, "wide.npy 3 × 2: bring them to the same size"),
        (["--query", "a.npy", "--all", "."], 1, "nan.npy holds nan"),
        (["--query", "a.npy", "--all", ".", "-o", "b.npy"], 2, "format"),
        (["a.npy", "b.npy", "--method", "fast", "-p", "1"], 1, "order"),
        (["a.npy", "missing.npy"], 1, "missing.npy does not exist"),
        (["a.npy", "zero.npy"], 1, "no mass"),
        (["a.npy", "negative.npy"], 1, "0 or more"),
        (["a.npy", "nan.npy"], 1, "finite"),
        (["a.npy", "b.npy", "--pairs", "p.csv"], 2, "Give two images, or --pairs"),
        (["--pairs", "p.csv", "--all", "."], 2, "not both"),
        (["--pairs", "p.csv", "--plot", "x.png"], 2, "one pair"),
        (["--pairs", "missing.csv"], 1, "missing.csv does not exist"),
        (["--pairs", "p.csv", "-o", "x.json"], 2, "format"),
        (["--pairs", "p.csv", "-o", "x.PNG"], 2, "Pictures are of one pair"),
        (["--all", ".", "--format", "pdf"], 2, "Pictures are of one pair"),
        (["--pairs", "p.csv", "-o", "x.csv", "-o", "y.csv"], 2, "give -o once"),
        (["--pairs", "p.csv", "--jobs", "2", "--scheduler", "tcp://a:1"], 2, "or --scheduler, not"),
        (["a.npy", "b.npy", "--scheduler", "tcp://a:1"], 2, "many pairs"),
        (["--all", "empty"], 1, "at least two"),
        (["--all", "nowhere"], 1, "not a folder"),
        (["--pairs", "headless.csv"], 1, "columns a and b"),
        (["--pairs", "ragged.csv"], 1, "row 2 has 3 columns"),
    ],
)
def test_what_cannot_be_done_is_said(bound, tmp_path, words, code, said):
    np.save("zero.npy", np.zeros((12, 16)))
    np.save("negative.npy", np.full((12, 16), -1.0))
    np.save("nan.npy", np.full((12, 16), np.nan))
    (tmp_path / "empty").mkdir()
    (tmp_path / "few").mkdir()
    np.save("few/wide.npy", np.ones((2, 3)))
    (tmp_path / "p.csv").write_text("a,b\na.npy,b.npy\n")
    (tmp_path / "headless.csv").write_text("a.npy,b.npy\n")
    (tmp_path / "ragged.csv").write_text("a,b\na.npy,b.npy,c.npy\n")
    assert said in bound(*words, code=code).output


def test_a_table_has_a_row_for_each_pair(bound, tmp_path):
    for _ in range(2):  # the table itself is no image
        bound("--all", ".", "-o", "table.csv", "--report", "report.json")
    rows = read_table(tmp_path / "table.csv")
    assert [(row["a"], row["b"]) for row in rows] == [
        (f"{a}.npy", f"{b}.npy") for a, b in ("ab", "ac", "ad", "bc", "bd", "cd")
    ]
    alone = json.loads(bound("a.npy", "b.npy", "-o", "-", "--format", "json").stdout)
    assert float(rows[0]["lower"]) == alone["lower"]
    assert float(rows[0]["upper"]) == alone["upper"]
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["pairs"], report["done_before"], report["failures"]) == (6, 6, [])


def test_rows_that_are_there_are_not_computed_again(bound, tmp_path):
    (tmp_path / "pairs.csv").write_text("b,a\nb.npy,a.npy\nc.npy,a.npy\n")
    table = tmp_path / "table.csv"
    bound("--pairs", "pairs.csv", "-o", "table.csv")
    first = table.read_text()
    # The end of a run that was killed while it wrote: half a row.
    table.write_text(first + "a.npy,d.npy,1.0")
    (tmp_path / "pairs.csv").write_text("a,b\na.npy,c.npy\na.npy,d.npy\na.npy,b.npy\n")
    said = bound("--pairs", "pairs.csv", "-o", "table.csv").stderr
    assert "of which 2 were done before" in said
    assert table.read_text().startswith(first)
    rows = read_table(table)
    assert [row["b"] for row in rows] == ["b.npy", "c.npy", "d.npy"]
    # Other settings are other distances.
    bound("--pairs", "pairs.csv", "-o", "table.csv", "-p", 1)
    assert len(read_table(table)) == 6


def test_a_row_counts_as_done_only_if_its_gap_suffices(bound, tmp_path):
    pytest.importorskip("ot", reason="the linear programs need POT")
    table = tmp_path / "table.csv"
    words = ("--all", ".", "-o", "table.csv", "--method", "paper", "--block", 2)
    words += ("--gap", 3e-4)  # finer than what blocks give
    bound(*words)
    coarse = read_table(table)
    assert min(float(row["gap"]) for row in coarse) > 3e-4
    failed = bound(*words, "--strict", code=1)
    assert "6 of 6 pairs have a wider gap than the 0.0003" in failed.stderr
    kept = read_table(table)
    for before, after in zip(coarse, kept, strict=True):
        assert (before["a"], before["b"]) == (after["a"], after["b"])
        assert float(after["gap"]) <= float(before["gap"])
    bound("--all", ".", "-o", "table.csv", "--gap", 1e-4, "--strict")
    fine = read_table(table)
    assert len(fine) == 6
    assert max(float(row["gap"]) for row in fine) <= 1e-4
    said = bound("--all", ".", "-o", "table.csv", "--gap", 1, "--strict").stderr
    assert "of which 6 were done before" in said
    assert read_table(table) == fine


def test_a_file_that_changed_is_bounded_again(bound, tmp_path):
    table = tmp_path / "table.csv"
    bound("--all", ".", "-o", "table.csv")
    before = {(row["a"], row["b"]): row for row in read_table(table)}
    file = tmp_path / "b.npy"
    stamp = file.stat()
    np.save(file, draw_field(17))
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # as large, and as old
    assert file.stat().st_size == stamp.st_size
    said = bound("--all", ".", "-o", "table.csv").stderr
    assert "of which 3 were done before" in said
    after = {(row["a"], row["b"]): row for row in read_table(table)}
    assert len(after) == len(read_table(table)) == 6
    for pair, row in after.items():
        assert (row == before[pair]) == ("b.npy" not in pair)
        alone = json.loads(bound(*pair, "-o", "-", "--format", "json").stdout)
        assert (float(row["lower"]), float(row["upper"])) == (alone["lower"], alone["upper"])


def test_a_changed_file_that_cannot_be_bounded_leaves_no_row(bound, tmp_path):
    (tmp_path / "pairs.csv").write_text("a,b\na.npy,b.npy\na.npy,c.npy\n")
    bound("--pairs", "pairs.csv", "-o", "table.csv")
    np.save("b.npy", np.zeros((12, 16)))
    bound("--pairs", "pairs.csv", "-o", "table.csv", code=3)
    assert [row["b"] for row in read_table(tmp_path / "table.csv")] == ["c.npy"]


def test_a_file_that_is_gone_is_looked_for(bound, tmp_path):
    (tmp_path / "pairs.csv").write_text("a,b\na.npy,b.npy\na.npy,c.npy\n")
    table = tmp_path / "table.csv"
    bound("--pairs", "pairs.csv", "-o", "table.csv")
    before = read_table(table)
    (tmp_path / "b.npy").unlink()
    said = bound("--pairs", "pairs.csv", "-o", "table.csv", code=3).stderr
    assert "b.npy does not exist" in said
    assert "of which 1 were done before" in said
    assert read_table(table) == before


@pytest.mark.parametrize("column", ["lower", "upper", "gap"])
@pytest.mark.parametrize("text", ["nan", "", "?"])
def test_rows_without_numbers_are_bounded_again(bound, tmp_path, column, text):
    (tmp_path / "pairs.csv").write_text("a,b\na.npy,b.npy\n")
    table = tmp_path / "table.csv"
    bound("--pairs", "pairs.csv", "-o", "table.csv")
    (good,) = read_table(table)
    with table.open("w") as file:
        writer = csv.DictWriter(file, good, lineterminator="\n")
        writer.writeheader()
        writer.writerow({**good, column: text})
    said = bound("--pairs", "pairs.csv", "-o", "table.csv", "--strict").stderr
    assert "of which 0 were done before" in said
    (row,) = read_table(table)
    assert {**row, "seconds": ""} == {**good, "seconds": ""}


def test_a_table_without_hashes_is_refused(bound, tmp_path):
    (tmp_path / "pairs.csv").write_text("a,b\na.npy,b.npy\n")
    old = "a,b,lower,upper,gap,seconds,settings\na.npy,b.npy,1.0,1.0,0.0,1.0,order=2.0\n"
    (tmp_path / "old.csv").write_text(old)
    assert "a_hash" in bound("--pairs", "pairs.csv", "-o", "old.csv", code=1).stderr
    assert (tmp_path / "old.csv").read_text() == old


def test_another_table_is_not_destroyed(bound, tmp_path):
    (tmp_path / "pairs.csv").write_text("a,b\na.npy,b.npy\n")
    (tmp_path / "notes.csv").write_text("my,notes\n1,2\n")
    assert "no table" in bound("--pairs", "pairs.csv", "-o", "notes.csv", code=1).stderr
    assert (tmp_path / "notes.csv").read_text() == "my,notes\n1,2\n"


def test_a_failing_pair_does_not_stop_the_others(bound, tmp_path):
    np.save("e.npy", np.ones((3, 3)))
    (tmp_path / "pairs.csv").write_text("a,b\na.npy,e.npy\na.npy,missing.npy\na.npy,b.npy\n")
    said = bound("--pairs", "pairs.csv", "-o", "-", code=3)
    assert "a.npy and e.npy" in said.stderr
    assert "a.npy and missing.npy" in said.stderr
    assert [row["b"] for row in csv.DictReader(io.StringIO(said.stdout))] == ["b.npy"]


def test_processes_give_the_same_rows(bound, tmp_path):
    bound("--all", ".", "-o", "one.csv")
    bound("--all", ".", "-o", "two.csv", "--jobs", 2)

    def read_bounds(name):
        return {(row["a"], row["b"]): (row["lower"], row["upper"]) for row in read_table(name)}

    assert read_bounds(tmp_path / "one.csv") == read_bounds(tmp_path / "two.csv")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process here")
def test_an_interrupted_table_keeps_its_rows(tmp_path):
    for number in range(12):
        np.save(tmp_path / f"{number}.npy", draw_field(number, (40, 40)))
    process = start("bound", "--all", tmp_path, "-o", tmp_path / "table.csv", "--gap", 0)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
        if (tmp_path / "table.csv").exists() and len(read_table(tmp_path / "table.csv")) >= 2:
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert b"Traceback" not in said
    assert all(
        float(row["upper"]) >= float(row["lower"]) for row in read_table(tmp_path / "table.csv")
    )
