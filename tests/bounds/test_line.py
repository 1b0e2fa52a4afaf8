"""Images of one row or one column: exact distances, against sorted samples and rational sums."""

import time
from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np
import pytest
from bound_images import draw_noise, solve_exactly

import stipple
from stipple.bounds.exact import join_limbs
from stipple.bounds.masses import pair_masses


def sample_pair(seed, size, count):
    """Equally many places on a line twice, and how many there are of each."""
    generator = np.random.default_rng(seed)
    places = generator.integers(0, size, (2, count)) * np.array([[1], [2]]) // 2
    return places, [np.bincount(side, minlength=size) for side in places]


@pytest.mark.parametrize("order", [1, 1.5, 2, 2.7, 3, 8, 32])
def test_sorted_samples_are_matched_in_order(order):
    places, (a, b) = sample_pair(round(order), 60, 1000)
    costs = np.abs(np.subtract(*np.sort(places))).astype(float) ** order
    exact = costs.mean() ** (1 / order)
    found = stipple.bound(a, b, order)
    assert found.method == "line"
    assert found.reached
    assert found.shape == (1, 60)
    assert found.lower <= exact * (1 + 1e-13)
    assert found.upper >= exact * (1 - 1e-13)
    assert found.gap < 1e-13


def test_the_interval_holds_the_rational_distance():
    """Between sums of distribution functions, in whole numbers: no rounding anywhere."""
    for seed in range(20):
        _, (a, b) = sample_pair(seed, 30, 77)
        exact = Fraction(int(np.abs(np.cumsum(a - b)).sum()), 77)
        found = stipple.bound(a, 3 * b, 1)
        assert Fraction(found.lower) <= exact <= Fraction(found.upper)
        assert found.upper <= np.nextafter(found.lower, np.inf)


@pytest.mark.parametrize("order", [1.0, 2.5])
def test_a_linear_programme_agrees(order):
    a, b = draw_noise(1, (1, 12)), draw_noise(2, (1, 12))
    exact = solve_exactly(a, b, order)
    assert stipple.bound(a, b, order).upper == pytest.approx(exact, rel=1e-7)
    other = stipple.bound(a, b, order, method="sparse", gap=0)
    assert other.method == "sparse"
    assert other.upper == pytest.approx(exact, rel=1e-7)


def test_rows_columns_and_vectors_are_alike():
    a, b = np.random.default_rng(3).random((2, 40)) ** 9 * 1e-200
    rows, columns = stipple.bound(a[None], b[None], 3), stipple.bound(a[:, None], b[:, None], 3)
    assert rows.interval == columns.interval == stipple.bound(a, b, 3).interval
    assert columns.shape == (40, 1)
    for found in (rows, columns):
        for ends, image in ((found.plan.source, a), (found.plan.target, b)):
            sums = np.bincount(ends, found.plan.amounts, 40)
            np.testing.assert_allclose(sums, image / image.sum(), atol=1e-15)
    assert rows.levels[-1].interval == rows.interval
    with pytest.raises(stipple.StippleError, match="1 × 40 pixels and the second image 40 × 1"):
        stipple.bound(a, b[:, None])


def test_squares_on_a_line_are_bounded_through_their_centres():
    found = stipple.bound([1, 2, 0, 1], [2, 0, 3, 0], pixels="squares")
    assert not found.reached
    assert found.stopped == "squares"


def test_equal_lines_have_a_plan_that_moves_nothing():
    line = np.random.default_rng(4).random(25)
    found = stipple.bound(line, line)
    assert (found.lower, found.upper) == (0, 0)
    assert np.array_equal(found.plan.source, found.plan.target)
    assert (stipple.bound([5], [2]).lower, stipple.bound([5], [2]).upper) == (0, 0)


def test_the_nearest_line_needs_no_refinement():
    lines = np.random.default_rng(5).random((30, 50)) ** 3
    exact = [stipple.bound(lines[0], line).lower for line in lines[1:]]
    found = stipple.find_nearest(lines[0], lines[1:], 4)
    assert found.proved
    assert found.refined == 0
    assert sorted(found.indices.tolist()) == sorted(np.argsort(exact)[:4].tolist())


def test_masses_of_any_size_are_matched_in_order_exactly():
    """Between the quantile functions, on the intervals where both are constant: rational sums."""
    random = np.random.default_rng(8)
    for trial in range(40):
        size = int(random.integers(1, 12))
        wild = 10.0 ** random.integers(-300, 300, (2, size)) if trial % 2 else 1.0
        lines = random.random((2, size)) * (random.random((2, size)) < 0.7) * wild
        lines[:, random.integers(size)] = random.random(2) * 1e-310
        exact = [[Fraction(mass) for mass in line.tolist()] for line in lines]
        sums = [list(accumulate(mass / sum(line) for mass in line)) for line in exact]
        moved = [Fraction(0)] * size
        for below, above in pairwise(sorted({Fraction(0), *sums[0], *sums[1]})):
            first, second = (bisect_right(side, below) for side in sums)
            moved[abs(first - second)] += above - below
        match = pair_masses(*lines).line_matches[-1]
        assert [Fraction(join_limbs(row), match.whole) for row in match.moved] == moved
        shares = [float(mass / sum(line)) for line in exact for mass in line]
        for ends, given in ((match.source, shares[:size]), (match.target, shares[size:])):
            np.testing.assert_allclose(np.bincount(ends, match.amounts, size), given, 1e-13, 1e-300)
        for order in (3, 32):
            cost = sum(share * distance**order for distance, share in enumerate(moved))
            found = stipple.bound(*lines, order)
            assert Fraction(found.lower) ** order <= cost <= Fraction(found.upper) ** order
            assert found.upper <= np.nextafter(found.lower, np.inf)


def test_a_line_of_a_million_pixels_takes_a_moment():
    a, b = np.random.default_rng(9).random((2, 10**6))
    stipple.bound(a[:2], b[:2])  # compiles
    began = time.process_time()
    found = stipple.bound(a, b, time_limit=0.1)
    # Some four tenths; four seconds with Python's whole numbers.
    assert time.process_time() - began < 2
    # Between the distribution functions, whose inverses the plan follows.
    assert len(found.plan.amounts) == 2 * 10**6 - 1
    assert found.upper <= np.nextafter(found.lower, np.inf)
