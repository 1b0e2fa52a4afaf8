"""Drawings of prefixes: where dots, boxes and links lie, and how large dots are."""

import numpy as np
import pytest

from stipple.drawing.look import Look
from stipple.drawing.page import Placement
from stipple.sequences.boxes import partition_prefix
from stipple.sequences.drawing import (
    Progression,
    compose_doublings,
    compose_growth,
    compose_partition,
    compose_strip,
    measure_strip,
    show_square,
)
from stipple.sequences.dyadic import generate_sequence

LOOK = Look("circle", None, 0.3, None, ("dots",), "normal")
# Half a millimetre a pixel.
PAGE = Placement(400.0, 100.0, 0.5, (7.0, 3.0))


@pytest.fixture
def progression():
    """20 points on 30 by 50 pixels, whose dots cover 60 square pixels together."""
    points = np.random.default_rng(0).random((20, 2)) * (50, 30)
    return Progression(points, (30, 50), 60.0)


def read_dots(layer):
    (dots,) = layer.marks
    return dots.centres, dots.radii


def test_doublings_part_the_points_in_their_order(progression):
    layers = compose_doublings(progression, PAGE, LOOK, "#000000").layers
    labels = ["points 1", "points 2", "points 3-4", "points 5-8", "points 9-16", "points 17-20"]
    assert [layer.label for layer in layers] == labels
    centres, radii = (np.concatenate(one) for one in zip(*map(read_dots, layers), strict=True))
    np.testing.assert_allclose(centres, 0.5 * progression.points + [7, 3])
    np.testing.assert_allclose(np.pi * (radii / 0.5) ** 2, 60 / 20)


def test_growth_keeps_the_tone_of_growing_prefixes(progression):
    drawings = compose_growth(progression, PAGE, LOOK, "#000000")
    counts = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 16, 19, 20]
    for count, drawing in zip(counts, drawings, strict=True):
        centres, radii = read_dots(drawing.layers[0])
        np.testing.assert_allclose(centres, 0.5 * progression.points[:count] + [7, 3])
        assert (np.pi * (radii / 0.5) ** 2).sum() == pytest.approx(60)


def test_a_strip_has_gaps_of_the_width_of_its_pictures(progression):
    assert measure_strip((30, 50), 20) == (30, 3 * 50 + 2 * 2)
    layers = compose_strip(progression, PAGE, LOOK, "#000000").layers
    for place, (count, layer) in enumerate(zip((1, 5, 20), layers, strict=True)):
        centres, radii = read_dots(layer)
        shifted = progression.points[:count] + np.array([52, 0]) * place
        np.testing.assert_allclose(centres, 0.5 * shifted + [7, 3])
        assert (np.pi * (radii / 0.5) ** 2).sum() == pytest.approx(60)


def test_a_chosen_radius_is_kept(progression):
    look = Look("circle", 1.25, 0.3, None, ("dots",), "normal")
    for compose in (compose_doublings, compose_strip):
        for layer in compose(progression, PAGE, look, "#000000").layers:
            assert (read_dots(layer)[1] == 1.25).all()


def test_links_lead_from_points_to_the_middle_of_their_boxes():
    points, boxes = generate_sequence(7, 2), partition_prefix(7, 2)
    shown = show_square(points)
    assert shown.shape == (600, 600)
    x, y = points.T
    np.testing.assert_allclose(shown.points, 600 * np.column_stack((x, 1 - y)))
    layers = compose_partition(points, boxes, PAGE, LOOK, "#000000").layers
    *filled, edges, links, dots = layers
    corners = edges.marks[0].vertices.reshape(7, 4, 2)
    middle = boxes.mean(axis=1)
    flipped = 300 * np.column_stack((middle[:, 0], 1 - middle[:, 1])) + [7, 3]
    np.testing.assert_allclose(corners.mean(axis=1), flipped)
    np.testing.assert_allclose(np.ptp(corners, axis=1), 300 * np.ptp(boxes, axis=1))
    ends = links.marks[0].vertices.reshape(7, 2, 2)
    np.testing.assert_allclose(ends[:, 0], 0.5 * shown.points + [7, 3])
    np.testing.assert_allclose(ends[:, 1], flipped)
    np.testing.assert_allclose(read_dots(dots)[0], ends[:, 0])
    assert sum(len(layer.marks[0].vertices) for layer in filled) == 7 * 4
