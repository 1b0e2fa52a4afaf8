"""Entropic objectives: gradients by finite differences, values by their definitions."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from stipple.arrays import Floats
from stipple.discretisation.entropic import numpy_kernel
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.objectives import compute_self_term, evaluate_objective
from stipple.discretisation.entropic.sinkhorn import solve_sinkhorn
from stipple.geometry.metrics import Euclidean, Metric, Sphere
from stipple.measures.samples import Samples

TIGHT = SinkhornSettings(tolerance=2e-13)
OBJECTIVES = ["full", "sharp", "debiased"]

every_objective = pytest.mark.parametrize("objective", OBJECTIVES)


def draw_problem(
    seed: int, dimension: int, *, on_sphere: bool = False, atoms: int = 6
) -> tuple[Samples, Floats, Floats]:
    random = np.random.default_rng(seed)
    points = 0.5 * random.normal(size=(80, dimension))
    places = 0.5 * random.normal(size=(atoms, dimension))
    if on_sphere:
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        places /= np.linalg.norm(places, axis=1, keepdims=True)
    weights = random.random(atoms) + 0.2
    return Samples(points, random.random(80) + 0.1), places, weights / weights.sum()


def differentiate(function: Callable[[float], float], step: float = 2e-3) -> float:
    """Central differences, twice extrapolated: the error is of sixth order."""
    rough, middle, fine = (
        (function(h) - function(-h)) / (2 * h) for h in (step, step / 2, step / 4)
    )
    first, second = (4 * middle - rough) / 3, (4 * fine - middle) / 3
    return (16 * second - first) / 15


def check_gradients(
    samples: Samples,
    atoms: Floats,
    weights: Floats,
    zeta: float,
    metric: Metric,
    settings: SinkhornSettings = TIGHT,
    **options: object,
) -> None:
    def evaluate(places: Floats, shares: Floats) -> float:
        return evaluate_objective(
            samples, places, shares, zeta, metric=metric, settings=TIGHT, **options
        ).value

    found = evaluate_objective(
        samples, atoms, weights, zeta, metric=metric, settings=settings, **options
    )
    assert found.transport.converged
    assert found.weight_gradient.mean() == pytest.approx(0, abs=1e-12)
    random = np.random.default_rng(99)
    # Along the gradient itself nothing cancels; the other direction is any.
    for any_direction in (found.atom_gradient, random.normal(size=atoms.shape)):
        direction = any_direction / np.linalg.norm(any_direction)
        if metric.name == "sphere":
            direction = direction - (direction * atoms).sum(axis=1, keepdims=True) * atoms
        slope = differentiate(lambda t, v=direction: evaluate(metric.move(atoms, t * v), weights))
        expected = (found.atom_gradient * direction).sum()
        error = abs(slope - expected) / np.linalg.norm(found.atom_gradient)
        assert error <= 1e-6
    for any_direction in (found.weight_gradient, random.normal(size=len(weights))):
        shift = any_direction - any_direction.mean()
        shift /= np.linalg.norm(shift)
        slope = differentiate(lambda t, v=shift: evaluate(atoms, weights + t * v))
        error = abs(slope - found.weight_gradient @ shift)
        assert error <= 1e-6 * np.linalg.norm(found.weight_gradient)


@every_objective
@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("order", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("zeta", [0.2, 1.0])
def test_gradients(objective: str, dimension: int, order: float, zeta: float) -> None:
    problem = draw_problem(dimension, dimension)
    # The absolute value has kinks at samples, so that on the line of order 1 atoms keep away.
    if dimension == 1 and order == 1:
        samples, atoms, weights = problem
        gap = np.argsort(samples.points[:, 0])
        places = samples.points[gap, 0]
        widest = np.argsort(np.diff(places))[-len(atoms) :]
        problem = samples, ((places[widest] + places[widest + 1]) / 2)[:, None], weights
    check_gradients(*problem, zeta, Euclidean(), objective=objective, order=order)


@every_objective
@pytest.mark.parametrize("order", [1.0, 2.0, 3.0])
def test_gradients_on_the_sphere(objective: str, order: float) -> None:
    problem = draw_problem(5, 3, on_sphere=True)
    check_gradients(*problem, 0.2, Sphere(), objective=objective, order=order)
    found = evaluate_objective(*problem, 0.2, metric=Sphere(), order=order, objective=objective)
    np.testing.assert_allclose((found.atom_gradient * problem[1]).sum(axis=1), 0, atol=1e-12)


@every_objective
def test_gradients_by_conjugate_gradients_and_in_blocks(
    objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = draw_problem(6, 2)
    direct = evaluate_objective(*problem, 0.1, objective=objective, settings=TIGHT)
    monkeypatch.setattr(numpy_kernel, "LARGEST_GRAM", 1)
    monkeypatch.setattr(numpy_kernel, "LARGEST_STORED", 1)
    monkeypatch.setattr(numpy_kernel, "BLOCK", 64)
    blocked = evaluate_objective(*problem, 0.1, objective=objective, settings=TIGHT)
    assert blocked.value == pytest.approx(direct.value, rel=1e-11)
    np.testing.assert_allclose(blocked.atom_gradient, direct.atom_gradient, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(
        blocked.weight_gradient, direct.weight_gradient, rtol=1e-8, atol=1e-10
    )


@every_objective
def test_slopes_of_atoms_without_mass(objective: str) -> None:
    """One-sided: what a first bit of mass would change."""
    samples, atoms, weights = draw_problem(7, 2)
    weights[2] = 0
    weights /= weights.sum()
    found = evaluate_objective(samples, atoms, weights, 0.3, objective=objective, settings=TIGHT)
    assert (found.atom_gradient[2] == 0).all()
    direction = -weights
    direction[2] += 1

    def evaluate(t: float) -> float:
        return evaluate_objective(
            samples, atoms, weights + t * direction, 0.3, objective=objective, settings=TIGHT
        ).value

    t = 1e-4
    slope = (-3 * evaluate(0) + 4 * evaluate(t) - evaluate(2 * t)) / (2 * t)
    assert slope == pytest.approx(found.weight_gradient @ direction, rel=1e-4)


def test_values_are_those_of_the_definitions() -> None:
    samples, atoms, weights = draw_problem(8, 2)
    transport = solve_sinkhorn(samples, atoms, weights, 0.2, settings=TIGHT)
    full, sharp, debiased = (
        evaluate_objective(samples, atoms, weights, 0.2, objective=name, settings=TIGHT).value
        for name in ("full", "sharp", "debiased")
    )
    assert full == transport.regularised_cost
    assert sharp == transport.cost
    own = solve_sinkhorn(Samples(atoms, weights), atoms, weights, 0.2, settings=TIGHT)
    assert debiased == pytest.approx(full - own.regularised_cost / 2, rel=1e-12)


@pytest.mark.parametrize("zeta", [0.05, 1.0, 20.0])
def test_the_debiased_objective_is_a_divergence(zeta: float) -> None:
    """Zero at the samples themselves, positive elsewhere (Feydy et al., AISTATS 2019)."""
    samples, atoms, weights = draw_problem(9, 2)
    half = compute_self_term(samples, zeta, settings=TIGHT) / 2
    at_samples = evaluate_objective(
        samples, samples.points, samples.masses, zeta, objective="debiased", settings=TIGHT
    )
    assert at_samples.value == pytest.approx(half, rel=1e-9)
    np.testing.assert_allclose(at_samples.atom_gradient, 0, atol=1e-9)
    np.testing.assert_allclose(at_samples.weight_gradient, 0, atol=1e-8)
    elsewhere = evaluate_objective(samples, atoms, weights, zeta, objective="debiased")
    assert elsewhere.value > half + 1e-3


def test_large_regularisation_pulls_atoms_to_the_mean() -> None:
    """As ζ → ∞ the plan is a⊗w: F → Σ a_i w_j |x_i − y_j|²."""
    samples, atoms, weights = draw_problem(10, 2)
    found = evaluate_objective(samples, atoms, weights, 1e7, objective="full", settings=TIGHT)
    product = np.outer(samples.masses, weights)
    assert found.value == pytest.approx((product * cdist(samples.points, atoms) ** 2).sum())
    mean = samples.masses @ samples.points
    np.testing.assert_allclose(
        found.atom_gradient, 2 * weights[:, None] * (atoms - mean), rtol=1e-5, atol=1e-7
    )


def test_starts_save_iterations_and_change_nothing() -> None:
    samples, atoms, weights = draw_problem(11, 2)
    first = evaluate_objective(samples, atoms, weights, 0.05, objective="sharp")
    again = evaluate_objective(
        samples,
        atoms + 1e-4,
        weights,
        0.05,
        objective="sharp",
        start=first.transport.target_potential,
    )
    cold = evaluate_objective(samples, atoms + 1e-4, weights, 0.05, objective="sharp")
    assert again.value == pytest.approx(cold.value, rel=1e-8)
    assert again.transport.iterations < cold.transport.iterations / 2
