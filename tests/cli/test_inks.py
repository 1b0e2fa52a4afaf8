"""Options of `stipple stipple` for inks: pens, paper, light, and how dots of several inks meet."""

import re

import numpy as np
import pytest
from command import SVG, list_layers, read_json, read_png, read_svg, save, stipple

PENS = "#e4002b,navy,black"


@pytest.fixture
def picture(tmp_path):
    """Red, grey and white: nothing for navy."""
    pixels = np.full((12, 18, 3), 255, np.uint8)
    pixels[:, :6] = [0xE4, 0, 0x2B]
    pixels[:, 6:12] = 128
    return save(tmp_path / "picture.png", pixels)


def draw(picture, *options):
    """Return the drawing and the report."""
    svg, report = picture.parent / "out.svg", picture.parent / "out.json"
    stipple(picture, "-n", 60, "--iterations", 4, *options, "-o", svg, "--report", report)
    return read_svg(svg), read_json(report)


def list_colours(layers):
    return [layer.find(f"{SVG}g").get("fill") for layer in layers.values()]


def test_pens_of_ones_own_keep_their_numbers_and_colours(picture):
    svg, report = draw(picture, "--inks", PENS)
    layers = list_layers(svg)
    assert list(layers) == ["1 #e4002b", "3 black"]
    assert list_colours(layers) == ["#e4002b", "#000000"]
    assert {layer.get("style") for layer in layers.values()} == {None}
    assert [(ink["ink"], ink["pen"]) for ink in report["inks"]] == [("#e4002b", 1), ("black", 3)]
    assert report["options"]["inks"] == PENS.split(",")


def test_marks_of_one_pen_share_its_number(picture):
    svg, _ = draw(picture, "--inks", PENS, "--draw", "cells,dots")
    layers = list_layers(svg)
    assert list(layers) == ["1 #e4002b cells", "1 #e4002b", "3 black cells", "3 black"]
    names = [layer.get("id") for layer in layers.values()]
    assert names == ["layer1", "layer1-2", "layer3", "layer3-2"]


def test_in_a_batch_a_pen_is_always_the_same(picture, tmp_path):
    grey = save(tmp_path / "grey.png", np.full((8, 8, 3), 90, np.uint8))
    pattern = tmp_path / "{stem}.svg"
    stipple(picture, grey, "-n", 30, "--iterations", 2, "--color", "cmyk", "-o", pattern)
    both = [list(list_layers(read_svg(tmp_path / f"{name}.svg"))) for name in ("picture", "grey")]
    assert both == [["2 magenta", "3 yellow", "4 black"], ["4 black"]]


def test_the_report_and_the_table_tell_of_all_dots_together(picture):
    words = ("-n", 60, "--color", "cmyk", "--report", picture.parent / "r.json")
    told = stipple(picture, *words, "-v", "-o", picture.parent / "out.csv").stderr
    report = read_json(picture.parent / "r.json")
    union = report["union"]
    assert union["points"] == 60
    assert union["w2_squared_lower"] <= union["w2_squared"] <= union["w2_squared_upper"]
    assert union["mass_error"] < 1e-6
    assert re.search(r"^dots of all inks +60$", told, re.MULTILINE)
    assert f"{union['quality']:.5f}" in told
    _, alone = draw(picture, "--color", "cmyk", "--overlap", "allow")
    assert alone["union"]["quality"] > union["quality"]
    assert alone["seconds"]["union"] > 0
    _, single = draw(picture)
    assert single["union"] is None


@pytest.mark.parametrize("colour", [(64, 64, 128), (100, 160, 160)])
def test_inks_that_overlap_mix_as_wanted_where_their_dots_are_as_many(colour, tmp_path):
    """Alike lattices of black and cyan fell together, and left up to 58 levels too much light."""
    source = save(tmp_path / "flat.png", np.full((64, 64, 3), colour, np.uint8))
    output, report = tmp_path / "drawn.png", tmp_path / "r.json"
    options = ("--color", "cmyk", "--overlap", "allow", "--page", "64x64mm", "--dpi", 254)
    stipple(source, "-n", 3000, *options, "-o", output, "--report", report)
    lack = (1 - read_png(output)).sum(axis=(0, 1))  # all ink, that beside the picture too
    side = 640 * read_json(report)["millimetres_per_pixel"]
    np.testing.assert_allclose(255 * (1 - lack / side**2), colour, atol=3)


def test_how_layers_meet(picture):
    for options, style in (
        (("--color", "cmyk"), None),
        (("--color", "cmyk", "--overlap", "allow"), "mix-blend-mode:multiply"),
        (("--color", "rgb", "--overlap", "avoid"), None),
        (("--color", "rgb"), "mix-blend-mode:screen"),
    ):
        svg, _ = draw(picture, *options)
        assert {layer.get("style") for layer in list_layers(svg).values()} == {style}


def test_paper_is_the_background_and_leaves_the_tone_of_one_ink(picture):
    svg, report = draw(picture, "--paper", "#fff0d0")
    assert svg.find(f".//{SVG}rect").get("fill") == "#fff0d0"
    _, white = draw(picture)
    assert report["inks"] == white["inks"]
    svg, light = draw(picture, "--paper", "black", "--ink", "white")
    assert svg.find(f".//{SVG}rect").get("fill") == "#000000"
    _, inverse = draw(picture, "--invert")
    assert light["w2_squared"] == pytest.approx(inverse["w2_squared"], rel=1e-6)


def test_linear_light_puts_more_ink_in_the_middle_tones(picture):
    _, encoded = draw(picture)
    _, linear = draw(picture, "--light", "linear")
    assert linear["inks"][0]["radius_mm"] > 1.05 * encoded["inks"][0]["radius_mm"]


@pytest.mark.parametrize(
    "wanted",
    [
        (90, 60, 40),
        pytest.param((150, 130, 120), marks=pytest.mark.slow),
        (70, 70, 70),
    ],
)
def test_a_flat_patch_is_drawn_in_its_colour(wanted, tmp_path):
    """Within 3 of 255 levels, measured on the PNG."""
    patch = save(tmp_path / "patch.png", np.full((60, 60, 3), wanted, np.uint8))
    output = tmp_path / "out.png"
    words = ("-n", 1500, "--iterations", 12, "--color", "cmyk", "--margin", "5mm", "--dpi", 400)
    stipple(patch, *words, "-o", output, "--report", tmp_path / "r.json")
    lack = (1 - read_png(output)).sum(axis=(0, 1))  # all ink, that beside the picture too
    side = 60 * read_json(tmp_path / "r.json")["millimetres_per_pixel"] * 400 / 25.4
    np.testing.assert_allclose(255 * (1 - lack / side**2), wanted, atol=3)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--inks", PENS, "--color", "cmyk"), "give one of the two"),
        (("--inks", PENS, "--ink", "red"), "--ink needs --color mono"),
        (("--inks", PENS, "--overlap", "allow"), "leave --overlap allow out"),
        (("--inks", "red,#f00"), "leave it out, or give another"),
        (("--inks", "white,red"), "has the colour of the paper"),
        (("--inks", ""), "not a colour"),
        (("--inks", ",".join(f"#0000{n}0" for n in range(1, 10))), "There are 9 inks"),
        (("--paper", "black"), "has the colour of the paper"),
        (("--overlap", "avoid"), "--overlap is for several inks"),
        (("--balance", "0.2"), "--balance is for several inks"),
        (("--color", "cmyk", "--overlap", "allow", "--balance", "0.2"), "with --overlap avoid"),
        (("--color", "cmyk", "--balance", "nan"), "--balance"),
        (("--inks", PENS, "--start", "points.csv"), "--start PATH needs --color mono"),
    ],
)
def test_what_does_not_go_together(picture, options, sentence):
    result = stipple(picture, *options, "-o", picture.parent / "out.svg", code=2)
    assert sentence in " ".join(result.stderr.split())


def test_a_matrix_has_no_colours(tmp_path):
    np.save(tmp_path / "matrix.npy", np.ones((4, 4)))
    for options in (("--color", "cmyk"), ("--inks", PENS)):
        words = (*options, "-o", tmp_path / "out.svg")
        result = stipple(tmp_path / "matrix.npy", *words, code=1)
        assert "A matrix has no colours" in result.stderr


@pytest.mark.parametrize("count", [1, 2, 40])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3)])
def test_tiny_pictures(tmp_path, shape, count):
    source = save(tmp_path / "tiny.png", np.full((*shape, 3), [90, 60, 40], np.uint8))
    _, report = draw(source, "-n", count, "--color", "cmyk")
    assert report["points"] == count
