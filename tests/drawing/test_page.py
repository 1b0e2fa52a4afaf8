import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stipple.drawing.page import MILLIMETRES, PAGES, parse_length, parse_page, place
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


def test_without_a_page_the_picture_is_the_page_at_96_dpi():
    placement = place((96, 192), margin=5)
    assert (placement.width, placement.height) == pytest.approx((60.8, 35.4))
    assert placement.to_page(np.array([[0.0, 0.0], [192.0, 96.0]])) == pytest.approx(
        np.array([[5, 5], [55.8, 30.4]])
    )


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
        (((10, 10), None, True), "no page"),
    ],
)
def test_impossible_placements(arguments, words):
    with pytest.raises(StippleError, match=words):
        place(*arguments)
