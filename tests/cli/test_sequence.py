"""`stipple sequence`: what each option does, what is refused, and how fast it is."""

import math
import re
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from command import ROOT, list_circles, list_layers, list_paths, read_json, read_svg, save, start
from PIL import Image

import stipple
from stipple.cli import main
from stipple.sequences.boxes import partition_prefix
from stipple.sequences.certificate import certify_prefix, measure_prefix_1d
from stipple.sequences.dyadic import generate_sequence
from stipple.sequences.progressive import order_progressively
from stipple.sequences.strips import certify_strips, partition_in_strips
from stipple.stippling.stippling import stipple as quantise


def sequence(*arguments: object, code: int = 0, data: bytes | None = None) -> Result:
    words = ["sequence", *map(str, arguments)]
    result = CliRunner().invoke(main, words, input=data, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def read_table(text: str | bytes | Path) -> dict[str, np.ndarray]:
    """Return the columns of a CSV file by their names."""
    text = text.read_text() if isinstance(text, Path) else text
    lines = (text.decode() if isinstance(text, bytes) else text).splitlines()
    rows = [[float(field) for field in line.split(",")] for line in lines[1:]]
    return dict(zip(lines[0].split(","), np.array(rows).T, strict=True))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ramp = np.tile(np.arange(24, dtype=np.uint8) * 10, (16, 1))
    save(tmp_path / "ramp.png", ramp)
    save(tmp_path / "white.png", np.full((5, 5), 255, dtype=np.uint8))
    return tmp_path


# Points


@pytest.mark.parametrize(
    ("d", "names"), [(1, "x"), (2, "x,y"), (3, "x,y,z"), (5, "x1,x2,x3,x4,x5")]
)
def test_points_go_to_standard_output(d, names):
    result = sequence("-n", 50, "-d", d)
    assert result.stdout.splitlines()[0] == names
    points = np.column_stack(list(read_table(result.stdout).values()))
    np.testing.assert_array_equal(points, generate_sequence(50, d))


def test_default_number_of_points():
    assert len(read_table(sequence().stdout)["x"]) == 1024


def test_files_by_suffix_and_skip():
    sequence("-n", 20, "--skip", 1000, "-d", 3, "-o", "a.npy", "-o", "a.csv")
    expected = generate_sequence(20, 3, skip=1000)
    np.testing.assert_array_equal(np.load("a.npy"), expected)
    np.testing.assert_array_equal(read_table(Path("a.csv"))["z"], expected[:, 2])


@pytest.mark.parametrize("form", ["csv", "npy", "svg", "png"])
def test_standard_output_holds_the_file(form):
    sequence("-n", 30, "-o", f"a.{form}")
    expected = Path(f"a.{form}").read_bytes()
    assert sequence("-n", 30, "-o", "-", "--format", form, "-q").stdout_bytes == expected
    assert sequence("-n", 30, "--format", form, "-q").stdout_bytes == expected


def test_quiet_and_written():
    assert sequence("-n", 5, "-o", "a.csv", "-q").output == ""
    assert re.search(r"written +a.csv\n", sequence("-n", 5, "-o", "a.csv").stderr)


def test_python_calls():
    np.testing.assert_array_equal(stipple.sequence(7, 3), generate_sequence(7, 3))
    np.testing.assert_array_equal(stipple.sequence(7, skip=2), generate_sequence(9, 2)[2:])
    assert stipple.certify_prefix(185) == certify_prefix(185, 2)
    assert isinstance(stipple.certify_prefix(9, d=3), stipple.PrefixCertificate)


# Certificates


def test_certificate_of_all_points():
    result = sequence("-n", 185, "--certify", "--report", "r.json")
    certificate = certify_prefix(185, 2)
    assert result.stdout == ""
    assert re.search(r"R_N·N\^\(1/2\) +2\.33358\d \(theorem: at most 14\.14214 for", result.stderr)
    assert f"at point {certificate.worst_point}" in result.stderr
    report = read_json(Path("r.json"))
    assert report["command"] == "sequence"
    assert report["seed"] == 0
    assert report["options"]["certify"] is True
    assert report["constant"] == 10 * math.sqrt(2)
    figures = report["certificate"]
    assert figures["n"] == 185
    for name in ("radius", "scaled_radius", "lower_bound", "ratio", "worst_point"):
        assert figures[name] == getattr(certificate, name)


def test_printed_bounds_are_rounded_to_the_safe_side():
    for n in range(1, 40):
        certificate = certify_prefix(n, 3)
        text = sequence("-n", n, "-d", 3, "--certify").stderr
        printed = {name: float(value) for name, value in re.findall(r"(?m)^(\S+.*?)  +(\S+)", text)}
        assert printed["R_N"] >= certificate.radius
        assert printed["R_N·N^(1/3)"] >= certificate.scaled_radius
        assert printed["lower bound"] <= certificate.lower_bound


@pytest.mark.parametrize(("d", "largest", "at"), [(2, 2.33358, 185), (3, 2.75497, 359)])
def test_prefixes_have_the_worst_radius_that_is_known(d, largest, at):
    result = sequence("--prefixes", "1:600", "-d", d, "-o", "p.csv")
    assert f"N = {at}" in result.stderr
    table = read_table(Path("p.csv"))
    assert table["n"].tolist() == list(range(1, 601))
    assert table["n"][table["scaled_radius"].argmax()] == at
    assert table["scaled_radius"].max() == pytest.approx(largest, abs=5e-6)
    assert table["scaled_radius"].max() < 10 * math.sqrt(d)
    assert list(table)[:6] == [
        "n",
        "radius",
        "scaled_radius",
        "lower_bound",
        "ratio",
        "worst_point",
    ]
    assert list(table)[6:] == ["order", "wp_lower", "wp_upper", "scaled_wp"]


@pytest.mark.parametrize(
    ("d", "order", "largest", "at"),
    [(2, 1, 1.159342, 410), (2, 4, 1.597003, 167), (3, 2, 1.247428, 165), (4, 2, 1.381955, 87)],
)
def test_prefixes_have_the_largest_distance_that_is_known(d, order, largest, at):
    arguments = ("--prefixes", "1:600", "-d", d, "-p", order, "--report", "r.json")
    result = sequence(*arguments, "-o", "p.csv")
    table = read_table(Path("p.csv"))
    assert (table["order"] == order).all()
    assert (table["wp_lower"] < table["wp_upper"]).all()
    assert table["n"][table["scaled_wp"].argmax()] == at
    assert table["scaled_wp"].max() == pytest.approx(largest, abs=1e-6)
    assert read_json(Path("r.json"))["worst_wp"]["n"] == at
    told = rf"largest W_{order}·N\^\(1/{d}\) +{largest} or less, at N = {at}\n"
    assert re.search(told, result.stderr)


def test_bounds_of_one_order_are_rounded_to_the_safe_side():
    text = sequence("-n", 61, "-d", 3, "--certify", "-p", 2.5).stderr
    (lower, upper, scaled) = map(
        float, re.search(r"W_2\.5 +(\S+) .* to (\S+) .*\nW_2\.5·N\^\(1/3\) +(\S+)", text).groups()
    )
    bounds = certify_prefix(61, 3).enclose_distance(2.5)
    assert lower <= bounds.lower < bounds.upper <= upper
    assert bounds.upper * 61 ** (1 / 3) <= scaled


def test_prefixes_with_a_step_go_to_standard_output():
    table = read_table(sequence("--prefixes", "10:40:15", "-q").stdout)
    assert table["n"].tolist() == [10, 25, 40]
    assert table["radius"].tolist() == [certify_prefix(n, 2).radius for n in (10, 25, 40)]


def test_report_of_prefixes():
    sequence("--prefixes", "1:30", "--report", "r.json", "-q")
    report = read_json(Path("r.json"))
    assert [row["n"] for row in report["prefixes"]] == list(range(1, 31))
    assert report["worst"] == max(report["prefixes"], key=lambda row: row["scaled_radius"])
    assert report["options"]["prefixes"] == [1, 30, 1]


def test_plots_repeat_and_hold_no_date():
    for name in ("a", "b"):
        sequence("--prefixes", "1:9", "--exact-w2", "-o", f"{name}.svg", "-o", f"{name}.png")
    svg = Path("a.svg").read_bytes()
    assert svg == Path("b.svg").read_bytes()
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
    assert b"<dc:date>" not in svg
    with Image.open("a.png") as image:
        assert not set(image.info) - {"dpi"}
        assert image.width == 1050


def test_exact_w2_of_prefixes():
    """4^k points are the lower left corners of squares of side 2^−k: W2² = (2/3)·4^−k."""
    table = read_table(sequence("--prefixes", "4:64:12", "--exact-w2", "-q").stdout)
    for n, w2, lower, upper in zip(
        *(table[name] for name in ("n", "w2", "w2_lower", "w2_upper")), strict=True
    ):
        assert lower <= w2 <= upper <= lower * (1 + 1e-5)
        if n in (4, 16, 64):
            assert w2 == pytest.approx(math.sqrt(2 / 3 / n), rel=1e-6)
    assert (table["w2"] <= table["radius"]).all()


def test_exact_w2_of_all_points():
    result = sequence("-n", 16, "--exact-w2", "--report", "r.json")
    assert read_json(Path("r.json"))["certificate"]["w2"] == pytest.approx(math.sqrt(1 / 24))
    assert result.stdout == ""
    assert "dyadic" in result.stderr


def test_comparison_in_the_plane():
    arguments = ("--prefixes", "16:64:48", "--compare", "sobol,halton,kronecker,random,grid", "-q")
    table = read_table(sequence(*arguments).stdout)
    # Centres of a 4 × 4 and an 8 × 8 grid: W2² = s²/6.
    assert table["grid_w2"] == pytest.approx([1 / 4 / 6**0.5, 1 / 8 / 6**0.5])
    for name in ("sobol", "halton", "kronecker", "random"):
        assert (table[f"{name}_w2"] > table["grid_w2"]).all()
        assert (table[f"{name}_w2_lower"] <= table[f"{name}_w2_upper"]).all()
    again = read_table(sequence(*arguments, "--seed", 1).stdout)
    assert (again["sobol_w2"] == table["sobol_w2"]).all()
    assert (again["random_w2"] != table["random_w2"]).all()


def test_comparison_in_space():
    """8 points are the lower left corners of cubes of side ½: W2 = ½, in certified bounds."""
    arguments = ("-d", 3, "--prefixes", "8:27:19", "--compare", "sobol,kronecker,random")
    result = sequence(*arguments, "-o", "a.csv")
    table = read_table(Path("a.csv"))
    assert table["w2_lower"][0] <= 0.5 <= table["w2_upper"][0]
    for name in ("", "sobol_", "kronecker_", "random_"):
        lower, upper = table[f"{name}w2_lower"], table[f"{name}w2_upper"]
        assert (lower < table[f"{name}w2"]).all()
        assert (table[f"{name}w2"] < upper).all()
        assert (table["wp_lower"] < upper).all()
        assert (upper < 1.3 * lower).all()
    assert (table["kronecker_w2_upper"] < table["w2_lower"]).all()
    for line in re.findall("(?:dyadic|sobol|kronecker|random) .*", result.stderr):
        numbers = list(map(float, re.findall(r"\d\.\d+", line)))
        assert len(numbers) == 4
        assert numbers[0] < numbers[1]
        assert numbers[2] < numbers[3]
        assert "(by a grid of cubes)" in line


def test_comparison_on_the_line():
    table = read_table(sequence("-d", 1, "--prefixes", "1:50", "--compare", "grid,random").stdout)
    assert table["grid_w1"] == pytest.approx(1 / (4 * table["n"]))
    assert table["grid_w_infinity"] == pytest.approx(1 / (2 * table["n"]))
    assert (table["random_w1"] >= table["grid_w1"]).all()


def test_growth_on_the_line_is_told_beside_what_any_sequence_has():
    result = sequence("-d", 1, "--prefixes", "1:200", "--report", "r.json", "-o", "a.csv")
    table = read_table(Path("a.csv"))
    for symbol, column in (("W1", "w1"), ("W2", "w2"), ("W∞", "w_infinity")):
        scaled = table["n"] * table[column]
        told = rf"N·{symbol} = (\S+) to (\S+) at N = (\d+)"
        lower, upper, at = map(float, re.search(told, result.stderr).groups())
        assert lower <= scaled.max() <= upper
        assert scaled[int(at) - 1] == scaled.max()
    assert "of at most 200 points has N·W2 >= 0.2886751;" in result.stderr
    bound = read_json(Path("r.json"))["any_sequence_n_w2"]
    assert 0.28867 < bound < (table["n"] * table["w2"]).max()
    sequence("--prefixes", "1:3", "--report", "s.json", "-q")
    assert "any_sequence_n_w2" not in read_json(Path("s.json"))


def test_discrepancy_is_a_column_of_every_sequence():
    """On the line it is W2."""
    arguments = ("-d", 1, "--prefixes", "3:30:9", "--discrepancy", "--compare", "sobol", "-q")
    table = read_table(sequence(*arguments).stdout)
    for name in ("", "sobol_"):
        np.testing.assert_allclose(table[f"{name}l2_star"], table[f"{name}w2"], rtol=1e-9)
    text = sequence("-n", 64, "--discrepancy", "--compare", "sobol", "--report", "r.json").stderr
    row = read_json(Path("r.json"))["certificate"]
    assert row["l2_star"] > 5 * row["sobol_l2_star"]
    figures = f"dyadic {row['l2_star']:.5g}, sobol {row['sobol_l2_star']:.5g}"
    assert re.search(rf"L2-star +discrepancy: {figures}\n", text)
    assert re.search(r"discrepancy +the dyadic sequence is not a low-discrepancy one", text)


def test_discrepancy_of_too_many_points_is_left_out():
    table = sequence("--prefixes", "10000:10001", "--discrepancy", "--report", "r.json").stdout
    assert [line.endswith(",") for line in table.splitlines()] == [False, False, True]
    assert [row["l2_star"] is None for row in read_json(Path("r.json"))["prefixes"]] == [0, 1]
    text = sequence("-n", 10001, "--discrepancy").stderr
    assert "L2-star      left out beyond 10,000 points" in text
    assert "low-discrepancy" not in text


def test_the_line_has_closed_forms_and_no_constant():
    result = sequence("-d", 1, "--prefixes", "1:64")
    assert "no constant" in result.stderr
    assert "Graham 2020" in result.stderr
    table = read_table(result.stdout)
    points = generate_sequence(64, 1)
    for n in (1, 21, 64):
        row = [table[name][n - 1] for name in ("w1", "w2", "w_infinity")]
        assert row == list(measure_prefix_1d(points[:n]))
    assert "Graham" in sequence("-d", 1, "-n", 3).stderr
    assert "W∞ = " in sequence("-d", 1, "-n", 3, "--certify").stderr


# Partitions and pictures


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_partition_lists_the_boxes(d):
    result = sequence("-n", 61, "-d", d, "--partition", "boxes.csv")
    assert result.stdout == ""
    table = read_table(Path("boxes.csv"))
    names = ["x", "y", "z"][:d] if d <= 3 else ["x1", "x2", "x3", "x4"]
    assert list(table) == ["index", *(f"{c}_{name}" for c in ("lower", "upper") for name in names)]
    columns = np.stack(list(table.values())[1:], axis=1).reshape(61, 2, d)
    np.testing.assert_array_equal(columns, partition_prefix(61, d))


def test_partition_of_the_paper():
    arguments = ("-n", 185, "--construction", "paper", "--partition", "b.csv")
    result = sequence(*arguments, "--certify", "--report", "r.json")
    table = read_table(Path("b.csv"))
    strips = partition_in_strips(185, 2)
    np.testing.assert_array_equal(table["lower_x"], strips[:, 0, 0])
    np.testing.assert_array_equal(table["upper_y"], strips[:, 1, 1])
    row = read_json(Path("r.json"))["certificate"]
    for constant, spare in ((10, 2), (6, 1)):
        certificate = certify_strips(185, 2, spare)
        for name in ("levels", "move", "move_bound", "scaled_radius", "scaled_bound"):
            assert row[f"paper{constant}_{name}"] == getattr(certificate, name)
        told = rf"paper, M = {certificate.levels} +ends .* by (\S+) or less \(.*most (\S+)\)"
        move, most = map(float, re.search(told, result.stderr).groups())
        assert certificate.move <= move < certificate.move_bound <= most
        assert re.search(rf"its R_N.* by projection \(.*at most {constant}·√2 = ", result.stderr)


def test_prefixes_of_the_partition_of_the_paper():
    arguments = ("--prefixes", "60:70:5", "-d", 3, "--construction", "paper", "-q")
    table = read_table(sequence(*arguments).stdout)
    assert table["paper10_levels"].tolist() == [0, 0, 0]
    assert table["paper6_levels"].tolist() == [0, 1, 1]
    assert (table["paper6_scaled_bound"] < 6 * 3**0.5).all()
    text = sequence(*arguments[:-1], "-o", "a.csv").stderr
    for constant in (10, 6):
        told = rf"largest, paper {constant} +(\S+) by projection.* moved by (\S+) of what Prop"
        largest, part = map(float, re.search(told, text).groups())
        assert largest >= table[f"paper{constant}_scaled_bound"].max() > largest - 1e-5
        moved = table[f"paper{constant}_move"] / table[f"paper{constant}_move_bound"]
        assert 1 > part >= moved.max()
    sequence("-n", 37, "--construction", "paper", "--draw", "boxes", "-o", "a.svg")
    sequence("-n", 37, "--draw", "boxes", "-o", "b.svg")
    assert Path("a.svg").read_bytes() != Path("b.svg").read_bytes()


def test_drawing_of_points_has_a_layer_for_each_doubling():
    sequence("-n", 20, "-o", "a.svg", "--radius", "1mm", "--margin", "0mm")
    layers = list_layers(read_svg(Path("a.svg")))
    assert list(layers) == [
        "1 points 1",
        "2 points 2",
        "3 points 3-4",
        "4 points 5-8",
        "5 points 9-16",
        "6 points 17-20",
    ]
    circles = np.concatenate([list_circles(layer) for layer in layers.values()])
    side = float(read_svg(Path("a.svg")).get("width").removesuffix("mm")) - 2  # to the rims
    points = (circles[:, :2] - 1) / side
    expected = generate_sequence(20, 2)
    np.testing.assert_allclose(points[:, 0], expected[:, 0], atol=1e-4)
    np.testing.assert_allclose(1 - points[:, 1], expected[:, 1], atol=1e-4)
    assert (circles[:, 2] == 1).all()


def test_drawing_of_boxes_has_every_box_and_its_point():
    # Dots of 1 mm reach beyond the square, whose side is 100 mm then.
    sheet = ("--page", "102x102mm", "--margin", "0mm", "--radius", "1mm")
    sequence("-n", 61, "--draw", "boxes", "-o", "b.svg", "-o", "b.png", "--dpi", 50, *sheet)
    layers = list_layers(read_svg(Path("b.svg")))
    boxes = [layer for label, layer in layers.items() if "boxes" in label]
    shapes = [path for layer in boxes for path, _ in list_paths(layer)]
    extents = [np.ptp(shape, axis=0).prod() for shape in shapes]
    assert len(shapes) == 61
    assert extents == pytest.approx([100**2 / 61] * 61, rel=1e-3)
    (points,) = (layer for label, layer in layers.items() if "points" in label)
    assert len(list_circles(points)) == 61
    with Image.open("b.png") as image:
        assert len(image.convert("RGB").getcolors(10**6)) > 9


def test_boxes_that_touch_have_different_colours():
    from stipple.sequences.drawing import _colour_boxes

    for n in [*range(2, 300, 3), 341, 682, 1365]:
        kinds = _colour_boxes(generate_sequence(n, 2))
        lower, upper = partition_prefix(n, 2).transpose(1, 2, 0)
        overlap = np.minimum(upper[:, :, None], upper[:, None]) - np.maximum(
            lower[:, :, None], lower[:, None]
        )
        touching = (overlap.max(axis=0) > 1e-12) & (overlap.min(axis=0) >= 0)
        np.fill_diagonal(touching, False)
        assert not (touching & (kinds[:, None] == kinds)).any()
        assert kinds.min() >= 0
        assert kinds.max() < 9


def test_strip_shows_four_prefixes_at_the_same_tone():
    sequence("-n", 256, "--draw", "strip", "-o", "s.svg")
    svg = read_svg(Path("s.svg"))
    layers = list_layers(svg)
    assert list(layers) == ["1 4 points", "2 16 points", "3 64 points", "4 256 points"]
    inks = [(list_circles(layer)[:, 2] ** 2).sum() for layer in layers.values()]
    assert inks == pytest.approx([inks[0]] * 4, rel=1e-2)
    edges = [list_circles(layer)[:, 0] for layer in layers.values()]
    assert all(left.max() < right.min() for left, right in pairwise(edges))


# Pictures stippled progressively


def test_progressive_points_and_layers():
    # Dots of 5 mm reach beyond the picture, of which a pixel has 10 mm then.
    sheet = ("--page", "260x180mm", "--radius", "5mm")
    files = ("-o", "a.svg", "-o", "a.csv", *sheet)
    sequence("--density", "ramp.png", "-n", 40, "--relaxation", 2, *files)
    density = stipple.Density(1 - np.tile(np.arange(24) * 10, (16, 1)) / 255)
    points = order_progressively(density, 40, relaxation=2)
    table = read_table(Path("a.csv"))
    np.testing.assert_allclose(np.column_stack([table["x"], table["y"]]), points)
    layers = list_layers(read_svg(Path("a.svg")))
    assert [len(list_circles(layer)) for layer in layers.values()] == [1, 1, 2, 4, 8, 16, 8]
    circles = np.concatenate([list_circles(layer) for layer in layers.values()])
    np.testing.assert_allclose(circles[:, :2], 10 + 10 * points, atol=1e-3)
    # By default they have the area of the darkness, and reach beyond the picture by their radius.
    sequence("--density", "ramp.png", "-n", 40, "-o", "b.svg", "--margin", "0mm")
    svg = read_svg(Path("b.svg"))
    radius = list_circles(svg)[0, 2]
    scale = (float(svg.get("width").removesuffix("mm")) - 2 * radius) / 24
    assert 40 * np.pi * (radius / scale) ** 2 == pytest.approx(density.total, rel=1e-2)


def test_progressive_default_output_and_standard_input():
    assert sequence("--density", "ramp.png", "-n", 8, "-q").output == ""
    svg = Path("ramp.svg").read_bytes()
    data = Path("ramp.png").read_bytes()
    arguments = ("--density", "-", "-n", 8, "-o", "-", "--format", "svg", "-q")
    assert sequence(*arguments, data=data).stdout_bytes == svg


def test_tone_and_pen_options_reach_the_progressive_drawing():
    sequence("--density", "ramp.png", "-n", 64, "--invert", "-o", "a.csv", "-q")
    assert read_table(Path("a.csv"))["x"].mean() > 13
    sequence("--density", "ramp.png", "-n", 9, "--dots", "stroke", "--ink", "navy", "-o", "a.svg")
    svg = Path("a.svg").read_text()
    assert "#000080" in svg
    assert "<circle" not in svg
    assert "<rect" not in svg


def test_animation_grows():
    sequence("--density", "ramp.png", "-n", 16, "--animate", "a.gif", "-o", "a.csv", "-q")
    with Image.open("a.gif") as animation:
        assert animation.n_frames == 12
        assert max(animation.size) == 600


@pytest.mark.slow
def test_quality_at_doublings_and_between_against_free_points():
    arguments = ("--density", "ramp.png", "-n", 64, "--compare", "stipple", "-o", "a.csv")
    result = sequence(*arguments, "--report", "r.json")
    table = read_json(Path("r.json"))["prefixes"]
    assert [row["n"] for row in table] == [16, 20, 24, 28, 32, 40, 48, 56, 64]
    density = stipple.Density(1 - np.tile(np.arange(24) * 10, (16, 1)) / 255)
    for row in table:
        assert row["w2_squared_lower"] <= row["w2_squared"] <= row["w2_squared_upper"]
        assert row["ratio"] == pytest.approx(row["quality"] / row["stipple_quality"])
        assert 0.95 < row["ratio"] < 1.6
    assert table[0]["stipple_quality"] == pytest.approx(quantise(density, 16).quality)
    assert result.stderr.count("stipple stipple: 0.1") == 9


def test_quality_of_chosen_prefixes():
    arguments = ("--density", "ramp.png", "--prefixes", "5:25:10", "--relaxation", 1)
    table = read_table(
        sequence(*arguments, "-n", 30, "-o", "q.csv", "-o", "q.png") and Path("q.csv")
    )
    assert table["n"].tolist() == [5, 15, 25]
    assert list(table)[:5] == ["n", "w2_squared", "w2_squared_lower", "w2_squared_upper", "quality"]
    assert read_table(sequence(*arguments).stdout)["n"].tolist() == [5, 15, 25]
    assert not Path("ramp.svg").exists()


def test_verbose_tells_doublings():
    text = sequence("--density", "ramp.png", "-n", 10, "-v", "-o", "a.csv").stderr
    assert re.findall(r"  (\d+) of 10", text) == ["2", "4", "8", "10"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("-n", 200, "--draw", "boxes", "-o", "{}.svg", "-o", "{}.png", "--partition", "{}.csv"),
        ("-n", 99, "--density", "ramp.png", "-o", "{}.svg", "--animate", "{}.gif", "-o", "{}.npy"),
        ("--prefixes", "1:20", "--compare", "random,sobol", "-o", "{}.csv"),
    ],
)
def test_same_input_same_bytes(arguments):
    for name in ("a", "b"):
        sequence(*(str(word).format(name) for word in arguments))
    files = sorted(Path().glob("a.*"))
    assert len(files) >= 1
    for file in files:
        assert file.read_bytes() == file.with_stem("b").read_bytes()


# What is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("-n 0", "0 is not in the range x>=1"),
        ("-d 0", "0 is not in the range 1<=x<=10"),
        ("-d 11", "11 is not in the range 1<=x<=10"),
        ("--skip -1", "-1 is not in the range x>=0"),
        ("--exact-w2 -d 3", "--exact-w2 needs --dimension 2, not 3"),
        ("--exact-w2 -d 1", "in dimension 1 --certify gives W1, W2 and W∞"),
        ("--compare sobol,grid -d 3", "--compare grid is for dimensions 1 and 2, not 3"),
        (
            "--compare sobol -d 3 -n 2k",
            "--compare in dimension 3 takes at most 1,024 points, not 2",
        ),
        ("--compare sobol -d 4 --prefixes 9:1025", "takes at most 1,024 points, not 1,025"),
        ("--compare niederreiter", "Unknown name 'niederreiter'"),
        ("--compare stipple", "--compare stipple needs --density IMAGE"),
        ("--prefixes 5:2", "'5:2' is not a range of prefixes"),
        ("--prefixes 0:2", "'0:2' is not a range of prefixes"),
        ("--prefixes 1:9:0", "'1:9:0' is not a range of prefixes"),
        ("--prefixes many", "'many' is not a range of prefixes"),
        ("--prefixes 1:99999999999", "more than 1,000,000 prefixes"),
        ("--prefixes 1:9 -n 8", "--prefixes go to 9, but there are 8 points"),
        ("--prefixes 1:9 --skip 3", "--skip does not go with --prefixes"),
        ("--prefixes 1:9 --draw boxes", "--draw does not go with --prefixes"),
        ("--prefixes 1:9 --partition b.csv", "--partition does not go with --prefixes"),
        ("--prefixes 1:9 -o a.npy", "use one of .csv, .svg, .png"),
        ("--prefixes 1:9 --format npy", "has the formats csv, svg, png"),
        ("-o a.txt", "use one of .csv, .npy, .svg, .png"),
        ("-o -", "-o - needs --format"),
        ("-o a.csv -o a.csv", "named as an output twice"),
        ("-d 3 -o a.svg", "A picture of the points needs --dimension 2"),
        ("--draw boxes", "--draw boxes needs a picture"),
        ("--draw strip -o a.csv", "--draw strip needs a picture"),
        ("--skip 3 --certify", "--certify is about prefixes: leave --skip out"),
        ("--skip 3 --partition b.csv", "--partition is about prefixes"),
        ("--construction paper", "--construction is of boxes: add --certify"),
        ("--construction paper --certify -d 1", "--construction paper needs --dimension 2 or more"),
        ("--construction paper --certify -n 2M", "takes at most 1,000,000 points, not 2,000,000"),
        ("--density ramp.png --construction paper", "--construction is for the cube"),
        ("--skip 3 --discrepancy", "--discrepancy is about prefixes"),
        ("--density ramp.png --discrepancy", "--discrepancy is for the cube"),
        ("--skip 3 --draw boxes -o a.svg", "--draw boxes shows prefixes"),
        ("-p 3", "--order is of what is certified: add --certify or --prefixes"),
        ("--certify -p 0.9", "0.9 is not in the range x>=1"),
        ("--certify -p inf", "'inf' is not a finite number"),
        ("--density ramp.png --order 3", "--order is for the cube"),
        ("--relaxation 3", "--relaxation needs --density IMAGE"),
        ("--gamma 2", "--gamma needs --density IMAGE"),
        ("--animate a.gif", "--animate needs --density IMAGE"),
        ("--density ramp.png --animate a.mp4", "--animate writes a .gif file"),
        ("--density ramp.png --certify", "--certify is for the cube"),
        ("--density ramp.png --partition b.csv", "--partition is for the cube"),
        ("--density ramp.png --skip 2", "--skip is for the cube"),
        ("--density ramp.png --draw boxes -o a.svg", "--draw boxes is for the cube"),
        ("--density ramp.png -d 3", "--density needs --dimension 2"),
        ("--density ramp.png --compare sobol", "--compare stipple"),
        ("--density ramp.png -n 99999999", "--density takes at most 10,000,000 points"),
    ],
)
def test_wrong_usage_is_told_in_one_sentence(arguments, message):
    before = sorted(Path().iterdir())
    result = sequence(*arguments.split(), code=2)
    assert message in result.stderr.splitlines()[-1]
    assert len(result.stderr.splitlines()) == 4
    assert result.stdout == ""
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("-n 9007199254740993 -d 1", "more than the 53 binary digits that a double holds"),
        (f"-n 2 --skip {2**106}", "ask for points below 2^106"),
        ("-n 10000000000", "give a number up to 1,000,000,000"),
        ("-n 10000000000 --certify", "give a number up to 1,000,000,000"),
        ("--prefixes 4000000000:4000000001", "give a number up to 1,000,000,000"),
        ("--density nothing.png", "nothing.png does not exist"),
        ("--density ramp.png --max-pixels 5", "raise --max-pixels"),
        ("--density white.png", "zero everywhere"),
        ("--density ramp.png -o ramp.png", "is read as well"),
        ("-o ramp.png/a.csv", "ramp.png is not a folder"),
        ("-o a.svg --page a4 --margin 300mm", "leaves no room"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(arguments, message):
    before = sorted(Path().iterdir())
    result = sequence(*arguments.split(), code=1)
    *progress, sentence = result.stderr.splitlines()
    assert message in sentence
    assert sentence.startswith("Error: ")
    assert all(line.endswith(" ...") for line in progress)
    assert result.stdout == ""
    assert sorted(Path().iterdir()) == before


# Speed, of whole processes


def measure(*arguments: object) -> float:
    began = time.perf_counter()
    process = start("sequence", *arguments, stdout=subprocess.DEVNULL)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    return time.perf_counter() - began


def test_ten_million_points_without_compiled_code(folder):
    """Importing numba would cost a third of the time that is left."""
    code = (
        "import sys; from stipple.cli import main;"
        f"main(['sequence', '-n', '9', '-o', {str(folder / 'a.npy')!r}], standalone_mode=False);"
        "assert not {'numba', 'scipy', 'matplotlib', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    np.testing.assert_array_equal(np.load(folder / "a.npy"), stipple.sequence(9))


@pytest.mark.slow
def test_speed_of_ten_million_points():
    arguments = ("-n", 10**7, "-o", "a.npy", "-q")
    assert min(measure(*arguments) for _ in range(3)) < 2
    points = np.load("a.npy")
    assert points.shape == (10**7, 2)
    np.testing.assert_array_equal(points[-3:], stipple.sequence(3, skip=10**7 - 3))


@pytest.mark.slow
def test_speed_of_certificates():
    measure("-n", 10, "--certify")  # compiles where nothing is cached
    assert measure("-n", 10**6, "--certify") < 10
    assert measure("--prefixes", "1:10000", "-o", "p.csv") < 60
    assert read_table(Path("p.csv"))["scaled_radius"].max() < 10 * math.sqrt(2)
