"""Figures of reports that sum up others, computed again from those."""

import csv
import itertools
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command import read_json, save

from stipple.cli import main


def run(words):
    """Run a command that writes r.json; return its report."""
    command = [*words.split(), "--report", "r.json", "-q"]
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return read_json(Path("r.json"))


def read_table(name):
    return list(csv.DictReader(Path(name).read_text(encoding="utf-8").splitlines()))


@pytest.fixture(autouse=True)
def pictures(tmp_path, monkeypatch):
    """In colour, not square, partly white."""
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[0:8, 0:12]
    pixels = np.stack([20 * x, 30 * y, 255 - 10 * (x + y)], axis=-1).astype(np.uint8)
    pixels[:3, 8:] = 255
    save(tmp_path / "a.png", pixels)
    save(tmp_path / "b.png", pixels[::-1, ::-1])
    save(tmp_path / "c.png", 255 - pixels // 2)


def test_inks_are_summed_up_by_their_points():
    report = run("stipple a.png -n 23 --color cmyk --iterations 3 --order nearest -o a.csv")
    inks = report["inks"]
    assert len({ink["points"] for ink in inks}) > 1
    assert len({ink["iterations"] for ink in inks} | {ink["mass_error"] for ink in inks}) > 1
    total = sum(ink["points"] for ink in inks)
    assert report["points"] == total == 23
    means = {
        name: sum(ink["points"] * Fraction(ink[name]) for ink in inks) / total
        for name in ("w2_squared", "w2_squared_lower", "w2_squared_upper", "quality")
    }
    assert report["w2_squared"] == float(means["w2_squared"])
    assert report["quality"] == float(means["quality"])
    # Rounded outwards, to the next number at most.
    lower, upper = report["w2_squared_lower"], report["w2_squared_upper"]
    assert Fraction(lower) <= means["w2_squared_lower"] < Fraction(math.nextafter(lower, math.inf))
    assert Fraction(upper) >= means["w2_squared_upper"] > Fraction(math.nextafter(upper, 0))
    for name in ("mass_error", "iterations"):
        assert report[name] == max(ink[name] for ink in inks)
    assert report["diagrams"] == sum(ink["diagrams"] for ink in inks)
    rows = read_table("a.csv")
    for ink in inks:
        points = np.array([(float(r["x"]), float(r["y"])) for r in rows if r["ink"] == ink["ink"]])
        assert len(points) == ink["points"]
        travel = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
        assert ink["travel_mm"] == pytest.approx(report["millimetres_per_pixel"] * travel)


def test_a_batch_sums_up_its_images(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    words = ["stipple", "a.png", "broken.png", "b.png", "-n", "9", "--iterations", "2"]
    words += ["-o", "{stem}.csv", "--report", "r.json"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == 3
    report = read_json(Path("r.json"))
    assert [one["image"] for one in report["images"]] == ["a.png", "b.png"]
    assert [one["image"] for one in report["failures"]] == ["broken.png"]
    qualities = [one["quality"] for one in report["images"]]
    assert "images   2 of 3 done" in result.stderr
    assert f"points   {sum(one['points'] for one in report['images'])}" in result.stderr
    assert f"from {min(qualities):.5f} to {max(qualities):.5f}" in result.stderr
    assert "written  2 files" in result.stderr


def test_a_trace_is_summed_up_by_its_rows():
    words = (
        "lloyd uniform --pixels 16 -n 3,6,12 --start uniform --repeat 4 --steps 2 --step-size 1.9"
    )
    report = run(words)
    rows = report["trace"]
    assert len(rows) == 3 * 4 * 3
    last = {
        count: np.array([r["w2_squared"] for r in rows if (r["points"], r["step"]) == (count, 2)])
        for count in (3, 6, 12)
    }
    assert report["fitted_points"] == [3, 6, 12]
    assert report["fitted_w2_squared"] == pytest.approx([last[n].mean() for n in (3, 6, 12)])
    x = np.log([3, 6, 12])

    def fit(values):
        return np.cov(x, np.log(values))[0, 1] / x.var(ddof=1)

    assert report["slope"] == pytest.approx(fit([last[n].mean() for n in (3, 6, 12)]))
    slopes = [fit([last[n][repeat] for n in (3, 6, 12)]) for repeat in range(4)]
    half_width = 1.96 * np.std(slopes, ddof=1) / 2
    assert report["slope_half_width"] == pytest.approx(half_width)
    assert report["largest_increase"] == max(-row["decrease"] for row in rows)
    for name in ("one_step", "polyak_lojasiewicz"):
        assert report[f"{name}_vacuous_rows"] == sum(row[f"{name}_vacuous"] for row in rows)
    assert report["inequalities_hold"]
    assert not report["start_is_critical"]
    for row, after in itertools.pairwise(rows):
        if after["step"]:
            fall = row["w2_squared"] - after["w2_squared"]
            assert after["decrease"] == pytest.approx(fall, abs=1e-15)


def test_a_start_is_critical_if_all_are():
    assert run("lloyd uniform --pixels 8 -n 4,9 --start grid --steps 1")["start_is_critical"]
    mixed = run("lloyd uniform --pixels 8 -n 1,4 --start bisection --steps 1 --jitter 0.01")
    assert not mixed["start_is_critical"]


def test_multi_step_theorem_has_a_row_for_each_start():
    report = run("lloyd uniform --pixels 8 -n 2,3 --start uniform --repeat 2 --steps theorem")
    theorems = report["multi_step_theorem"]
    assert [(one["points"], one["repeat"]) for one in theorems] == [(2, 0), (2, 1), (3, 0), (3, 1)]
    for one in theorems:
        mine = [
            row
            for row in report["trace"]
            if (row["points"], row["repeat"]) == (one["points"], one["repeat"])
        ]
        assert max(row["step"] for row in mine) == max(0, one["steps"])


def test_the_worst_prefix_is_the_one_of_largest_figure():
    report = run("sequence --prefixes 1:40 -o a.csv")
    assert report["worst"] == max(report["prefixes"], key=lambda row: row["scaled_radius"])
    assert report["worst"]["n"] not in (1, 40)
    assert [row["n"] for row in report["prefixes"]] == list(range(1, 41))
    report = run("sequence --density a.png -n 12 --prefixes 3:12 --relaxation 0 -o a.csv")
    assert report["worst"] == max(report["prefixes"], key=lambda row: row["quality"])
    rows = read_table("a.csv")
    assert [int(row["n"]) for row in rows] == list(range(3, 13))


def test_quality_is_about_the_area_that_is_not_white():
    # 96 pixels, of which 12 are white.
    report = run("sequence --density a.png -n 6 --exact-w2 -o a.csv")
    for row in report["prefixes"]:
        assert row["quality"] == pytest.approx(row["n"] * row["w2_squared"] / 84)
    report = run("stipple a.png -n 6 --iterations 2 -o a.csv")
    assert report["quality"] == pytest.approx(6 * report["w2_squared"] / 84)


def test_pairs_keep_their_own_rows(tmp_path):
    (tmp_path / "all").mkdir()
    for name in "abc":
        (tmp_path / "all" / f"{name}.png").write_bytes((tmp_path / f"{name}.png").read_bytes())
    first = run("bound --all all -o pairs.csv")
    assert (first["pairs"], first["done_before"], first["computed"]) == (3, 0, 3)
    rows = {(Path(r["a"]).name, Path(r["b"]).name): r for r in read_table("pairs.csv")}
    assert list(rows) == [("a.png", "b.png"), ("a.png", "c.png"), ("b.png", "c.png")]
    for (a, b), row in rows.items():
        alone = run(f"bound {a} {b} -o alone.json")
        assert (float(row["lower"]), float(row["upper"])) == (alone["lower"], alone["upper"])
    again = run("bound --all all -o pairs.csv")
    assert (again["done_before"], again["computed"]) == (3, 0)
    # Other settings make other rows, and leave the known ones.
    other = run("bound --all all -o pairs.csv --unit side")
    assert (other["done_before"], other["computed"]) == (0, 3)
    table = read_table("pairs.csv")
    assert len(table) == 6
    for row in table[:3]:
        (scaled,) = (r for r in table[3:] if (r["a"], r["b"]) == (row["a"], row["b"]))
        assert float(scaled["upper"]) == pytest.approx(float(row["upper"]) / 12)
    # A file that changes takes its own rows with it, no others.
    save(tmp_path / "all" / "c.png", np.full((8, 12), 90, dtype=np.uint8))
    changed = run("bound --all all -o pairs.csv")
    assert (changed["done_before"], changed["computed"]) == (1, 2)
    # A narrower gap is asked for: rows that have it stay.
    narrow = run("bound --all all -o pairs.csv --gap 0")
    gaps = [float(row["gap"]) for row in read_table("pairs.csv") if "unit=pixel" in row["settings"]]
    assert narrow["computed"] + narrow["done_before"] == 3
    assert narrow["gap_not_reached"] == sum(gap > 0 for gap in gaps)


def test_discretisations_tell_what_they_are():
    report = run("edot a.png -m 4 --naive 3 -o a.csv")
    (one,) = report["runs"]
    assert one["samples"] == 84
    assert sum(one["masses"]) == pytest.approx(1)
    rows = np.loadtxt("a.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows[:, :2], one["positions"])
    np.testing.assert_array_equal(rows[:, 2], one["masses"])
    assert one["cost_lower"] <= one["cost_upper"]
    # Longer side 1, y down: positions are in that unit.
    assert np.array(one["positions"]).max(axis=0)[0] <= 1
    assert np.array(one["positions"]).max(axis=0)[1] <= 8 / 12
