"""Orders of weights on a line, against all orders and against each cluster alone."""

from itertools import permutations

import numpy as np
import pytest

import stipple
from stipple.arrays import Floats
from stipple.discretisation.weight_order import order_weights


def price(places: Floats, masses: Floats, weights: Floats) -> float:
    """W2² of weights in their order, from pieces of the samples cut by both cumulative masses."""
    along = np.argsort(places)
    ends, cuts = np.cumsum(masses[along]), np.cumsum(weights)
    borders = np.sort(np.concatenate([[0.0], ends[:-1], cuts[:-1], [1.0]]))
    parts, middles = np.diff(borders), (borders[1:] + borders[:-1]) / 2
    x = places[along][np.searchsorted(ends[:-1], middles)]
    owner = np.searchsorted(cuts[:-1], middles)
    means = np.bincount(owner, parts * x) / np.bincount(owner, parts)
    return float(parts @ (x - means[owner]) ** 2)


@pytest.mark.parametrize("seed", range(12))
def test_the_best_of_all_orders_is_found(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 16))
    places = random.standard_normal(count) * 10.0 ** random.integers(-9, 9) + random.integers(0, 9)
    masses, weights = random.dirichlet(np.ones(count)), random.dirichlet(np.ones(5))
    if seed % 3 == 0:
        places, masses = np.round(places), np.full(count, 1 / count)
    atoms, cost = order_weights(places, masses, weights, random.random(5), 10**6, random)
    best = min(price(places, masses, np.array(order)) for order in permutations(weights))
    scale = np.ptp(places) ** 2
    assert cost == pytest.approx(best, rel=1e-8, abs=1e-12 * scale)
    chosen = np.argsort(atoms, kind="stable")
    if len(np.unique(atoms)) == 5:
        assert price(places, masses, weights[chosen]) == pytest.approx(
            best, rel=1e-8, abs=1e-12 * scale
        )


@pytest.mark.parametrize(("count", "size", "distance"), [(5, 40, 1e6), (10, 100, 10.0)])
def test_clusters_on_a_line_cost_what_each_costs_alone(
    count: int, size: int, distance: float
) -> None:
    random = np.random.default_rng(1)
    clusters = [random.standard_normal((size, 1)) for _ in range(count)]
    weights = np.array([0.07, 0.13, 0.3, 0.5])
    alone = np.mean([stipple.edot(one, weights=weights).cost.upper for one in clusters])
    samples = np.concatenate([one + distance * number for number, one in enumerate(clusters)])
    found = stipple.edot(samples, weights=np.tile(weights, count) / count)
    assert found.cost.upper <= 1.03 * alone
