"""Morton order against interleaved bits, digit by digit."""

import numpy as np
import pytest

from stipple.geometry.morton import order_along_curve, order_pixels_along_curve


def interleave(*place: int) -> int:
    return sum(
        (number >> bit & 1) << len(place) * bit + axis
        for axis, number in enumerate(place)
        for bit in range(20)
    )


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 1), (1, 4, 4), (1, 3, 7), (1, 7, 3), (1, 1, 9), (1, 16, 5), (4, 4, 4), (3, 9, 2)],
)
def test_pixels_follow_the_interleaved_bits(shape: tuple[int, int, int]) -> None:
    places = np.argwhere(np.ones(shape)).tolist()
    expected = sorted(range(len(places)), key=lambda k: interleave(*places[k][::-1]))
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
