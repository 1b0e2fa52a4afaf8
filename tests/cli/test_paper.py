"""Sizes, margins, pens and looks of drawings, as people see them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command import invoke, list_circles, list_paths, read_json, read_png, read_svg, save

from stipple.cli import main
from stipple.cli.stipple.presets import PRESETS
from stipple.drawing.page import place
from stipple.drawing.raster import MAX_PIXELS, measure_pixels
from stipple.drawing.reach import Reach

SMALL = ("--iterations", 2, "-o", "a.svg", "--report", "a.json")


@pytest.fixture(autouse=True)
def picture(tmp_path, monkeypatch):
    """Dark up to its edges, so that dots come close to them; in colour, and wide."""
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[:20, :30]
    pixels = np.stack([6 * x, 9 * y, 60 + 0 * x], axis=-1)
    save(tmp_path / "picture.png", pixels.astype(np.uint8))


def stipple(*words, code=0):
    words = [str(word) for word in ("stipple", "picture.png", *words)]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stderr


def tell(stderr):
    """What the table says, by name."""
    return {name: value for name, value in re.findall(r"^(\S.*?)  +(.*)$", stderr, re.MULTILINE)}


# --- sizes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3024, 4032), (4032, 3024)])
def test_a_photograph_of_twelve_megapixels_fits_a4_and_the_limit_of_a_png(shape):
    placement = place(shape, margin=5, reach=Reach(pixels=20))
    assert sorted((placement.width, placement.height)) <= [210.001, 297.001]
    assert np.prod(measure_pixels(placement.width, placement.height, 300)) < MAX_PIXELS / 40


def test_a_png_follows_the_resolution_and_says_where_it_ends():
    stipple("-n", 40, *SMALL, "-o", "a.png", "--dpi", 50)
    page = read_json(Path("a.json"))["page_mm"]
    assert read_png("a.png").shape[1::-1] == pytest.approx(np.array(page) * 50 / 25.4, abs=1)
    refused = stipple("-n", 40, "-o", "b.png", "--dpi", 3000, code=1)
    assert "lower --dpi to " in refused
    assert not Path("b.png").exists()


def test_what_a_person_wants_to_know_is_told():
    told = tell(stipple("-n", 60, *SMALL))
    report = read_json(Path("a.json"))
    width, height = report["picture_mm"]
    assert told["picture"].startswith(f"{width:.4g} × {height:.4g} mm")
    (ink,) = report["inks"]
    ends = [2 * ink[f"{end}_radius_mm"] for end in ("smallest", "largest")]
    assert told["dot diameter"] == "{:.4g} to {:.4g} mm".format(*ends)
    wanted = f"{report['darkness']:.2%} wanted"
    assert told["coverage"] == f"{report['coverage']:.2%} of the picture, dark; {wanted}"
    assert report["coverage"] == pytest.approx(report["darkness"], rel=1e-4)
    assert "tone" not in told
    assert report["plot"] is None


@pytest.mark.parametrize(
    ("gamma", "word"), [(0.2, "very dark"), (1, "dark"), (2, "medium"), (8, "light")]
)
def test_words_for_tones(gamma, word):
    assert (
        tell(stipple("-n", 30, "--gamma", gamma, *SMALL))["coverage"]
        .split("; ")[0]
        .endswith(f", {word}")
    )


# --- margins ------------------------------------------------------------------------------------

PIXEL = 25.4 / 100
ROUNDING = 1.5 * PIXEL  # a page has a whole number of them


def measure_blank(path):
    """Millimetres without ink at the left, top, right and bottom of a picture of 100 dpi."""
    pixels = read_png(path)
    inked = pixels[..., 3] > 0 if pixels.shape[2] == 4 else (pixels != pixels[0, 0]).any(axis=2)
    rows, columns = (np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0))
    height, width = inked.shape
    edges = (columns[0], rows[0], width - 1 - columns[-1], height - 1 - rows[-1])
    return PIXEL * np.array(edges)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--radius", "9mm"),
        ("--dots", "stroke"),
        ("--pen", "7mm", "-n", 40),
        ("--dots", "spiral", "--pen", "2mm"),
        ("--draw", "tour", "--order", "tsp", "--pen", "9mm"),
        ("--draw", "cells", "--pen", "9mm"),
        ("--draw", "cells,dots", "--pen", "1mm"),
        ("--color", "cmyk"),
        ("--color", "cmyk", "--radius", "9mm"),
        ("--gamma", "0.1", "-n", 5),
    ],
)
@pytest.mark.parametrize("page", [(), ("--page", "a4"), ("--page", "100x160mm")])
def test_the_margin_is_blank_to_the_edge_of_the_ink(options, page):
    stipple("-n", 40, *options, *page, "--margin", "15mm", *SMALL, "-o", "a.png", "--dpi", 100)
    blank = measure_blank("a.png")
    assert blank.min() >= 15 - ROUNDING
    if "cells" in options:  # they reach the edge of the picture
        assert blank.min() <= 15 + ROUNDING


@pytest.mark.parametrize(
    "words",
    [
        ("edot", "picture.png", "-m", "9"),
        ("edot", "picture.png", "-m", "9", "--radius", "8mm"),
        ("edot", "picture.png", "-m", "9", "--show-samples"),
        ("sequence", "-n", "9"),
        ("sequence", "-n", "9", "--radius", "8mm"),
        ("sequence", "-n", "9", "--draw", "boxes"),
        ("sequence", "--density", "picture.png", "-n", "64", "--draw", "strip"),
    ],
)
def test_the_margin_of_other_drawings(words):
    result = CliRunner().invoke(
        main, [*words, "-o", "a.png", "--dpi", "100", "--margin", "15mm", "-q"]
    )
    assert result.exit_code == 0, result.output
    assert measure_blank("a.png").min() >= 15 - ROUNDING


# --- pens ---------------------------------------------------------------------------------------


def test_a_pen_draws_strokes_of_its_width_as_many_as_keep_the_tone():
    told = tell(stipple("--pen", "4mm", *SMALL, "--iterations", "0"))
    report = read_json(Path("a.json"))
    strokes = list_paths(read_svg(Path("a.svg")))
    widths = {
        path.get("stroke-width") for path in read_svg(Path("a.svg")).iter() if "d" in path.attrib
    }
    assert widths == {"4"}
    assert len(strokes) == report["points"]
    wanted = report["darkness"] * np.prod(report["picture_mm"]) / (np.pi * 2**2)
    assert abs(len(strokes) - wanted) <= 0.51
    # Where strokes of one width overlap, they cover less.
    part = report["coverage"] / report["darkness"]
    assert 0.9 < part < 0.99
    assert told["tone"].startswith(f"{part:.3g} times the picture's")
    assert report["plot"]["lifts"] == len(strokes)
    assert "at 50 mm/s" in told["plotting"]
    assert report["inks"][0]["travel_mm"] is not None  # in a short order


def test_inks_share_the_strokes_of_a_pen():
    stipple("--pen", "4mm", "--color", "cmyk", *SMALL)
    report = read_json(Path("a.json"))
    assert {ink["radius_mm"] for ink in report["inks"]} == {2.0}
    strokes = report["points"] * np.pi * 2**2 / np.prod(report["picture_mm"])
    assert strokes == pytest.approx(report["darkness"], rel=0.01)


def test_a_number_of_strokes_of_a_pen_has_a_tone_that_is_told():
    told = tell(stipple("--pen", "4mm", "-n", 100, *SMALL))
    report = read_json(Path("a.json"))
    part = report["coverage"] / report["darkness"]
    assert report["points"] == 100
    assert told["tone"].startswith(f"{part:.3g} times the picture's; {round(100 / part):,} dots")


def test_a_pen_is_the_width_of_lines_where_more_than_dots_is_drawn():
    stipple("-n", 30, "--draw", "cells,dots", "--pen-width", "0.4mm", *SMALL)
    assert len(list_circles(read_svg(Path("a.svg")))) == 30
    stipple("-n", 30, "--pen", "0.4mm", "--dots", "circle", *SMALL)
    assert len(list_circles(read_svg(Path("a.svg")))) == 30


def test_strokes_without_a_pen_say_which_they_need():
    told = tell(stipple("-n", 40, "--dots", "stroke", *SMALL))
    width = float(told["pen"].split()[0])
    least, most = map(float, told["dot diameter"].removesuffix(" mm").split(" to "))
    assert least <= width <= most


def test_a_pen_wider_than_the_dots_draws_no_spirals():
    options = ("-n", 40, "--dots", "spiral", "-o", "b.svg")
    assert "narrower than the pen of 35 mm" in stipple(*options, "--pen", "35mm", code=1)
    assert not Path("b.svg").exists()
    stipple(*options, "--pen", "10mm", "--radius", "5mm")
    assert "give a wider --pen" in stipple("--pen", "0.0001mm", "-o", "b.svg", code=1)


@pytest.mark.parametrize(
    "words",
    [
        ("sequence", "-n", "4000", "-o", "b.svg"),
        ("edot", "picture.png", "-m", "40", "-o", "b.svg"),
    ],
)
def test_pens_of_other_drawings(words):
    def refuse(*options):
        result = CliRunner().invoke(main, [*words, *options], catch_exceptions=False)
        assert result.exit_code > 0, result.output
        return result.stderr

    assert "narrower than the pen" in refuse("--dots", "spiral", "--pen", "8cm")
    assert "not both" in refuse("--dots", "stroke", "--pen", "1mm", "--radius", "1mm")
    assert not Path("b.svg").exists()


# --- looks --------------------------------------------------------------------------------------


def test_presets_differ_and_every_one_draws():
    drawn = set()
    for name in PRESETS:
        # Fewer points than the preset, which the command line may say.
        stipple("--preset", name, "-n", 40, *SMALL)
        drawn.add(Path("a.svg").read_bytes())
    assert len(drawn) == len(PRESETS) >= 4


def test_presets_are_listed_by_all_commands_in_one_way():
    for command in ("stipple", "lloyd", "edot"):
        lines = invoke(command, "--list-presets").stdout.splitlines()
        assert all(len(line) <= 80 for line in lines)
        indents = {len(line) - len(line.lstrip()) for line in lines}
        names = [line.split()[0] for line in lines if not line.startswith(" ")]
        assert indents == {0, max(map(len, names)) + 2}
        assert len(names) >= 5
        assert command != "stipple" or names == list(PRESETS)


def test_the_command_line_wins_over_a_file_and_a_file_over_a_preset():
    Path("look.toml").write_text(
        'preset = "newspaper"\npoints = 50\nmargin = "9mm"\noutput = ["b.svg", "b.json"]\n'
        "landscape = false\nresize = 24\nthreshold = '5%'\n",
        encoding="utf-8",
    )
    stipple("--config", "look.toml", "--margin", "7mm", "--iterations", 1)
    options = json.loads(Path("b.json").read_text(encoding="utf-8"))["options"]
    preset = PRESETS["newspaper"].options
    assert options["background"] == preset["background"]
    assert options["contrast"] == preset["contrast"]
    assert (options["points"], options["margin"], options["landscape"]) == (50, 7.0, False)
    assert (options["resize"], options["threshold"]) == (24, 0.05)
    assert Path("b.svg").exists()
    # The preset may be named in both; a file wins over it wherever it stands.
    stipple("--preset", "pointillist", "--config", "look.toml", "--iterations", 1)
    options = json.loads(Path("b.json").read_text(encoding="utf-8"))["options"]
    assert (options["color"], options["points"]) == ("cmyk", 50)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pages = 'a4'", "Unknown key 'pages' in look.toml: known are "),
        ("config = 'other.toml'", "Unknown key 'config'"),
        ("margin = 5", "margin in look.toml does not do. The length '5' has no unit"),
        ("landscape = 'yes'", "landscape in look.toml is 'yes': write true or false."),
        ("invert = 1", "invert in look.toml is 1: write true or false."),
        ("points = 2.5", "points in look.toml is 2.5: write a whole number, or text such as"),
        ("points = true", "points in look.toml is True: write a whole number, or text such as"),
        ("gamma = '2'", "gamma in look.toml is '2': write a number."),
        ("gamma = nan", "gamma in look.toml does not do."),
        ("dots = 'square'", "dots in look.toml does not do. 'square' is not one of"),
        ("output = [1]", "output in look.toml is [1]: write text, or a list"),
        ("page = ['a4']", "page in look.toml is ['a4']: write text in quotes"),
        ("[page]", "page in look.toml is {}: write text in quotes"),
        ("preset = 'cubist'", "Unknown preset 'cubist'"),
        ("page = ", "look.toml is not TOML: Invalid value"),
        (b"\xff", "look.toml is not text in UTF-8"),
    ],
)
def test_files_that_make_no_sense_are_told_by_their_key(text, words):
    data = text if isinstance(text, bytes) else text.encode()
    Path("look.toml").write_bytes(data)
    assert words in stipple("--config", "look.toml", "-o", "a.svg", code=2)
