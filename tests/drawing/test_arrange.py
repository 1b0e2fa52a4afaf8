"""Drawings side by side."""

import numpy as np
import pytest

from stipple.drawing.arrange import arrange_drawings
from stipple.drawing.marks import Dots, Drawing, Layer, Polygons, Polylines

CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


def draw(width, height):
    marks = (
        Dots(np.array([[1.0, 2.0]]), np.ones(1)),
        Polylines(CORNERS, np.array([0, 3]), 0.1, closed=True),
        Polygons(CORNERS, np.array([0, 3])),
    )
    return Drawing(width, height, "#ffffff", (Layer("ink", "#000000", marks),))


@pytest.mark.parametrize(
    ("count", "size"), [(1, (5, 7)), (2, (10, 7)), (4, (10, 14)), (5, (15, 14))]
)
def test_rows_and_columns(count, size):
    found = arrange_drawings([draw(5, 7)] + [draw(4, 6)] * (count - 1))
    assert (found.width, found.height) == size
    (layer,) = found.layers
    assert (layer.label, len(layer.marks)) == ("ink", 3 * count)
    columns = size[0] // 5
    for number in range(count):
        place = np.array([5 * (number % columns), 7 * (number // columns)])
        dots, lines, polygons = layer.marks[3 * number : 3 * number + 3]
        np.testing.assert_array_equal(dots.centres, place[None] + [[1, 2]])
        np.testing.assert_array_equal(lines.vertices, CORNERS + place)
        np.testing.assert_array_equal(polygons.vertices, CORNERS + place)
        assert lines.closed
