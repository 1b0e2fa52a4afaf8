"""The smoothed semi-dual against an assignment, and its derivative against differences."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from stipple.arrays import Floats
from stipple.discretisation.entropic.expectation import divide_by_curvatures, find_directions
from stipple.geometry.metrics import Euclidean, Metric, Sphere
from stipple.measures.samples import Samples
from stipple.transport.candidates import Candidates
from stipple.transport.laplacian import assemble_laplacian
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


def choose_candidates(order: float, metric: Metric, points: Floats, atoms: Floats) -> Candidates:
    problem = Candidates(Samples(points, RANDOM.random(len(points))), order, metric)
    problem.choose(atoms, len(atoms))
    return problem


def test_masses_and_links_are_derivatives_of_the_dual() -> None:
    problem = choose_candidates(2.0, Euclidean(), POINTS, ATOMS)
    potential = 0.1 * RANDOM.standard_normal(5)
    plan = problem.smooth(potential, 0.1)
    assert plan.received.sum() == pytest.approx(1)
    laplacian = assemble_laplacian(plan.rows, plan.columns, plan.links, 5).to_scipy().toarray()
    for j, unit in enumerate(1e-6 * np.eye(5)):
        more, less = (problem.smooth(potential + sign * unit, 0.1) for sign in (1, -1))
        assert (more.dual - less.dual) / 2e-6 == pytest.approx(-plan.received[j], abs=1e-8)
        rates = (more.received - less.received) / 2e-6
        np.testing.assert_allclose(rates, laplacian[j] / 0.1, atol=1e-7)


@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("metric", [Euclidean(), Sphere()])
def test_pulls_are_derivatives_of_the_dual(order: float, metric: Metric) -> None:
    points, atoms = (RANDOM.standard_normal((count, 3)) for count in (40, 5))
    if metric.name == "sphere":
        points, atoms = (one / np.linalg.norm(one, axis=1)[:, None] for one in (points, atoms))
    problem = choose_candidates(order, metric, points, atoms)
    gradients = problem.pull(np.zeros(5), 0.1).gradients
    for j, axis in np.ndindex(5, 3):
        step = np.zeros_like(atoms)
        step[j, axis] = 1e-6
        if metric.name == "sphere":
            step -= (step * atoms).sum(axis=1, keepdims=True) * atoms
        values = []
        for sign in (1, -1):
            problem.choose(metric.move(atoms, sign * step), 5)
            values.append(problem.smooth(np.zeros(5), 0.1).dual)
        slope = (values[0] - values[1]) / 2e-6
        assert slope == pytest.approx(1e6 * np.vdot(gradients, step), abs=1e-6)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0])
def test_steps_are_those_of_the_whole_plan(order: float) -> None:
    """The same as from matrices, samples that coincide with atoms included."""
    atoms = POINTS[:5]
    problem = choose_candidates(order, Euclidean(), POINTS, atoms)
    pulls = problem.pull(np.zeros(5), 0.1)
    distances = Euclidean().measure_distances(problem.points, atoms)
    plan = np.exp(-(distances**order) / 0.1)
    plan *= (problem.masses / plan.sum(axis=1))[:, None]
    expected = find_directions(problem.points, atoms, plan, distances, order, Euclidean())
    np.testing.assert_allclose(divide_by_curvatures(*pulls, order), expected, atol=1e-12)


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
