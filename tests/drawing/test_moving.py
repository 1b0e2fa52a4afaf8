"""Dots that browsers move."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from stipple.drawing.moving import MovingDots, render_moving_svg
from stipple.errors import StippleError

SVG = "{http://www.w3.org/2000/svg}"
CENTRES = np.array([[[1, 2], [3, 4]], [[1, 2], [3, 4]], [[6, 2.5], [2, 1]]], dtype=float)
RADII = np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.75]])
TIMES = np.array([0, 1, 4])


def make(times=TIMES, easing="smooth"):
    return MovingDots(10, 8, "#ffffff", "#112233", CENTRES, RADII, times, easing)


def test_every_dot_has_its_number_its_place_and_its_ways():
    root = ElementTree.fromstring(render_moving_svg(make()))
    first, second = root.iter(f"{SVG}circle")
    assert [dot.get("id") for dot in (first, second)] == ["dot1", "dot2"]
    assert [first.get(name) for name in ("cx", "cy", "r")] == ["1", "2", "0.5"]
    (way,) = first
    assert way.get("values") == "0 0;0 0;5 0.5"
    assert (way.get("keyTimes"), way.get("dur")) == ("0;0.25;1", "4s")
    assert way.get("repeatCount") == "indefinite"
    way, size = second
    assert way.get("values") == "0 0;0 0;-1 -3"
    assert (size.get("attributeName"), size.get("values")) == ("r", "0.5;0.5;0.75")


def test_the_spline_is_the_smooth_easing():
    way = next(ElementTree.fromstring(render_moving_svg(make())).iter(f"{SVG}animateTransform"))
    splines = [np.array(one.split(), float) for one in way.get("keySplines").split(";")]
    assert len(splines) == len(TIMES) - 1
    s = np.linspace(0, 1, 101)
    for x1, y1, x2, y2 in splines:
        time = 3 * (1 - s) ** 2 * s * x1 + 3 * (1 - s) * s**2 * x2 + s**3
        share = 3 * (1 - s) ** 2 * s * y1 + 3 * (1 - s) * s**2 * y2 + s**3
        np.testing.assert_allclose(share, 3 * time**2 - 2 * time**3, atol=1e-4)
    even = ElementTree.fromstring(render_moving_svg(make(easing="linear")))
    assert next(even.iter(f"{SVG}animateTransform")).get("keySplines") is None


def test_moments_must_follow_each_other():
    with pytest.raises(StippleError, match="3 moments: give two or more, each later"):
        make(times=np.array([0, 1, 1]))
