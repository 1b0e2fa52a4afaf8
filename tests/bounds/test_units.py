"""Bounds in sides are those in pixels over the longer side, rounded outwards."""

import math
from fractions import Fraction

import numpy as np
import pytest

import stipple
from stipple.bounds.masses import pair_masses
from stipple.bounds.units import Conversion
from stipple.interval import Interval


@pytest.mark.parametrize("shape", [(3, 7), (7, 3)])
def test_ends_are_the_nearest_numbers_outside(shape: tuple[int, int]) -> None:
    pair = pair_masses(np.ones(shape), np.ones(shape))
    conversion = Conversion(pair, 2, "side", "points")
    for number in range(1, 20):
        exact = Fraction(number, 7)
        converted = conversion.convert(Interval(number, number))
        if number % 7 == 0:
            assert converted == Interval(number / 7, number / 7)
            continue
        assert converted.lower < exact < converted.upper
        assert converted.upper == math.nextafter(converted.lower, math.inf)


def test_pixels_stay_as_they_are() -> None:
    pair = pair_masses(np.ones((3, 7)), np.ones((3, 7)))
    interval = Interval(0.1, 0.2)
    assert Conversion(pair, 2, "pixel", "points").convert(interval) == interval


def test_a_narrow_interval_is_why_it_stops() -> None:
    result = stipple.bound([[1.0, 0, 0]], [[0, 0, 1.0]], pixels="points")
    assert result.reached
    assert result.stopped == "gap"
