"""Atoms of given or bounded weights: brute force, clusters far apart, what is refused."""

from itertools import product

import numpy as np
import pytest

import stipple
from stipple.arrays import Floats
from stipple.discretisation.discretise import edot
from stipple.errors import StippleError
from stipple.measures.samples import Samples


def place_clusters(clusters: int, each: int) -> tuple[Floats, Floats]:
    """Give a cluster, and many like it that are far apart."""
    random = np.random.default_rng(0)
    one = random.normal(size=(each, 2))
    centres = random.uniform(-100, 100, (clusters, 1, 2))
    return one, (centres + one).reshape(-1, 2)


def divide_best(points: Floats, count: int, least: int, most: int) -> float:
    """Least W2² of all divisions into so many groups, each of a size within bounds."""
    best = np.inf
    for groups in product(range(count), repeat=len(points)):
        sizes = np.bincount(groups, minlength=count)
        if groups[0] == 0 and sizes.min() >= least and sizes.max() <= most:
            parts = [points[np.equal(groups, group)] for group in range(count)]
            cost = sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts if len(part))
            best = min(best, cost / len(points))
    return best


@pytest.mark.parametrize(("least", "most"), [(2, 3), (1, 4), (0, 3)])
def test_capacities_are_those_of_the_best_division(least: int, most: int) -> None:
    for seed in range(4):
        points = np.random.default_rng(seed).normal(size=(8, 2))
        found = edot(points, 3, capacity=(least / 8, most / 8))
        assert found.cost.middle <= 1.01 * divide_best(points, 3, least, most)
        sizes = np.round(found.weights * 8)
        np.testing.assert_allclose(found.weights, sizes / 8)
        assert least <= sizes.min() <= sizes.max() <= most


def test_two_samples_at_one_place_count_as_two() -> None:
    points = np.repeat(np.random.default_rng(3).normal(size=(4, 2)), 2, axis=0)
    for least, most in ((2, 3), (0, 3)):
        found = edot(points, 3, capacity=(least / 8, most / 8))
        assert found.cost.middle <= 1.01 * divide_best(points, 3, least, most)


def test_equal_weights_are_those_of_the_best_division() -> None:
    for seed in range(4):
        points = np.random.default_rng(seed).normal(size=(8, 2))
        found = edot(points, 4, weights="equal")
        assert found.cost.middle <= 1.01 * divide_best(points, 4, 2, 2)


def test_given_weights_are_those_of_the_best_division() -> None:
    for seed in range(4):
        points = np.random.default_rng(seed).normal(size=(8, 2))
        best = np.inf
        for groups in product(range(3), repeat=8):
            if sorted(np.bincount(groups, minlength=3)) == [1, 2, 5]:
                parts = [points[np.equal(groups, group)] for group in range(3)]
                best = min(best, sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts) / 8)
        found = edot(points, weights=[5, 1, 2])
        np.testing.assert_allclose(found.weights, [5 / 8, 1 / 8, 2 / 8])
        assert found.cost.middle <= 1.01 * best


@pytest.mark.parametrize(("clusters", "each", "atoms"), [(20, 100, 3), (50, 40, 2)])
def test_clusters_far_apart_cost_what_each_costs_alone(
    clusters: int, each: int, atoms: int
) -> None:
    one, every = place_clusters(clusters, each)
    alone = edot(one, atoms, weights="equal").cost
    together = edot(every, clusters * atoms, weights="equal")
    assert together.cost.upper <= 1.03 * alone.lower
    np.testing.assert_allclose(together.weights, 1 / (clusters * atoms), rtol=1e-15)


@pytest.mark.slow
def test_many_samples_of_clusters_far_apart_end() -> None:
    one, every = place_clusters(20, 5_000)
    alone = edot(one, 50, weights="equal").cost
    together = edot(every, 1_000, weights="equal")
    assert together.converged
    assert together.cost.upper <= 1.03 * alone.lower


@pytest.mark.parametrize("distance", [1e3, 1e6, 1e9])
def test_costs_of_clusters_keep_their_digits_however_far_they_are(distance: float) -> None:
    parts = np.random.default_rng(0).normal(size=(3, 100, 2))
    alone = [edot(part, 4, weights="equal").cost for part in parts]
    places = distance * np.array([[[0, 0]], [[1, 1]], [[2, 0]]])
    together = edot((parts + places).reshape(-1, 2), 12, weights="equal").cost
    # Coordinates are rounded by this part of them.
    blur = 4 * distance * np.finfo(float).eps
    assert together.lower >= 0.97 * np.mean([one.lower for one in alone]) - blur
    assert together.upper <= 1.03 * np.mean([one.upper for one in alone]) + blur
    assert together.upper <= 1.002 * together.lower + blur


@pytest.mark.parametrize(
    ("clusters", "dimension", "distance"),
    [
        (3, 1, 1e6),
        (8, 2, 1e6),
        pytest.param(3, 5, 1e3, marks=pytest.mark.slow),
        pytest.param(8, 2, 10, marks=pytest.mark.slow),
    ],
)
def test_given_weights_are_dealt_out_to_clusters(
    clusters: int, dimension: int, distance: float
) -> None:
    # Unlike clusters, of which each has the same weights to choose from.
    parts = np.random.default_rng(1).normal(size=(clusters, 50, dimension))
    weights = [0.1, 0.2, 0.3, 0.4]
    alone = np.mean([edot(part, weights=weights).cost.upper for part in parts])
    places = distance * np.arange(clusters)[:, None, None] * np.ones(dimension)
    together = edot((parts + places).reshape(-1, dimension), weights=np.tile(weights, clusters))
    assert together.cost.upper <= 1.03 * alone


def test_a_heavy_atom_is_in_the_heavy_cluster() -> None:
    few, many = np.random.default_rng(0).normal(size=(2, 100, 2))
    points = np.concatenate((few[:10], many + 50))
    found = edot(points, weights=[1, 10])
    np.testing.assert_allclose(found.atoms, [few[:10].mean(axis=0), many.mean(axis=0) + 50])
    np.testing.assert_allclose(found.weights, [1 / 11, 10 / 11], rtol=1e-15)


def test_given_weights_serve_pictures() -> None:
    y, x = np.mgrid[:40, :60]
    measure = stipple.Density(np.exp(-((x - 20) ** 2 + (y - 20) ** 2) / 300.0))
    from stipple.measures.formula import Domain
    from stipple.measures.measure import Measure

    picture = Measure.from_domain(Domain.from_image(measure))
    found = edot(picture, weights=[1, 2, 3, 4])
    np.testing.assert_allclose(found.weights, np.arange(1, 5) / 10)
    assert found.algorithm == "power cells"
    assert found.cost.upper < edot(picture, weights=[1, 2, 3, 400]).cost.lower


def test_samples_with_masses_fill_capacities() -> None:
    random = np.random.default_rng(2)
    samples = Samples(random.normal(size=(300, 2)), random.random(300) + 0.1)
    found = edot(samples, 6, capacity=(0.15, 0.18))
    assert found.weights.min() >= 0.15 - 1e-12
    assert found.weights.max() <= 0.18 + 1e-12
    assert found.cost.upper - found.cost.lower <= 1e-6 * found.cost.upper


def test_capacities_too_wide_to_matter_cost_what_free_weights_do() -> None:
    _, points = place_clusters(5, 40)
    found = edot(points, 5, capacity=(0, 1))
    assert found.cost.middle == pytest.approx(edot(points, 5).cost.middle, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weights": [1, 2], "n": 3}, "3 atoms were asked for, and 2 weights were given"),
        ({"weights": [1, 0]}, "Weight 2 of 2 is 0: give positive numbers."),
        ({"weights": [1, 2], "objective": "full"}, "are for the exact objective"),
        ({"weights": "given", "n": 2}, "give an array of weights"),
        ({}, "give n, or weights"),
        ({"n": 2, "capacity": (0.6, 0.4)}, "give the smaller one first"),
        ({"n": 2, "capacity": 0.5}, "give the least and the most share"),
        ({"n": 2, "capacity": (0.6, 0.7)}, "give wider capacities"),
        ({"n": 2, "capacity": (0, 1), "weights": "equal"}, "Capacities are for free weights"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(StippleError, match=words):
        edot(np.arange(10.0)[:, None], **options)  # type: ignore[arg-type]


def test_samples_that_many_atoms_share_are_sent_straight():
    # Each atom on the way would carry no more than the crumb that it has of them, again and again.
    random = np.random.default_rng(0)
    random.random((5000, 2))
    centres = random.uniform(-10, 10, (50, 2))
    random.standard_normal((5000, 2))
    shares = 2.0 ** -np.arange(1, 7)
    which = random.choice(6, 5000, p=shares / shares.sum())
    samples = 4 * centres[which] + random.standard_normal((5000, 2)) * (1 + which[:, None])
    found = stipple.edot(samples, 50, capacity=(0.018, 0.022), threads=1)
    assert found.cost.upper <= found.cost.lower * (1 + 1e-9)
    assert found.weights.min() >= 0.018 - 1e-9
    assert found.weights.max() <= 0.022 + 1e-9
