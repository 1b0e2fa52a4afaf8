"""Pictures of discretisations: places, sizes and rows, on pages that are not square."""

from dataclasses import replace

import numpy as np
import pytest

from stipple.discretisation.drawing import Panel, View, compose_panels, measure_row, view_measure
from stipple.drawing.look import Look
from stipple.drawing.page import Placement
from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples

LOOK = Look("circle", None, 0.3, None, ("dots",), "normal")
PAGE = Placement(400.0, 100.0, 0.5, (7.0, 3.0))
# 20 by 10 pixels, from (2, -1), 8 units wide; ink of 40 pixels.
VALUES = np.full((10, 20), 0.2)
WIDE = Measure.from_domain(Domain(Density(VALUES), (2.0, -1.0), 0.4))
ATOMS, WEIGHTS = np.array([[2.0, -1.0], [10.0, 1.0]]), np.array([0.2, 0.8])


def test_the_plane_is_shown_as_it_is():
    view = view_measure(WIDE)
    assert view.shape == (10, 20)
    assert view.ink == pytest.approx(40)
    np.testing.assert_allclose(view.project(ATOMS), [[0, 0], [20, 5]], atol=1e-12)


def test_a_line_is_a_strip():
    measure = Measure.from_samples(Samples(np.array([[1.0], [5.0]]), np.ones(2)))
    view = view_measure(measure)
    assert view.shape == (77, 512)
    np.testing.assert_allclose(view.project(np.array([[1.0], [4.0]])), [[0, 38.5], [384, 38.5]])


def test_hemispheres_are_side_by_side_and_not_upside_down():
    axes = np.concatenate((np.eye(3), -np.eye(3)))
    measure = Measure.from_samples(Samples(axes, np.ones(6)))
    view = view_measure(measure, sphere=True)
    assert view.shape == (256, 512)
    expected = [[2, 1], [1, 0], [1, 1], [0, 1], [1, 2], [3, 1]]
    np.testing.assert_allclose(view.project(axes), 128 * np.array(expected))
    # From below the first axis runs the other way, so that the rims meet at it.
    below = np.array([[0.6, 0.0, -0.8]])
    np.testing.assert_allclose(view.project(below), [[128 * 2.4, 128]])
    middles = view.rims.mean(axis=1)
    np.testing.assert_allclose(middles, [[128, 128], [384, 128]])
    np.testing.assert_allclose(np.linalg.norm(view.rims - middles[:, None], axis=2), 128)


def test_dots_have_the_ink_of_the_picture_in_proportion_to_the_weights():
    view = view_measure(WIDE)
    panels = [Panel("a", ATOMS, WEIGHTS), Panel("b", ATOMS[:1], np.ones(1))]
    assert measure_row(view, 2) == (10, 20 + 20 + 1)
    row = [panels, [Panel("c", ATOMS, WEIGHTS)]]
    first, second, third = compose_panels(row, view, PAGE, LOOK).layers
    for layer, ink, shift in ((first, 40 * 2 / 3, 0), (second, 40 / 3, 0), (third, 40, 21)):
        (dots,) = layer.marks
        areas = np.pi * (dots.radii / 0.5) ** 2
        assert areas.sum() == pytest.approx(ink)
        np.testing.assert_allclose(areas / areas.sum(), WEIGHTS if len(areas) == 2 else [1])
        np.testing.assert_allclose(dots.centres[0], [7 + 0.5 * shift, 3], atol=1e-12)


def test_gaps_are_parts_of_the_width():
    view = View((10, 100), lambda points: points, 9.0)
    row = [[Panel("a", ATOMS, WEIGHTS)], [Panel("b", ATOMS, WEIGHTS)]]
    (_, second) = compose_panels(row, view, PAGE, LOOK).layers
    np.testing.assert_allclose(second.marks[0].centres, 0.5 * np.add(ATOMS, [106, 0]) + [7, 3])


def test_a_chosen_radius_is_that_of_a_dot_of_average_weight():
    look = replace(LOOK, radius=2.0)
    (layer,) = compose_panels([[Panel("a", ATOMS, WEIGHTS)]], view_measure(WIDE), PAGE, look).layers
    np.testing.assert_allclose(layer.marks[0].radii, 2 * np.sqrt([0.4, 1.6]))
