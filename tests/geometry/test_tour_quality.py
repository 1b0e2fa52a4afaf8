"""Tours beside those of LKH, and without a crossing: counted by brute force, in fractions."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tour_cases import LENGTHS_OF_500, LENGTHS_OF_20000, MAKERS

from stipple.arrays import Floats, Integers
from stipple.geometry.tour import measure_travel, order_tour
from stipple.geometry.tour_crossings import _cross, remove_crossings
from stipple.geometry.tour_exchanges import begin_search

COARSE = st.integers(0, 4).map(float)
FINE = st.floats(-1e6, 1e6)
EVERY_SIZE = st.sampled_from([0.0, 1.0, 1e-100, 1e-12, -1e-9, 7.0])
POINTS = st.integers(0, 30).flatmap(
    lambda n: st.sampled_from([COARSE, FINE, EVERY_SIZE]).flatmap(
        lambda e: arrays(float, (n, 2), elements=e)
    )
)


def turn(p: list[Fraction], q: list[Fraction], r: list[Fraction]) -> int:
    value = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    return (value > 0) - (value < 0)


def count_crossings(points: Floats, order: Integers, closed: bool) -> int:
    """Pairs of edges whose insides cross; boxes that are apart are told apart first."""
    way = points[order]
    if closed:
        way = np.concatenate([way, way[:1]])
    if len(way) < 3:
        return 0
    low, high = np.minimum(way[:-1], way[1:]), np.maximum(way[:-1], way[1:])
    meet = ((low[:, None] <= high[None]) & (low[None] <= high[:, None])).all(axis=2)
    exact = [[Fraction(x) for x in corner] for corner in way.tolist()]
    crossings = 0
    for i, j in np.argwhere(np.triu(meet, 2)):
        a, b, c, d = exact[i], exact[i + 1], exact[j], exact[j + 1]
        crossings += turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
    return crossings


@pytest.fixture(scope="module", params=MAKERS)
def tour(request: pytest.FixtureRequest) -> tuple[str, Floats, Integers]:
    points = MAKERS[request.param](500)
    return request.param, points, order_tour(points, closed=True)


def test_tours_are_within_two_percent_of_lkh(tour: tuple[str, Floats, Integers]) -> None:
    name, points, order = tour
    assert 1 - 1e-3 < measure_travel(points, order, True) / LENGTHS_OF_500[name] < 1.02


def test_lengths_by_lkh_are_what_it_finds_today(tour: tuple[str, Floats, Integers]) -> None:
    elkai = pytest.importorskip("elkai", reason="elkai, which has LKH, is not installed")
    points = tour[1][::4]
    distances = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    found = elkai.DistanceMatrix(np.rint(distances * 1e4).astype(int).tolist()).solve_tsp()
    length = measure_travel(points, order_tour(points, closed=True), True)
    assert length < 1.02 * measure_travel(points, np.array(found[:-1]), True)


def test_tours_of_pictures_do_not_cross(tour: tuple[str, Floats, Integers]) -> None:
    _, points, order = tour
    assert count_crossings(points, order, True) == 0


def test_open_paths_do_not_cross_and_are_shorter(tour: tuple[str, Floats, Integers]) -> None:
    _, points, order = tour
    around = points[order]
    longest = np.hypot(*(around - np.roll(around, 1, axis=0)).T).max()
    path = order_tour(points, closed=False)
    assert count_crossings(points, path, False) == 0
    assert measure_travel(points, path) < 1.02 * (measure_travel(points, order, True) - longest)


@settings(deadline=None, max_examples=25)  # the first example compiles the loops
@given(POINTS, st.booleans())
def test_no_tour_crosses_itself(points: Floats, closed: bool) -> None:
    assert count_crossings(points, order_tour(points, closed=closed), closed) == 0


def make_lattice(side: int) -> Floats:
    return np.indices((side, side)).reshape(2, -1).T.astype(float)


@pytest.mark.parametrize(
    "points",
    [
        make_lattice(16),
        make_lattice(16) * 1e-170,
        make_lattice(16) * 1e170 + 1e171,
        make_lattice(16) @ np.array([[0.6, 0.8], [-0.8, 0.6]]),
        np.repeat(make_lattice(6), 5, axis=0),
        np.stack([np.arange(200.0), np.arange(200.0) / 3], axis=1),
        np.concatenate([MAKERS["uniform"](150) * 1e-6, MAKERS["word"](150)]),
    ],
    ids=["lattice", "tiny", "huge", "turned", "duplicates", "line", "cluster"],
)
@pytest.mark.parametrize("closed", [False, True])
def test_tours_of_odd_points_do_not_cross(points: Floats, closed: bool) -> None:
    order = order_tour(points, closed=closed)
    np.testing.assert_array_equal(np.sort(order), np.arange(len(points)))
    assert count_crossings(points, order, closed) == 0


def test_the_tour_of_a_lattice_has_unit_steps() -> None:
    points = make_lattice(16)
    assert measure_travel(points, order_tour(points, closed=True), True) < 1.02 * len(points)
    # Along a line and back: no way is shorter.
    line = np.stack([np.arange(200.0), np.zeros(200)], axis=1)
    assert measure_travel(line, order_tour(line, closed=True), True) == 2 * 199


@pytest.mark.parametrize("seed", range(5))
def test_crossings_of_a_random_tour_are_undone(seed: int) -> None:
    points = np.random.default_rng(seed).random((60, 2))
    tour = np.random.default_rng(seed).permutation(60)
    crossings, length = count_crossings(points, tour, True), measure_travel(points, tour, True)
    # Without candidates for a new edge only crossings are exchanged.
    search = begin_search(points, tour, np.full((60, 1), -1))
    search.counts[1] = 0
    remove_crossings(search)
    assert crossings > 100
    assert count_crossings(points, tour, True) == 0
    assert measure_travel(points, tour, True) < length
    np.testing.assert_array_equal(np.sort(tour), np.arange(60))


def test_crossings_are_decided_exactly() -> None:
    corners = np.array([[0.0, 0], [3, 1], [1, 1 / 3], [1, 1]])
    # The third of the float 1/3 is below the line, so that it crosses; one step up it does not.
    assert _cross(corners)
    corners[2, 1] = np.nextafter(1 / 3, 1)
    assert not _cross(corners)
    assert not _cross(np.array([[0.0, 0], [2, 0], [1, 0], [1, 1]]))
    assert not _cross(np.array([[0.0, 0], [2, 0], [1, 0], [3, 0]]))


def test_all_pairs_that_cross_are_counted_here() -> None:
    square = np.array([[0.0, 0], [1, 1], [1, 0], [0, 1]])
    assert count_crossings(square, np.arange(4), True) == 1
    assert count_crossings(square, np.array([0, 2, 1, 3]), True) == 0
    for a, b in combinations(range(4), 2):
        assert count_crossings(square[[a, b]], np.arange(2), True) == 0


@pytest.mark.slow
def test_five_thousand_points_are_within_five_percent_and_do_not_cross() -> None:
    points = MAKERS["uniform"](5000)
    order = order_tour(points, closed=True)
    # Johnson and McGeoch: the shortest tour of uniform points is about 0.7124 sqrt(n A) (1 + .33/n)
    # on a torus; in a square the border adds to it, so that this is below the shortest.
    assert measure_travel(points, order, True) < 1.05 * 0.7124 * np.sqrt(5000 * 300.0**2)
    assert count_crossings(points, order, True) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", LENGTHS_OF_20000)
def test_twenty_thousand_points_are_within_five_percent_of_lkh(name: str) -> None:
    points = MAKERS[name](20_000)
    length = measure_travel(points, order_tour(points, closed=True), True)
    assert 0.95 < length / LENGTHS_OF_20000[name] < 1.05


def test_short_runs_of_lkh_are_near_the_asymptotic_length() -> None:
    """So that being within five percent of them says something."""
    assert LENGTHS_OF_20000["uniform"] < 1.02 * 0.7124 * np.sqrt(20_000 * 300.0**2)
