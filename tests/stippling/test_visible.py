"""Radii of dots of several inks: what is seen of each, counted in pixels that are painted."""

import numpy as np
import pytest

import stipple
from stipple.drawing.marks import Dots, Drawing, Layer
from stipple.drawing.raster import rasterise
from stipple.measures.palette import linearise
from stipple.stippling.visible import LARGEST_GROWTH, fit_visible_radii


def paint(points, radii, colours, size, dpi, paper="#ffffff"):
    layers = tuple(
        Layer(colour, colour, (Dots(centres, sizes),))
        for centres, sizes, colour in zip(points, radii, colours, strict=True)
    )
    return rasterise(Drawing(*size, paper, layers), dpi)


def test_dots_that_do_not_touch_keep_their_radius():
    points = [np.array([[1.0, 1.0], [4.0, 1.0]]), np.array([[2.5, 1.0]])]
    radii = [np.array([0.7, 0.5]), np.array([0.7])]
    for before, after in zip(radii, fit_visible_radii(points, radii), strict=True):
        np.testing.assert_array_equal(before, after)


def test_what_is_seen_of_each_dot_has_its_area():
    points = [np.array([[5.0, 5.0]]), np.array([[5.8, 5.0], [4.6, 5.4]])]
    radii = [np.array([1.0]), np.array([0.7, 0.7])]
    fitted = fit_visible_radii(points, radii)
    places = np.stack(np.meshgrid(np.linspace(2, 8, 1500), np.linspace(2, 8, 1500)), axis=-1)
    below, above = (
        np.any([np.hypot(*(places - c).T) < r for c, r in zip(*ink, strict=True)], axis=0)
        for ink in zip(points, fitted, strict=True)
    )
    assert 36 * np.mean(above) == pytest.approx(2 * np.pi * 0.7**2, rel=0.01)
    assert 36 * np.mean(below & ~above) == pytest.approx(np.pi, rel=0.01)
    assert fitted[0][0] > 1.2


def test_a_hidden_dot_stops_growing():
    points = [np.full((1, 2), 9.0), np.full((1, 2), 9.0)]
    (below,), (above,) = fit_visible_radii(points, [np.array([1.0]), np.array([8.0])])
    assert below == pytest.approx(LARGEST_GROWTH)
    assert above == 8


def test_dots_near_by_show_what_a_hidden_one_lacks():
    row = np.column_stack([np.arange(2.0, 30, 4), np.full(7, 5.0)])
    points, radii = [row, row[3:4]], [np.ones(7), np.array([3.0])]
    below, above = fit_visible_radii(points, radii)
    places = np.stack(np.meshgrid(np.linspace(0, 32, 1600), np.linspace(0, 10, 500)), axis=-1)
    hidden = above > np.hypot(*(places - row[3]).T).T
    seen = np.any(
        [r > np.hypot(*(places - c).T).T for c, r in zip(row, below, strict=True)], axis=0
    )
    assert 320 * np.mean(seen & ~hidden) == pytest.approx(7 * np.pi, rel=0.02)


CMYK = ["#ffffff", "#00ffff", "#ff00ff", "#ffff00", "#000000"]


@pytest.mark.parametrize(
    ("amounts", "colours"),
    [
        ([0, 0.1, 0.2, 0.6], CMYK),
        ([1 / 3, 0, 1 / 3, 1 / 3], CMYK),
        ([0, 0, 0, 0.76], CMYK),
        ([0.05, 0, 0.04, 0.9], CMYK),
        ([0.05, 0.17, 0.78], ["#ffffff", "#e4002b", "#000080", "#000000"]),
        ([0.3, 0.2, 0.5], ["#b5905f", "#ffffff", "#884400", "#000000"]),
        ([0.3, 0.3, 0.4], ["#000000", "#ff0000", "#00ff00", "#0000ff"]),
    ],
)
def test_flat_colours_are_drawn_as_they_are_wanted(amounts, colours):
    """Within 3 of 255 levels in either light, on pixels, those beside the border too."""
    fields = [np.full((40, 40), amount) for amount in amounts]
    result = stipple.stipple_inks(fields, 900, iterations=12)
    points, radii = zip(*[(one.points, one.radii) for one in result.stipplings], strict=True)
    seen = np.zeros(len(amounts))
    for ink in result.inks:
        shades = ["#ffffff" if one is ink else "#000000" for one in result.inks]
        page = paint([one + 3 for one in points], radii, shades, (46, 46), 254, "#000000")
        seen[ink.number - 1] = page.mean() / 255 * (46 / 40) ** 2
    encoded = np.array([[int(one[k : k + 2], 16) / 255 for k in (1, 3, 5)] for one in colours])
    for paper, *inks in (encoded, linearise(encoded)):
        drawn, wanted = (paper + parts @ (np.array(inks) - paper) for parts in (seen, amounts))
        np.testing.assert_allclose(255 * drawn, 255 * wanted, atol=3)
