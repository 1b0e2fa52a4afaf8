"""Certificates for any weights: the optimum of the linear program is never outside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.samples import Samples
from stipple.solvers import discrete_certificate
from stipple.solvers.certificate import Interval
from stipple.solvers.discrete_certificate import certify_discrete
from stipple.solvers.metrics import Euclidean, Metric, Sphere
from stipple.solvers.parallel import Workers
from stipple.solvers.weighted_quantisation import measure_voronoi, quantise_weighted

ONE = Workers(1)
METRICS = {"euclidean": Euclidean(), "sphere": Sphere()}

seeds = st.integers(0, 2**32 - 1)
orders = st.sampled_from([1.0, 1.5, 2.0, 3.0])


def solve_exactly(
    samples: Samples, atoms: Floats, weights: Floats, order: float, metric: Metric
) -> float:
    costs = metric.measure_distances(samples.points, atoms) ** order
    n, m = costs.shape
    rows = np.kron(np.eye(n), np.ones(m))
    columns = np.kron(np.ones(n), np.eye(m))
    scale = costs.max() or 1.0
    solved = linprog(
        costs.ravel() / scale,
        A_eq=np.concatenate((rows, columns)),
        b_eq=np.concatenate((samples.masses, weights)),
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    return float(solved.fun * scale)


def draw(
    seed: int, count: int, atoms: int, dimension: int, metric: Metric, steps: int = 0
) -> tuple[Samples, Floats, Floats]:
    random = np.random.default_rng(seed)
    points = random.normal(size=(count + atoms, dimension))
    if steps and metric.name == "euclidean":
        points = np.round(points * steps)
    if metric.name == "sphere":
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    weights = random.random(atoms) * (random.random(atoms) < 0.8) + 1e-3 * (seed % 2)
    if not weights.any():
        weights[0] = 1.0
    samples = Samples(points[:count], random.random(count) + 0.01)
    return samples, points[count:], weights / weights.sum()


def width(interval: Interval) -> float:
    return (interval.upper - interval.lower) / interval.upper


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "ascent"])
@settings(deadline=None, max_examples=60)
@given(
    seed=seeds,
    count=st.integers(1, 12),
    atoms=st.integers(1, 8),
    dimension=st.integers(1, 3),
    order=orders,
    steps=st.sampled_from([0, 1]),
    name=st.sampled_from(["euclidean", "sphere"]),
    garbage=st.sampled_from([None, 0.0, 1.0, 1e6, np.nan, np.inf]),
)
def test_the_linear_program_is_inside(
    whole: bool,
    seed: int,
    count: int,
    atoms: int,
    dimension: int,
    order: float,
    steps: int,
    name: str,
    garbage: float | None,
) -> None:
    if name == "sphere":
        dimension += 1
    samples, places, weights = draw(seed, count, atoms, dimension, METRICS[name], steps)
    potentials = None
    if garbage is not None:
        potentials = garbage * np.random.default_rng(seed).normal(size=atoms)
    with pytest.MonkeyPatch.context() as patch:
        if not whole:
            patch.setattr(discrete_certificate, "LARGEST_WHOLE_PROGRAM", 0)
        found = certify_discrete(
            samples, places, weights, potentials,
            order=order, metric=METRICS[name], workers=ONE,
        )  # fmt: skip
    exact = solve_exactly(samples, places, weights, order, METRICS[name])
    # The oracle is only good to the tolerance of its solver.
    room = 1e-7 * exact + 1e-12
    assert 0 <= found.lower <= exact + room
    assert exact - room <= found.upper < np.inf
    assert found.lower <= found.upper
    if whole:
        assert found.upper - found.lower <= 1e-6 * exact + 1e-12


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("weights", ["equal", "random"])
@pytest.mark.parametrize("name", ["euclidean", "sphere"])
def test_the_interval_is_narrow_in_ordinary_cases(order: float, weights: str, name: str) -> None:
    random = np.random.default_rng(1)
    points = random.normal(size=(5000, 2 if name == "euclidean" else 3))
    if name == "sphere":
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    samples = Samples(points, np.ones(5000))
    atoms = quantise_weighted(samples, 30, order=order, metric=METRICS[name], iterations=10).atoms
    chosen = np.full(30, 1 / 30) if weights == "equal" else random.dirichlet(np.ones(30))
    found = certify_discrete(samples, atoms, chosen, order=order, metric=METRICS[name])
    assert width(found) <= 1e-3
    assert found.lower > measure_voronoi(samples, atoms, order=order, metric=METRICS[name]).cost


def test_a_matching_of_equal_clouds_is_found() -> None:
    """Twice the same points: the cost is zero, and by an optimal map along a gradient not more."""
    points = np.random.default_rng(2).normal(size=(100, 2))
    weights = np.full(100, 1 / 100)
    same = certify_discrete(Samples(points, np.ones(100)), points[::-1], weights)
    assert same == Interval(0.0, 0.0)
    # x ↦ (2x, y/2) + t is the gradient of a convex function, so it is optimal.
    image = points * (2.0, 0.5) + (3.0, -1.0)
    exact = ((points - image) ** 2).sum(axis=1).mean()
    found = certify_discrete(Samples(points, np.ones(100)), image, weights)
    assert found.lower <= exact <= found.upper
    assert width(found) <= 1e-3


@pytest.mark.parametrize("order", [1.0, 1.3, 2.0, 5.0])
def test_the_line_is_exact(order: float) -> None:
    random = np.random.default_rng(3)
    samples = Samples(random.normal(size=(3000, 1)), np.ones(3000))
    atoms = random.normal(size=(3000, 1)) + 0.5
    found = certify_discrete(samples, atoms, np.full(3000, 1 / 3000), order=order)
    gaps = np.abs(np.sort(samples.points[:, 0]) - np.sort(atoms[:, 0]))
    assert found.lower <= (gaps**order).mean() <= found.upper
    assert found.upper - found.lower <= 1e-13 * np.ptp(np.append(samples.points, atoms)) ** order


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("dimension", [1, 2])
def test_voronoi_masses_are_exact(order: float, dimension: int) -> None:
    samples = Samples(np.random.default_rng(4).normal(size=(20_000, dimension)), np.ones(20_000))
    result = quantise_weighted(samples, 25, order=order, iterations=5)
    found = certify_discrete(samples, result.atoms, result.weights, order=order)
    assert found.lower == found.upper == pytest.approx(result.cost, rel=1e-12)


def test_good_potentials_are_kept_and_bad_ones_do_no_harm() -> None:
    random = np.random.default_rng(5)
    samples = Samples(random.normal(size=(4000, 2)), np.ones(4000))
    atoms, weights = random.normal(size=(20, 2)), np.full(20, 0.05)
    plain = certify_discrete(samples, atoms, weights)
    for potentials in (np.full(20, np.nan), 1e3 * random.normal(size=20), np.full(20, 1e300)):
        found = certify_discrete(samples, atoms, weights, potentials)
        assert found.lower <= plain.upper
        assert found.upper >= plain.lower
        assert width(found) <= 1e-3


def test_shifts_scales_and_orders_change_nothing_else() -> None:
    random = np.random.default_rng(6)
    samples = Samples(random.normal(size=(400, 2)), random.random(400))
    atoms, weights = random.normal(size=(9, 2)), random.dirichlet(np.ones(9))
    plain = certify_discrete(samples, atoms, weights)
    moved = certify_discrete(
        Samples(10 + 3 * samples.points, samples.masses), 10 + 3 * atoms, weights
    )
    assert moved.upper == pytest.approx(9 * plain.upper, rel=1e-6)
    mixed = random.permutation(9)
    mirrored = certify_discrete(samples, atoms[mixed], weights[mixed])
    assert mirrored.upper == pytest.approx(plain.upper, rel=1e-6)


def test_a_picture_with_equal_weights() -> None:
    x, y = np.meshgrid(np.arange(120) + 0.5, np.arange(80) + 0.5)
    darkness = np.exp(-((x - 40) ** 2 + (y - 30) ** 2) / 800) * (np.hypot(x - 90, y - 50) > 15)
    darkness += np.hypot(x - 90, y - 50) < 6
    samples = Samples(np.column_stack((x.ravel(), y.ravel())), darkness.ravel(), 1.0)
    atoms = quantise_weighted(samples, 150, iterations=10).atoms
    found = certify_discrete(samples, atoms, np.full(150, 1 / 150))
    assert width(found) <= 1e-3


def test_what_is_no_measure_is_refused() -> None:
    samples = Samples(np.eye(2), np.ones(2))
    for atoms, weights, message in (
        (np.eye(3), np.ones(3) / 3, r"Atoms of shape \(3, 3\)"),
        (np.eye(2), np.ones(3) / 3, r"weights of shape \(3,\)"),
        (np.empty((0, 2)), np.empty(0), "no atoms"),
        (np.array([[np.nan, 0.0]]), np.ones(1), "not finite"),
        (np.eye(2), np.ones(2), "sum 2"),
        (np.eye(2), np.array([1.5, -0.5]), "least one is -0.5"),
        (np.eye(2), np.array([np.nan, 1.0]), "sum nan"),
    ):
        with pytest.raises(StippleError, match=message):
            certify_discrete(samples, atoms, weights)
    with pytest.raises(StippleError, match="Potentials of shape"):
        certify_discrete(samples, np.eye(2), np.ones(2) / 2, np.ones(3))
