"""Sinkhorn: marginals, duality, closed forms, and linear programs where ζ goes to zero."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from stipple.arrays import Floats
from stipple.discretisation.entropic import kernel, numpy_kernel
from stipple.discretisation.entropic.engines import choose_engine, find_worthwhile
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.sinkhorn import compute_plan, solve_plan, solve_sinkhorn
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Sphere
from stipple.machine import keops_library
from stipple.measures.samples import Samples

TIGHT = SinkhornSettings(tolerance=1e-12)
DOMAINS = ["auto", "log", "multiplicative"]


def draw_problem(
    seed: int, samples: int = 60, atoms: int = 7, dimension: int = 2
) -> tuple[Samples, Floats, Floats]:
    random = np.random.default_rng(seed)
    weights = random.random(atoms) + 0.1
    return (
        Samples(random.random((samples, dimension)), random.random(samples) + 0.1),
        random.random((atoms, dimension)),
        weights / weights.sum(),
    )


def iterate_by_definition(
    costs: Floats, masses: Floats, weights: Floats, zeta: float, iterations: int
) -> Floats:
    """Sinkhorn's textbook iteration, as a plan."""
    gibbs = np.exp(-costs / zeta)
    right = np.ones(len(weights))
    for _ in range(iterations):
        left = masses / (gibbs @ right)
        right = weights / (gibbs.T @ left)
    return left[:, None] * gibbs * right


def solve_linear_program(costs: Floats, masses: Floats, weights: Floats) -> float:
    n, m = costs.shape
    rows = np.kron(np.eye(n), np.ones(m))
    columns = np.kron(np.ones(n), np.eye(m))
    solution = linprog(
        costs.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([masses, weights])
    )
    return float(solution.fun)


# --- against other ways to the same numbers -------------------------------------------------------


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("order", [1.0, 2.0, 3.0])
def test_the_plan_is_that_of_the_textbook(domain: str, order: float) -> None:
    samples, atoms, weights = draw_problem(1)
    costs = cdist(samples.points, atoms) ** order
    expected = iterate_by_definition(costs, samples.masses, weights, 0.1, 3000)
    settings = SinkhornSettings(tolerance=1e-12, domain=domain)
    transport = solve_sinkhorn(samples, atoms, weights, 0.1, order=order, settings=settings)
    plan = compute_plan(samples, atoms, weights, transport, order=order)
    np.testing.assert_allclose(plan, expected, rtol=0, atol=1e-13)
    assert transport.converged
    assert transport.cost == pytest.approx((expected * costs).sum(), rel=1e-11)
    divergence = expected * np.log(expected / np.outer(samples.masses, weights))
    full = transport.cost + 0.1 * divergence.sum()
    assert transport.regularised_cost == pytest.approx(full, rel=1e-11)
    assert transport.target_potential.mean() == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("metric", [Euclidean(), Sphere()])
def test_the_cost_goes_to_that_of_the_linear_program(metric: Euclidean | Sphere) -> None:
    samples, atoms, weights = draw_problem(2, 40, 6, 3)
    points = samples.points / np.linalg.norm(samples.points, axis=1, keepdims=True)
    samples = Samples(points, samples.masses)
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    if metric.name == "sphere":
        costs = np.arccos(np.clip(points @ atoms.T, -1, 1)) ** 2
    else:
        costs = cdist(points, atoms) ** 2
    exact = solve_linear_program(costs, samples.masses, weights)
    zeta = 2e-5
    transport = solve_sinkhorn(samples, atoms, weights, zeta, metric=metric)
    assert transport.converged
    # 0 ≤ F − W ≤ ζ·KL, and the divergence of a plan is at most the entropy of the weights.
    entropy = -(weights * np.log(weights)).sum()
    assert exact - 1e-9 <= transport.cost <= exact + zeta * entropy
    assert exact - 1e-9 <= transport.regularised_cost <= exact + zeta * entropy


def test_pot_agrees() -> None:
    ot = pytest.importorskip("ot", reason="POT is not installed")
    samples, atoms, weights = draw_problem(3)
    costs = cdist(samples.points, atoms) ** 2
    theirs = ot.bregman.sinkhorn_log(
        samples.masses, weights, costs, 0.02, stopThr=1e-13, numItermax=20_000
    )
    transport = solve_sinkhorn(samples, atoms, weights, 0.02, settings=TIGHT)
    plan = compute_plan(samples, atoms, weights, transport)
    np.testing.assert_allclose(plan, theirs, rtol=0, atol=1e-12)


def test_two_points_on_two_points() -> None:
    """P = ½·[[p, 1 − p], [1 − p, p]] with p = 1/(1 + exp(−1/ζ)), at distance 1."""
    points = np.array([[0.0], [1.0]])
    half = np.array([0.5, 0.5])
    for zeta in (0.05, 0.3, 2.0):
        transport = solve_sinkhorn(Samples(points, half), points, half, zeta, settings=TIGHT)
        p = 1 / (1 + np.exp(-1 / zeta))
        assert transport.cost == pytest.approx(1 - p, rel=1e-10)
        # On the diagonal the cost is 0 and P_ii = ½p = ¼·exp((f_i + g_i)/ζ).
        sums = transport.source_potential + transport.target_potential
        np.testing.assert_allclose(sums, zeta * np.log(2 * p), rtol=1e-10)


def test_gaussians_on_a_fine_grid() -> None:
    """The entropic plan of N(0, s²) and N(0, t²) is Gaussian (Janati et al., NeurIPS 2020)."""
    grid = np.linspace(-8, 8, 401)[:, None]
    s, t, zeta = 1.0, 0.6, 0.5
    a, b = (np.exp(-(grid[:, 0] ** 2) / (2 * v * v)) for v in (s, t))
    transport = solve_sinkhorn(Samples(grid, a), grid, b / b.sum(), zeta, settings=TIGHT)
    # With C = |x − y|², minimising s² + t² − 2c − (ζ/2)·log(1 − c²/(st)²) over the covariance c.
    c = -zeta / 4 + np.sqrt(zeta * zeta / 16 + s * s * t * t)
    assert transport.cost == pytest.approx(s * s + t * t - 2 * c, rel=1e-9)


def test_one_atom_takes_all() -> None:
    samples, atoms, _ = draw_problem(4)
    transport = solve_sinkhorn(samples, atoms[:1], np.ones(1), 0.01)
    squares = ((samples.points - atoms[0]) ** 2).sum(axis=1)
    assert transport.cost == pytest.approx(samples.masses @ squares, rel=1e-12)
    assert transport.iterations < 20
    np.testing.assert_allclose(transport.source_potential, squares, rtol=1e-12)


# --- properties -----------------------------------------------------------------------------------


@hypothesis_settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 50),
    m=st.integers(1, 12),
    dimension=st.integers(1, 3),
    order=st.sampled_from([1.0, 1.5, 2.0, 3.0]),
    log_zeta=st.floats(-4, 1),
)
def test_marginals_hold(
    seed: int, n: int, m: int, dimension: int, order: float, log_zeta: float
) -> None:
    samples, atoms, weights = draw_problem(seed, n, m, dimension)
    transport = solve_sinkhorn(samples, atoms, weights, 10**log_zeta, order=order)
    plan = compute_plan(samples, atoms, weights, transport, order=order)
    np.testing.assert_allclose(plan.sum(axis=1), samples.masses, rtol=1e-9)
    error = np.abs(plan.sum(axis=0) - weights).sum()
    assert error == pytest.approx(transport.marginal_error, abs=1e-10)
    assert transport.converged
    assert transport.marginal_error <= 1e-9
    costs = cdist(samples.points, atoms) ** order
    assert transport.cost == pytest.approx((plan * costs).sum(), rel=1e-9)


@hypothesis_settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    shift=st.floats(-10, 10),
    scale=st.floats(1e-3, 1e3),
    order=st.sampled_from([1.0, 2.0, 3.0]),
)
def test_translation_and_scale(seed: int, shift: float, scale: float, order: float) -> None:
    """Costs and ζ scale with the k-th power of the distance; translations change nothing."""
    samples, atoms, weights = draw_problem(seed)
    moved = Samples(scale * samples.points + shift, samples.masses)
    zeta = 0.05
    one = solve_sinkhorn(samples, atoms, weights, zeta, order=order, settings=TIGHT)
    two = solve_sinkhorn(
        moved,
        scale * atoms + shift,
        weights,
        scale**order * zeta,
        order=order,
        settings=TIGHT if scale > 0.1 else SinkhornSettings(),
    )
    assert two.cost == pytest.approx(scale**order * one.cost, rel=1e-6)
    assert two.regularised_cost == pytest.approx(scale**order * one.regularised_cost, rel=1e-6)


def test_sides_may_be_exchanged() -> None:
    samples, atoms, weights = draw_problem(5, 30, 20)
    there = solve_sinkhorn(samples, atoms, weights, 0.01, settings=TIGHT)
    back = solve_sinkhorn(
        Samples(atoms, weights), samples.points, samples.masses, 0.01, settings=TIGHT
    )
    assert back.cost == pytest.approx(there.cost, rel=1e-10)
    assert back.regularised_cost == pytest.approx(there.regularised_cost, rel=1e-10)


@pytest.mark.parametrize("zeta", [1e-1, 1e-2, 1e-5])
def test_annealing_and_starts_change_the_way_only(zeta: float) -> None:
    samples, atoms, weights = draw_problem(6, 200, 10)
    settings = SinkhornSettings(tolerance=max(1e-12, 1e-14 / zeta))
    annealed = solve_sinkhorn(samples, atoms, weights, zeta, settings=settings)
    potential = annealed.target_potential
    near = solve_sinkhorn(samples, atoms, weights, zeta, settings=settings, start=potential + 5)
    assert near.iterations <= 2
    start = np.random.default_rng(6).normal(size=10)
    others = [near, solve_sinkhorn(samples, atoms, weights, zeta, settings=settings, start=start)]
    if zeta >= 1e-2:
        direct = replace(settings, annealing=None)
        others.append(solve_sinkhorn(samples, atoms, weights, zeta, settings=direct))
    for other in others:
        assert other.converged
        assert other.regularised_cost == pytest.approx(annealed.regularised_cost, rel=1e-9)
        np.testing.assert_allclose(other.target_potential, potential, rtol=0, atol=1e-8)


def test_newton_ends_what_sinkhorn_would_not() -> None:
    """A ζ at which plain iterations hardly move."""
    samples, atoms, weights = draw_problem(7, 40, 9)
    zeta = 1e-3
    transport = solve_sinkhorn(samples, atoms, weights, zeta)
    assert transport.converged
    assert transport.iterations < 150
    costs = cdist(samples.points, atoms) ** 2
    # The exponentials must not underflow in the textbook's iteration.
    plain = iterate_by_definition(
        costs - costs.min(axis=1)[:, None], samples.masses, weights, zeta, 2_000
    )
    assert np.abs(plain.sum(axis=1) - samples.masses).sum() > 1e-6


def test_atoms_without_mass_take_none() -> None:
    samples, atoms, weights = draw_problem(8)
    transport = solve_sinkhorn(samples, atoms, weights, 0.01, settings=TIGHT)
    far = np.vstack([atoms, [[0.5, 0.5], [3.0, 3.0]]])
    padded = solve_sinkhorn(samples, far, np.append(weights, [0, 0]), 0.01, settings=TIGHT)
    assert padded.converged
    assert padded.cost == pytest.approx(transport.cost, rel=1e-10)
    assert padded.regularised_cost == pytest.approx(transport.regularised_cost, rel=1e-10)
    plan = compute_plan(samples, far, np.append(weights, [0, 0]), padded)
    assert (plan[:, -2:] == 0).all()
    # Their potentials are those that a little mass would have.
    little = np.append(weights * (1 - 1e-7), [0.5e-7, 0.5e-7])
    near = solve_sinkhorn(samples, far, little, 0.01, settings=TIGHT)
    np.testing.assert_allclose(padded.target_potential, near.target_potential, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("zeta", [0.1, 1e-3])
def test_single_precision_is_near(zeta: float) -> None:
    samples, atoms, weights = draw_problem(9, 300, 20)
    single = solve_sinkhorn(
        samples, atoms, weights, zeta, settings=SinkhornSettings(precision="float32")
    )
    double = solve_sinkhorn(samples, atoms, weights, zeta)
    assert single.converged
    assert single.cost == pytest.approx(double.cost, rel=1e-4)


def test_kernels_beyond_memory_are_computed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, atoms, weights = draw_problem(10, 3000, 11)
    stored = solve_sinkhorn(samples, atoms, weights, 0.01, settings=TIGHT)
    monkeypatch.setattr(numpy_kernel, "LARGEST_STORED", 1000)
    monkeypatch.setattr(numpy_kernel, "BLOCK", 2**10)
    monkeypatch.setattr(numpy_kernel, "LARGEST_GRAM", 10)
    settings = SinkhornSettings(engine="numpy", tolerance=1e-12)
    blocked = solve_sinkhorn(samples, atoms, weights, 0.01, settings=settings)
    assert blocked.cost == pytest.approx(stored.cost, rel=1e-11)
    np.testing.assert_allclose(
        blocked.target_potential, stored.target_potential, rtol=0, atol=1e-11
    )


# --- plans between discrete marginals -------------------------------------------------------------


@hypothesis_settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 12), m=st.integers(1, 12))
def test_plans_take_any_costs(seed: int, n: int, m: int) -> None:
    random = np.random.default_rng(seed)
    costs = random.normal(size=(n, m))
    source, target = random.random(n) + 0.05, random.random(m) + 0.05
    source[: n // 2] = 0 if n > 3 else source[: n // 2]
    source, target = source / source.sum(), target / target.sum()
    result = solve_plan(costs, source, target, 0.05, TIGHT)
    np.testing.assert_allclose(result.plan.sum(axis=1), source, rtol=0, atol=1e-13)
    np.testing.assert_allclose(result.plan.sum(axis=0), target, rtol=0, atol=1e-11)
    transport = result.transport
    assert transport.cost == pytest.approx((result.plan * costs).sum(), abs=1e-10)
    potentials = transport.source_potential[:, None] + transport.target_potential
    by_hand = source[:, None] * np.exp((potentials - costs) / 0.05) * target
    np.testing.assert_allclose(result.plan, by_hand, rtol=1e-9, atol=1e-15)
    dual = source @ transport.source_potential + target @ transport.target_potential
    assert transport.regularised_cost == pytest.approx(dual, abs=1e-12)


def test_a_plan_near_the_linear_program() -> None:
    random = np.random.default_rng(11)
    costs = random.random((9, 6)) - 0.5
    source, target = np.full(9, 1 / 9), np.full(6, 1 / 6)
    exact = solve_linear_program(costs, source, target)
    assert solve_plan(costs, source, target, 1e-4).transport.cost == pytest.approx(exact, abs=1e-3)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"zeta": 0.0}, "regularisation must be positive"),
        ({"zeta": float("nan")}, "regularisation must be positive"),
        ({"zeta": 1e-12}, "too small for float64 .* take at least"),
        ({"order": 0.5}, "order of the cost"),
        ({"weights": np.full(7, 0.1)}, "add up to 1, not 0.7"),
        ({"weights": np.full(6, 1 / 6)}, "7 atoms but 6 weights"),
        ({"weights": np.array([1.5, -0.5, 0, 0, 0, 0, 0])}, "finite numbers ≥ 0"),
        ({"atoms": np.zeros((7, 3))}, r"shape \(m, 2\), not \(7, 3\)"),
        ({"atoms": np.full((7, 2), np.nan)}, "atoms must be finite"),
        ({"start": np.zeros(6)}, "7 finite potentials"),
        ({"zeta": 1e-3, "settings": SinkhornSettings(domain="multiplicative")}, "domain log"),
        ({"settings": SinkhornSettings(engine="numpy", device="cuda")}, "cannot use a GPU"),
    ],
)
def test_what_is_no_problem_is_refused(change: dict[str, object], message: str) -> None:
    samples, atoms, weights = draw_problem(12)
    arguments = {"atoms": atoms, "weights": weights, "zeta": 0.1} | change
    with pytest.raises(StippleError, match=message):
        solve_sinkhorn(samples, **arguments)  # type: ignore[arg-type]


def test_a_start_that_scaling_cannot_follow_is_told() -> None:
    samples, atoms, weights = draw_problem(16)
    settings = SinkhornSettings(domain="multiplicative")
    with pytest.raises(StippleError, match="left the range"):
        solve_sinkhorn(
            samples, atoms, weights, 0.1, settings=settings, start=np.linspace(-900, 900, 7)
        )


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_smallest_regularisation_named_works(domain: str) -> None:
    samples, atoms, weights = draw_problem(13)
    settings = SinkhornSettings(domain=domain, tolerance=1e-6, max_iterations=20_000)
    with pytest.raises(StippleError) as refusal:
        solve_sinkhorn(samples, atoms, weights, 1e-15, settings=settings)
    smallest = float(str(refusal.value).split("take at least ")[1].split(",")[0])
    transport = solve_sinkhorn(samples, atoms, weights, 1.05 * smallest, settings=settings)
    assert transport.converged


@pytest.mark.parametrize(
    "options",
    [
        {"tolerance": 0.0},
        {"tolerance": 2.0},
        {"max_iterations": 0},
        {"annealing": 1.0},
        {"precision": "float32", "tolerance": 1e-9},
    ],
)
def test_settings_that_cannot_be_met_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(StippleError):
        SinkhornSettings(**options)  # type: ignore[arg-type]


def test_iterations_that_run_out_are_told() -> None:
    samples, atoms, weights = draw_problem(14)
    settings = SinkhornSettings(max_iterations=2, annealing=None)
    transport = solve_sinkhorn(samples, atoms, weights, 1e-3, settings=settings)
    assert (transport.converged, transport.iterations) == (False, 2)
    assert transport.marginal_error > 1e-9


@pytest.mark.parametrize(
    ("costs", "message"),
    [(np.zeros((2, 3)), "shape"), (np.array([[0, np.inf], [0, 0]]), "finite")],
)
def test_cost_matrices_that_are_refused(costs: Floats, message: str) -> None:
    with pytest.raises(StippleError, match=message):
        solve_plan(costs, np.full(2, 0.5), np.full(2, 0.5), 0.1)


def test_plans_too_large_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, atoms, weights = draw_problem(15)
    transport = solve_sinkhorn(samples, atoms, weights, 0.1)
    monkeypatch.setattr("stipple.discretisation.entropic.sinkhorn.LARGEST_STORED", 100)
    with pytest.raises(StippleError, match="60 × 7"):
        compute_plan(samples, atoms, weights, transport)


def test_numpy_is_chosen_where_it_fits() -> None:
    choice = choose_engine(SinkhornSettings(device="cpu"), 10_000, 1_000, Euclidean())
    assert (choice.engine, choice.reason) == ("numpy", None)
    assert kernel.LARGEST_STORED >= 10_000 * 1_000


@pytest.mark.parametrize(
    ("samples", "atoms", "expected"),
    [
        (1_000, 50, "nowhere"),
        (1_000, 999, "nowhere"),
        (1_000, 1_000, "gpu"),
        (30_000, 1_000, "gpu"),
        (40_000, 1_000, "anywhere"),
    ],
)
def test_keops_is_worthwhile_where_it_was_measured_to_be(
    samples: int, atoms: int, expected: str
) -> None:
    assert find_worthwhile(samples, atoms) == expected


@pytest.mark.parametrize(
    ("driver", "engine", "device"), [(1, "keops", "cuda"), (0, "numpy", "cpu")]
)
def test_auto_takes_a_gpu_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, driver: int, engine: str, device: str
) -> None:
    monkeypatch.setattr(keops_library, "_has_driver", lambda: bool(driver))
    monkeypatch.setattr(keops_library, "has_gpu", lambda: bool(driver))
    monkeypatch.setattr(keops_library, "find_obstacle", lambda: None)
    for metric in (Euclidean(), Sphere()):
        choice = choose_engine(SinkhornSettings(), 10_000, 1_000, metric)
        assert (choice.engine, choice.device) == (engine, device)
    assert choose_engine(SinkhornSettings(), 1_000, 50, Euclidean()).engine == "numpy"
