"""Points off the ink, and the nearest ink in a polygon, against a search of fine grids."""

import numpy as np
import pytest

from stipple.geometry.strays import INSET, find_middle_of_piece, find_nearest_ink, find_strays
from stipple.measures.density import Density

SQUARE = np.array([[0.0, 0.0], [6.0, 0.0], [6.0, 5.0], [0.0, 5.0]])


def test_a_point_on_a_border_of_ink_is_on_the_ink():
    values = np.zeros((4, 5))
    values[1, 2] = 1
    values[3, 4] = 1
    inked = [[2.5, 1.5], [2, 1.5], [3, 1.5], [2.5, 1], [2.5, 2], [2, 1], [3, 2], [5, 4], [4, 3]]
    off = [[1.999, 1.5], [3.001, 1.5], [2.5, 0.999], [2.5, 2.001], [0, 0], [0, 4], [5, 0], [4, 2.9]]
    found = find_strays(Density(values), np.array([*inked, *off], dtype=float))
    assert found.tolist() == list(range(len(inked), len(inked) + len(off)))


def search(values, polygon, target):
    """Distance of the nearest place of ink in a polygon, by trying a fine grid of places."""
    height, width = values.shape
    fine = 50
    x, y = np.meshgrid(
        (np.arange(width * fine) + 0.5) / fine, (np.arange(height * fine) + 0.5) / fine
    )
    inside = values[y.astype(int), x.astype(int)] > 0
    for (a, b), (c, d) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        inside &= (c - a) * (y - b) - (d - b) * (x - a) >= 0
    return np.hypot(x[inside] - target[0], y[inside] - target[1]).min()


@pytest.mark.parametrize("seed", range(12))
def test_the_place_is_the_nearest_and_survives_rounding(seed):
    generator = np.random.default_rng(seed)
    values = (generator.random((5, 6)) < 0.3) * generator.random((5, 6))
    values[generator.integers(1, 4), generator.integers(1, 5)] = 0.5
    angles = np.sort(generator.uniform(0, 2 * np.pi, 5)) + np.array([0, 0.2, 0.4, 0.6, 0.8])
    polygon = (3, 2.5) + generator.uniform(2, 2.4) * np.column_stack(
        (np.cos(angles), np.sin(angles))
    )
    target = generator.uniform(0, 1, 2) * (6, 5)
    try:
        least = search(values, polygon, target)
    except ValueError:  # no ink in the polygon
        assert np.isnan(find_nearest_ink(Density(values), polygon, target)).all()
        return
    place = find_nearest_ink(Density(values), polygon, target)
    assert -0.03 < np.hypot(*(place - target)) - least < 3 * INSET
    assert len(find_strays(Density(values), place[None].round(2))) == 0
    (u, v), (x, y) = (np.roll(polygon, -1, axis=0) - polygon).T, (place - polygon).T
    assert (u * y - v * x > 1e-6).all()


def test_ink_that_is_nearer_but_in_another_cell_is_no_matter():
    values = np.zeros((5, 6))
    values[2, 0] = values[2, 5] = 1
    right = SQUARE * (0.5, 1) + (3, 0)
    place = find_nearest_ink(Density(values), right, np.array([1.2, 2.5]))
    assert place == pytest.approx([5 + 2 * INSET, 2.5])


def test_a_sliver_of_ink_will_do():
    values = np.zeros((5, 6))
    values[2, 3] = 1
    left = SQUARE * (0.5, 1) + (0.01, 0)  # a hundredth of a pixel of ink at its right border
    place = find_nearest_ink(Density(values), left, np.array([0.5, 2.5]))
    assert 3 < place[0] < 3.01
    assert 2 < place[1] < 3
    assert np.isnan(find_nearest_ink(Density(values), left - (1, 0), np.zeros(2))).all()


def test_the_middle_is_that_of_the_piece_in_the_polygon():
    values = np.zeros((6, 12))
    values[1:3, 1:9] = 1.0  # a bar of which the polygon has four columns, the last one darker
    values[1:3, 5] = 3.0
    values[5, 3] = 1.0  # apart from it
    polygon = np.array([[2.0, 0.0], [6.0, 0.0], [6.0, 6.0], [2.0, 6.0]])
    place = np.array([3.2, 2.9])
    middle = find_middle_of_piece(Density(values), polygon, place)
    assert middle == pytest.approx([(2.5 + 3.5 + 4.5 + 3 * 5.5) / 6, 2.0])
    lower = find_middle_of_piece(Density(values), polygon, np.array([3.5, 5.5]))
    assert lower == pytest.approx([3.5, 5.5])
    # On the border of its pixel, a place on the ink may have white at its right.
    rim = np.array([4.0, 6.0])
    assert find_middle_of_piece(Density(values), polygon, rim) is rim
