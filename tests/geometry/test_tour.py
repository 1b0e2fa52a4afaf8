"""Pen travel: orders are permutations, greedy is greedy, tours are short and locally optimal."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from stipple.geometry.tour import (
    NEIGHBOURS,
    Floats,
    Integers,
    _find_tour,
    _link_greedily,
    measure_travel,
    order_nearest,
    order_tour,
)

# Few values, so that duplicates, ties and points on a line are common.
COARSE = st.integers(0, 5).map(float)
FINE = st.floats(-1e6, 1e6)
POINTS = st.integers(0, 60).flatmap(
    lambda n: st.sampled_from([COARSE, FINE]).flatmap(lambda e: arrays(float, (n, 2), elements=e))
)


def draw_points(n: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).random((n, 2)) * 100


def measure_shortest(points: Floats, closed: bool) -> float:
    rest = range(1, len(points)) if closed else range(len(points))
    start = [0] if closed else []
    return min(
        measure_travel(points, np.array([*start, *order]), closed) for order in permutations(rest)
    )


def has_improving_exchange(points: Floats, order: Integers, closed: bool) -> bool:
    """Whether reversing any piece of the order, the ends of an open one too, shortens it."""
    n = len(order)
    length = measure_travel(points, order, closed)
    for i in range(n):
        for j in range(i + 1, n):
            turned = np.concatenate([order[:i], order[i : j + 1][::-1], order[j + 1 :]])
            if measure_travel(points, turned, closed) < length * (1 - 1e-9):
                return True
    return False


@settings(deadline=None)  # the first example compiles the loops
@given(POINTS)
def test_every_point_is_visited_once(points: Floats) -> None:
    orders = [order_nearest(points), *(order_tour(points, closed=c) for c in (False, True))]
    for order in orders:
        assert order.dtype == np.int64
        np.testing.assert_array_equal(np.sort(order), np.arange(len(points)))


@settings(deadline=None)  # the first example compiles the loops
@given(POINTS)
def test_nearest_goes_to_a_nearest_remaining_point(points: Floats) -> None:
    order = order_nearest(points)
    distances = cdist(points, points)
    for step in range(1, len(order)):
        here, remaining = order[step - 1], order[step:]
        assert (
            distances[here, order[step]] <= distances[here, remaining].min() * (1 + 1e-12) + 1e-150
        )


def test_nearest_equals_brute_force_greedy() -> None:
    points = draw_points(300)
    distances = cdist(points, points)
    expected = [int(np.argmin(np.linalg.norm(points - points.min(axis=0), axis=1)))]
    while len(expected) < len(points):
        row = distances[expected[-1]].copy()
        row[expected] = np.inf
        expected.append(int(np.argmin(row)))
    np.testing.assert_array_equal(order_nearest(points), expected)


@pytest.mark.parametrize("closed", [False, True])
def test_orders_start_at_the_top_left(closed: bool) -> None:
    points = np.array([[9.0, 9], [5, 5], [1, 1], [9, 1], [3, 7]])
    assert order_nearest(points)[0] == 2
    order = order_tour(points, closed=closed)
    corners = np.linalg.norm(points[order] - 1, axis=1)
    assert corners[0] == 0 if closed else corners[0] <= corners[-1]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 7), st.integers(0, 10**6), st.booleans())
def test_tiny_tours_are_near_the_shortest(n: int, seed: int, closed: bool) -> None:
    points = draw_points(n, seed)
    length = measure_travel(points, order_tour(points, closed=closed), closed)
    shortest = measure_shortest(points, closed)
    assert shortest * (1 - 1e-12) <= length <= 1.25 * shortest


def test_tours_of_eight_points_are_mostly_the_shortest() -> None:
    ratios = []
    for seed in range(5):
        points = draw_points(8, seed)
        length = measure_travel(points, order_tour(points, closed=True), True)
        ratios.append(length / measure_shortest(points, closed=True))
    assert np.median(ratios) < 1 + 1e-9


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("n", [3, 4, 5, NEIGHBOURS + 1])
def test_no_exchange_shortens_a_tour_with_complete_neighbour_lists(n: int, closed: bool) -> None:
    for seed in range(30):
        points = draw_points(n, seed)
        assert not has_improving_exchange(points, order_tour(points, closed=closed), closed)


@settings(deadline=None)  # the first example compiles the loops
@given(POINTS, st.booleans())
def test_tour_is_never_longer_than_its_start(points: Floats, closed: bool) -> None:
    places = np.unique(points, axis=0)
    if len(places) > 2:
        start = measure_travel(places, _link_greedily(places), closed)
        length = measure_travel(places, _find_tour(places, closed), closed)
        assert length <= start * (1 + 1e-12)
        assert measure_travel(points, order_tour(points, closed=closed), closed) == pytest.approx(
            length, rel=1e-12
        )


@pytest.mark.parametrize("closed", [False, True])
def test_uniform_tours_are_within_five_percent_of_the_shortest(closed: bool) -> None:
    n = 20_000
    # Johnson and McGeoch: the shortest tour tends to 0.7124 sqrt(n A).
    shortest = 0.7124 * np.sqrt(n * 100.0**2)
    points = draw_points(n)
    length = measure_travel(points, order_tour(points, closed=closed), closed)
    assert 1.0 < length / shortest < 1.05
    assert 1.15 < measure_travel(points, order_nearest(points)) / shortest < 1.35


def test_open_tour_of_a_line_is_the_line() -> None:
    points = np.stack([np.arange(50.0), np.full(50, 3.0)], axis=1)
    shuffled = np.random.default_rng(1).permutation(50)
    order = order_tour(points[shuffled], closed=False)
    np.testing.assert_array_equal(shuffled[order], np.arange(50))


def test_tour_does_not_depend_on_the_order_of_the_input() -> None:
    points = draw_points(500)
    shuffled = np.random.default_rng(1).permutation(500)
    order = order_tour(points[shuffled], closed=True)
    np.testing.assert_array_equal(shuffled[order], order_tour(points, closed=True))


@pytest.mark.parametrize(
    "points",
    [
        np.ones((20_000, 2)),
        np.random.default_rng(0).integers(0, 10, (20_000, 2)).astype(float),
        np.concatenate([draw_points(20_000), [[1e9, 1e9]]]),
    ],
    ids=["one place", "hundred places", "one far away"],
)
def test_many_points_in_bad_places_stay_fast(points: Floats) -> None:
    for order in (order_nearest(points), order_tour(points, closed=False)):
        np.testing.assert_array_equal(np.sort(order), np.arange(len(points)))
    places = len(np.unique(points, axis=0))
    if places <= 100:
        length = measure_travel(points, order_tour(points, closed=True), closed=True)
        assert length <= 1.1 * (places if places > 1 else 0)


def test_travel_of_a_square() -> None:
    square = np.array([[0.0, 0], [2, 0], [2, 2], [0, 2]])
    order = np.arange(4)
    assert measure_travel(square, order) == 6
    assert measure_travel(square, order, closed=True) == 8
    assert measure_travel(square, order[:0]) == 0
