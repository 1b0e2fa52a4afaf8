"""What follows from how far apart starts are: Corollaries 4 and 5."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from stipple.lloyd_steps.corollaries import SeparationRate, fit_separation, judge_random_starts
from stipple.lloyd_steps.starts import RandomStart, make_start
from stipple.lloyd_steps.theory import measure_separation
from stipple.measures.density import Density
from stipple.measures.formula import Domain, Region, parse_density, rasterise_density

SQUARE = rasterise_density(parse_density("uniform"), Region(), 4)


def make_rows(start, counts):
    rows = []
    for count in counts:
        points = make_start(start)(SQUARE, count, np.random.default_rng(0))
        least = measure_separation(points).minimum
        rows.append(SimpleNamespace(points=count, step=0, minimum_distance=least))
    return rows


def test_the_koch_curve_has_its_dimension():
    counts = [4**k + 1 for k in (4, 5, 6, 7)]
    # Corners of level k are 3^−k apart.
    rate = fit_separation(make_rows("koch", counts))
    assert rate.beta == pytest.approx(math.log(4) / math.log(3), rel=2e-3)
    assert rate.exponent == pytest.approx(-0.207, abs=2e-3)
    assert rate.says_something


def test_grids_and_lines_have_their_dimensions():
    assert fit_separation(make_rows("grid", (16, 64, 400))).exponent == pytest.approx(-0.5)
    line = fit_separation(make_rows("line", (20, 40)))
    assert line.beta == pytest.approx(1)
    assert not line.says_something
    assert not SeparationRate(0.9).says_something


def test_rates_need_two_numbers_and_two_points():
    assert fit_separation(make_rows("grid", (16,))) is None
    assert fit_separation(make_rows("grid", (1, 16))) is None
    later = SimpleNamespace(points=9, step=1, minimum_distance=0.5)
    assert fit_separation([*make_rows("grid", (16,)), later]) is None
    same = [SimpleNamespace(points=n, step=0, minimum_distance=0.5) for n in (3, 5)]
    assert fit_separation(same).exponent == -1


def test_isolated_points_are_counted():
    points = np.random.default_rng(3).random((300, 2))
    distances = squareform(pdist(points)) + 9 * np.eye(300)
    expected = (distances.min(axis=1) >= 300 ** (-2 / 3)).mean()
    assert 0 < expected < 1
    assert measure_separation(points).isolated == expected


def test_random_starts_keep_what_is_promised():
    rows = [
        SimpleNamespace(points=1000, step=0, isolated_part=part) for part in (0.4, 0.5, 0.7, 0.99)
    ]
    (one,) = judge_random_starts(rows, 1.5, math.sqrt(2))
    assert one.bound == pytest.approx((1.5 * math.pi + 1) / 10)
    assert (one.held, one.clouds, one.points) == (3, 4, 1000)
    assert one.probability == pytest.approx(1 - math.exp(-10 / 18))
    assert one.w2_squared == pytest.approx(4 * (1 + 2**0.5) ** 3 * (0.1 + one.bound))
    assert one.vacuous


def test_one_point_changes_the_neighbourhood_of_six_at_most():
    """The constant of McDiarmid's inequality, attained by five around one."""
    angles = 2 * np.pi * np.arange(5) / 5
    ring = 0.9 * np.column_stack([np.cos(angles), np.sin(angles)])
    assert pdist(ring).min() >= 1
    with_centre = np.vstack([ring, [0, 0]])
    near = squareform(pdist(with_centre)) < 1
    assert (near.sum(axis=1) > 1).sum() == 6


@pytest.mark.parametrize("formula", ["uniform", "gaussian:0.3/0.8,0.1"])
def test_points_are_drawn_from_the_formula(formula):
    wide = Domain(Density(np.eye(40, 80)), (1.0, 0.5), 1 / 80)
    start = RandomStart(parse_density(formula.replace("0.3", "1.3")))
    points = start(wide, 4000, np.random.default_rng(0))
    assert ((points >= (1, 0.5)) & (points <= (2, 1))).all()
    if formula == "uniform":
        assert points.mean(axis=0) == pytest.approx((1.5, 0.75), abs=0.02)
        assert start.find_largest_density(wide) == pytest.approx(2)
        assert RandomStart().find_largest_density(wide) == pytest.approx(2)
    else:
        assert points.mean(axis=0) == pytest.approx((1.3, 0.8), abs=0.02)
        # 1/(2πσ²) at the mean, and what is cut off by the border: 2.3 % below, .1 % beside.
        most = start.find_largest_density(wide)
        assert most == pytest.approx(1 / (2 * math.pi * 0.01) / 0.9759, rel=0.01)
