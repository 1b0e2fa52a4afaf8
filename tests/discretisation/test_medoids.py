"""Atoms that are samples, beside all choices of them, and what is told of their cost."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

import stipple
from stipple.discretisation.certificate.medoids import certify_medoids
from stipple.discretisation.medoid_search import search_medoids
from stipple.discretisation.settings import Settings


def draw(seed, n=10):
    random = np.random.default_rng(seed)
    kind = seed % 3
    if kind == 0:
        points = random.random((n, 2))
    elif kind == 1:  # two clusters far apart
        points = random.standard_normal((n, 2)) + 30 * random.integers(0, 2, (n, 1))
    else:  # a lattice with duplicates, hence many ties
        points = random.integers(0, 3, (n, 2)).astype(float)
    return points, random.random(n) + 0.1


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("p", [1.0, 2.0, 2.5])
def test_few_samples_have_the_best_medoids(seed, p):
    points, masses = draw(seed)
    distances = cdist(points, points)
    shares = masses / masses.sum()
    best = min(
        shares @ (distances[:, list(chosen)] ** p).min(axis=1)
        for chosen in combinations(range(len(points)), 3)
    )
    found = stipple.edot(stipple.Samples(points, masses), 3, p=p, distances=distances)
    assert found.cost.lower <= best * (1 + 1e-12)
    assert found.cost.upper >= best * (1 - 1e-12)
    np.testing.assert_array_equal(found.atoms, points[found.samples_of_atoms])


@pytest.mark.parametrize("seed", range(12))
def test_no_exchange_of_one_medoid_pays(seed):
    random = np.random.default_rng(seed)
    points = random.random((60, 3))
    costs, masses = cdist(points, points) ** 2, random.random(60)
    chosen = search_medoids(costs, masses, 7, random, 1).samples
    cost = masses @ costs[:, chosen].min(axis=1)
    for place in range(7):
        for candidate in range(60):
            other = chosen.copy()
            other[place] = candidate
            assert masses @ costs[:, other].min(axis=1) >= cost * (1 - 1e-12)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("order", [1.0, 2.0, 3.0])
def test_the_interval_holds_the_cost_of_the_best_plan(seed, order):
    """In rational arithmetic; weights that are off cost at least as much as those of cells."""
    random = np.random.default_rng(seed)
    columns = random.random((7, 3)) * 2.0 ** random.integers(-40, 40)
    masses = random.random(7)
    cells = np.bincount(columns.argmin(axis=1), masses, 3)
    found = certify_medoids(columns, masses, cells, order, 0.0)
    shares = [Fraction(mass) for mass in masses.tolist()]
    least = [Fraction(least) ** int(order) for least in columns.min(axis=1).tolist()]
    exact = sum(a * c for a, c in zip(shares, least, strict=True)) / sum(shares)
    assert found.lower <= exact <= found.upper
    assert found.upper - found.lower <= 1e-12 * found.upper
    weights = cells + np.array([0.1, 0.0, 0.0])
    off = certify_medoids(columns, masses, weights, order, 0.0)
    assert off.lower <= exact
    scale = columns.max() ** order
    costs = (columns**order / scale).ravel()
    sums = np.concatenate((np.kron(np.eye(7), np.ones(3)), np.kron(np.ones(7), np.eye(3))))
    sides = np.concatenate((masses / masses.sum(), weights / weights.sum()))
    best = linprog(costs, A_eq=sums[:-1], b_eq=sides[:-1]).fun
    assert off.upper >= scale * best * (1 - 1e-9)
    wide = certify_medoids(columns, masses, cells, order, 1e-3)
    assert wide.lower <= exact * (1 - Fraction(1, 1000)) ** int(order)
    assert wide.upper >= exact * (1 + Fraction(1, 1000)) ** int(order)


def test_geodesic_atoms_stay_on_their_side():
    """On a circle with a gap, samples next to each other across the gap share no atom."""
    angles = np.linspace(0, 2 * np.pi * 0.98, 100)
    ring = np.column_stack((np.cos(angles), np.sin(angles)))
    lengths = np.linalg.norm(np.diff(ring, axis=0), axis=1)
    graph = stipple.measure_geodesics(
        np.column_stack((np.arange(99), np.arange(1, 100), lengths)), 100
    )
    found = stipple.edot(ring, 2, distances=graph)
    assert found.samples_of_atoms.tolist() == [24, 74]
    assert found.weights.tolist() == [0.5, 0.5]
    numbered = stipple.measure_geodesics(
        np.column_stack((np.arange(1, 100), np.arange(2, 101), lengths)), 100
    )
    assert stipple.edot(ring, 2, distances=numbered).samples_of_atoms.tolist() == [25, 75]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"distances": np.zeros((2, 2))}, "between 2 samples, and 3 samples with mass"),
        ({"n": 3, "distances": np.zeros((3, 3))}, "only 1 samples are apart"),
        ({"objective": "full"}, "free weights of the exact objective"),
        ({"capacity": (0.2, 0.5)}, "know no capacities"),
        ({"weights": "equal"}, "free weights of the exact objective"),
        ({"start": "density"}, "give no start"),
        ({"metric": "sphere"}, "give one of the two"),
        ({"distances": None, "metric": "precomputed"}, "knows distances between samples only"),
        ({"distances": 1e200 * (1 - np.eye(3))}, "beyond the range"),
    ],
)
def test_what_has_no_medoids_is_refused(change, told):
    given = {"n": 1, "distances": 1 - np.eye(3), **change}
    with pytest.raises(stipple.StippleError, match=told):
        stipple.edot([[0.0], [1.0], [2.0]], **given)


@pytest.mark.parametrize("seed", range(30))
def test_rounding_is_no_reason_for_an_exchange(seed):
    """All samples have a medoid where they are, and what others are farther away is a long sum."""
    random = np.random.default_rng(seed)
    places = random.integers(0, 3, 12) * np.pi
    costs = abs(places[:, None] - places)
    search_medoids(costs, random.random(12), 6, random, None)


def test_settings_are_those_of_the_run():
    found = stipple.edot([[0], [1], [5]], 1, p=1, distances=[[0, 1, 5], [1, 0, 4], [5, 4, 0]])
    assert found.settings == Settings(order=1, metric="precomputed")
    assert (found.optimum, found.cost.middle) == ("global", pytest.approx(5 / 3, rel=1e-14))
