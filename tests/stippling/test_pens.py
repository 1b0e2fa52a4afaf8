"""The order of a pen, and the drawings and frames of several inks."""

from dataclasses import replace

import numpy as np
import pytest

from stipple.drawing.diagram import CELL_COLOUR
from stipple.drawing.look import Look
from stipple.drawing.page import Placement
from stipple.measures.inks import Ink
from stipple.stippling.compose import compose_drawing, compose_frames
from stipple.stippling.pens import InkedStippling, order_for_pen
from stipple.stippling.stippling import stipple

PLACEMENT = Placement(40.0, 20.0, 3.0, (1.0, 2.0))
LOOK = Look(
    dots="stroke",
    radius=None,
    pen_width=0.5,
    background="#ffffff",
    draw={"cells", "tour", "dots"},
    blend="multiply",
)


@pytest.fixture(scope="module")
def inked():
    result = stipple(np.ones((4, 12)), 8, iterations=0, start="grid")
    shuffled = result.reorder(np.random.default_rng(0).permutation(8))
    numbers = np.arange(8.0)
    shuffled = replace(shuffled, weights=numbers, radii=0.1 * numbers)
    return InkedStippling(Ink("cyan", "#00ffff"), shuffled)


def measure(points, closed):
    steps = np.diff(points, axis=0, append=points[:1] if closed else points[-1:])
    return np.linalg.norm(steps, axis=1).sum()


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("order", ["nearest", "tsp"])
def test_points_are_listed_as_the_pen_travels(inked, order, closed):
    found = order_for_pen(inked, order, closed=closed)
    points = found.stippling.points
    assert found.travel == pytest.approx(measure(points, closed))
    assert found.travel < measure(inked.stippling.points, closed)
    # Weights and radii go with their points.
    places = {tuple(point): number for number, point in enumerate(inked.stippling.points)}
    numbers = [places[tuple(point)] for point in points]
    assert numbers == found.stippling.weights.tolist()
    assert (0.1 * np.array(numbers)).tolist() == found.stippling.radii.tolist()


def test_a_tour_that_returns_is_another(inked):
    # Along a row of points there is nothing in between for the way back.
    points = np.array([[0, 0], [1, 3], [2, 0], [3, 3], [4, 0], [5, 3], [6, 0], [7, 3.0]])
    line = replace(inked, stippling=replace(inked.stippling, points=points))
    open_way, tour = (order_for_pen(line, "tsp", closed=closed) for closed in (False, True))
    assert tour.travel <= measure(open_way.stippling.points, closed=True)
    assert tour.travel < measure(points, closed=True)
    assert not np.array_equal(tour.stippling.points, open_way.stippling.points)
    assert order_for_pen(line, "none", closed=True) is line


def test_layers_have_their_colours_and_places(inked):
    drawing = compose_drawing([inked], PLACEMENT, LOOK)
    assert (drawing.width, drawing.height) == (40, 20)
    assert (drawing.background, drawing.blend) == ("#ffffff", "multiply")
    cells, tour, dots = drawing.layers
    assert [layer.label for layer in drawing.layers] == ["cyan cells", "cyan tour", "cyan"]
    assert [layer.colour for layer in drawing.layers] == [CELL_COLOUR, "#00ffff", "#00ffff"]
    (marks,) = dots.marks
    np.testing.assert_allclose(marks.centres, 3 * inked.stippling.points + (1, 2))
    assert marks.radii.tolist() == (3 * inked.stippling.radii).tolist()
    assert (marks.style, marks.pen_width) == ("stroke", 0.5)
    (line,) = tour.marks
    assert line.closed
    np.testing.assert_allclose(line.vertices, marks.centres)
    assert len(cells.marks) == 1
    (layer,) = compose_drawing([inked], PLACEMENT, replace(LOOK, draw={"dots"}, radius=0.7)).layers
    assert set(layer.marks[0].radii) == {0.7}


def test_frames_show_filled_dots_of_every_ink_until_the_last_settles(inked):
    other = replace(inked, ink=Ink("black", "#000000"))
    points = inked.stippling.points
    first, second = [points, points + 1, points + 2], [points + 5]
    drawings = compose_frames([inked, other], [first, second], PLACEMENT, LOOK)
    assert len(drawings) == 3
    for step, drawing in enumerate(drawings):
        assert [layer.label for layer in drawing.layers] == ["cyan", "black"]
        marks = [layer.marks[0] for layer in drawing.layers]
        np.testing.assert_allclose(marks[0].centres, 3 * first[step] + (1, 2))
        np.testing.assert_allclose(marks[1].centres, 3 * second[0] + (1, 2))
        assert {one.style for one in marks} == {"circle"}
