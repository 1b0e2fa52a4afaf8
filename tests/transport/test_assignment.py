"""Matchings of two clouds against SciPy's, and the bound that proves them."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from stipple.transport.assignment import assign_points


def find_least(sources, targets):
    """The least mean squared way of all permutations."""
    costs = ((sources[:, None] - targets[None]) ** 2).sum(axis=2)
    return costs[linear_sum_assignment(costs)].mean()


def make_blobs(generator, count, apart):
    points = 250 + 30 * generator.normal(size=(count, 2))
    points[: count // 2] += apart
    points[count // 2 :] -= apart
    return points


def check(sources, targets, part):
    found = assign_points(sources, targets)
    assert sorted(found.matched) == list(range(len(sources)))
    least = find_least(sources, targets)
    cost = ((sources - targets[found.matched]) ** 2).sum(axis=1).mean()
    assert found.cost == pytest.approx(cost, rel=1e-12, abs=1e-300)
    assert found.lower <= least * (1 + 1e-14)
    assert cost <= least * (1 + part) + 1e-300
    return found


@pytest.mark.parametrize("count", [500, pytest.param(2000, marks=pytest.mark.slow)])
def test_many_points_cost_the_least(count):
    generator = np.random.default_rng(1)
    sources = generator.random((count, 2)) * [500, 300]
    found = check(sources, make_blobs(generator, count, 100), 0.005)
    assert found.cost - found.lower <= 1.1e-3 * found.cost


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_clouds_that_are_torn_apart(seed):
    generator = np.random.default_rng(seed)
    clouds = [make_blobs(generator, 1000 + seed, apart) for apart in (0, 40 * seed)]
    found = check(*clouds, 0.005)
    assert found.cost - found.lower <= 1.1e-3 * found.cost


@pytest.mark.parametrize("count", [1, 2, 3, 64, 65, 66, 67, 259])
def test_any_number_of_points(count):
    generator = np.random.default_rng(count)
    check(generator.random((count, 2)) * [50, 3], generator.random((count, 2)), 0.002)


DOTS = np.random.default_rng(0).random((200, 2))
GRID = np.random.default_rng(0).integers(0, 5, (200, 2)).astype(float)
ODD = {
    "equal": (DOTS, DOTS),
    "shifted": (DOTS, DOTS[::-1] + 5),
    "one place": (0 * DOTS, 0 * DOTS),
    "to one place": (DOTS, 0 * DOTS),
    "a line": (DOTS * [1, 0], DOTS[:, ::-1] * [0, 1]),
    "repeated": (DOTS, np.repeat(DOTS[:50], 4, axis=0)),
    "on a grid": (GRID, GRID[::-1] + 0.5),
    "tiny and huge": (1e-9 * DOTS, 1e9 * DOTS[::-1] ** 2),
    "far away": (DOTS + 1e6, DOTS[::-1] ** 2 + 1e6),
}


@pytest.mark.parametrize("clouds", ODD.values(), ids=ODD)
def test_odd_clouds(clouds):
    check(*clouds, 0.002)


@pytest.mark.parametrize("scale", [1.8e-162, 2e-162, 1e-160])
def test_squares_that_underflow_prove_nothing_too_much(scale):
    """All targets are in one place, so that every permutation costs the same."""
    sources = scale * (1 + DOTS / 10)
    exact = sum(Fraction(x) ** 2 for x in sources.ravel().tolist()) / len(sources)
    assert Fraction(assign_points(sources, 0 * sources).lower) <= exact
