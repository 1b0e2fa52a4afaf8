"""Dots that go on from frame to frame."""

import time

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

import stipple
from stipple.errors import StippleError
from stipple.measures.density import Density
from stipple.stippling.coherent import follow_frame


def make_frame(number, height=48, width=96, step=9.0, size=8.0):
    """A dark spot on white that goes to the right."""
    y, x = np.mgrid[:height, :width] + 0.5
    spot = np.exp(-((x - 24 - step * number) ** 2 + (y - 22) ** 2) / (2 * size**2))
    return Density(np.where(spot > 0.02, spot, 0))


def test_dots_move_as_optimal_transport_does_and_are_as_good_as_new_ones():
    before = stipple.stipple(make_frame(0), 200)
    for number in (1, 2, 3):
        density = make_frame(number)
        frame = follow_frame(before, density)
        cold = stipple.stipple(density, 200)
        assert frame.quality <= 1.01 * cold.quality
        ways = ((frame.points - before.points) ** 2).sum(axis=1)
        costs = ((before.points[:, None] - frame.points[None]) ** 2).sum(axis=2)
        least = costs[linear_sum_assignment(costs)].mean()
        assert ways.mean() <= 1.02 * least
        assert ways.mean() ** 0.5 == pytest.approx(9, rel=0.02)
        before = frame


def test_a_frame_of_the_same_picture_hardly_moves():
    before = stipple.stipple(make_frame(0), 100)
    again = follow_frame(before, make_frame(0))
    assert ((again.points - before.points) ** 2).sum(axis=1).max() < 1
    assert again.quality <= before.quality * (1 + 1e-4)


def test_one_dot_and_frames_of_other_sizes():
    before = stipple.stipple(make_frame(0), 1)
    assert follow_frame(before, make_frame(1)).points.shape == (1, 2)
    with pytest.raises(StippleError, match="has 90 × 48 pixels, and the one before 96 × 48"):
        follow_frame(before, make_frame(1, width=90))


@pytest.mark.slow
def test_a_frame_takes_half_the_time_of_a_new_drawing():
    before = stipple.stipple(make_frame(0, 512, 512, 6, 70), 5000, threads=1)
    times = np.zeros((2, 5))
    for number in range(5):
        density = make_frame(number + 1, 512, 512, 6, 70)
        began = time.process_time()
        frame = follow_frame(before, density, threads=1)
        followed = time.process_time()
        cold = stipple.stipple(density, 5000, threads=1)
        times[:, number] = followed - began, time.process_time() - followed
        assert frame.quality <= 1.01 * cold.quality
        before = frame
    assert np.median(times[0]) <= 0.5 * np.median(times[1])
