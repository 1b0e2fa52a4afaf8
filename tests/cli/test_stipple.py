"""What every option of `stipple stipple` does, seen in the files that the command writes."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from command import (
    SAMPLES,
    SVG,
    find_paper,
    list_circles,
    list_layers,
    list_paths,
    read_csv,
    read_json,
    read_png,
    read_svg,
    save,
    stipple,
)
from oracles import ENGINES
from PIL import Image


@pytest.fixture
def ramp(tmp_path):
    """A picture 24 pixels wide and 16 high, from black on the left to light grey."""
    return save(tmp_path / "ramp.png", np.tile(np.arange(24, dtype=np.uint8) * 10, (16, 1)))


@pytest.fixture
def corner(tmp_path):
    """White, but for a black rectangle from (2, 1) to (8, 4): near the top left corner."""
    pixels = np.full((16, 24), 255, dtype=np.uint8)
    pixels[1:4, 2:8] = 0
    return save(tmp_path / "corner.png", pixels)


@pytest.fixture
def colourful(tmp_path):
    """Three bands of 12 by 6 pixels: cyan, almost black, red; below them as much white."""
    pixels = np.full((36, 12, 3), 255, dtype=np.uint8)
    pixels[0:6] = [0, 255, 255]
    pixels[6:12] = [10, 14, 8]
    pixels[12:18] = [255, 0, 0]
    return save(tmp_path / "colourful.png", pixels)


def solve(image, *options, folder=None):
    """Return the points in pixels, shape (n, 2), and the report."""
    folder = folder or image.parent
    stipple(image, "-o", folder / "out.csv", "--report", folder / "out.json", *options)
    return read_csv(folder / "out.csv")[:, :2], read_json(folder / "out.json")


def draw(image, *options):
    """Return the SVG."""
    target = image.parent / "out.svg"
    stipple(image, "-o", target, *options)
    return read_svg(target)


def to_page(points, report):
    """Carry points from pixels to millimetres, as the report says."""
    blank = (np.array(report["page_mm"]) - report["picture_mm"]) / 2
    return points * report["millimetres_per_pixel"] + blank


def from_page(positions, report):
    """Carry positions from millimetres to pixels."""
    blank = (np.array(report["page_mm"]) - report["picture_mm"]) / 2
    return (positions - blank) / report["millimetres_per_pixel"]


def crop(pixels, report):
    """Cut a drawn page to the picture."""
    page, picture = np.array(report["page_mm"]), np.array(report["picture_mm"])
    resolution = pixels.shape[1] / page[0]
    left, top = np.rint((page - picture) / 2 * resolution).astype(int)
    return pixels[top : len(pixels) - top, left : pixels.shape[1] - left]


# --- outputs ------------------------------------------------------------------------------------


def test_every_format_holds_the_same_points(ramp, tmp_path):
    names = [tmp_path / f"out.{suffix}" for suffix in ("svg", "PNG", "csv", "json")]
    stipple(ramp, "-n", 30, *(word for name in names for word in ("-o", name)))
    svg, png, csv, json = names
    table = read_csv(csv)
    assert table.shape == (30, 3)
    circles = list_circles(read_svg(svg))
    report = read_json(json)
    np.testing.assert_allclose(circles[:, :2], to_page(table[:, :2], report), atol=0.00051)
    (ink,) = report["inks"]
    np.testing.assert_array_equal(ink["positions"], table[:, :2])  # full precision in both
    np.testing.assert_array_equal(ink["masses"], table[:, 2])
    pixels = read_png(png)
    columns, rows = (circles[:, :2] * 300 / 25.4).astype(int).T
    assert (pixels[rows, columns] == 0).all()  # black in the middle of each dot


def test_csv_is_x_y_mass_radius_and_the_masses_add_up(ramp, tmp_path):
    stipple(ramp, "-n", 30, "-o", tmp_path / "out.csv")
    header, first, *_ = (tmp_path / "out.csv").read_text().splitlines()
    assert header == "x,y,mass,radius"
    assert max(len(number) for number in first.split(",")) > 15
    table = read_csv(tmp_path / "out.csv")
    assert table[:, 2].sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(table[:, 2], 1 / 30, rtol=1e-6)


def test_without_output_an_svg_of_the_same_name_in_this_folder(ramp, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    stipple(ramp, "-n", 5)
    assert len(list_circles(read_svg(tmp_path / "here" / "ramp.svg"))) == 5


@pytest.mark.parametrize("form", ["svg", "png", "csv"])
def test_standard_output_is_the_file_and_nothing_else(ramp, tmp_path, form):
    result = stipple(ramp, "-n", 9, "-o", "-", "--format", form, "-o", tmp_path / f"out.{form}")
    assert result.stdout_bytes == (tmp_path / f"out.{form}").read_bytes()


def test_files_alone_leave_standard_output_empty(ramp, tmp_path):
    assert stipple(ramp, "-n", 9, "-v", "-o", tmp_path / "out.svg").stdout_bytes == b""


def test_the_image_may_come_from_standard_input(ramp, tmp_path):
    stipple(ramp, "-n", 9, "-o", tmp_path / "file.csv")
    stipple("-", "-n", 9, "-o", tmp_path / "pipe.csv", data=ramp.read_bytes())
    assert (tmp_path / "pipe.csv").read_bytes() == (tmp_path / "file.csv").read_bytes()


def test_arrays_and_text_matrices_are_densities(tmp_path):
    darkness = np.array([[0.5, 0.0, 2.0], [1.0, 3.0, 0.0]])
    np.save(tmp_path / "density.npy", darkness)
    np.savetxt(tmp_path / "density.csv", darkness, delimiter=",")
    for name in ("density.npy", "density.csv"):
        points, report = solve(tmp_path / name, "-n", 1)
        y, x = np.mgrid[:2, :3] + 0.5
        mean = [(darkness * axis).sum() / darkness.sum() for axis in (x, y)]
        np.testing.assert_allclose(points, [mean], atol=1e-9)
        assert report["inks"][0]["ink"] == "black"


def test_an_existing_file_is_replaced(ramp, tmp_path):
    (tmp_path / "out.svg").write_text("old")
    assert len(list_circles(draw(ramp, "-n", 7))) == 7


def test_right_way_up(corner, tmp_path):
    names = [tmp_path / f"out.{suffix}" for suffix in ("svg", "png", "csv")]
    stipple(
        corner,
        *("-n", 40, "--margin", "0mm", "--report", tmp_path / "out.json"),
        *(word for name in names for word in ("-o", name)),
    )
    svg, png, csv = names
    report = read_json(tmp_path / "out.json")
    low, high = np.array([2, 1]), np.array([8, 4])
    points = read_csv(csv)[:, :2]
    assert ((points > low) & (points < high)).all()
    dots = from_page(list_circles(read_svg(svg))[:, :2], report)
    assert ((dots > low) & (dots < high)).all()
    rows, columns = np.nonzero(read_png(png)[..., 0] < 0.5)
    marked = from_page(np.column_stack([columns, rows]) * 25.4 / 300, report)
    assert marked.min(axis=0) == pytest.approx(low, abs=0.5)
    assert marked.max(axis=0) == pytest.approx(high, abs=0.5)


def test_the_same_command_gives_the_same_bytes(ramp, tmp_path):
    files = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        outputs = [tmp_path / name / f"out.{suffix}" for suffix in ("svg", "png", "csv")]
        words = [word for output in outputs for word in ("-o", output)]
        stipple(ramp, "-n", 40, "--start", "uniform", "--seed", 3, *words)
        files.append([output.read_bytes() for output in outputs])
    assert files[0] == files[1]


# --- solving ------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 17])
def test_points(ramp, count):
    points, report = solve(ramp, "-n", count)
    assert len(points) == report["points"] == count


def test_no_iterations_leave_the_start_where_it_is(ramp, tmp_path):
    positions = np.random.default_rng(0).random((20, 2)) * (24, 16)
    np.savetxt(tmp_path / "start.csv", positions, "%.17g", ",", header="x,y", comments="")
    points, report = solve(ramp, "--start", tmp_path / "start.csv", "--iterations", 0)
    np.testing.assert_array_equal(points, positions)
    assert report["iterations"] == 0
    assert report["mass_error"] < 1e-6


def test_a_lloyd_step_moves_points_to_the_barycentres_of_their_cells(tmp_path):
    image = save(tmp_path / "black.png", np.zeros((10, 40), dtype=np.uint8))
    (tmp_path / "start.csv").write_text("11,2\n29,2\n")
    options = ("--method", "lloyd", "--iterations", 1, "--start", tmp_path / "start.csv")
    points, report = solve(image, *options)
    np.testing.assert_allclose(points, [[10, 5], [30, 5]], atol=1e-6)
    assert report["w2_squared"] == pytest.approx((20**2 + 10**2) / 12)


def test_methods_differ_in_speed(ramp):
    quality = {}
    for method in ("lbfgs", "relaxed", "lloyd"):
        options = ("-n", 100, "--method", method, "--iterations", 12, "--tolerance", 0)
        _, report = solve(ramp, *options)
        assert report["iterations"] == 12
        quality[method] = report["quality"]
    assert 0.15 < quality["lbfgs"] < quality["relaxed"] < quality["lloyd"] < 0.18


def test_tolerance_stops_early(ramp):
    steps = {}
    for tolerance in (0, 1e-3, 0.9):
        _, report = solve(ramp, "-n", 60, "--iterations", 25, "--tolerance", tolerance)
        steps[tolerance] = report["iterations"]
    # A run ends at stable points only, so that a looser tolerance need not end it sooner.
    assert max(steps[0.9], steps[1e-3]) < steps[0] == 25


def test_the_grid_start_is_a_grid(ramp):
    points, _ = solve(ramp, "-n", 6, "--start", "grid", "--iterations", 0)
    expected = [[x, y] for y in (4, 12) for x in (4, 12, 20)]
    np.testing.assert_allclose(points, expected)


def test_the_uniform_start_depends_on_the_seed_and_the_others_do_not(ramp):
    def place(start, seed):
        return solve(ramp, "-n", 20, "--iterations", 0, "--start", start, "--seed", seed)[0]

    np.testing.assert_array_equal(place("uniform", 1), place("uniform", 1))
    assert (place("uniform", 1) != place("uniform", 2)).all()
    np.testing.assert_array_equal(place("bisection", 1), place("bisection", 2))
    bisection = place("bisection", 1)
    assert np.median(bisection[:, 0]) < 10 < np.median(place("grid", 1)[:, 0])  # dark on the left


def test_a_start_from_a_file_brings_its_own_number(ramp, tmp_path):
    (tmp_path / "start.csv").write_text("mass,y,x\n1,2,3\n1,8,9\n1,5,15\n")
    for options in ((), ("-n", 3)):
        points, _ = solve(ramp, "--start", tmp_path / "start.csv", "--iterations", 0, *options)
        np.testing.assert_array_equal(points, [[3, 2], [9, 8], [15, 5]])


def test_an_output_may_be_the_next_start(ramp, tmp_path):
    first, before = solve(ramp, "-n", 50, "--iterations", 3)
    second, after = solve(ramp, "--start", tmp_path / "out.csv", "--iterations", 3, "--force")
    assert len(second) == len(first)
    assert after["w2_squared"] < before["w2_squared"]


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_give_the_same_cost(ramp, engine):
    _, report = solve(ramp, "-n", 50, "--iterations", 0, "--engine", engine)
    _, automatic = solve(ramp, "-n", 50, "--iterations", 0)
    assert report["engine"] == engine
    assert report["w2_squared"] == pytest.approx(automatic["w2_squared"], rel=1e-9)


def test_threads_do_not_change_the_result(ramp, tmp_path):
    for threads in (1, 2):
        output = tmp_path / f"{threads}.csv"
        stipple(ramp, "-n", 2500, "--iterations", 2, "--threads", threads, "-o", output)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


# --- tone ---------------------------------------------------------------------------------------


def total_ink(report):
    """Area of all dots in pixels, which is the total darkness."""
    scale = report["millimetres_per_pixel"]
    return sum(ink["points"] * math.pi * (ink["radius_mm"] / scale) ** 2 for ink in report["inks"])


RAMP = 1 - np.tile(np.arange(24) * 10 / 255, (16, 1))  # its darkness


def test_the_ink_is_the_darkness(ramp):
    points, report = solve(ramp, "-n", 40)
    assert total_ink(report) == pytest.approx(RAMP.sum())
    x = np.arange(24) + 0.5
    assert points[:, 0].mean() == pytest.approx((RAMP * x).sum() / RAMP.sum(), rel=1e-3)


def test_invert(ramp):
    points, report = solve(ramp, "-n", 40, "--invert")
    assert total_ink(report) == pytest.approx((1 - RAMP).sum())
    x = np.arange(24) + 0.5
    assert points[:, 0].mean() == pytest.approx(((1 - RAMP) * x).sum() / (1 - RAMP).sum(), rel=1e-3)


@pytest.mark.parametrize("gamma", [0.5, 2])
def test_gamma(ramp, gamma):
    _, report = solve(ramp, "-n", 40, "--gamma", gamma)
    assert total_ink(report) == pytest.approx((RAMP**gamma).sum())


def test_contrast_spreads_the_tones_about_grey(ramp):
    plain, _ = solve(ramp, "-n", 40)
    steep, _ = solve(ramp, "-n", 40, "--contrast", 3)
    flat, _ = solve(ramp, "-n", 40, "--contrast", 0.3)
    assert steep[:, 0].mean() < plain[:, 0].mean() - 1  # more of the ink is on the dark side
    assert flat[:, 0].mean() > plain[:, 0].mean() + 1


def test_threshold(ramp):
    points, report = solve(ramp, "-n", 40, "--threshold", 0.5)
    assert total_ink(report) == pytest.approx(RAMP[RAMP >= 0.5].sum())
    assert points[:, 0].max() < 13  # the first pixels of 255/20 > 12 columns are dark enough


@pytest.mark.parametrize(
    ("alpha", "options", "columns"),
    [
        ("white", (), [0, 1, 0.5]),  # white, black, half transparent black
        ("black", (), [0, 1, 1, 1]),
        ("mask", (), [0, 1, 0.5]),
        ("white", ("--invert",), [1, 0, 0.5, 1]),
        ("mask", ("--invert",), [1, 0, 0]),
    ],
)
def test_alpha(tmp_path, alpha, options, columns):
    pixels = np.zeros((5, 4, 4), dtype=np.uint8)
    pixels[:, 0] = [255, 255, 255, 255]
    pixels[:, 1] = [0, 0, 0, 255]
    pixels[:, 2] = [0, 0, 0, 128]
    pixels[:, 3] = [0, 0, 0, 0]  # wholly transparent
    image = save(tmp_path / "alpha.png", pixels)
    _, report = solve(image, "-n", 10, "--alpha", alpha, *options)
    assert total_ink(report) == pytest.approx(5 * sum(columns), abs=0.02)  # 128/255 is not 1/2


@pytest.mark.parametrize(
    ("size", "expected"), [("12", (12, 8)), ("48", (48, 32)), ("10x20", (10, 20))]
)
def test_resize(ramp, size, expected):
    points, report = solve(ramp, "-n", 60, "--resize", size, "--margin", "0mm")
    width, height = expected
    scale, page = report["millimetres_per_pixel"], report["page_mm"]
    assert report["picture_mm"] == pytest.approx([side * scale for side in expected])
    beyond = 2 * report["inks"][0]["largest_radius_mm"]
    assert page == pytest.approx([side + beyond for side in report["picture_mm"]])
    assert max(page) == pytest.approx(297) or min(page) == pytest.approx(210)
    assert points.max(axis=0) == pytest.approx(expected, rel=0.2)
    assert total_ink(report) == pytest.approx(RAMP.mean() * width * height)


def test_max_pixels_is_the_most_that_is_read(ramp, tmp_path):
    stipple(ramp, "-n", 5, "--max-pixels", 24 * 16, "-o", tmp_path / "out.svg")
    result = stipple(ramp, "-n", 5, "--max-pixels", 24 * 16 - 1, "-o", tmp_path / "no.svg", code=1)
    assert "--max-pixels" in result.stderr


# --- inks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("overlap", "style"), [("avoid", None), ("allow", "multiply")])
def test_cmyk_has_a_layer_for_each_ink_and_black_alone_where_it_is_dark(overlap, style, tmp_path):
    pixels = np.repeat([[0, 255, 255], [10, 14, 8], [255, 255, 0]], 72, axis=0).astype(np.uint8)
    source = save(tmp_path / "bands.png", pixels.reshape(18, 12, 3))
    options = ("--color", "cmyk", "--overlap", overlap)
    files = ("-o", tmp_path / "out.svg", "--report", tmp_path / "out.json")
    stipple(source, "-n", 300, *options, *files)
    svg, report = read_svg(tmp_path / "out.svg"), read_json(tmp_path / "out.json")
    layers = list_layers(svg)
    assert list(layers) == ["1 cyan", "3 yellow", "4 black"]  # pen 2 has nothing to draw
    blend = None if style is None else f"mix-blend-mode:{style}"
    assert {layer.get("style") for layer in layers.values()} == {blend}
    assert [layer.get("id") for layer in layers.values()] == ["layer1", "layer3", "layer4"]
    fills = [layer.find(f"{SVG}g").get("fill") for layer in layers.values()]
    assert fills == ["#00ffff", "#ffff00", "#000000"]
    rows = {
        label: np.histogram(from_page(list_circles(layer)[:, :2], report)[:, 1], [0, 6, 12, 18])[0]
        for label, layer in layers.items()
    }
    # Ink in each band of 72 pixels. Near black, C, M and Y are 245, 241 and 247, of which 241 go;
    # of dots that overlap, the rest shows in the 14 that black leaves.
    rest = 255 / 14 if overlap == "allow" else 1
    amounts = {
        "1 cyan": [255, 4 * rest, 0],
        "3 yellow": [0, 6 * rest, 255],
        "4 black": [0, 241, 0],
    }
    total = sum(map(sum, amounts.values()))
    for label, expected in amounts.items():
        wanted = 300 * np.array(expected) / total
        assert rows[label].sum() == pytest.approx(wanted.sum(), abs=1)
        if overlap == "avoid":  # a band that is lighter than the next of the same ink lends it dots
            np.testing.assert_allclose(rows[label], wanted, atol=1)


def test_every_dot_of_every_ink_is_as_large(colourful):
    _, report = solve(colourful, "-n", 200, "--color", "cmyk")
    assert report["points"] == sum(ink["points"] for ink in report["inks"]) == 200
    radii = [ink["radius_mm"] for ink in report["inks"]]
    assert max(radii) / min(radii) < 1.01


def test_colour_gives_the_picture_back(colourful, tmp_path):
    for color in ("cmyk", "rgb"):
        output = tmp_path / f"{color}.png"
        report = tmp_path / "out.json"
        options = ("--color", color, "--overlap", "allow", "--dpi", 100, "--report", report)
        stipple(colourful, "-n", 1500, *options, "-o", output)
        pixels = crop(read_png(output), read_json(report))
        rows = np.linspace(0, len(pixels), 7).astype(int)
        bands = [pixels[a:b].mean(axis=(0, 1)) for a, b in pairwise(rows[:4])]
        expected = np.array([[0, 255, 255], [10, 14, 8], [255, 0, 0]]) / 255
        # Discs of full tone overlap or leave gaps: a tenth of the light is lost or gained.
        np.testing.assert_allclose(bands, expected, atol=0.17)


def test_rgb_is_light_on_black(colourful):
    svg = draw(colourful, "-n", 90, "--color", "rgb")
    layers = list_layers(svg)
    assert list(layers) == ["1 red", "2 green", "3 blue"]
    assert {layer.get("style") for layer in layers.values()} == {"mix-blend-mode:screen"}
    assert find_paper(svg) == "#000000"


def test_csv_of_several_inks_names_them(colourful, tmp_path):
    stipple(colourful, "-n", 60, "--color", "cmyk", "-o", tmp_path / "out.csv")
    header, *lines = (tmp_path / "out.csv").read_text().splitlines()
    assert header == "x,y,mass,radius,ink"
    inks = [line.split(",")[4] for line in lines]
    assert len(inks) == 60
    assert sorted(set(inks)) == ["black", "cyan", "magenta", "yellow"]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_points_than_inks(colourful, count):
    points, report = solve(colourful, "-n", count, "--color", "cmyk", "--overlap", "allow")
    assert len(points) == len(report["inks"]) == count
    points, report = solve(colourful, "-n", count, "--color", "cmyk")
    assert len(points) == count
    assert 1 <= len(report["inks"]) <= count  # the others are too faint for a dot


def test_ink_and_background(ramp):
    svg = draw(ramp, "-n", 5, "--ink", "navy", "--background", "#FFE")
    assert svg.find(f".//{SVG}g[@fill]").get("fill") == "#000080"
    assert find_paper(svg) == "#ffffee"


def test_background_none_is_transparent(ramp, tmp_path):
    outputs = ("-o", tmp_path / "out.svg", "-o", tmp_path / "out.png")
    stipple(ramp, "-n", 5, "--ink", "#ff0000", "--background", "none", "--dpi", 72, *outputs)
    assert read_svg(tmp_path / "out.svg").find(f".//{SVG}rect") is None
    pixels = read_png(tmp_path / "out.png")
    assert set(np.unique(pixels[pixels[..., 3] > 0][:, :3], axis=0).ravel()) == {0, 1}
    assert (pixels[0, 0] == 0).all()
    assert (pixels[..., 3] == 1).any()


@pytest.mark.parametrize(
    ("options", "fill"),
    [
        (("--dots", "circle"), "#ffffff"),
        (("--dots", "stroke"), None),
        (("--dots", "spiral"), None),
        (("--draw", "cells"), None),
        (("--draw", "tour", "--order", "tsp"), None),
        (("--draw", "cells,dots"), "#ffffff"),
    ],
)
def test_paper_is_white_for_dots_and_none_for_pens(ramp, options, fill):
    assert find_paper(draw(ramp, "-n", 5, *options)) == fill


# --- page ---------------------------------------------------------------------------------------


def page_size(svg):
    assert svg.get("viewBox") == f"0 0 {svg.get('width')[:-2]} {svg.get('height')[:-2]}"
    assert svg.get("width").endswith("mm")
    return float(svg.get("width")[:-2]), float(svg.get("height")[:-2])


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (("--radius", "1mm"), (297, (297 - 12) * 16 / 24 + 12)),
        (("--radius", "1mm", "--margin", "1in"), ((210 - 52.8) * 24 / 16 + 52.8, 210)),
        (("--radius", "1mm", "--portrait"), (210, (210 - 12) * 16 / 24 + 12)),
        (("--page", "a4"), (297, 210)),
        (("--page", "a4", "--portrait"), (210, 297)),
        (("--page", "a4", "--landscape"), (297, 210)),
        (("--page", "11x14in"), (279.4, 355.6)),
        (("--page", "50mmx3cm", "--landscape"), (50, 30)),
    ],
)
def test_page(ramp, options, size):
    svg = draw(ramp, "-n", 3, *options)
    assert page_size(svg) == pytest.approx(size, abs=0.001)


@pytest.mark.parametrize(
    "options",
    [
        ("--page", "a4", "--margin", "15mm"),
        ("--page", "a4", "--landscape", "--margin", "50mm"),
        ("--page", "30x100mm", "--margin", "0mm", "-n", 7),
        ("--margin", "2mm", "-n", 1),
    ],
)
@pytest.mark.parametrize("dots", ["circle", "spiral"])
def test_dots_fill_the_room_inside_the_margins(ramp, options, dots):
    svg = draw(
        ramp, "-n", 300, *options, "--dots", dots, "--radius", "0.4mm", "--pen-width", "0.2mm"
    )
    margin = float(options[options.index("--margin") + 1].removesuffix("mm"))
    if dots == "circle":
        centres = list_circles(svg)[:, :2]
    else:
        centres = np.array([path.mean(axis=0) for path, _ in list_paths(svg)])
    width, height = page_size(svg)
    inside = 2 * margin + 0.8  # to the rims of the dots
    scale = min((width - inside) / 24, (height - inside) / 16)
    half = np.array([24, 16]) * scale / 2
    middle = np.array([width, height]) / 2
    assert (abs(centres - middle) < half).all()
    if len(centres) == 300:  # and they reach out to the margins
        assert (abs(centres - middle).max(axis=0) > 0.93 * half).all()


# --- marks --------------------------------------------------------------------------------------


def test_stroke_dots_are_round_caps_as_wide_as_the_dots(ramp):
    circles = list_circles(draw(ramp, "-n", 20))
    svg = draw(ramp, "-n", 20, "--dots", "stroke")
    group = list_layers(svg)["1 black"].find(f"{SVG}g")
    assert group.get("stroke-linecap") == "round"
    assert group.get("stroke") == "#000000"
    widths = [float(path.get("stroke-width")) for path in group]
    np.testing.assert_allclose(widths, 2 * circles[:, 2], atol=2e-4)
    centres = [path[0] for path, _ in list_paths(svg)]
    np.testing.assert_allclose(centres, circles[:, :2], atol=0.00051)


def test_spirals_fill_the_dots_at_the_width_of_the_pen(ramp):
    circles = list_circles(draw(ramp, "-n", 20, "--radius", "2mm"))
    svg = draw(ramp, "-n", 20, "--radius", "2mm", "--dots", "spiral", "--pen-width", "0.5mm")
    assert svg.find(f".//{SVG}g[@stroke]").get("stroke-width") == "0.5"
    spirals = [path for path, _ in list_paths(svg)]
    assert len(spirals) == 20
    for spiral, (x, y, radius) in zip(spirals, circles, strict=True):
        distance = np.hypot(*(spiral - (x, y)).T)
        assert distance[0] == pytest.approx(0, abs=0.002)
        assert distance.max() == pytest.approx(radius - 0.25, abs=0.002)


def test_radius(ramp):
    circles = list_circles(draw(ramp, "-n", 8, "--radius", "0.01in"))
    np.testing.assert_allclose(circles[:, 2], 0.254)


@pytest.mark.parametrize("level", [0.15, 0.5, 0.85])
@pytest.mark.parametrize("dots", ["circle", "stroke"])
def test_automatic_radius_keeps_the_tone(tmp_path, level, dots):
    grey = save(tmp_path / "grey.png", np.full((40, 60), round(255 * (1 - level)), dtype=np.uint8))
    options = ("--dots", dots, "--background", "white", "--report", tmp_path / "out.json")
    stipple(grey, "-n", 200, *options, "-o", tmp_path / "out.png", "--dpi", 100)
    report = read_json(tmp_path / "out.json")
    pages = math.prod(report["page_mm"]) / math.prod(report["picture_mm"])
    drawn = pages * (1 - read_png(tmp_path / "out.png").mean())
    assert drawn == pytest.approx(level, rel=0.02)


def test_the_tone_is_kept_where_the_picture_is_light_and_where_it_is_dark(ramp, tmp_path):
    files = ("-o", tmp_path / "out.png", "--dpi", 100, "--report", tmp_path / "out.json")
    stipple(ramp, "-n", 800, *files)
    picture = crop(read_png(tmp_path / "out.png"), read_json(tmp_path / "out.json"))
    ink = 1 - picture.mean(axis=(0, 2))
    for drawn, dark in zip(np.array_split(ink, 4), np.split(RAMP.mean(axis=0), 4), strict=True):
        assert drawn.mean() == pytest.approx(dark.mean(), abs=0.06)


@pytest.mark.parametrize(
    ("marks", "labels"),
    [
        ("dots", ["1 black"]),
        ("cells", ["1 black cells"]),
        ("tour", ["1 black tour"]),
        ("dots,cells,tour", ["1 black cells", "1 black tour", "1 black"]),
    ],
)
def test_draw(ramp, marks, labels):
    assert list(list_layers(draw(ramp, "-n", 9, "--draw", marks, "--order", "tsp"))) == labels


def test_cells_tile_the_picture(ramp):
    # Half a pen lies beyond the picture, which 24 x 16 pixels of 1 mm then fill.
    sheet = ("--page", "24.1x16.1mm", "--margin", "0mm")
    svg = draw(ramp, "-n", 60, "--draw", "cells", *sheet, "--pen-width", "0.1mm")
    paths = list_paths(svg)
    assert {len(path) for path, _ in paths} == {2}
    edges = np.array([path for path, _ in paths])  # (edges, 2, 2)
    corners = np.unique(edges.reshape(-1, 2), axis=0)
    assert len(corners) - len(edges) + 60 == 1  # Euler: 60 faces inside
    size = np.array([24.0, 16.0])
    assert corners.min(axis=0) == pytest.approx([0.05, 0.05])
    assert corners.max(axis=0) == pytest.approx(size + 0.05, abs=0.001)
    on_border = (abs(edges - 0.05) < 1e-3) | (abs(edges - size - 0.05) < 1e-3)
    border = edges[(on_border[:, 0] & on_border[:, 1]).any(axis=1)]
    assert np.hypot(*(border[:, 0] - border[:, 1]).T).sum() == pytest.approx(
        2 * size.sum(), abs=0.01
    )
    assert svg.find(f".//{SVG}g[@stroke]").get("stroke-width") == "0.1"


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_the_tour_is_one_closed_line_through_all_points(ramp, tmp_path, count):
    outputs = ("-o", tmp_path / "out.svg", "-o", tmp_path / "out.csv")
    options = ("--draw", "tour", "--order", "tsp", "--margin", "0mm", "--pen-width", "0.7mm")
    stipple(ramp, "-n", count, *options, *outputs, "--report", tmp_path / "out.json")
    svg = read_svg(tmp_path / "out.svg")
    ((vertices, closed),) = list_paths(svg)
    assert closed == (count > 1)
    report = read_json(tmp_path / "out.json")
    points = to_page(read_csv(tmp_path / "out.csv")[:, :2], report)
    np.testing.assert_allclose(vertices, points, atol=0.00051)
    assert svg.find(f".//{SVG}g[@stroke]").get("stroke-width") == "0.7"
    around = np.hypot(*(points - np.roll(points, 1, axis=0)).T).sum()
    assert report["inks"][0]["travel_mm"] == pytest.approx(around)


def test_order_shortens_the_way_of_the_pen(ramp):
    ways = {}
    for order in ("none", "nearest", "tsp"):
        points, report = solve(ramp, "-n", 200, "--order", order)
        ways[order] = np.hypot(*np.diff(points, axis=0).T).sum()
        travel = report["inks"][0]["travel_mm"]
        if order == "none":
            expected = points
            assert travel is None
        else:
            assert travel == pytest.approx(ways[order] * report["millimetres_per_pixel"])
            np.testing.assert_array_equal(*(p[np.lexsort(p.T)] for p in (points, expected)))
    assert ways["tsp"] < ways["nearest"] < 0.8 * ways["none"]


def test_dpi(ramp, tmp_path):
    for dpi in (50, 254):
        stipple(ramp, "-n", 3, "--page", "3x2in", "--dpi", dpi, "-o", tmp_path / "out.png")
        with Image.open(tmp_path / "out.png") as image:
            assert image.size == (3 * dpi, 2 * dpi)
            assert image.info["dpi"] == pytest.approx((dpi, dpi), rel=1e-3)


def test_animation_has_a_frame_for_the_start_and_for_each_step(ramp, tmp_path):
    _, report = solve(ramp, "-n", 60, "--iterations", 6, "--animate", tmp_path / "out.gif")
    with Image.open(tmp_path / "out.gif") as film:
        assert film.n_frames == report["iterations"] + 1 == 7
        assert max(film.size) == 800
        assert film.info["loop"] == 0


def test_inks_that_settle_early_wait_for_the_others_in_the_animation(colourful, tmp_path):
    options = ("-n", 40, "--color", "cmyk", "--animate", tmp_path / "out.gif", "--tolerance", 1e-3)
    options += ("--overlap", "allow")
    _, report = solve(colourful, *options)
    steps = [ink["iterations"] for ink in report["inks"]]
    assert min(steps) < max(steps)
    with Image.open(tmp_path / "out.gif") as film:
        assert film.n_frames <= max(steps) + 1
        seconds = 0
        for frame in range(film.n_frames):
            film.seek(frame)
            seconds += film.info["duration"] / 1000
    # Frames that look the same are one longer frame; the last one stays two seconds more.
    assert seconds == pytest.approx(0.12 * (max(steps) + 1) + 2)


# --- what people are told -----------------------------------------------------------------------


def test_report(ramp, tmp_path):
    report_path = tmp_path / "report.json"
    arguments = ("-n", 50, "--seed", 7, "-o", tmp_path / "out.svg", "--report", report_path)
    stipple(ramp, *arguments)
    report = read_json(report_path)
    assert report["command"] == "stipple"
    assert report["points"] == 50
    assert report["w2_squared_lower"] <= report["w2_squared"] <= report["w2_squared_upper"]
    assert report["w2_squared_upper"] / report["w2_squared_lower"] < 1 + 1e-5
    assert report["quality"] == pytest.approx(50 * report["w2_squared"] / (24 * 16))
    assert report["quality_hexagonal"] == pytest.approx(0.160375, abs=1e-6)
    assert 0 <= report["mass_error"] < 1e-6
    assert 1 <= report["iterations"] <= 30
    assert report["diagrams"] > report["iterations"]
    assert report["seed"] == 7
    assert {"read", "start", "steps", "order", "write"} <= report["seconds"].keys()
    assert all(0 <= seconds < 60 for seconds in report["seconds"].values())
    assert {"stipple", "python", "numpy", "scipy"} <= report["versions"].keys()
    options = report["options"]
    assert options["image"] == str(ramp)
    assert options["outputs"] == [str(tmp_path / "out.svg")]
    assert (options["points"], options["method"], options["format"]) == (50, "lbfgs", None)


def test_the_report_agrees_with_the_cells_of_the_points(ramp):
    """The cost of one point is its mean squared distance to the ink, with no solver involved."""
    points, report = solve(ramp, "-n", 1)
    y, x = np.mgrid[:16, :24] + 0.5
    squared = (x - points[0, 0]) ** 2 + (y - points[0, 1]) ** 2 + 1 / 6  # a pixel's own spread
    assert report["w2_squared"] == pytest.approx((RAMP * squared).sum() / RAMP.sum())


def test_report_on_standard_output(ramp, tmp_path):
    import json

    result = stipple(ramp, "-n", 5, "-o", tmp_path / "out.svg", "--report", "-")
    assert json.loads(result.stdout)["points"] == 5


def test_quiet_prints_nothing(ramp, tmp_path):
    for options in (("-q",), ("-q", "-v")):
        result = stipple(ramp, "-n", 5, *options, "-o", tmp_path / "out.svg")
        assert result.output == ""


def test_plain_lines_where_there_is_no_terminal(ramp, tmp_path):
    output = tmp_path / "a folder with a long name" / "and another one in it" / "out.svg"
    output.parent.mkdir(parents=True)
    first, *lines = stipple(ramp, "-n", 1234, "-o", output).stderr.splitlines()
    table = [line for line in lines if not line.startswith("  step")]  # on a slow machine
    assert first == "1,234 black dots ..."
    names = [line[:14].strip() for line in table]
    assert names == ["dots", "dot diameter", "picture", "coverage", "seconds", "written"]
    assert table[-1].endswith(str(output))  # however long


def test_verbose_adds_the_mathematics(ramp, tmp_path):
    told = stipple(ramp, "-n", 50, "-v", "-o", tmp_path / "out.svg").stderr
    for name in ("W2²", "quality", "settled", "texture", "mass error", "seed"):
        assert re.search(rf"^{name}  ", told, re.M), name
    assert "certified within [" in told


def test_a_quality_below_that_of_hexagons_is_explained(tmp_path):
    dots = np.full((64, 64), 255, np.uint8)
    for row, column in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)):
        dots[8 + row :: 16, 8 + column :: 16] = 250  # hardly dark, but not white
    dots[8::16, 8::16] = 0
    told = stipple(save(tmp_path / "a.png", dots), "-n", 16, "-v", "-o", tmp_path / "a.svg").stderr
    (line,) = re.findall(r"^quality .*$", told, re.M)
    assert "below 0.16038, which hexagons have on flat tone" in line
    flat = save(tmp_path / "b.png", np.full((64, 64), 100, np.uint8))
    told = stipple(flat, "-n", 16, "-v", "-o", tmp_path / "a.svg").stderr
    assert "many dots tend to 0.16038" in told


def test_verbose_prints_a_line_for_each_step(ramp, tmp_path):
    options = ("-n", 50, "-v", "--iterations", 4, "--tolerance", 0)
    lines = stipple(ramp, *options, "-o", tmp_path / "out.svg").stderr.splitlines()
    steps = [line.split() for line in lines if line.startswith("  step")]
    assert [words[1] for words in steps] == ["0", "1", "2", "3", "4"]
    costs = [float(words[3]) for words in steps]
    assert costs == sorted(costs, reverse=True)


def test_camera_reaches_the_quality_that_is_promised(tmp_path):
    _, report = solve(SAMPLES / "camera.png", "-n", 2000, folder=tmp_path)
    assert report["quality"] <= 0.1610
    assert report["w2_squared"] <= 21.1
    assert report["w2_squared_upper"] <= 21.1


# --- extremes that work -------------------------------------------------------------------------


def make_extremes():
    speck = np.full((300, 400), 255, dtype=np.uint8)
    speck[100, 250] = 0
    y, x = np.mgrid[:40, :100] + 0.5
    discs = (np.hypot(x - 20, y - 20) > 12) & (np.hypot(x - 80, y - 20) > 12)
    strip = np.linspace(0, 200, 300).astype(np.uint8)
    return {
        "one pixel": np.zeros((1, 1), dtype=np.uint8),
        "a speck": speck,
        "a row": strip[None, :],
        "a column": strip[:, None],
        "wide": np.full((2, 2000), 100, dtype=np.uint8),
        "tall": np.full((2000, 2), 100, dtype=np.uint8),
        "two shapes": np.where(discs, 255, 0).astype(np.uint8),
        "almost white": np.full((30, 30), 254, dtype=np.uint8),
        "16 bits": np.linspace(0, 65535, 384).reshape(16, 24).astype(np.uint16),
    }


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("one pixel", (1, 2, 7, 100)),
        ("a speck", (1, 2, 5, 60)),
        ("a row", (1, 2, 50, 600)),
        ("a column", (1, 50)),
        ("wide", (1, 100, 500)),
        ("tall", (2, 300)),
        ("two shapes", (1, 2, 50, 51)),
        ("almost white", (1, 80)),
        ("16 bits", (1, 100, 800)),
    ],
)
def test_extreme_pictures(tmp_path, name, counts):
    pixels = make_extremes()[name]
    image = save(tmp_path / "extreme.png", pixels)
    for count in counts:
        outputs = ("-o", tmp_path / "out.svg", "-o", tmp_path / "out.png", "--dpi", 72)
        points, report = solve(image, "-n", count, *outputs)
        assert len(np.unique(points, axis=0)) == count
        assert (points > 0).all()
        assert (points < (pixels.shape[1], pixels.shape[0])).all()
        assert report["mass_error"] < 1e-5
        assert report["w2_squared_lower"] <= report["w2_squared"] <= report["w2_squared_upper"]
        assert len(list_circles(read_svg(tmp_path / "out.svg"))) == count
        assert read_png(tmp_path / "out.png").min() < 0.9


def test_dots_stay_on_the_only_black_pixel(tmp_path):
    image = save(tmp_path / "speck.png", make_extremes()["a speck"])
    for start in ("bisection", "grid", "uniform"):
        points, _ = solve(image, "-n", 20, "--start", start)
        assert ((points > (250, 100)) & (points < (251, 101))).all()


def test_tiny_and_huge_dots(ramp, tmp_path):
    for radius in ("0.0001mm", "60mm"):
        outputs = ("-o", tmp_path / "out.svg", "-o", tmp_path / "out.png")
        stipple(ramp, "-n", 20, "--radius", radius, *outputs)
        radii = list_circles(read_svg(tmp_path / "out.svg"))[:, 2]
        np.testing.assert_allclose(radii, float(radius.removesuffix("mm")))
    pixels = read_png(tmp_path / "out.png")
    assert (pixels[len(pixels) // 2, pixels.shape[1] // 2] == 0).all()
    refused = stipple(ramp, "--radius", "1000mm", "-o", tmp_path / "out.svg", code=1)
    assert "give smaller dots or a larger page" in refused.stderr
