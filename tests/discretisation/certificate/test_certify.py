"""Certificates for any weights: the optimum of the linear program is never outside."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import stipple
from stipple.arrays import Floats
from stipple.discretisation.certificate import certify as discrete_certificate
from stipple.discretisation.certificate.certify import certify_discrete
from stipple.discretisation.weighted_cells import measure_voronoi
from stipple.discretisation.weighted_quantisation import quantise_weighted
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric, Sphere
from stipple.interval import Interval
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples

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
def test_voronoi_masses_are_narrow(order: float, dimension: int) -> None:
    samples = Samples(np.random.default_rng(4).normal(size=(20_000, dimension)), np.ones(20_000))
    result = quantise_weighted(samples, 25, order=order, iterations=5)
    found = certify_discrete(samples, result.atoms, result.weights, order=order)
    # Weights are rounded, so that the interval has a width.
    assert found.lower < found.upper <= found.lower * (1 + 1e-12)
    assert found.lower == pytest.approx(result.cost, rel=1e-12)


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
        (np.eye(2), np.full(2, 0.4), "sum 0.8"),
        (np.eye(2), np.array([1.5, -0.5]), "least one is -0.5"),
        (np.eye(2), np.array([np.nan, 1.0]), "sum nan"),
    ):
        with pytest.raises(StippleError, match=message):
            certify_discrete(samples, atoms, weights)
    with pytest.raises(StippleError, match="Potentials of shape"):
        certify_discrete(samples, np.eye(2), np.ones(2) / 2, np.ones(3))


def test_sums_do_not_drift_with_the_number_of_samples_on_the_line() -> None:
    """Three quarters of a million samples within 2^-30 of 0, the rest at 1: the gap is empty."""
    near = np.random.default_rng(0).integers(0, 2**20, 750_000) / 2.0**50
    samples = Samples(np.append(near, np.ones(250_000))[:, None], np.ones(1_000_000))
    places = np.append(np.quantile(near, [1 / 6, 1 / 2, 5 / 6]), 1.0)
    places = np.round(places * 2.0**50) / 2.0**50
    found = certify_discrete(samples, places[:, None], np.full(4, 0.25))
    parts = np.round(np.sort(near) * 2.0**50).astype(np.int64).reshape(3, -1)
    units = np.round(places[:3] * 2.0**50).astype(np.int64)
    total = sum(int(((part - unit) ** 2).sum()) for part, unit in zip(parts, units, strict=True))
    exact = Fraction(total, 10**6 * 2**100)
    assert Fraction(found.lower) <= exact <= Fraction(found.upper)
    assert 0 < found.upper <= found.lower * 1.01


@pytest.mark.parametrize(
    ("count", "spread"),
    [
        (100_000, 0.0),
        (1_000_000, 0.0),
        (30_000, 2.0**-30),
        pytest.param(300_000, 2.0**-30, marks=pytest.mark.slow),
    ],
)
def test_sums_do_not_drift_with_the_number_of_samples_in_the_plane(
    count: int, spread: float
) -> None:
    """Half of the samples at either of two places, and weights .45 and .55: .05 goes over."""
    points = np.repeat([[0.0, 0.0], [1.0, 0.0]], count // 2, axis=0)
    points[:, 1] += spread * np.random.default_rng(0).random(count)
    found = certify_discrete(
        Samples(points, np.ones(count)), np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([0.45, 0.55])
    )
    weight = Fraction(0.55) / (Fraction(0.45) + Fraction(0.55))
    least = weight - Fraction(1, 2)
    assert Fraction(found.lower) <= least + Fraction(spread) ** 2
    assert least <= Fraction(found.upper)
    assert found.upper - found.lower <= 1e-8


@pytest.mark.parametrize(("distance", "shift"), [(1e3, 1e-12), (1e10, 2.0**-48), (1.0, 2.0**-50)])
def test_weights_that_are_off_by_little_cost_what_they_cost(distance: float, shift: float) -> None:
    places = np.array([[0.0, 0.0], [distance, 0.0]])
    weights = np.array([0.5 - shift, 0.5 + shift])
    found = certify_discrete(Samples(places, np.ones(2)), places, weights)
    shares = [Fraction(weight) for weight in weights]
    exact = (shares[1] / sum(shares) - Fraction(1, 2)) * Fraction(distance) ** 2
    assert Fraction(found.lower) <= exact <= Fraction(found.upper)
    assert found.lower < found.upper <= 2.1 * float(exact)


def test_only_what_is_proved_to_be_one_number_is_exact() -> None:
    points = np.arange(8.0)[:, None] + [0.0, 1.0]
    atoms, weights = np.array([[1.5, 2.5], [5.5, 6.5]]), np.array([0.5, 0.5])
    samples = Samples(points, np.ones(8))
    assert certify_discrete(samples, atoms, weights) == Interval(2.5, 2.5)
    assert certify_discrete(Samples(points, 0.1 * np.ones(8)), atoms, weights).upper == 2.5
    # A third is no floating-point number, and neither is what comes of it.
    thirds = certify_discrete(Samples(points[:3], np.ones(3)), points[:1], np.ones(1))
    assert thirds.lower < Fraction(10, 3) < thirds.upper == np.nextafter(thirds.lower, 9)
    # One unit of rounding in a weight is a difference.
    off = np.array([0.5 - 2.0**-54, 0.5])
    found = certify_discrete(samples, atoms, off)
    assert found.lower < found.upper
    line = certify_discrete(Samples(points[:, :1], np.ones(8)), atoms[:, :1], weights, order=1.0)
    assert line == Interval(1.0, 1.0)


@pytest.mark.parametrize("exponent", [-1000, -600, -100, 0, 100, 600, 1000])
@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 4.0])
@pytest.mark.parametrize("dimension", [1, 2])
def test_scales_by_powers_of_two_scale_the_interval(
    exponent: int, order: float, dimension: int
) -> None:
    random = np.random.default_rng(0)
    points, atoms = random.random((40, dimension)), random.random((3, dimension))
    masses, weights = np.ones(40), np.array([0.25, 0.25, 0.5])
    plain = certify_discrete(Samples(points, masses), atoms, weights, order=order)
    scaled = Samples(np.ldexp(points, exponent), masses)
    if exponent * order > 1000:
        with pytest.raises(StippleError, match="beyond the range"):
            certify_discrete(scaled, np.ldexp(atoms, exponent), weights, order=order)
        return
    found = certify_discrete(scaled, np.ldexp(atoms, exponent), weights, order=order)
    if exponent * order < -1000:
        assert 0 <= found.lower <= found.upper
        assert found.upper > 0
        return
    assert found.lower == pytest.approx(np.ldexp(plain.lower, int(exponent * order)), rel=1e-9)
    assert found.upper == pytest.approx(np.ldexp(plain.upper, int(exponent * order)), rel=1e-9)


def test_tiny_coordinates_have_their_cost() -> None:
    points = np.array([[0.0], [1e-200], [2e-200]])
    found = certify_discrete(Samples(points, np.ones(3)), points[1:2], np.ones(1), order=1.0)
    exact = Fraction(points[2, 0]) / 3
    assert 0 < Fraction(found.lower) <= exact <= Fraction(found.upper)
    assert found.upper <= found.lower * (1 + 1e-12)


def test_the_sphere_takes_unit_vectors_only() -> None:
    samples = Samples(np.eye(3), np.ones(3))
    for atoms in (2 * np.eye(3), np.zeros((3, 3)), np.eye(3) * 1.00001):
        with pytest.raises(StippleError, match="Atom 1 has length"):
            certify_discrete(samples, atoms, np.full(3, 1 / 3), metric=Sphere())
    with pytest.raises(StippleError, match="Sample 1 has length"):
        certify_discrete(
            Samples(2 * np.eye(3), np.ones(3)), np.eye(3)[:1], np.ones(1), metric=Sphere()
        )
    # Lengths that are off by rounding are divided out.
    found = certify_discrete(
        samples, (1 + 1e-9) * np.array([[1.0, 0.0, 0.0]]), np.ones(1), order=1.0, metric=Sphere()
    )
    assert found.lower <= np.pi / 3 <= found.upper
    assert width(found) <= 1e-13


def test_weights_with_another_sum_are_divided_by_it_and_that_is_said() -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0]])
    samples, weights = Samples(points, np.ones(2)), np.array([0.5, 0.5 + 4e-7])
    with pytest.warns(UserWarning, match="divided by their sum"):
        found = certify_discrete(samples, points, weights)
    exact = Fraction(weights[1]) / (Fraction(weights[0]) + Fraction(weights[1])) - Fraction(1, 2)
    assert Fraction(found.lower) <= exact <= Fraction(found.upper)
    assert width(found) <= 1e-6


def test_the_best_potentials_need_no_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a step is taken")

    random = np.random.default_rng(11)
    samples = random.normal(size=(4000, 2))
    found = stipple.edot(samples, 20, weights="equal")
    steps = certify_discrete(Samples(samples, np.ones(4000)), found.atoms, found.weights)
    monkeypatch.setattr(discrete_certificate, "ascend", fail)
    again = stipple.edot(samples, 20, weights="equal")
    assert again.cost == found.cost
    assert found.cost.lower <= steps.upper
    assert found.cost.upper >= steps.lower
    assert width(found.cost) <= 2e-6
