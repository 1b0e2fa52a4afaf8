"""--masses, --fixed, --texture and --quality: files in, words out."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner
from command import save

from stipple.cli import main

COMMAND = ["stipple", "flat.png", "-o", "a.csv", "--report", "r.json"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "flat.png", np.full((24, 36), 128, dtype=np.uint8))
    (tmp_path / "masses.csv").write_text("name,mass\na,1\nb,30\nc,1000\n", encoding="utf-8")
    (tmp_path / "bare.csv").write_text("5\n6\n", encoding="utf-8")
    (tmp_path / "fixed.csv").write_text("x,y\n3.25,4.5\n30,20\n", encoding="utf-8")

    def call(*words):
        result = CliRunner().invoke(main, [*COMMAND, *words])
        return result, tmp_path

    return call


def read_rows(folder):
    with (folder / "a.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def read_ink(folder):
    return json.loads((folder / "r.json").read_text(encoding="utf-8"))["inks"][0]


def test_masses_are_read_by_name_and_give_the_number_of_dots(run):
    result, folder = run("--masses", "masses.csv", "-v")
    assert result.exit_code == 0, result.output
    masses = [float(row["mass"]) for row in read_rows(folder)]
    np.testing.assert_allclose(masses, np.array([1, 30, 1000]) / 1031, rtol=1e-6)
    assert "1/Σν²·W2²/A" in result.output
    assert run("--masses", "masses.csv", "-n", "3")[0].exit_code == 0
    assert run("--masses", "bare.csv")[0].exit_code == 0


def test_fixed_dots_come_first_and_stay(run):
    result, folder = run("--fixed", "fixed.csv", "-n", "6")
    assert result.exit_code == 0, result.output
    rows = read_rows(folder)
    assert len(rows) == 6
    assert [(float(row["x"]), float(row["y"])) for row in rows[:2]] == [(3.25, 4.5), (30.0, 20.0)]


def test_the_table_tells_where_it_stopped_and_the_texture(run):
    result, folder = run("-n", "150", "--texture", "blue", "-v")
    assert "no: stopped at the quality asked for" in result.output
    ink = read_ink(folder)
    assert (ink["reached"], ink["settled"]) == (True, False)
    assert ink["quality"] <= 0.173
    assert ink["largest_power"] <= 20
    assert ink["six_neighboured"] <= 0.6
    assert f"largest power of a wave {ink['largest_power']:.1f}" in result.output
    assert f"six neighbours: {ink['six_neighboured']:.0%}" in result.output
    result, folder = run("-n", "40", "--quality", "0.19", "-v")
    assert read_ink(folder)["quality"] <= 0.19
    assert "no: stopped at the quality asked for" in result.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--masses", "masses.csv", "-n", "4"], "--points is 4, but the file of masses has 3"),
        (["--masses", "masses.csv", "--start", "fixed.csv"], "start has 2 points, but the file"),
        (["--masses", "masses.csv", "--color", "cmyk"], "needs --color mono"),
        (["--fixed", "fixed.csv", "--color", "rgb"], "needs --color mono"),
        (["--fixed", "fixed.csv", "--start", "fixed.csv"], "--start by name"),
        (["--fixed", "fixed.csv", "-n", "1"], "2 points are fixed, but there are 1"),
        (["--masses", "fixed.csv"], "name one of them mass"),
        (["--masses", "none.csv"], "none.csv"),
        (["--texture", "blue", "--start", "grid"], "leave --start out"),
        (["--quality", "0"], "--quality"),
        (["--quality", "nan"], "not a finite number"),
    ],
)
def test_faults_are_told_in_a_sentence(run, words, sentence):
    result, _ = run(*words)
    assert result.exit_code in (1, 2)
    assert sentence in " ".join(result.output.split())
