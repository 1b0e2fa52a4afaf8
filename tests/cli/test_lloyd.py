"""`stipple lloyd` through click's runner."""

import csv
import io
import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from stipple.cli import main
from stipple.errors import StippleError

EVERY_STEP = ",".join(map(str, range(65)))


@pytest.fixture
def lloyd(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*words):
        return CliRunner().invoke(main, ["lloyd", *map(str, words)], catch_exceptions=False)

    return invoke


def read_trace(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_trace_has_a_row_a_step(lloyd):
    result = lloyd("uniform", "-n", 20, "--steps", 4, "--start", "uniform", "-o", "-", "-q")
    assert result.exit_code == 0
    rows = read_trace(result.stdout)
    assert [row["step"] for row in rows] == list("01234")
    assert {
        "w2_squared",
        "w2_squared_lower",
        "decrease",
        "gradient_norm",
        "minimum_distance",
    } <= set(rows[0])
    assert {"epsilon", "part_at_epsilon", "one_step_left", "polyak_lojasiewicz_right"} <= set(
        rows[0]
    )
    assert {row["one_step_holds"] for row in rows} == {"True"}
    values = [float(row["w2_squared"]) for row in rows]
    assert values == sorted(values, reverse=True)


def test_an_image_has_its_longer_side_as_unit(lloyd):
    Image.fromarray(np.zeros((10, 20), np.uint8)).save("black.png")
    result = lloyd("black.png", "-n", 1, "--steps", 1, "-o", "-", "-q")
    last = read_trace(result.stdout)[-1]
    assert float(last["w2_squared"]) == pytest.approx(1 / 12 + 0.25 / 12)


def test_start_files_are_in_pixels_for_images_and_in_units_for_formulas(lloyd, tmp_path):
    Image.fromarray(np.zeros((10, 10), np.uint8)).save("black.png")
    for scale, source, name in ((10, "black.png", "a.csv"), (1, "uniform", "b.csv")):
        points = scale * np.array([[0.25, 0.5], [0.75, 0.5]])
        (tmp_path / name).write_text("x,y\n" + "\n".join(f"{x},{y}" for x, y in points))
        result = lloyd(source, "--start", name, "--steps", 0, "-o", "-", "-q")
        (row,) = read_trace(result.stdout)
        assert row["points"] == "2"
        assert float(row["w2_squared"]) == pytest.approx(1 / 12 + 1 / 48)


def test_seed_and_repeat(lloyd):
    words = ("uniform", "-n", 10, "--start", "uniform", "--steps", 0, "-o", "-", "-q")

    def starts(*more):
        return [row["w2_squared"] for row in read_trace(lloyd(*words, *more).stdout)]

    assert len(set(starts("--repeat", 3))) == 3
    assert starts("--seed", 5) == starts("--seed", 5) != starts("--seed", 6)


@pytest.mark.parametrize("box", ["0,0,1,1", "0,0,500,500"])
@pytest.mark.parametrize("steps", [2, "theorem"])
def test_a_single_point_has_finite_figures(lloyd, tmp_path, box, steps):
    words = ("uniform", "-n", 1, "--box", box, "--steps", steps, "--pixels", 1)
    result = lloyd(*words, "--step-size", 0.5, "-o", "-", "--report", "one.json")
    assert result.exit_code == 0
    assert "hold on every row; vacuous" in result.stderr
    row = read_trace(result.stdout)[0]
    assert (row["minimum_distance"], row["epsilon"]) == ("", "1.0")
    report = json.loads((tmp_path / "one.json").read_text())
    assert report["trace"][0]["minimum_distance"] is None
    assert report["inequalities_hold"] is True


def test_what_cannot_be_reported_leaves_no_file(lloyd, tmp_path, monkeypatch):
    def fail(_mapping):
        raise StippleError("no")

    monkeypatch.setattr("stipple.files.tables.render_json", fail)
    assert lloyd("uniform", "-n", 1, "-o", "a.csv", "--report", "a.json").exit_code == 1
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize(
    ("words", "count", "verdict"),
    [
        # A lattice in the unit square: W2² = 1/(6·16), ε = ¼: ln(½W2²·16/4)/(2τ) = ln(1/48)/τ/2.
        (("-n", 16, "--step-size", 0.5), "k_N = -4 for τ = 0.5, no step is taken", "does not hold"),
        (("-n", 1, "--step-size", 0.5), "k_N = -3 for τ = 0.5, no step is taken", "does not hold"),
        # Two in a square of side 8 are 4 apart, beyond the 1 of the theorem: W2² = (64 + 16)/12.
        (("-n", 2, "--step-size", 0.3, "--box", "0,0,8,8"), "k_N = 3 for τ = 0.3, so", "holds"),
        (("-n", 16,), "k_N = -2 for τ = 1, no", "hypothesis τ < 1 does not hold"),
    ],
)  # fmt: skip
def test_the_multi_step_theorem_says_what_it_asks_for(lloyd, tmp_path, words, count, verdict):
    words = ("uniform", "--start", "grid", "--steps", "theorem", "--pixels", 1, *words)
    printed = lloyd(*words, "--report", "a.json").stderr
    assert count in printed
    assert verdict in printed
    (theorem,) = json.loads((tmp_path / "a.json").read_text())["multi_step_theorem"]
    assert f"k_N = {theorem['steps']} " in printed


@pytest.mark.parametrize(("count", "vacuous"), [(2500, "True"), (3600, "False")])
def test_the_trace_says_where_a_constant_is_too_large(lloyd, count, vacuous):
    """In the unit square C = 4(1 + √2)³, and ε = N^(−½) on a grid: C/√N falls below 1 at 3,168."""
    words = ("uniform", "--pixels", 1, "-n", count, "--start", "grid", "--steps", 0, "-q")
    (row,) = read_trace(lloyd(*words, "-o", "-").stdout)
    assert row["polyak_lojasiewicz_vacuous"] == vacuous
    assert row["one_step_vacuous"] == "False"
    loss = 4 * (1 + 2**0.5) ** 3 / count**0.5
    assert float(row["polyak_lojasiewicz_left"]) == pytest.approx(-loss, rel=1e-3)


@pytest.mark.parametrize("side", ["1e-200", "1e200"])
def test_boxes_beyond_numbers_are_refused(lloyd, side):
    result = lloyd("uniform", "--box", f"0,0,{side},{side}", "-n", 5)
    assert result.exit_code == 1
    assert "beyond floating-point numbers" in result.stderr
    result = lloyd("uniform", "--box", f"0,{side}", "-n", 5)
    assert result.exit_code == 1
    assert "beyond floating-point numbers" in result.stderr


def test_preset_report_plot_and_frames(lloyd, tmp_path):
    result = lloyd(
        "--preset", "koch", "-n", "17,65", "--plot", "koch.svg", "--report", "koch.json",
        "--frames", "{points}-{step:02d}.svg",
    )  # fmt: skip
    assert result.exit_code == 0
    assert "published" in result.stderr
    report = json.loads((tmp_path / "koch.json").read_text())
    assert report["inequalities_hold"] is True
    assert -1.3 < report["slope"] < -0.7
    assert len(report["trace"]) == 4
    assert (tmp_path / "koch.svg").read_bytes().startswith(b"<?xml")
    frames = sorted(path.name for path in tmp_path.glob("[0-9]*.svg"))
    assert frames == ["17-00.svg", "17-01.svg", "65-00.svg", "65-01.svg"]
    assert (tmp_path / "17-00.svg").read_text().count("<circle") == 17


def test_the_corollaries_are_told(lloyd, tmp_path):
    told = lloyd("--preset", "koch", "-n", "65,257", "--steps", 0).stderr
    # Corners are 3^−3 and 3^−4 apart: ln 3/ln(257/65) − 1.
    assert "W2² is O(N^-0.201) after a step" in told
    told = lloyd("--preset", "line", "--report", "line.json").stderr
    assert "β = 1 (fitted): nothing follows" in told
    report = json.loads((tmp_path / "line.json").read_text())
    assert report["corollary_4"]["says_something"] is False
    words = ("uniform", "--pixels", 8, "-n", 500, "--repeat", 3, "--steps", 0)
    told = lloyd(*words, "--start", "gaussian:0.4,0.5", "--report", "random.json").stderr
    assert "on 3 of 3 starts (probability at least 0.36)" in told
    (one,) = json.loads((tmp_path / "random.json").read_text())["corollary_5"]
    assert one["held"] == 3
    assert "Corollary" not in lloyd(*words, "--start", "uniform", "--jitter", 0.1).stderr


def test_what_steps_do_to_distances_and_w2_is_told(lloyd, tmp_path):
    words = ("uniform", "-n", 20, "--start", "uniform", "--steps", 3, "--report", "a.json")
    told = lloyd(*words, "--step-size", 0.3).stderr
    assert "1 − τ = 0.7" in told
    assert "W2² fell at 3 of 3 steps by its certified intervals, rose at none" in told
    report = json.loads((tmp_path / "a.json").read_text())
    assert [row["fell"] for row in report["trace"]] == [None, True, True, True]
    least = min(row["contraction_right"] for row in report["trace"])
    assert 0.7 <= least <= 1
    assert (report["certified_decreases"], report["certified_increases"]) == (3, 0)
    assert "times what they were" not in lloyd(*words).stderr


def test_the_published_sizes_on_a_picture_of_the_user(lloyd, tmp_path):
    Image.fromarray(np.arange(0, 240, 2, dtype=np.uint8).reshape(10, 12)).save("ramp.png")
    words = ("-o", "-", "-q", "--last-points", "last.csv")
    preset = lloyd("ramp.png", "--preset", "image-grid", "-n", "60,240", *words)
    points = (tmp_path / "last.csv").read_bytes()
    plain = lloyd("ramp.png", "-n", "60,240", "--start", "grid", "--steps", 1, *words)
    assert preset.exit_code == plain.exit_code == 0
    assert points == (tmp_path / "last.csv").read_bytes()
    rows, others = read_trace(preset.stdout), read_trace(plain.stdout)
    assert [row["w2_squared"] for row in rows] == [row["w2_squared"] for row in others]
    planned = lloyd("ramp.png", "--preset", "image-grid", "-o", "{points}.svg", "--dry-run").stdout
    assert [f"{count}.svg" in planned for count in (3750, 7350, 15000, 43350)] == [True] * 4


def test_the_last_step_of_the_theorem_is_drawn(lloyd, tmp_path):
    words = ("--preset", "many-steps", "-n", 64, "--frames", "{step:02d}.svg")
    told = lloyd(*words, "--report", "a.json").stderr
    (theorem,) = json.loads((tmp_path / "a.json").read_text())["multi_step_theorem"]
    assert theorem["steps"] > 1
    frames = sorted(path.name for path in tmp_path.glob("*.svg"))
    assert frames == ["00.svg", f"{theorem['steps']:02d}.svg"]
    assert "rate (22)" in told
    assert "falls as" not in told
    assert "τ = 0.2," in lloyd(*words, "--step-size", 0.2).stderr


def test_frames_of_one_name_are_side_by_side(lloyd, tmp_path):
    words = ("--preset", "koch", "-n", "5,17", "-q")
    assert lloyd(*words, "--frames", "panels.svg").exit_code == 0
    text = (tmp_path / "panels.svg").read_text()
    assert text.count("<circle") == 2 * (5 + 17)
    assert 'width="240mm" height="240mm"' in text
    lloyd(*words, "--frames", "{points}.svg")
    assert 'width="240mm" height="120mm"' in (tmp_path / "17.svg").read_text()
    # Of several runs of one number of points the first is drawn.
    for repeats, name in ((1, "a.svg"), (2, "b.svg")):
        lloyd(
            "uniform",
            "-n",
            3,
            "--start",
            "uniform",
            "--steps",
            1,
            "--repeat",
            repeats,
            "--frames",
            name,
        )
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_runs_end_on_the_plateau(lloyd, tmp_path):
    words = ("--preset", "critical-ring", "-n", 40, "--report", "a.json")
    told = lloyd(*words, "-o", "ring.svg").stderr
    assert "N = 40: 0 of dimension 0 (small), 40 of dimension 1 (strips), 0 of" in told
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["cell_dimensions"] == [{"points": 40, "counts": [0, 40, 0]}]
    trace = report["trace"]
    assert trace[-1]["w2_squared"] == pytest.approx(1 / 18, rel=0.02)
    lloyd(*words, "--steps", 3)
    longer = json.loads((tmp_path / "a.json").read_text())["trace"]
    assert len(longer) == 4 > len(trace)
    assert longer[len(trace)]["gradient_norm"] > trace[-1]["gradient_norm"]
    # From a critical start rounding alone says how many steps are taken.
    result = lloyd("uniform", "-n", 9, "--start", "grid", "--steps", "plateau", "-o", "-", "-q")
    assert len(read_trace(result.stdout)) < 20


def test_an_interval_needs_no_solver(lloyd, tmp_path):
    words = ("uniform", "--box", "0,2", "-n", "10,100", "--start", "grid", "--steps", 1)
    told = lloyd(*words, "-o", "a.csv", "--plot", "a.svg", "--report", "a.json").stderr
    assert "W2² 0.0033333333 at the start" in told
    assert "-2.0000 of ln W2² over ln N" in told
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["slope"] == pytest.approx(-2)
    assert report["inequalities_hold"] is True
    rows = read_trace((tmp_path / "a.csv").read_text())
    assert [(row["points"], row["step"]) for row in rows] == [
        ("10", "0"), ("10", "1"), ("100", "0"), ("100", "1"),
    ]  # fmt: skip
    assert (tmp_path / "a.svg").read_bytes().startswith(b"<?xml")
    one = lloyd("uniform", "--box", "0,2", "-n", 1, "-o", "-", "-q").stdout
    assert read_trace(one)[0]["minimum_distance"] == ""


def test_plots_are_reproducible(lloyd, tmp_path):
    words = ("uniform", "-n", "16,64", "--start", "grid", "--steps", 1, "-q")
    for name in ("a.png", "b.png", "a.svg", "b.svg"):
        assert lloyd(*words, "--plot", name).exit_code == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_animation_has_a_frame_a_step(lloyd):
    lloyd("uniform", "-n", 9, "--start", "uniform", "--steps", 3, "--animate", "a.gif", "-q")
    with Image.open("a.gif") as picture:
        assert picture.n_frames == 4


def test_a_critical_start_is_called_so(lloyd):
    assert "critical" in lloyd("--preset", "line").stderr
    assert "critical" not in lloyd("uniform", "-n", 9, "--start", "uniform", "--steps", 1).stderr


def test_presets_are_listed(lloyd):
    listed = lloyd("--list-presets").stdout
    for name in ("image-grid", "gaussian-random", "tight", "critical-limits"):
        assert name in listed


def test_verbose_prints_a_line_a_step_and_quiet_none(lloyd):
    words = ("uniform", "-n", 4, "--start", "grid", "--steps", 3)
    assert lloyd(*words, "-v").stderr.count("gradient") >= 4
    assert lloyd(*words, "-q").stderr == ""


def test_disc_box_and_rasterisation_are_reported(lloyd):
    result = lloyd("gaussian:0,0.5", "--disc", "0,0,1", "--pixels", 32, "-n", 5, "--steps", 1)
    assert "rasterisation" in result.stderr
    result = lloyd("uniform", "--box", "0,0,2,1", "--pixels", 2, "-n", 1, "--steps", 1, "-o", "-")
    last = read_trace(result.stdout)[-1]
    assert float(last["w2_squared"]) == pytest.approx(4 / 12 + 1 / 12)


def test_methods_and_step_sizes_differ(lloyd):
    words = ("uniform", "-n", 30, "--start", "uniform", "--steps", 5, "-o", "-", "-q")

    def last(*more):
        return float(read_trace(lloyd(*words, *more).stdout)[-1]["w2_squared"])

    lloyd_value = last()
    assert last("--step-size", "0.2") > lloyd_value
    assert last("--method", "relaxed") != lloyd_value
    assert last("--method", "lbfgs") != lloyd_value


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--preset", "nobody"), 2, "known are image-grid"),
        (("--preset", "koch", "uniform"), 2, "leave SOURCE out"),
        (("--preset", "image-grid", "uniform"), 2, "runs on a picture, but 'uniform' is none"),
        (("--preset", "koch", "--start", "grid"), 2, "leave --start or --preset out"),
        (("--preset", "koch", "--box", "0,0,1,1"), 2, "leave --box or --preset out"),
        (("--preset", "koch", "--gamma", "2"), 2, "--gamma is for pictures"),
        ((), 2, "Give a SOURCE"),
        (("normal",), 1, "known are uniform"),
        (("missing.png",), 1, "missing.png"),
        (("uniform", "--step-size", "2"), 2, "outside of (0, 2)"),
        (("uniform", "--step-size", "-0.1"), 2, "outside of (0, 2)"),
        (("uniform", "--step-size", "nan"), 2, "not finite"),
        (("uniform", "--step-size", "0.5", "--method", "lbfgs"), 2, "--method lloyd"),
        (("uniform", "-n", "0"), 2, "at least 1"),
        (("uniform", "-n", "x"), 2, "whole numbers"),
        (("uniform", "-n", "10", "--plot", "a.svg"), 2, "two numbers of points"),
        (("uniform", "-n", "10", "--start", "koch"), 1, "4^k + 1"),
        (("uniform", "--box", "0,0,1"), 2, "four numbers"),
        (("uniform", "--box", "0,1", "--frames", "a.svg"), 2, "--frames is for the plane"),
        (("uniform", "--box", "0,1", "--start", "koch"), 2, "on an interval"),
        (("uniform", "--box", "0,1", "--steps", "theorem"), 2, "must be a number on an interval"),
        (("uniform", "--box", "0,1", "--step-size", "1.5"), 2, "at most 1 on an interval"),
        (("uniform", "--box", "0,1", "-n", "0"), 2, "from 1 to 1,000,000"),
        (("uniform", "--box", "0,1", "--plot", "a.svg"), 2, "two numbers of points"),
        (("uniform", "--box", "0,1", "-n", "1,2", "--plot", "a.html"), 2, ".svg or .png"),
        (("missing.png", "--box", "0,1"), 2, "give a formula as SOURCE"),
        (("gaussian:99,1", "--box", "0,1"), 1, "no mass on [0, 1]"),
        (("uniform", "--box", "0,0,0,1"), 1, "no area"),
        (("uniform", "--disc", "0,0,0"), 2, "above zero"),
        (("uniform", "--box", "0,0,1e-10,3e-11", "--pixels", "2"), 1, "do not fill a box"),
        (("uniform", "--frames", "{nobody}.svg"), 2, "nothing else"),
        (("uniform", "--frames", "a.eps"), 2, ".svg or .png or .pdf"),
        (
            ("uniform", "--frames", "a.svg", "--frame-steps", ",".join(map(str, range(65)))),
            2,
            "65 pi",
        ),
        (("uniform", "-o", "trace.txt"), 2, "use one of .csv, .svg, .png, .pdf"),
        (("uniform", "-o", "{step}.svg"), 2, "may have {points} and {repeat} in braces"),
        (("uniform", "--last-points", "{0}.csv"), 2, "'{0}.csv' is written at the end of a run"),
        (
            ("uniform", "--last-points", "a.svg"),
            2,
            "--last-points writes .csv or .npy, or in space .ply or .vtp, not",
        ),
        (("uniform", "-o", "a.svg", "--frames", "a.svg"), 2, "named as an output twice"),
        (("uniform", "-o", "a.csv", "--last-points", "a.csv"), 2, "named as an output twice"),
        (("uniform", "-o", "twice.csv/trace.csv"), 1, "twice.csv is not a folder"),
        (("uniform", "--start", "gird"), 2, "--start is 'gird': give uniform, grid"),
        (("uniform", "--start", "twice.csv"), 1, "--jitter"),
        (("uniform", "--start", "outside.csv"), 1, "outside the domain"),
        (("uniform", "--start", "twice.csv", "-n", "5"), 2, "leave --points out"),
    ],
)
def test_bad_input_is_a_sentence(lloyd, tmp_path, words, code, sentence):
    (tmp_path / "twice.csv").write_text("0.5,0.5\n0.5,0.5\n0.1,0.1\n")
    (tmp_path / "outside.csv").write_text("0.5,0.5\n5,0.5\n")
    result = lloyd(*words)
    assert result.exit_code == code
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert "Error: " in result.stderr


def test_jitter_separates_coinciding_points(lloyd, tmp_path):
    (tmp_path / "twice.csv").write_text("0.5,0.5\n0.5,0.5\n0.1,0.1\n")
    result = lloyd("uniform", "--start", "twice.csv", "--jitter", "1e-3", "--steps", 2)
    assert result.exit_code == 0
