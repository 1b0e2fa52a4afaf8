import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stipple.drawing.page import MILLIMETRES, PAGES, parse_length, parse_page, place
from stipple.drawing.reach import Reach
from stipple.errors import StippleError


@pytest.mark.parametrize(
    ("text", "millimetres"),
    [
        ("10mm", 10),
        ("1cm", 10),
        ("6.5in", 165.1),
        ("72pt", 25.4),
        ("96px", 25.4),
        ("6pc", 25.4),
        (" .5 MM ", 0.5),
        ("1e1mm", 10),
        ("0mm", 0),
    ],
)
def test_length_with_a_unit(text, millimetres):
    assert parse_length(text) == pytest.approx(millimetres)


@settings(deadline=None)
@given(st.floats(0, 1e6), st.sampled_from(list(MILLIMETRES)))
def test_every_length_reads_back(number, unit):
    assert parse_length(f"{number!r}{unit}") == number * MILLIMETRES[unit]


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_length_or_an_error(text):
    with contextlib.suppress(StippleError):
        assert parse_length(text) >= 0


def test_bare_number_asks_for_a_unit():
    with pytest.raises(StippleError, match="'10' has no unit: write for instance 10mm"):
        parse_length("10")


@pytest.mark.parametrize(
    "text", ["", "mm", "-1mm", "10 furlongs", "nanmm", "1e999mm", "1.2.3mm", "1mm\0"]
)
def test_no_length(text):
    with pytest.raises(StippleError):
        parse_length(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("a4", (210, 297)),
        ("a5", (148, 210)),
        ("Letter", (215.9, 279.4)),
        ("11x14in", (279.4, 355.6)),
        ("210 x 297 mm", (210, 297)),
        ("10cmx90mm", (100, 90)),
        ("96px×192px", (25.4, 50.8)),
    ],
)
def test_page(text, size):
    assert parse_page(text) == pytest.approx(size)


def test_all_named_pages_stand_upright():
    assert all(width < height for width, height in PAGES.values())


@pytest.mark.parametrize("text", ["", "a9", "10x10", "0x10mm", "10mm", "-1x5mm", "axbmm"])
def test_no_page(text):
    with pytest.raises(StippleError):
        parse_page(text)


@pytest.mark.parametrize("shape", [(3024, 4032), (4032, 3024), (1, 1), (2, 10_000)])
@pytest.mark.parametrize("reach", [Reach(), Reach(pixels=0.5), Reach(millimetres=3)])
def test_without_a_page_the_picture_fits_a4_and_the_page_is_cut_to_it(shape, reach):
    placement = place(shape, margin=7, reach=reach)
    longer, shorter = max(placement.width, placement.height), min(placement.width, placement.height)
    assert (placement.width > placement.height) == (shape[1] > shape[0]) or shape == (1, 1)
    assert longer <= 297 + 1e-9
    assert shorter <= 210 + 1e-9
    assert longer == pytest.approx(297) or shorter == pytest.approx(210)
    blank = 7 + max(reach.pixels * placement.scale, reach.millimetres)
    corners = placement.to_page(np.array([[0.0, 0.0], shape[::-1]]))
    assert corners[0] == pytest.approx([blank, blank])
    assert corners[1] == pytest.approx([placement.width - blank, placement.height - blank])


def test_without_a_page_the_sheet_may_be_turned():
    lies, stands = (place((30, 40), None, landscape, 5) for landscape in (True, False))
    assert lies == place((30, 40), margin=5)
    assert lies.width == pytest.approx(40 / 30 * 200 + 10)
    assert stands.width == pytest.approx(210)


def test_sheets_are_turned_as_the_picture_lies_and_other_sizes_are_not():
    assert place((10, 20), PAGES["a5"]).width == 210
    assert place((20, 10), PAGES["a5"]).width == 148
    assert place((10, 20), PAGES["a5"], landscape=False).width == 148
    assert place((10, 20), (100, 200)).width == 100
    assert place((20, 10), (200, 100)).width == 200


def test_ink_beyond_the_picture_stays_inside_the_margins():
    placement = place((100, 100), (120, 300), margin=5, reach=Reach(pixels=5))
    assert placement.scale == pytest.approx(1)
    assert placement.offset == pytest.approx((10, 100))
    placement = place((100, 100), (120, 300), margin=5, reach=Reach(pixels=5, millimetres=15))
    assert placement.scale == pytest.approx(0.8)
    assert placement.offset == pytest.approx((20, 110))


def test_picture_fits_inside_the_margins_and_is_centred():
    placement = place((100, 100), (210, 297), margin=10)
    assert placement.scale == pytest.approx(1.9)
    corners = placement.to_page(np.array([[0.0, 0.0], [100.0, 100.0]]))
    assert corners == pytest.approx(np.array([[10, 53.5], [200, 243.5]]))


def test_landscape_lays_the_longer_side_across():
    for page in ((210, 297), (297, 210)):
        placement = place((10, 10), page, landscape=True)
        assert (placement.width, placement.height) == (297, 210)
        assert placement.scale == pytest.approx(21)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((10, 10), (100, 200), False, 50.0), "below 50 mm"),
        (((10, 10), (100, 200), False, -1.0), "zero or more"),
        (((10, 10), (100, 200), False, float("nan")), "zero or more"),
        (((0, 10), (100, 200)), "at least one"),
        (((10, 10), (0, 200)), "above zero"),
        (((10, 10), (100, 200), None, 5.0, Reach(millimetres=45)), "smaller dots"),
    ],
)
def test_impossible_placements(arguments, words):
    with pytest.raises(StippleError, match=words):
        place(*arguments)
