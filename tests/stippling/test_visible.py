"""Radii of dots of several inks: what is seen of each, counted in pixels that are painted."""

import io

import numpy as np
import pytest
from PIL import Image

import stipple
from stipple.drawing.marks import Dots, Drawing, Layer
from stipple.drawing.raster import rasterise
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
    points = [np.zeros((1, 2)), np.zeros((1, 2))]
    (below,), (above,) = fit_visible_radii(points, [np.array([1.0]), np.array([5.0])])
    assert below == pytest.approx(LARGEST_GROWTH)
    assert above == 5


@pytest.mark.parametrize(
    ("wanted", "inks"),
    [
        ((90, 60, 40), "cmyk"),
        ((40, 35, 30), "cmyk"),
        ((60, 60, 60), "cmyk"),
        ((200, 170, 150), "cmyk"),
        ((120, 20, 40), ["#e4002b", "navy", "black"]),
        ((40, 30, 20), "rgb"),
    ],
)
def test_flat_colours_are_drawn_as_they_are_wanted(wanted, inks):
    """Within 3 of 255 levels, on pixels of a drawing; away from its border."""
    file = io.BytesIO()
    Image.new("RGB", (60, 60), wanted).save(file, "PNG")
    file.seek(0)
    result = stipple.stipple_inks(stipple.read_inks(file, inks), 1000, iterations=15)
    points, radii = zip(*[(one.points, one.radii) for one in result.stipplings], strict=True)
    colours = [ink.colour for ink in result.inks]
    paper = "#000000" if inks == "rgb" else "#ffffff"
    # Dots on the border lie partly beside the picture: what they show there counts too.
    ground = np.array([0.0 if inks == "rgb" else 255.0] * 3)
    page = paint([one + 3 for one in points], radii, colours, (66, 66), 254, paper)
    drawn = ground + (page - ground).sum(axis=(0, 1)) / (60 * 10) ** 2
    np.testing.assert_allclose(drawn, wanted, atol=3)
