"""No choice of medoids is below the bound, and it is often the least of them."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import stipple
from stipple.discretisation.certificate.medoid_bound import bound_medoids


def draw_distances(kind, random):
    if kind == "any":
        distances = random.random((9, 9))
        return distances + distances.T - np.diag(2 * distances.diagonal())
    points = random.random((9, 2))
    if kind == "ties":
        points = np.round(2 * points)
    elif kind == "far apart":
        points[:4] += 1e9
    return cdist(points, points)


def try_all(distances, masses, count, order):
    """The least cost of all choices, as a fraction."""
    costs = [[Fraction(value) ** order for value in row] for row in distances.tolist()]
    shares = [Fraction(mass) for mass in masses.tolist()]
    sums = (
        sum(share * min(row[j] for j in chosen) for share, row in zip(shares, costs, strict=True))
        for chosen in combinations(range(len(shares)), count)
    )
    return min(sums) / sum(shares)


@pytest.mark.parametrize("kind", ["plane", "ties", "far apart", "any"])
@pytest.mark.parametrize("order", [1, 2, 5])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_no_choice_costs_less(kind, order, count):
    """Whatever the medoids are that are told: bad ones make a bound as well."""
    random = np.random.default_rng(count)
    distances, masses = draw_distances(kind, random), random.random(9)
    least = try_all(distances, masses, count, order)
    found = bound_medoids(distances, masses, np.arange(count), float(order), 0.0)
    assert Fraction(found) <= least
    loose = bound_medoids(distances, masses, np.arange(count), float(order), 1e-3)
    assert Fraction(loose) <= least * Fraction(999, 1000) ** order
    assert loose >= found * (1 - 2e-3 * order)


@pytest.mark.parametrize("scale", [2.0**-300, 2.0**300])
def test_scales_of_distances_and_masses_do_not_matter(scale):
    random = np.random.default_rng(1)
    distances, masses = draw_distances("plane", random), random.random(9)
    found = bound_medoids(distances, masses, np.arange(3), 1.0, 0.0)
    scaled = bound_medoids(scale * distances, masses / scale, np.arange(3), 1.0, 0.0)
    assert scaled == pytest.approx(scale * found, rel=1e-12)


@pytest.mark.parametrize("order", [1.0, 2.5])
def test_medoids_of_clusters_are_proved_to_be_the_best(order):
    random = np.random.default_rng(2)
    points = random.standard_normal((60, 2)) + 30 * random.integers(0, 2, (60, 2))
    found = stipple.edot(points, 4, p=order, distances=cdist(points, points), gap=True)
    assert 0 <= found.gap <= 1e-9


def test_nothing_is_left_to_save_where_each_sample_is_an_atom():
    distances = cdist(np.eye(4), np.eye(4))
    assert stipple.edot(np.eye(4), 4, distances=distances, gap=True).gap == 0
    assert bound_medoids(np.zeros((3, 3)), np.ones(3), np.arange(2), 2.0, 0.0) == 0
