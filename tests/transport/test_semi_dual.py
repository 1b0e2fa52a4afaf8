"""The smoothed semi-dual against an assignment, and its derivative against differences."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from stipple.geometry.metrics import Euclidean
from stipple.measures.samples import Samples
from stipple.transport.semi_dual import SemiDual

RANDOM = np.random.default_rng(0)
POINTS = RANDOM.random((40, 2)) * (3, 1)
ATOMS = RANDOM.random((5, 2)) * (1, 1)


def solve_exactly(order: float) -> float:
    costs = np.repeat(Euclidean().measure_distances(POINTS, ATOMS) ** order, 8, axis=1)
    return float(costs[linear_sum_assignment(costs)].sum() / 40)


@pytest.mark.parametrize("order", [1.0, 2.0])
def test_the_value_is_that_of_an_assignment(order: float) -> None:
    dual = SemiDual(Samples(POINTS, np.full(40, 1 / 40)), 5, order, Euclidean())
    value = dual.solve(ATOMS, 1e-4, 1e-6)
    assert dual.mass_error <= 1e-5
    assert value == pytest.approx(solve_exactly(order), rel=1e-3)
    assert dual.plan.sum() == pytest.approx(1)


def test_masses_are_the_derivative_of_the_value() -> None:
    dual = SemiDual(Samples(POINTS, RANDOM.random(40)), 5, 2.0, Euclidean())
    dual._find_candidates(ATOMS)
    potential = 0.1 * RANDOM.standard_normal(5)
    _, _, masses = dual._evaluate(potential, 0.1)
    for j, unit in enumerate(1e-6 * np.eye(5)):
        slope = dual._evaluate(potential + unit, 0.1)[0] - dual._evaluate(potential - unit, 0.1)[0]
        assert slope / 2e-6 == pytest.approx(1 / 5 - masses[j], abs=1e-8)


@pytest.mark.parametrize(("count", "candidates"), [(5, 2), (30, 24)])
def test_few_candidates_suffice_no_worse_than_all(count: int, candidates: int) -> None:
    """All atoms lie on one side, so that the nearest ones could never take the whole mass."""
    random = np.random.default_rng(0)
    samples = Samples(random.random((200, 2)), np.ones(200))
    atoms = np.add(random.random((count, 2)), [5.0, 0.0])
    some, every = (SemiDual(samples, count, 2.0, Euclidean(), k) for k in (candidates, count))
    costs = [dual.solve(atoms, 1e-3, 1e-8) for dual in (some, every)]
    assert some.mass_error <= 1e-8
    assert costs[0] == pytest.approx(costs[1], rel=1e-12)
