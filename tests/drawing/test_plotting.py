import numpy as np
import pytest

from stipple.drawing.marks import Dots, Drawing, Layer, Polygons, Polylines
from stipple.drawing.plotting import count_strokes, measure_plot

SQUARE = np.array([[3.0, 4.0], [13.0, 4.0], [13.0, 14.0], [3.0, 14.0]])


def plot(*layers):
    return measure_plot(
        Drawing(100, 100, None, tuple(Layer("ink", "#000000", marks) for marks in layers))
    )


def test_a_closed_line_is_drawn_round_and_reached_from_the_corner():
    found = plot((Polylines(SQUARE, np.array([0, 4]), 0.3, closed=True),))
    assert (found.drawn_mm, found.travel_mm, found.lifts) == (40.0, 10.0, 1)
    assert found.seconds == pytest.approx(40 / 50 + 10 / 150 + 0.3)


def test_open_lines_are_left_at_their_ends():
    found = plot((Polylines(SQUARE, np.array([0, 2, 4]), 0.3),))
    assert found.drawn_mm == 20.0
    assert found.travel_mm == pytest.approx(5 + 10 + np.hypot(3, 14))
    assert found.lifts == 2


def test_strokes_are_lifts_and_the_way_between_them():
    found = plot((Dots(SQUARE, np.ones(4), "stroke"),))
    assert (found.drawn_mm, found.lifts) == (0.0, 4)
    assert found.travel_mm == pytest.approx(5 + 30 + np.hypot(3, 14))


def test_spirals_fill_the_area_of_their_dots():
    found = plot((Dots(SQUARE, np.full(4, 2.0), "spiral", 0.05),))
    assert found.drawn_mm * 0.05 == pytest.approx(4 * np.pi * 2**2, rel=0.1)
    assert found.lifts == 4


def test_every_layer_begins_and_ends_in_the_corner():
    layer = (Dots(SQUARE, np.ones(4), "stroke"),)
    assert plot(layer, layer).travel_mm == pytest.approx(2 * plot(layer).travel_mm)
    assert plot((Dots(np.empty((0, 2)), np.empty(0), "stroke"),)).travel_mm == 0


@pytest.mark.parametrize(
    "mark", [Dots(SQUARE, np.ones(4)), Polygons(SQUARE, np.array([0, 4]))], ids=["dots", "polygons"]
)
def test_what_must_be_filled_is_not_plotted(mark):
    assert plot((Dots(SQUARE, np.ones(4), "stroke"),), (mark,)) is None


def test_strokes_have_the_area_of_the_darkness():
    assert count_strokes(1000.0, 0.8) == round(1000 / (np.pi * 0.16))
    assert count_strokes(0.001, 0.8) == 1
