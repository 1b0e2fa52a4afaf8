"""Progressive stippling: even prefixes without relaxation, good prefixes with it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stipple.errors import StippleError
from stipple.files.pictures import read_source
from stipple.geometry.bisection import bisect_mass
from stipple.geometry.strays import find_strays
from stipple.measures.density import Density
from stipple.measures.tone import Tone, darkness
from stipple.sequences.dyadic import generate_sequence
from stipple.sequences.progressive import measure_prefixes, order_progressively
from stipple.transport.quantisation import HEXAGONAL_QUALITY

CAMERA = Path(__file__).parents[2] / "samples" / "camera.png"
UNIFORM = Density(np.ones((1, 1)))


def draw_density(seed: int = 0, height: int = 23, width: int = 31) -> Density:
    return Density(np.random.default_rng(seed).random((height, width)) ** 2)


@pytest.fixture(scope="module")
def camera():
    return Density(darkness(read_source(str(CAMERA)), Tone()))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 300), st.integers(0, 1000))
@example(211, 211)
def test_without_relaxation_every_prefix_fills_the_boxes_evenly(n, seed):
    density = draw_density(seed)
    points = order_progressively(density, n, relaxation=0)
    assert points.shape == (n, 2)
    for level in range(1, 10):
        boxes = bisect_mass(density, 2**level)
        inside = (points[:, None] >= boxes[:, :2]) & (points[:, None] <= boxes[:, 2:])
        owners = inside.all(axis=2)  # (n, 2**level)
        assert owners.any(axis=1).all()
        # A point on the common side of two boxes counts half in each.
        counts = np.cumsum(owners / owners.sum(axis=1, keepdims=True), axis=0)
        assert (counts.max(axis=1) - counts.min(axis=1) <= 1).all()


@settings(deadline=None)
@given(st.integers(1, 100), st.integers(1, 100))
def test_without_relaxation_fewer_points_are_a_prefix_of_more(n, m):
    density = draw_density()
    fewer, more = sorted((n, m))
    np.testing.assert_array_equal(
        order_progressively(density, fewer, relaxation=0),
        order_progressively(density, more, relaxation=0)[:fewer],
    )


def test_first_point_is_the_barycentre():
    values = np.zeros((4, 6))
    values[1, 2:4] = values[1, 5] = 1
    ((x, y),) = order_progressively(Density(values), 1)
    assert (x, y) == (pytest.approx(11.5 / 3), 1.5)
    # It is off the ink: the nearest ink is half a pixel away, and files may round.
    values[1] = 0, 0, 1.5, 0, 0, 1
    ((x, y),) = order_progressively(Density(values), 1)
    assert (x, y) == (pytest.approx(2.9), 1.5)


@pytest.mark.parametrize("relaxation", [0, 4])
def test_every_point_is_on_the_ink(relaxation):
    values = np.zeros((30, 40))
    for column in (3, 13, 30):
        values[4:9, column : column + 5] = values[20:24, column : column + 6] = 0.6
    density = Density(values)
    points = order_progressively(density, 23, relaxation=relaxation)
    assert len(find_strays(density, points.round(3))) == 0
    assert len(np.unique(points, axis=0)) == 23
    if relaxation == 0:
        boxes = bisect_mass(density, 8)[:, None]
        inside = (points[:8] >= boxes[..., :2]) & (points[:8] <= boxes[..., 2:])
        assert (inside.all(axis=2).sum(axis=1) == 1).all()
        np.testing.assert_array_equal(points[:9], order_progressively(density, 9, relaxation=0))


def test_result_is_reproducible_and_inside():
    density = draw_density()
    points = order_progressively(density, 200, relaxation=3)
    np.testing.assert_array_equal(points, order_progressively(density, 200, relaxation=3))
    assert (points >= 0).all()
    assert (points <= (density.width, density.height)).all()
    assert len(np.unique(points, axis=0)) == 200


def test_doublings_are_reported():
    seen = []
    order_progressively(draw_density(), 100, relaxation=0, on_doubling=seen.append)
    assert seen == [2, 4, 8, 16, 32, 64, 100]


@pytest.mark.slow
def test_every_prefix_is_a_good_stippling(camera):
    """Free points reach 0.161; random ones that follow the picture are above 1."""
    counts = [64, 77, 91, 108, 128, 181, 256, 300, 362, 430, 512, 700, 1000]
    plain, relaxed = (
        np.array(
            [
                prefix.quality
                for prefix in measure_prefixes(
                    camera,
                    order_progressively(camera, 1000, relaxation=relaxation),
                    counts,
                    tolerance=1e-3,
                )
            ]
        )
        for relaxation in (0, 10)
    )
    assert plain.max() < 0.28
    assert relaxed.max() < 0.22
    assert relaxed.mean() < 0.2
    assert relaxed.min() > HEXAGONAL_QUALITY


def test_white_parts_are_no_obstacle():
    values = np.zeros((40, 40))
    values[3:13, 3:13] = values[25:38, 20:30] = 1
    points = order_progressively(Density(values), 100)
    x, y = points.T
    black = ((x >= 3) & (x <= 13) & (y >= 3) & (y <= 13)) | (
        (x >= 20) & (x <= 30) & (y >= 25) & (y <= 38)
    )
    assert black.mean() > 0.95


def test_exact_quality_of_the_dyadic_sequence():
    """4^k points are the lower left corners of squares of side s = 2^−k: W2² = 2·s²/3."""
    points = generate_sequence(64, 2)
    for prefix in measure_prefixes(UNIFORM, points, [4, 16, 64]):
        assert prefix.mass_error <= 1e-6
        assert prefix.quality == pytest.approx(2 / 3, rel=1e-6)
        assert prefix.w2_squared == pytest.approx(2 / 3 / prefix.count, rel=1e-6)


@pytest.mark.parametrize("n", [0, -4])
def test_no_points_are_refused(n):
    with pytest.raises(StippleError, match="at least 1"):
        order_progressively(UNIFORM, n)


@pytest.mark.parametrize("count", [0, 6])
def test_prefixes_out_of_range_are_refused(count):
    points = generate_sequence(5, 2)
    with pytest.raises(StippleError, match="give 1 to 5"):
        list(measure_prefixes(UNIFORM, points, [count]))


def test_figures_of_a_prefix_of_a_partly_white_picture():
    """Two points on the dark half of 6 by 4 pixels, at the middles of their squares."""
    values = np.zeros((4, 6))
    values[2:, :4] = 0.5
    points = np.array([[1.0, 3.0], [3.0, 3.0]])
    (prefix,) = measure_prefixes(Density(values), points, [2], tolerance=1e-9)
    assert prefix.w2_squared == pytest.approx(2 * 4 / 12)
    assert prefix.quality == pytest.approx(2 * (2 / 3) / 8)
    assert prefix.w2_squared_lower <= 2 / 3 <= prefix.w2_squared_upper
    assert prefix.w2_squared_lower < prefix.w2_squared_upper <= prefix.w2_squared_lower + 1e-6


def test_a_move_goes_beyond_the_mean_of_the_barycentres():
    """Of 4 by 2 black pixels, from (2, 1) and (3, 1): 1.7 times the way to (3/2, 1) and (3, 1)."""
    points = order_progressively(Density(np.ones((2, 4))), 2, relaxation=1)
    np.testing.assert_allclose(points, [[2 - 1.7 / 2, 1], [3, 1]], atol=0.02)
    still = order_progressively(Density(np.ones((2, 4))), 2, relaxation=0)
    np.testing.assert_allclose(still, [[2, 1], [3, 1]])
