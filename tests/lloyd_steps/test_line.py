"""Uniform quantisation on an interval, against closed forms and the plane."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from stipple.errors import StippleError
from stipple.lloyd_steps.line import run_on_line
from stipple.lloyd_steps.slope import fit_slope
from stipple.measures.formula import parse_density
from stipple.measures.line import LineDensity

GAUSSIAN = LineDensity(parse_density(f"gaussian:0.5,{32**-0.5!r}"), 0, 1)


def test_uniform_in_closed_form():
    density = LineDensity(parse_density("uniform"), 0, 2)
    rows = list(run_on_line(density, (1, 5, 1000)))
    for row in rows:
        assert row.w2_squared == pytest.approx(4 / 12 / row.points**2, rel=1e-11)
        assert row.one_step_right == 2 * 3**2 / row.points
        assert row.gradient_norm < 1e-15
    assert fit_slope(rows, 1).slope == pytest.approx(-2)


def test_products_are_the_published_gaussian():
    """A grid on the square is a product: twice the line, after a step; its slope is −0.799."""
    counts = (20, 31, 40, 50)
    rows = [row for row in run_on_line(GAUSSIAN, counts, start="grid") if row.step == 1]
    plane = [2 * row.w2_squared for row in rows]
    # From the power cells of the plane (tests/lloyd_steps/test_presets.py).
    assert plane[0] == pytest.approx(0.00070820464907, rel=1e-10)
    slope = np.polyfit(2 * np.log(counts), np.log(plane), 1)[0]
    assert slope == pytest.approx(-0.799, abs=1e-3)


def test_a_start_is_matched_as_the_best_assignment():
    """W2² of random points to 4,000 atoms of the density, by an assignment solver."""
    (row,) = run_on_line(GAUSSIAN, (8,), start="uniform", steps=0, seed=3)
    points = np.sort(np.random.default_rng(3).random(8))
    atoms = GAUSSIAN.find_quantiles((np.arange(400) + 0.5) / 400)
    cost = (np.repeat(points, 50)[:, None] - atoms) ** 2
    matched = cost[linear_sum_assignment(cost)].mean()
    assert row.w2_squared == pytest.approx(matched, rel=1e-3)
    assert row.minimum_distance == np.diff(points).min()


def test_steps_go_part_of_the_way():
    rows = list(run_on_line(GAUSSIAN, (30,), start="uniform", steps=3, step_sizes=(0.5, 0.25)))
    excess = [row.w2_squared - row.one_step_left for row in rows]
    np.testing.assert_allclose(np.divide(excess[1:], excess[:-1]), [0.25, 0.5625, 0.5625])
    assert [row.contraction_left for row in rows] == [0.5, 0.75, 0.75, 0.75]
    distances = [row.minimum_distance for row in rows]
    for before, after, row in zip(distances, distances[1:], rows, strict=False):
        assert row.contraction_holds
        assert after >= row.contraction_right * before * (1 - 1e-12)
    for row in rows:
        assert row.one_step_holds
        assert row.polyak_lojasiewicz_holds


def test_random_points_that_coincide_have_no_ratio_of_distances():
    far = LineDensity(parse_density("uniform"), 1e9, 1e9 + 1e-5)
    start, step = run_on_line(far, (20,), start="uniform", step_sizes=(0.5,))
    assert start.minimum_distance == 0
    assert start.contraction_holds
    assert step.minimum_distance > 0


def test_points_that_doubles_cannot_part_are_refused():
    narrow = LineDensity(parse_density("gaussian:0.5,1e-16"), 0, 1)
    with pytest.raises(StippleError, match="too many for so narrow"):
        list(run_on_line(narrow, (100,)))
