"""Simple discretisation: published optima, stochastic steps, finish; equal weights exactly."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import truncnorm

from stipple.arrays import Floats
from stipple.discretisation.bounded import BoundedQuantisation, quantise_bounded
from stipple.discretisation.entropic import simple
from stipple.discretisation.entropic.objectives import evaluate_objective
from stipple.discretisation.entropic.problem import Target
from stipple.discretisation.entropic.simple import DescentStep, Discretisation
from stipple.discretisation.weighted_quantisation import quantise_weighted
from stipple.errors import StippleError
from stipple.geometry.metrics import Sphere
from stipple.measures.samples import Samples
from stipple.transport.mass_bounds import MassBounds

GRID = (np.arange(1000) + 0.5) / 1000
UNIFORM = Samples(GRID[:, None], np.ones(1000))
every_objective = pytest.mark.parametrize("objective", ["full", "sharp", "debiased"])


def discretise_simple(samples: Samples, *arguments: Any, **options: Any) -> Discretisation:
    return simple.discretise_simple([Target(samples, 1.0)], *arguments, **options)


def quantise_equally(samples: Samples, count: int, **options: Any) -> BoundedQuantisation:
    bounds = MassBounds.fix(np.ones(count))
    return quantise_bounded([Target(samples, 1.0)], bounds, **options)


def evaluate_normal(x: Floats, mean: float, deviation: float) -> Floats:
    ends = (-mean / deviation, (1 - mean) / deviation)
    return truncnorm.pdf(x, *ends, mean, deviation)


def mix_line() -> Samples:
    low, high = evaluate_normal(GRID, 0.2, 0.1), evaluate_normal(GRID, 0.7, 0.2)
    return Samples(GRID[:, None], 0.3 * low + 0.7 * high)


def mix_square(side: int) -> Samples:
    axis = (np.arange(side) + 0.5) / side
    x, y = (coordinate.ravel() for coordinate in np.meshgrid(axis, axis))
    low = evaluate_normal(x, 0.2, 0.1) * evaluate_normal(y, 0.3, 0.2)
    high = evaluate_normal(x, 0.7, 0.2) * evaluate_normal(y, 0.6, 0.15)
    return Samples(np.column_stack((x, y)), 0.3 * low + 0.7 * high, side**-2)


def draw_discs(side: int) -> Samples:
    axis = (np.arange(side) + 0.5) / side * 4
    points = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    inside = ((points % 1 - 0.5) ** 2).sum(axis=1) < 0.25**2
    return Samples(points[inside], np.ones(inside.sum()), (4 / side) ** 2)


def draw_sphere(count: int) -> Floats:
    points = np.random.default_rng(3).normal(size=(count, 3)) + np.array([1.0, 0.0, 0.0])
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def solve_exactly(samples: Samples, atoms: Floats, order: float) -> float:
    """W_k^k to atoms of equal weight, by the linear programme."""
    count = len(atoms)
    costs = np.linalg.norm(samples.points[:, None] - atoms, axis=2) ** order
    rows = np.kron(np.eye(len(samples)), np.ones(count))
    columns = np.tile(np.eye(count), len(samples))
    marginals = np.concatenate((samples.masses, np.full(count, 1 / count)))
    # One constraint follows from the others.
    solved = linprog(costs.ravel(), A_eq=np.vstack((rows, columns))[:-1], b_eq=marginals[:-1])
    assert solved.success
    return float(solved.fun)


def check_sound(result: Discretisation, samples: Samples) -> None:
    assert result.weights.sum() == pytest.approx(1, abs=1e-12)
    assert (result.weights >= 0).all()
    assert (result.atoms >= samples.points.min(axis=0) - 1e-12).all()
    assert (result.atoms <= samples.points.max(axis=0) + 1e-12).all()
    if result.history:
        assert (np.diff(result.history) < 0).all()
    # Without convergence (clusters far apart) values are only as good as the marginals.
    if result.history and result.converged:
        assert result.value == pytest.approx(result.history[-1], rel=1e-6, abs=1e-9)


# --- published optima ----------------------------------------------------------------------------


def test_sharp_optimum_of_the_uniform_line() -> None:
    result = discretise_simple(UNIFORM, 5, 0.01, objective="sharp", iterations=40)
    assert result.converged
    assert result.value <= 0.00495
    assert result.value == pytest.approx(result.cost)
    atoms = np.sort(result.atoms[:, 0])
    np.testing.assert_allclose(atoms, 1 - atoms[::-1], atol=1e-3)


def test_sharp_optimum_of_the_mixture_on_the_line() -> None:
    result = discretise_simple(mix_line(), 5, 0.01, objective="sharp", iterations=40)
    assert result.value <= 0.00494
    order = np.argsort(result.atoms[:, 0])
    expected = [0.136, 0.307, 0.525, 0.708, 0.892]
    np.testing.assert_allclose(result.atoms[order, 0], expected, atol=5e-3)
    np.testing.assert_allclose(
        result.weights[order], [0.180, 0.173, 0.198, 0.270, 0.179], atol=5e-3
    )


def test_more_starts_never_end_higher() -> None:
    samples = mix_square(30)
    values = [
        discretise_simple(samples, 7, 0.01, iterations=5, starts=starts).value for starts in (1, 3)
    ]
    assert values[1] <= values[0]


@every_objective
def test_results_are_stationary(objective: str) -> None:
    samples = mix_square(20)
    result = discretise_simple(samples, 4, 0.02, objective=objective, iterations=20)
    check_sound(result, samples)
    found = evaluate_objective(samples, result.atoms, result.weights, 0.02, objective=objective)
    assert found.value == pytest.approx(result.value, rel=1e-8)
    assert np.abs(found.atom_gradient).max() < 1e-5
    assert np.abs(found.weight_gradient).max() < 1e-4


def test_full_objective_of_one_atom_is_the_variance() -> None:
    samples = mix_square(20)
    mean = samples.masses @ samples.points
    variance = samples.masses @ ((samples.points - mean) ** 2).sum(axis=1)
    result = discretise_simple(samples, 1, 0.01, iterations=0)
    np.testing.assert_allclose(result.atoms, mean[None], atol=1e-6)
    assert result.value == pytest.approx(variance, rel=1e-9)


# --- stochastic steps ----------------------------------------------------------------------------


@pytest.mark.slow
@every_objective
def test_stochastic_steps_alone_come_near_the_optimum(objective: str) -> None:
    # Many steps on small minibatches: the finish on all samples has little left to do.
    samples = mix_line()
    result = discretise_simple(samples, 5, 0.01, objective=objective, iterations=400)
    start = discretise_simple(samples, 5, 0.01, objective=objective, iterations=0)
    gained = start.history[0] - result.history[0]
    assert gained > 0.75 * (start.history[0] - result.value)


def test_seeds_reproduce_and_matter() -> None:
    samples = mix_square(30)
    first, again, other = (
        discretise_simple(samples, 5, 0.01, batch=64, iterations=10, seed=seed)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.atoms, again.atoms)
    np.testing.assert_array_equal(first.weights, again.weights)
    assert first.estimates == again.estimates
    assert first.estimates != other.estimates
    assert first.seed == 1


def test_samples_too_many_for_a_finish_are_judged_on_some() -> None:
    points = np.random.default_rng(0).random((30_000, 2))
    samples = Samples(points, np.ones(len(points)))
    result = discretise_simple(samples, 80, 0.01, iterations=3)
    assert result.history == ()
    assert not result.converged
    # Drawn with repetition, which counts once.
    assert 10_000 < result.evaluated[0] < 2**21 // 80
    check_sound(result, samples)


def test_steps_are_told_while_zeta_comes_down() -> None:
    steps: list[DescentStep] = []
    result = discretise_simple(UNIFORM, 5, 1e-4, iterations=20, starts=1, on_step=steps.append)
    assert [step.number for step in steps] == list(range(20))
    assert tuple(step.estimate for step in steps) == result.estimates
    zetas = np.array([step.zeta for step in steps])
    assert zetas[1] > 10 * 1e-4
    assert (np.diff(zetas[1:]) <= 0).all()
    assert zetas[-1] == 1e-4


def test_equal_weights_stay_equal() -> None:
    result = discretise_simple(mix_line(), 5, 0.01, weights="equal", iterations=20)
    np.testing.assert_allclose(result.weights, 0.2, rtol=1e-14)
    assert result.value > discretise_simple(mix_line(), 5, 0.01, iterations=20).value


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0])
def test_atoms_on_the_sphere_stay_there(order: float) -> None:
    points = draw_sphere(300)
    samples = Samples(points, np.ones(300))
    result = discretise_simple(samples, 4, 0.05, order=order, metric=Sphere(), iterations=30)
    np.testing.assert_allclose(np.linalg.norm(result.atoms, axis=1), 1, rtol=1e-12)
    assert (np.diff(result.history) <= 1e-9).all()
    assert (
        result.history[-1]
        < discretise_simple(samples, 4, 0.05, order=order, metric=Sphere(), iterations=0).history[0]
    )


@settings(deadline=None, max_examples=10)
@given(
    rows=st.lists(st.tuples(*[st.integers(-2, 2)] * 2, st.integers(1, 5)), min_size=1, max_size=6),
    data=st.data(),
)
def test_tiny_clouds(rows: list[tuple[int, int, int]], data: st.DataObject) -> None:
    table = np.array(rows, dtype=float)
    samples = Samples(table[:, :2], table[:, 2])
    count = data.draw(st.integers(1, len({row[:2] for row in rows})))
    weights = data.draw(st.sampled_from(["free", "equal"]))
    result = discretise_simple(samples, count, 0.5, weights=weights, iterations=3, batch=2)
    assert result.atoms.shape == (count, 2)
    check_sound(result, samples)


def test_foreseeable_errors() -> None:
    for count in (0, 1001):
        with pytest.raises(StippleError, match="1000 distinct samples"):
            discretise_simple(UNIFORM, count, 0.01)
    with pytest.raises(StippleError, match="batch"):
        discretise_simple(UNIFORM, 5, 0.01, batch=0)
    with pytest.raises(StippleError, match="regularisation"):
        discretise_simple(UNIFORM, 5, 0.0)
    with pytest.raises(StippleError, match="order"):
        discretise_simple(UNIFORM, 5, 0.01, order=0.5)
    with pytest.raises(StippleError, match="iterations"):
        quantise_equally(UNIFORM, 5, iterations=-1)


# --- equal weights, exactly ----------------------------------------------------------------------


def test_equal_weights_on_the_uniform_line() -> None:
    result = quantise_equally(UNIFORM, 5, tolerance=1e-9)
    assert result.converged
    np.testing.assert_allclose(np.sort(result.atoms[:, 0]), [0.1, 0.3, 0.5, 0.7, 0.9], atol=1e-4)
    # Midpoints of 1,000 equal parts: 1/(12·25) less the variance within a part.
    assert result.cost == pytest.approx(1 / 300 - 1e-6 / 12, rel=1e-5)


@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 3.0])
def test_cost_of_equal_weights_is_that_of_the_linear_programme(order: float) -> None:
    random = np.random.default_rng(4)
    samples = Samples(random.normal(size=(80, 2)), random.random(80) + 0.1)
    result = quantise_equally(samples, 8, order=order)
    exact = solve_exactly(samples, result.atoms, order)
    assert exact - 1e-7 <= result.cost <= 1.005 * exact
    assert result.mass_error <= 1e-7
    costs = np.linalg.norm(samples.points[:, None] - result.atoms, axis=2) ** order
    g = result.potentials[0]
    dual = samples.masses @ (costs - g).min(axis=1) + g.mean()
    assert 0.99 * exact <= dual <= exact + 1e-12


def test_equal_weights_put_a_third_of_24_atoms_between_16_discs() -> None:
    samples = draw_discs(120)
    equal = min(
        (quantise_equally(samples, 24, seed=seed) for seed in (None, 1)),
        key=lambda result: result.cost,
    )
    distance = np.linalg.norm(equal.atoms % 1 - 0.5, axis=1)
    assert 7 <= (distance > 0.26).sum() <= 9
    free = quantise_weighted(samples, 24)
    assert (np.linalg.norm(free.atoms % 1 - 0.5, axis=1) < 0.25).all()
    assert free.cost < equal.cost / 2
    history = np.array(equal.history)
    assert (np.diff(history) <= 1e-3 * history[:-1]).all()


def test_drawn_starts_of_equal_weights_reproduce() -> None:
    samples = draw_discs(40)
    first, again = (quantise_equally(samples, 10, seed=5, iterations=3) for _ in range(2))
    np.testing.assert_array_equal(first.atoms, again.atoms)


def test_equal_weights_on_the_sphere() -> None:
    points = draw_sphere(300)
    result = quantise_equally(Samples(points, np.ones(300)), 6, metric=Sphere())
    np.testing.assert_allclose(np.linalg.norm(result.atoms, axis=1), 1, rtol=1e-12)
    assert result.mass_error <= 1e-6
    assert result.history[-1] < result.history[0]


@settings(deadline=None, max_examples=20)
@given(
    rows=st.lists(st.tuples(*[st.integers(-2, 2)] * 2, st.integers(1, 5)), min_size=1, max_size=6),
    data=st.data(),
)
def test_equal_weights_of_tiny_clouds(
    rows: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    table = np.array(rows, dtype=float)
    samples = Samples(table[:, :2], table[:, 2])
    count = data.draw(st.integers(1, len({row[:2] for row in rows})))
    result = quantise_equally(samples, count, iterations=10)
    exact = solve_exactly(samples, result.atoms, 2.0)
    # Plans are near the marginals: what they miss travels no farther than the diameter.
    slack = 32 * result.mass_error + 1e-9
    assert exact - slack <= result.cost <= 1.01 * exact + slack
