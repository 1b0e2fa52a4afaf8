"""Morphs: dots keep their numbers, go on straight lines, and not far."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

import stipple
from stipple.errors import StippleError

WIDE = np.outer(np.ones(12), np.linspace(0.2, 1, 24))
TALL = np.outer(np.linspace(1, 0.1, 20), np.ones(10))


@pytest.fixture(scope="module")
def morph():
    return stipple.morph([WIDE, TALL, WIDE], 40, frames=8, seconds=1.6, hold=1)


def test_frames_begin_and_end_at_the_pictures(morph):
    assert morph.points.shape == (17, 40, 2)
    assert morph.pictures == (0, 8, 16)
    # Both have a longer side of 24 pixels; the tall one is 12 wide.
    assert morph.shape == (24, 24)
    wide, tall, _ = morph.stipplings
    np.testing.assert_allclose(morph.points[0], wide.points + np.array([0, 6]))
    places = 24 / 20 * tall.points + [6, 0]
    order = np.lexsort(places.T)
    there = np.lexsort(morph.points[8].T)
    np.testing.assert_allclose(morph.points[8][there], places[order])
    np.testing.assert_allclose(morph.radii[8][there], 24 / 20 * tall.radii[order])


def test_dots_travel_on_straight_lines_and_gently(morph):
    ways = morph.points[8] - morph.points[0]
    shares = np.arange(9) / 8
    for share, points in zip(3 * shares**2 - 2 * shares**3, morph.points, strict=False):
        np.testing.assert_allclose(points, morph.points[0] + share * ways, atol=1e-12)
    even = stipple.morph(morph.stipplings, frames=8, easing="linear")
    np.testing.assert_allclose(even.points[2], morph.points[0] + 0.25 * ways, atol=1e-12)


def test_dots_go_as_little_as_they_can(morph):
    for (start, stop), passage in zip([(0, 8), (8, 16)], morph.passages, strict=True):
        here, there = morph.points[start], morph.points[stop]
        costs = ((here[:, None] - there[None]) ** 2).sum(axis=2)
        least = costs[linear_sum_assignment(costs)].mean() ** 0.5
        assert passage.rms == pytest.approx(((there - here) ** 2).sum(axis=1).mean() ** 0.5)
        assert passage.lower <= least * (1 + 1e-14)
        assert passage.rms <= 1.0005 * least
        assert 0 <= passage.gap <= 1e-3


def test_time_to_travel_and_to_rest(morph):
    assert morph.durations.sum() == pytest.approx(2 * 1.6 + 3 * 1)
    np.testing.assert_allclose(morph.durations[[0, 1, 8, 16]], [1.2, 0.2, 1.2, 1])


def test_a_single_dot():
    morph = stipple.morph([[[1, 0, 0]], [[0, 0, 1]]], 1, frames=1)
    np.testing.assert_allclose(morph.points[:, 0], [[0.5, 0.5], [2.5, 0.5]])
    assert morph.passages[0].rms == pytest.approx(2)
    still = stipple.morph([[[1, 0]], [[1, 0]]], 1, frames=1)
    assert (still.passages[0].rms, still.passages[0].gap) == (0, 0)


@pytest.mark.parametrize(
    ("pictures", "settings", "sentence"),
    [
        ([WIDE], {}, "needs two pictures or more, but 1 came"),
        ([], {}, "but 0 came"),
        ([WIDE, 0 * WIDE], {"n": 3}, "all white"),
        ([WIDE, TALL], {"n": 0}, "0 points were asked for"),
        ([WIDE, TALL], {"frames": 0}, "number of frames is 0"),
        ([WIDE, TALL], {"frames": 10**6}, "at most 100,000"),
        ([WIDE, TALL], {"seconds": 0}, "number above zero"),
        ([WIDE, TALL], {"hold": -1}, "time to rest is -1"),
        ([WIDE, TALL], {"easing": "slow"}, "smooth, linear"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(pictures, settings, sentence):
    with pytest.raises(StippleError, match=sentence):
        stipple.morph(pictures, **settings)


def test_stipplings_must_have_as_many_dots():
    few, more = (stipple.stipple(WIDE, n, iterations=0) for n in (3, 4))
    with pytest.raises(StippleError, match="have 3 and 4 dots"):
        stipple.morph([few, more])
    with pytest.raises(StippleError, match="5 dots were asked for, but a stippling has 3"):
        stipple.morph([few, WIDE], 5)
