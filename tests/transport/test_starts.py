"""Starts by name: where the points lie, on pictures that are not square."""

import numpy as np
import pytest

from stipple.errors import StippleError
from stipple.measures.density import Density
from stipple.transport.starts import (
    place_on_grid,
    place_on_koch_curve,
    place_on_line,
    place_uniformly,
)

WIDE = Density(np.ones((10, 40)))


def test_uniform_points_fill_the_width_and_the_height() -> None:
    points = place_uniformly(WIDE, 2000, np.random.default_rng(0))
    assert (points >= 0).all()
    assert points.max(axis=0) == pytest.approx([40, 10], rel=0.01)
    assert points.mean(axis=0) == pytest.approx([20, 5], rel=0.05)


def test_grids_have_square_spacing() -> None:
    points = place_on_grid(WIDE, 16)
    expected = [(5 * x + 2.5, 5 * y + 2.5) for y in range(2) for x in range(8)]
    np.testing.assert_allclose(points, expected, rtol=1e-15)


def test_rows_of_a_grid_share_what_is_left() -> None:
    points = place_on_grid(WIDE, 17)
    heights, counts = np.unique(points[:, 1], return_counts=True)
    assert (heights.tolist(), sorted(counts)) == ([2.5, 7.5], [8, 9])
    assert points[:, 0].max() < 40


def test_points_on_a_line_are_the_middles_of_equal_parts() -> None:
    np.testing.assert_allclose(place_on_line(2), [[0.25, 0.5], [0.75, 0.5]])


def test_the_koch_curve_rises_upwards() -> None:
    """Its top is drawn above its ends, hence at a smaller y, and both are equally far from 1/2."""
    rise = np.sqrt(3) / 6
    points = place_on_koch_curve(5)
    low, top = 0.5 + rise / 2, 0.5 - rise / 2
    expected = [[0, low], [1 / 3, low], [0.5, top], [2 / 3, low], [1, low]]
    np.testing.assert_allclose(points, expected, atol=1e-15)
    assert len(place_on_koch_curve(17)) == 17
    steps = np.hypot(*np.diff(place_on_koch_curve(65), axis=0).T)
    np.testing.assert_allclose(steps, 1 / 27, rtol=1e-12)
    with pytest.raises(StippleError, match="give 17, 65"):
        place_on_koch_curve(18)
