"""Morton order against interleaved bits, digit by digit."""

import numpy as np
import pytest

from stipple.geometry.morton import order_along_curve, order_pixels_along_curve


def interleave(column: int, row: int) -> int:
    return sum(
        (column >> bit & 1) << 2 * bit | (row >> bit & 1) << 2 * bit + 1 for bit in range(20)
    )


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (3, 7), (7, 3), (1, 9), (16, 5)])
def test_pixels_follow_the_interleaved_bits(shape: tuple[int, int]) -> None:
    pixels = [divmod(flat, shape[1]) for flat in range(shape[0] * shape[1])]
    expected = sorted(range(len(pixels)), key=lambda k: interleave(pixels[k][1], pixels[k][0]))
    np.testing.assert_array_equal(order_pixels_along_curve(shape), expected)


@pytest.mark.parametrize("shape", [(13, 40), (40, 13)])
def test_points_follow_the_interleaved_bits_of_their_cube(shape: tuple[int, int]) -> None:
    """The bounding cube has the longer side, so that places are the same along both axes."""
    points = 3.7 + np.random.default_rng(0).random((500, 2)) * shape
    low = points.min(axis=0)
    places = (points - low) / (points - low).max() * 2**16
    columns, rows = np.minimum(places, 2**16 - 1).astype(int).T.tolist()
    expected = sorted(range(500), key=lambda k: interleave(columns[k], rows[k]))
    np.testing.assert_array_equal(order_along_curve(points), expected)


def test_one_place_and_many_dimensions_are_ordered_too() -> None:
    np.testing.assert_array_equal(order_along_curve(np.ones((5, 2))), range(5))
    points = np.zeros((3, 100))
    points[:, 0] = 1.0, 0.0, 0.5
    assert sorted(order_along_curve(points)) == [0, 1, 2]
