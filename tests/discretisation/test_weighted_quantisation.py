"""Weighted quantisation: nearest atoms are nearest, W_k^k goes down, known optima are met."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import load_sample
from scipy.optimize import approx_fprime, minimize
from scipy.spatial.distance import cdist
from scipy.stats import truncnorm

from stipple.arrays import Floats
from stipple.discretisation.weighted_cells import CellProblem, measure_voronoi
from stipple.discretisation.weighted_quantisation import WeightedQuantisation, quantise_weighted
from stipple.discretisation.weighted_start import draw_start, estimate_density, order_along_curve
from stipple.discretisation.zador import find_zador_reference
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric, Sphere
from stipple.geometry.nearest import assign_nearest, find_cheapest
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples

RANDOM = np.random.default_rng(5)
ONE = Workers(1)

seeds = st.integers(0, 2**32 - 1)
orders = st.sampled_from([1.0, 1.5, 2.0, 3.0])


def draw_cloud(seed: int, count: int, dimension: int, steps: int = 0) -> Samples:
    """Random points with random masses; with steps, on a coarse grid, so that many coincide."""
    random = np.random.default_rng(seed)
    points = random.normal(size=(count, dimension))
    if steps:
        points = np.round(points * steps)
    return Samples(points, random.random(count) + 0.1)


def draw_sphere(seed: int, count: int, dimension: int = 3) -> Floats:
    points = np.random.default_rng(seed).normal(size=(count, dimension))
    points[:, 0] += 0.5
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def make_line(count: int) -> Floats:
    return ((np.arange(count) + 0.5) / count)[:, None]


# --- the nearest atom ----------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(
    seed=seeds,
    count=st.integers(1, 80),
    atoms=st.integers(1, 100),
    dimension=st.integers(1, 8),
    steps=st.sampled_from([0, 1, 3]),
    guessed=st.booleans(),
)
def test_the_nearest_atom_is_nearest(
    seed: int, count: int, atoms: int, dimension: int, steps: int, guessed: bool
) -> None:
    points = draw_cloud(seed, count, dimension, steps).points
    places = draw_cloud(seed + 1, atoms, dimension, steps).points
    guess = np.random.default_rng(seed).integers(0, atoms, count) if guessed else None
    found = assign_nearest(points, places, ONE, guess)
    distances = cdist(points, places)
    np.testing.assert_allclose(
        distances[np.arange(count), found], distances.min(axis=1), rtol=1e-12, atol=0
    )


def test_far_points_and_clustered_atoms_find_the_nearest() -> None:
    """Lists of neighbours prove nothing here: the tree, or the trial of all, has to."""
    for dimension in (2, 7):
        atoms = np.concatenate(
            (1e-3 * RANDOM.normal(size=(500, dimension)), RANDOM.normal(size=(20, dimension)))
        )
        points = 100 * RANDOM.normal(size=(3000, dimension))
        found = assign_nearest(points, atoms, ONE)
        distances = cdist(points, atoms)
        chosen = distances[np.arange(len(points)), found]
        np.testing.assert_allclose(chosen, distances.min(axis=1), rtol=1e-12)


@settings(deadline=None, max_examples=60)
@given(
    seed=seeds,
    atoms=st.integers(1, 60),
    dimension=st.integers(2, 4),
    order=orders,
    arcs=st.booleans(),
    spread=st.sampled_from([0.0, 0.1, 100.0]),
)
def test_the_two_cheapest_atoms_are_cheapest(
    seed: int, atoms: int, dimension: int, order: float, arcs: bool, spread: float
) -> None:
    draw = draw_sphere if arcs else lambda *shape: draw_cloud(*shape).points
    points, places = draw(seed, 40, dimension), draw(seed + 1, atoms, dimension)
    potentials = spread * np.random.default_rng(seed).normal(size=atoms)
    found = find_cheapest(points, places, potentials, ONE, order=order, arcs=arcs)
    metric = Sphere() if arcs else Euclidean()
    values = metric.measure_distances(points, places) ** order - potentials
    two = np.sort(values, axis=1)
    tolerance = {"rtol": 1e-12, "atol": 1e-12 * max(1.0, spread)}
    rows = np.arange(len(points))
    np.testing.assert_allclose(found.values, two[:, 0], **tolerance)
    np.testing.assert_allclose(values[rows, found.first], two[:, 0], **tolerance)
    if atoms == 1:
        assert (found.second == -1).all()
    else:
        assert (found.first != found.second).all()
        np.testing.assert_allclose(found.second_values, two[:, 1], **tolerance)
        np.testing.assert_allclose(values[rows, found.second], two[:, 1], **tolerance)


@settings(deadline=None, max_examples=40)
@given(seed=seeds, count=st.integers(1, 60), atoms=st.integers(1, 12), order=orders)
def test_voronoi_masses_and_cost_add_up(seed: int, count: int, atoms: int, order: float) -> None:
    samples = draw_cloud(seed, count, 3)
    places = draw_cloud(seed + 1, atoms, 3).points
    cells = measure_voronoi(samples, places, order=order, workers=ONE)
    costs = cdist(samples.points, places) ** order
    np.testing.assert_array_equal(cells.assignment, costs.argmin(axis=1))
    np.testing.assert_allclose(
        cells.masses, np.bincount(cells.assignment, samples.masses, atoms), rtol=1e-12
    )
    assert cells.masses.sum() == pytest.approx(1, rel=1e-12)
    assert cells.cost == pytest.approx(samples.masses @ costs.min(axis=1), rel=1e-12)


def test_the_result_does_not_depend_on_threads() -> None:
    samples = draw_cloud(1, 9_000, 2)
    one, three = (
        quantise_weighted(samples, 40, workers=Workers(threads), seed=3) for threads in (1, 3)
    )
    np.testing.assert_array_equal(one.atoms, three.atoms)
    np.testing.assert_array_equal(one.history, three.history)


# --- the descent ---------------------------------------------------------------------------------


def check(samples: Samples, result: WeightedQuantisation, order: float, metric: Metric) -> None:
    """The result says what its atoms are worth, by brute force."""
    costs = metric.measure_distances(samples.points, result.atoms) ** order
    exact = samples.masses @ costs.min(axis=1)
    # Arcs and chords near zero are only known to the rounding of coordinates of order one.
    assert result.cost == pytest.approx(exact, rel=1e-9, abs=1e-14)
    assert (np.diff(result.history) <= 0).all()
    assert result.cost <= result.history[-1]
    assert (result.weights > 0).all()
    assert result.weights.sum() == pytest.approx(1, rel=1e-12)
    assert result.iterations == len(result.history) - 1


@settings(deadline=None, max_examples=60)
@given(
    seed=seeds,
    count=st.integers(1, 60),
    dimension=st.integers(1, 10),
    order=orders,
    steps=st.sampled_from([0, 1]),
    data=st.data(),
)
def test_any_cloud_is_quantised(
    seed: int, count: int, dimension: int, order: float, steps: int, data: st.DataObject
) -> None:
    samples = draw_cloud(seed, count, dimension, steps)
    different = len(np.unique(samples.points, axis=0))
    atoms = data.draw(st.integers(1, different))
    result = quantise_weighted(samples, atoms, order=order, seed=seed, workers=ONE)
    check(samples, result, order, Euclidean())
    if atoms == different:
        assert result.cost == 0


@settings(deadline=None, max_examples=30)
@given(seed=seeds, atoms=st.integers(1, 12), order=orders)
def test_any_cloud_on_the_sphere_is_quantised(seed: int, atoms: int, order: float) -> None:
    samples = Samples(draw_sphere(seed, 60), np.ones(60))
    result = quantise_weighted(samples, atoms, order=order, metric=Sphere(), workers=ONE)
    check(samples, result, order, Sphere())
    np.testing.assert_allclose(np.linalg.norm(result.atoms, axis=1), 1, rtol=1e-12)
    assert result.cost <= result.history[0]


@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("metric", [Euclidean(), Sphere()], ids=lambda metric: metric.name)
def test_the_gradient_is_that_of_the_cost(order: float, metric: Metric) -> None:
    sphere = metric.name == "sphere"
    samples = Samples(draw_sphere(1, 200) if sphere else RANDOM.normal(size=(200, 3)), np.ones(200))
    problem = CellProblem(samples, order, metric, ONE)
    atoms = draw_sphere(2, 4) if sphere else RANDOM.normal(size=(4, 3))
    gradient = problem.evaluate(atoms).gradient
    for _ in range(5):
        shift = RANDOM.normal(size=atoms.shape)
        if sphere:
            shift -= (shift * atoms).sum(axis=1, keepdims=True) * atoms

        def cost(time: Floats, shift: Floats = shift) -> float:
            return problem.evaluate(metric.move(atoms, time[0] * shift)).cost

        slope = (cost(np.array([1e-6])) - cost(np.array([-1e-6]))) / 2e-6
        assert slope == pytest.approx(np.vdot(gradient, shift), rel=1e-6, abs=1e-8)


def test_atoms_end_at_the_barycentres_of_their_cells() -> None:
    samples = draw_cloud(3, 4000, 2)
    result = quantise_weighted(samples, 20, tolerance=0, iterations=1000, workers=ONE)
    assert result.converged
    cells = measure_voronoi(samples, result.atoms)
    for atom, place in enumerate(result.atoms):
        inside = cells.assignment == atom
        mean = np.average(samples.points[inside], axis=0, weights=samples.masses[inside])
        np.testing.assert_allclose(place, mean, rtol=0, atol=1e-6)


def test_steps_are_told_from_the_start_on() -> None:
    samples = draw_cloud(4, 500, 2)
    steps: list[tuple[int, float]] = []
    result = quantise_weighted(
        samples, 20, iterations=7, tolerance=0, on_step=lambda *step: steps.append(step)
    )
    assert [number for number, _ in steps] == list(range(8))
    np.testing.assert_array_equal([cost for _, cost in steps], result.history)
    start = quantise_weighted(samples, 20, iterations=0)
    assert (start.iterations, start.converged) == (0, False)
    np.testing.assert_array_equal(start.atoms, draw_start(samples, 20, 2.0, 0))


@pytest.mark.parametrize(("shift", "scale"), [(1000.0, 1.0), (0.0, 1e-6), (0.0, 1e6)])
def test_shifts_and_scales_change_nothing_else(shift: float, scale: float) -> None:
    samples = draw_cloud(5, 800, 2)
    changed = Samples(shift + scale * samples.points, samples.masses)
    # Few steps: rounding decides between local minima later on.
    plain, moved = (quantise_weighted(some, 15, iterations=8) for some in (samples, changed))
    np.testing.assert_allclose(moved.atoms, shift + scale * plain.atoms, rtol=1e-9, atol=0)
    assert moved.cost == pytest.approx(scale**2 * plain.cost, rel=1e-8)


def test_the_order_of_the_samples_does_not_matter() -> None:
    samples = draw_cloud(6, 800, 2)
    mixed = RANDOM.permutation(800)
    other = Samples(samples.points[mixed], samples.masses[mixed], samples.volume)
    plain, permuted = (quantise_weighted(some, 15, iterations=8) for some in (samples, other))
    assert permuted.cost == pytest.approx(plain.cost, rel=1e-9)
    np.testing.assert_allclose(permuted.atoms, plain.atoms, rtol=1e-9)


# --- known optima --------------------------------------------------------------------------------


def test_the_uniform_line_has_equal_cells() -> None:
    count = 10_000
    samples = Samples(make_line(count), np.ones(count), 1 / count)
    result = quantise_weighted(samples, 5, tolerance=1e-12, iterations=500)
    # The variance within each of the fine cells is what points lack.
    assert result.cost == pytest.approx(1 / 300 - 1 / (12 * count**2), rel=1e-6)
    np.testing.assert_allclose(np.sort(result.atoms[:, 0]), make_line(5)[:, 0], atol=2e-3)
    np.testing.assert_allclose(result.weights, 0.2, atol=2e-3)


def test_the_mixture_on_the_line_reaches_the_known_optimum() -> None:
    x = make_line(20_000)
    density = sum(
        share * truncnorm.pdf(x[:, 0], -mean / width, (1 - mean) / width, mean, width)
        for share, mean, width in ((0.3, 0.2, 0.1), (0.7, 0.7, 0.2))
    )
    result = quantise_weighted(Samples(x, density, 1 / 20_000), 5, tolerance=1e-10, iterations=500)
    assert result.cost == pytest.approx(0.002992, abs=1e-6)


def find_best_on_line(points: Floats, masses: Floats, count: int) -> float:
    """Best k-means cost of a few points on the line: all ways to cut the sorted list."""
    order = np.argsort(points)
    best = np.inf
    for cuts in combinations(range(1, len(points)), count - 1):
        cost = 0.0
        for part in np.split(order, cuts):
            mean = np.average(points[part], weights=masses[part])
            cost += masses[part] @ (points[part] - mean) ** 2
        best = min(best, cost)
    return best


@settings(deadline=None, max_examples=20)
@given(seed=seeds, count=st.integers(1, 4))
def test_no_result_beats_the_best(seed: int, count: int) -> None:
    samples = draw_cloud(seed, 10, 1)
    best = find_best_on_line(samples.points[:, 0], samples.masses, count)
    for start in range(4):
        cost = quantise_weighted(samples, count, seed=start, workers=ONE).cost
        assert cost >= best * (1 - 1e-9)


def test_one_of_a_few_seeds_mostly_meets_the_best() -> None:
    met = 0
    for seed in range(40):
        samples, count = draw_cloud(seed, 10, 1), 1 + seed % 4
        best = find_best_on_line(samples.points[:, 0], samples.masses, count)
        costs = [quantise_weighted(samples, count, seed=k, workers=ONE).cost for k in range(12)]
        met += min(costs) <= best * (1 + 1e-9) + 1e-12
    assert met >= 30


@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 4.0])
def test_one_atom_is_the_centre(order: float) -> None:
    samples = draw_cloud(8, 300, 3)

    def cost(place: Floats) -> float:
        return float(samples.masses @ np.linalg.norm(samples.points - place, axis=1) ** order)

    best = minimize(cost, np.zeros(3), tol=1e-10)
    result = quantise_weighted(samples, 1, order=order, tolerance=1e-12)
    assert result.cost == pytest.approx(best.fun, rel=1e-7)
    assert np.abs(approx_fprime(result.atoms[0], cost, 1e-7)).max() < 1e-4


def test_one_atom_stays_at_a_sample_with_half_of_the_mass() -> None:
    points = np.concatenate((np.zeros((1, 2)), RANDOM.normal(size=(30, 2))))
    masses = np.append(31.0, np.ones(30))
    result = quantise_weighted(Samples(points, masses), 1, order=1, iterations=500, tolerance=1e-12)
    exact = np.linalg.norm(points, axis=1) @ masses / masses.sum()
    assert result.cost == pytest.approx(exact, rel=1e-6)


def test_clusters_get_an_atom_each_on_the_sphere() -> None:
    centres = np.concatenate((np.eye(3), -np.eye(3)))
    points = np.repeat(centres, 50, axis=0) + 0.05 * RANDOM.normal(size=(300, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    result = quantise_weighted(Samples(points, np.ones(300)), 6, metric=Sphere())
    nearest = Sphere().measure_distances(centres, result.atoms).min(axis=1)
    assert nearest.max() < 0.05
    np.testing.assert_allclose(result.weights, 1 / 6, rtol=1e-9)


# --- beside other programs -----------------------------------------------------------------------


def load_picture() -> Samples:
    density = load_sample("chelsea.png")
    row, column = np.nonzero(density.values)
    centres = np.column_stack((column, row)) + 0.5
    return Samples(centres / density.width, density.values[row, column], 1 / density.width**2)


def test_a_photograph_comes_near_the_asymptotic_optimum() -> None:
    samples = load_picture()
    result = quantise_weighted(samples, 1000)
    reference = find_zador_reference(samples, 1000)
    assert reference is not None
    assert result.cost <= 1.02 * reference


@pytest.mark.parametrize("dimension", [2, 5])
def test_scikit_learn_is_not_better(dimension: int) -> None:
    cluster = pytest.importorskip("sklearn.cluster")
    samples = draw_cloud(11, 5000, dimension)
    ours = quantise_weighted(samples, 50)
    theirs = cluster.KMeans(50, n_init=1, max_iter=100, random_state=0)
    theirs.fit(samples.points, sample_weight=samples.masses)
    assert ours.cost <= 1.02 * measure_voronoi(samples, theirs.cluster_centers_).cost


# --- the start -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(seed=seeds, count=st.integers(1, 100), order=orders, volume=st.sampled_from([None, 0.1]))
def test_the_start_takes_different_samples(
    seed: int, count: int, order: float, volume: float | None
) -> None:
    cloud = draw_cloud(seed, 100, 2)
    masses = cloud.masses ** (20 if seed % 2 else 1)
    start = draw_start(Samples(cloud.points, masses, volume), count, order, seed)
    assert len(np.unique(start, axis=0)) == count
    assert (cdist(start, cloud.points).min(axis=1) == 0).all()


@pytest.mark.parametrize("order", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("drawn", [False, True])
def test_the_start_has_the_density_of_the_best_atoms(order: float, drawn: bool) -> None:
    """A half of the square with nine times the density gets 9^(2/(2 + k)) times the atoms."""
    if drawn:
        points = np.random.default_rng(0).random((40_000, 2))
        points[:36_000, 0] *= 0.5
        points[36_000:, 0] = 0.5 + 0.5 * points[36_000:, 0]
        samples = Samples(points, np.ones(40_000))
    else:
        grid = np.stack(np.meshgrid(make_line(200), make_line(200)), -1).reshape(-1, 2)
        samples = Samples(grid, np.where(grid[:, 0] < 0.5, 9.0, 1.0), 1 / 40_000)
    start = draw_start(samples, 2000, order, 1)
    left = np.count_nonzero(start[:, 0] < 0.5)
    assert left / (2000 - left) == pytest.approx(9 ** (2 / (2 + order)), rel=0.1)


def test_the_density_of_drawn_samples_is_about_right() -> None:
    points = np.random.default_rng(1).normal(size=(20_000, 2))
    density = estimate_density(Samples(points, np.ones(20_000)))
    exact = np.exp(-(points**2).sum(axis=1) / 2) / (2 * np.pi)
    inside = exact > 0.01
    assert np.median(density[inside] / exact[inside]) == pytest.approx(1, abs=0.1)


def test_the_curve_visits_each_quarter_in_one_go() -> None:
    points = np.random.default_rng(2).random((500, 2))
    points = np.concatenate((points, [[0, 0], [1, 1]]))
    quarters = (points[order_along_curve(points)] >= 0.5) @ [1, 2]
    assert np.count_nonzero(np.diff(quarters)) == 3


# --- what cannot be done -------------------------------------------------------------------------


def test_more_atoms_than_samples_are_refused() -> None:
    twice = Samples(np.repeat(np.eye(3), 2, axis=0), np.ones(6))
    for count in (4, 6, 7):
        with pytest.raises(StippleError, match=f"^{count} atoms .* only [36] different samples"):
            quantise_weighted(twice, count)
    assert quantise_weighted(twice, 3).cost == 0
    with pytest.raises(StippleError, match="give at least 1"):
        quantise_weighted(twice, 0)
    same = Samples(np.ones((5, 2)), np.ones(5))
    assert quantise_weighted(same, 1).atoms.tolist() == [[1, 1]]


def test_an_atom_may_meet_its_only_sample_whatever_the_order() -> None:
    """There the curvature of the cost is below every number that has an inverse."""
    places = np.random.default_rng(0).standard_cauchy(300)
    samples = Samples(np.column_stack((places, places)), np.ones(300))
    found = quantise_weighted(samples, 60, order=6.0)
    assert np.isfinite(found.atoms).all()
