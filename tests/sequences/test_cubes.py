"""Bounds of W2 on a grid of cubes, against closed forms and exact transports."""

import numpy as np
import pytest

from stipple.errors import StippleError
from stipple.sequences.certificate import certify_prefix, measure_prefix_1d
from stipple.sequences.cubes import enclose_w2
from stipple.sequences.dyadic import generate_sequence
from stipple.sequences.prefixes import measure_points


@pytest.mark.parametrize("d", [1, 2, 3, 4, 7, 10])
def test_one_point_is_the_second_moment(d):
    point = np.random.default_rng(d).random((1, d))
    exact = (d / 12 + ((point - 0.5) ** 2).sum()) ** 0.5
    bounds = enclose_w2(point)
    assert bounds.lower <= exact <= bounds.upper
    assert bounds.upper - bounds.lower <= 0.15 * exact


@pytest.mark.parametrize(("d", "level"), [(1, 3), (2, 2), (3, 1), (3, 2), (4, 1), (5, 1)])
def test_lower_left_corners_of_cubes(d, level):
    """Of side s: W2² = d·s²/3."""
    exact = (d / 3) ** 0.5 / 2**level
    bounds = enclose_w2(generate_sequence(2 ** (d * level), d))
    assert bounds.lower <= exact <= bounds.upper
    assert bounds.upper - bounds.lower <= 0.15 * exact


@pytest.mark.parametrize("seed", range(3))
def test_points_of_the_line_and_the_plane(seed):
    rng = np.random.default_rng(seed)
    line = rng.random((int(rng.integers(2, 60)), 1))
    plane = rng.random((int(rng.integers(2, 60)), 2)) ** 2
    for points, exact in (
        (line, measure_prefix_1d(line).w2),
        (plane, measure_points(plane)["w2"]),
    ):
        bounds = enclose_w2(points)
        assert bounds.lower <= exact <= bounds.upper
        assert bounds.upper - bounds.lower <= 0.1 * exact


def test_points_that_coincide_and_lie_on_the_border():
    """All at one corner: the mean square of the distance to it, d/3."""
    bounds = enclose_w2(np.ones((5, 3)))
    assert bounds.lower <= 1 <= bounds.upper
    assert bounds.upper - bounds.lower < 0.01


@pytest.mark.parametrize(("n", "d"), [(61, 3), (50, 4)])
def test_boxes_bound_what_cubes_do(n, d):
    certificate = certify_prefix(n, d)
    bounds = enclose_w2(generate_sequence(n, d))
    assert bounds.lower <= certificate.w2_bound
    assert certificate.enclose_distance(2).lower <= bounds.upper


def test_too_many_points_are_refused():
    with pytest.raises(StippleError, match="give at most 1,024"):
        enclose_w2(np.zeros((1025, 3)))
