"""The lower bound of the quantisation error: never above the optimum, and near it."""

import functools
from fractions import Fraction

import numpy as np
import pytest

import stipple
from stipple.discretisation import lower_bound
from stipple.discretisation.largest_gain import bound_gain
from stipple.discretisation.lower_bound import bound_quantisation


def list_partitions(n, m):
    """Labels of n samples in at most m cells, each partition once."""
    if n == 0:
        yield ()
        return
    for labels in list_partitions(n - 1, m):
        for label in range(min(max(labels, default=-1) + 2, m)):
            yield (*labels, label)


def find_optimum(points, masses, m):
    """Least W2² of m atoms, by all partitions, as a fraction."""
    places = [[Fraction(x) for x in row] for row in points.tolist()]
    shares = [Fraction(mass) for mass in masses.tolist()]

    @functools.cache
    def find_cost(members):
        mass = sum(shares[i] for i in members)
        squares = sum(shares[i] * sum(x * x for x in places[i]) for i in members)
        first = [
            sum(shares[i] * places[i][axis] for i in members) for axis in range(len(places[0]))
        ]
        return squares - sum(x * x for x in first) / mass

    return min(
        sum(
            find_cost(tuple(i for i, label in enumerate(labels) if label == cell))
            for cell in set(labels)
        )
        for labels in list_partitions(len(places), m)
    ) / sum(shares)


KINDS = ("uniform", "lattice", "far", "clusters", "tiny", "huge", "one place", "line")


def draw(kind, random):
    n, d = int(random.integers(2, 8)), int(random.integers(1, 4))
    points = random.random((n, d))
    made = {
        "lattice": np.floor(3 * points),
        "far": points + 1e9,
        "clusters": points * 1e-4 + random.integers(0, 2, (n, 1)),
        "tiny": points * 1e-140,
        "huge": points * 1e140,
        "one place": np.repeat(points[:1], n, axis=0),
        "line": np.column_stack((points[:, 0], 3 * points[:, 0])),
    }
    return made.get(kind, points), random.choice([1.0, 2.0, 1e-6, 0.3], n)


def refute(kind, seed):
    """Return the bound over the optimum, of atoms that are good ones or any samples."""
    random = np.random.default_rng(seed)
    points, masses = draw(kind, random)
    samples = stipple.Samples(points, masses)
    m = int(random.integers(1, min(len(np.unique(points, axis=0)), 4) + 1))
    good = bool(random.integers(0, 2))
    atoms = stipple.edot(samples, m).atoms if good else points[random.permutation(len(points))[:m]]
    found, optimum = bound_quantisation(samples, atoms), find_optimum(points, masses, m)
    assert Fraction(found) <= optimum
    return found / float(optimum) if good and optimum > 0 else 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_no_partition_is_below_the_bound(kind):
    for seed in range(2):
        refute(kind, seed)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_partition_of_many_is_below_the_bound(kind):
    ratios = [refute(kind, seed) for seed in range(100, 140)]
    if kind in ("uniform", "lattice"):
        assert np.median(ratios) >= 0.97


@pytest.mark.parametrize("seed", range(8))
def test_boxes_bound_what_is_gained_anywhere(seed):
    """Beside many places; prices may be of any size, and below 0."""
    random = np.random.default_rng(seed)
    n, d = 40, 1 + seed % 3
    points, masses = random.random((n, d)), random.random(n) / n
    prices = random.choice([-0.1, 0.02, 0.2, 3.0], n) if seed else np.full(n, 9.0)
    places = np.concatenate((points, random.random((4000, d)) * 1.2 - 0.1))
    squares = ((points[:, None] - places) ** 2).sum(axis=2)
    gained = (masses @ np.maximum(prices[:, None] - squares, 0)).max()
    bound, best = bound_gain(points, masses, prices, 0.0, 0.01, 10**7)
    assert bound >= gained
    assert best <= bound <= 1.02 * best
    assert bound_gain(points, masses, prices, 0.0, 0.01, 1)[0] >= gained  # too little work


def test_bad_prices_give_bad_bounds_not_false_ones(monkeypatch):
    random = np.random.default_rng(0)
    points = random.random((7, 2))
    optimum = find_optimum(points, np.ones(7), 3)
    samples = stipple.Samples(points, np.ones(7))
    for scale in (-1.0, 1e-3, 0.1, 1.0, 1e3, np.nan, np.inf):
        prices = scale * random.random(7)
        monkeypatch.setattr(lower_bound, "find_prices", lambda *_, prices=prices: prices)
        assert 0 <= Fraction(bound_quantisation(samples, points[:3])) <= optimum


@pytest.mark.parametrize(("dimension", "m", "least"), [(2, 5, 0.95), (2, 2, 0.98), (12, 2, 0.6)])
def test_common_samples_have_narrow_gaps(dimension, m, least):
    points = np.random.default_rng(0).random((100, dimension))
    samples = stipple.Samples(points, np.ones(len(points)))
    found = stipple.edot(samples, m, gap=True)
    assert least * found.cost.upper <= found.lower_bound <= found.cost.lower
    assert 0 <= found.gap <= 1 / least - 1


def test_one_atom_is_proved_to_be_best():
    found = stipple.edot(np.random.default_rng(0).random((2000, 3)), 1, gap=True)
    assert found.gap <= 1e-9


def test_a_gap_is_told_where_it_can_be_proved_only():
    points = np.random.default_rng(0).random((30, 2))
    assert stipple.edot(points, 3).gap is None
    for change in ({"p": 1}, {"metric": "sphere"}):
        with pytest.raises(stipple.StippleError, match="gap"):
            stipple.edot(points, 3, gap=True, **change)
