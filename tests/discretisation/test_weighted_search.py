"""Free atoms from several starts: never worse than k-means, and the best of all where few."""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.optimize import minimize

from stipple.arrays import Floats
from stipple.discretisation.costly_start import draw_costly
from stipple.discretisation.discretise import edot
from stipple.discretisation.exchanges import exchange
from stipple.discretisation.single_moves import move_singly
from stipple.discretisation.weighted_cells import CellProblem
from stipple.discretisation.weighted_search import search_weighted
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Sphere
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples

ONE = Workers(1)


def weigh(points: Floats) -> Samples:
    return Samples(points, np.ones(len(points)))


def partition(size: int, cells: int) -> Iterator[list[int]]:
    """Every way to put so many samples into so many cells, none empty."""

    def grow(labels: list[int], used: int) -> Iterator[list[int]]:
        left = size - len(labels)
        if left == 0:
            if used == cells:
                yield labels
        elif used + left >= cells:
            for label in range(min(used + 1, cells)):
                yield from grow([*labels, label], max(used, label + 1))

    yield from grow([], 0)


def find_best(samples: Samples, cells: int) -> float:
    best = np.inf
    for labels in partition(len(samples), cells):
        cost = 0.0
        for cell in range(cells):
            inside = np.equal(labels, cell)
            points, masses = samples.points[inside], samples.masses[inside]
            cost += masses @ ((points - np.average(points, axis=0, weights=masses)) ** 2).sum(1)
        best = min(best, cost)
    return best


@pytest.mark.parametrize("seed", range(4))
def test_eight_samples_are_discretised_best(seed: int) -> None:
    random = np.random.default_rng(seed)
    samples = Samples(random.normal(size=(8, 2 + seed % 2)), random.random(8) + 0.1)
    for cells in (2, 3, 4):
        found, _ = search_weighted(samples, cells, workers=ONE)
        assert found.cost == pytest.approx(find_best(samples, cells), rel=1e-9)


def judge(points: Floats, cells: int, seed: int) -> float:
    """W2² over that of KMeans, the best of ten."""
    cluster = pytest.importorskip("sklearn.cluster")
    found, _ = search_weighted(weigh(points), cells, seed=seed, workers=ONE)
    theirs = cluster.KMeans(cells, n_init=10, random_state=seed).fit(points).inertia_
    return float(found.cost / (theirs / len(points)))


def draw_blobs(random: np.random.Generator, size: int, dimension: int, clusters: int) -> Floats:
    """As `make_blobs` of scikit-learn: normal clusters about places in a box of side 20."""
    places = random.uniform(-10, 10, (clusters, dimension))
    return places[np.arange(size) % clusters] + random.normal(size=(size, dimension))


def draw_cases(seed: int) -> Iterator[tuple[Floats, int]]:
    random = np.random.default_rng(seed)
    for dimension in (2, 5, 10, 16):
        for cells in (20, 50, 64):
            yield draw_blobs(random, 1000, dimension, cells), cells
        yield random.normal(size=(1000, dimension)), 20
        yield random.random((1000, dimension)), 20


def test_kmeans_is_no_better() -> None:
    ratios = [judge(points, cells, 1) for points, cells in list(draw_cases(1))[::4]]
    assert max(ratios) < 1.02
    assert np.median(ratios) < 1 + 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_kmeans_is_never_better(seed: int) -> None:
    ratios = [judge(points, cells, seed) for points, cells in draw_cases(seed)]
    assert max(ratios) < 1.02
    assert np.median(ratios) < 1 + 1e-9


def test_two_atoms_share_the_octahedron() -> None:
    """Opposite faces; corners are saddles, where equally near samples pull both ways."""
    corners = np.concatenate((np.eye(3), -np.eye(3)))
    result = edot(corners, 2, metric="sphere")
    assert result.cost.middle == pytest.approx(np.arccos(3**-0.5) ** 2, rel=1e-6)
    assert result.optimum == "local"


def test_atoms_go_where_they_save_most() -> None:
    """All but one on one cluster of four: exchanges bring one to each of the others."""
    corners = 100 * np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    random = np.random.default_rng(0)
    points = np.concatenate([corner + random.normal(size=(50, 2)) for corner in corners])
    problem = CellProblem(weigh(points), 2.0, Euclidean(), ONE)
    start = np.concatenate((points[:3], points[50:51]))
    assert exchange(problem, start).cost < 3 < 100 < problem.evaluate(start).cost


def test_single_samples_leave_cells_of_nearest_atoms() -> None:
    """On a line 0, 3, 5 | 8.9: 5 is nearest to its own atom, but costs less beside 8.9."""
    points = np.array([[0.0], [3], [5], [8.9]])
    problem = CellProblem(weigh(points), 2.0, Euclidean(), ONE)
    lloyd = np.array([[8 / 3], [8.9]])
    atoms = move_singly(problem, lloyd)
    assert problem.evaluate(atoms).cost < problem.evaluate(lloyd).cost
    np.testing.assert_allclose(np.sort(atoms[:, 0]), [1.5, 6.95])


@pytest.mark.parametrize("arcs", [False, True])
def test_costly_starts_reach_every_cluster(arcs: bool) -> None:
    random = np.random.default_rng(2)
    corners = np.eye(6)
    points = np.concatenate([corner + 1e-3 * random.normal(size=(20, 6)) for corner in corners])
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    for order in (1.0, 2.0, 3.0):
        chosen = draw_costly(points, np.full(120, 1 / 120), 6, order, random, arcs=arcs)
        assert sorted(chosen.argmax(axis=1)) == list(range(6))


def test_starts_are_what_was_asked_for() -> None:
    samples = weigh(np.random.default_rng(1).normal(size=(300, 2)))
    _, starts = search_weighted(samples, 10, restarts=5, workers=ONE)
    assert starts == 5
    places = samples.points[:10]
    unmoved, starts = search_weighted(samples, 10, start=places, iterations=0, workers=ONE)
    np.testing.assert_array_equal(unmoved.atoms, places)
    assert starts == 1
    drawn = [
        search_weighted(samples, 10, start=kind, restarts=1, iterations=0, workers=ONE)[0].cost
        for kind in ("density", "kmeans++", "auto")
    ]
    assert drawn[1] == drawn[2] != drawn[0]


def test_very_many_samples_are_thinned_for_the_race(monkeypatch: pytest.MonkeyPatch) -> None:
    from stipple.discretisation import weighted_search

    points = draw_blobs(np.random.default_rng(0), 6000, 2, 12)
    plain, _ = search_weighted(weigh(points), 12, workers=ONE)
    monkeypatch.setattr(weighted_search, "RACE_ENTRIES", 5000)
    thinned, _ = search_weighted(weigh(points), 12, workers=ONE)
    assert thinned.cost == pytest.approx(plain.cost, rel=0.02)
    assert len(thinned.weights) == 12


def test_the_result_does_not_depend_on_threads() -> None:
    samples = weigh(np.random.default_rng(3).normal(size=(5000, 2)))
    one, three = (search_weighted(samples, 30, workers=Workers(n))[0] for n in (1, 3))
    np.testing.assert_array_equal(one.atoms, three.atoms)


def test_starts_that_make_no_sense() -> None:
    points = np.random.default_rng(4).random((30, 2))
    for how, said in (
        ({"start": points[:3]}, "give 4 finite points of 2"),
        ({"start": np.full((4, 2), np.nan)}, "finite"),
        ({"start": "best"}, "kmeans"),
        ({"restarts": 0}, "at least 1"),
        ({"start": points[:4], "restarts": 2}, "number of restarts"),
        ({"start": points[:4], "weights": "equal"}, "free weights"),
        ({"restarts": 2, "objective": "full"}, "free weights"),
        ({"start": 2 * np.eye(2)[[0, 1, 0, 1]], "metric": "sphere"}, "has length"),
    ):
        source = points / np.linalg.norm(points, axis=1, keepdims=True)
        with pytest.raises(StippleError, match=said):
            edot(source, 4, **how)


def test_a_start_on_the_sphere_stays_there() -> None:
    random = np.random.default_rng(5)
    points = random.normal(size=(60, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    found, _ = search_weighted(weigh(points), 7, metric=Sphere(), workers=ONE)
    np.testing.assert_allclose(np.linalg.norm(found.atoms, axis=1), 1, rtol=1e-12)


def test_eight_samples_are_discretised_best_for_order_3() -> None:
    """Of all ways to part them in two, with the best atom of each part by SciPy."""
    points = np.random.default_rng(2).normal(size=(8, 2))

    def measure(part: Floats) -> float:
        def sum_up(atom: Floats) -> float:
            return float((np.linalg.norm(part - atom, axis=1) ** 3).sum())

        return 0.0 if len(part) < 2 else float(minimize(sum_up, part.mean(axis=0)).fun)

    parts = (np.array([number >> i & 1 for i in range(8)], bool) for number in range(1, 128))
    least = min(measure(points[part]) + measure(points[~part]) for part in parts)
    found = edot(points, 2, p=3, threads=1)
    assert 8 * found.cost.upper == pytest.approx(least, rel=1e-4)
