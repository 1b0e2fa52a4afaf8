"""Potentials from the flux between volumes: nearly the best for W_1, on grids of any sides."""

import math

import numpy as np
import pytest
from bound_images import draw_noise, draw_smooth

import stipple
from stipple.arrays import Floats
from stipple.bounds.beckmann import find_slope_potentials
from stipple.bounds.problem import Level, conjugate, evaluate_dual
from stipple.bounds.pyramid import build_pyramid


def make_level(a: Floats, b: Floats) -> Level:
    return build_pyramid(a / a.sum(), b / b.sum(), max(a.shape), 1)[-1]


def evaluate(level: Level) -> list[float]:
    potentials = find_slope_potentials(level, math.inf)
    return [evaluate_dual(level, conjugate(each, 1)) for each in potentials]


@pytest.mark.parametrize("shift", [(0, 0, 8), (0, 5, 0), (2, -3, 6), (-4, 4, 7)])
def test_what_moves_as_a_whole_is_seen_to_move_so_far(shift: tuple[int, int, int]) -> None:
    a, b = np.zeros((2, 15, 17, 22))
    patch = draw_noise(1, (6, 5, 4)) ** 4
    a[5:11, 5:10, 3:7] = patch
    b[5 + shift[0] : 11 + shift[0], 5 + shift[1] : 10 + shift[1], 3 + shift[2] : 7 + shift[2]] = (
        patch
    )
    length = math.dist(shift, (0, 0, 0))
    for value in evaluate(make_level(a, b)):
        assert 0.98 * length <= value <= length * (1 + 1e-9)


@pytest.mark.parametrize("shape", [(11, 11, 11), (5, 20, 9), (2, 3, 30), (1, 16, 17)])
def test_dual_values_are_near_the_exact_distance(shape: tuple[int, ...]) -> None:
    a, b = draw_smooth(1, shape), draw_smooth(2, shape)
    exact = stipple.bound(a, b, 1, gap=1e-9)
    for value in evaluate(make_level(a, b)):
        assert 0.95 * exact.lower <= value <= exact.upper * (1 + 1e-9)


def test_no_time_leaves_a_potential_all_the_same() -> None:
    level = make_level(draw_noise(1, (9, 10, 11)), draw_noise(2, (9, 10, 11)))
    for potential in find_slope_potentials(level, -math.inf):
        np.testing.assert_array_equal(potential, 0)
