"""The estimator for scikit-learn: its contract, beside KMeans, and streams."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from command import ROOT

pytest.importorskip("sklearn", reason="scikit-learn is an extra that is not installed")

from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import stipple
from stipple.discretisation import bounded, stream
from stipple.errors import StippleError
from stipple.sklearn import Quantizer

STREAM_CHECKS = (
    "check_estimators_partial_fit_n_features",
    "check_fit_score_takes_y",
    "check_n_features_in_after_fitting",
)


def expect_failures(estimator: Quantizer) -> dict[str, str]:
    """Checks that feed parts of a stream, which capacities refuse."""
    return {} if estimator.capacity is None else dict.fromkeys(STREAM_CHECKS, "asks for a stream")


# As KMeans warns: checks give fewer different samples than the default of eight points.
@pytest.mark.filterwarnings("ignore:There are only:sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([Quantizer()])
def test_the_contract_of_scikit_learn(estimator, check) -> None:
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:There are only:sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        Quantizer(weights="equal"),
        Quantizer(p=1.5, n_init=2),
        Quantizer(capacity=(0, 1)),
    ],
    expected_failed_checks=expect_failures,
)
def test_the_contract_holds_for_other_parameters(estimator, check) -> None:
    check(estimator)


@pytest.mark.parametrize("dimension", [2, 5])
def test_kmeans_is_no_better(dimension: int) -> None:
    points, _ = make_blobs(600, dimension, centers=20, random_state=1)
    weights = np.random.default_rng(0).integers(1, 5, 600)
    found = Quantizer(20, random_state=0).fit(points, sample_weight=weights)
    theirs = KMeans(20, n_init=10, random_state=0).fit(points, sample_weight=weights)
    assert found.inertia_ <= 1.001 * theirs.inertia_
    assert found.score(points, sample_weight=weights) == pytest.approx(-found.inertia_)
    masses = np.bincount(found.labels_, weights, 20) / weights.sum()
    np.testing.assert_allclose(found.weights_, masses, rtol=1e-12)
    np.testing.assert_array_equal(found.predict(points), found.labels_)
    nearest = np.linalg.norm(points[:, None] - found.cluster_centers_, axis=2)
    np.testing.assert_allclose(found.transform(points), nearest, atol=1e-6)


def test_equal_weights_are_equal() -> None:
    points, _ = make_blobs(300, 2, centers=3, random_state=1)
    found = Quantizer(6, weights="equal", random_state=0).fit(points)
    np.testing.assert_allclose(found.weights_, 1 / 6)
    assert found.inertia_ >= Quantizer(6, random_state=0).fit(points).inertia_


@pytest.mark.parametrize("capacity", [(0.25, 0.4), (0, 0.38)])
def test_capacities_are_those_of_the_best_division(capacity: tuple[float, float]) -> None:
    """Of all 3^8 ways to give eight samples to three points."""
    points = np.random.default_rng(1).normal(size=(8, 2))
    costs = []
    for labels in itertools.product(range(3), repeat=8):
        masses = np.bincount(labels, minlength=3) / 8
        if capacity[0] <= masses.min() <= masses.max() <= capacity[1]:
            parts = [points[np.equal(labels, j)] for j in range(3)]
            costs.append(sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts))
    found = Quantizer(3, capacity=capacity, random_state=0).fit(points)
    assert found.inertia_ == pytest.approx(min(costs), rel=1e-12)
    masses = np.bincount(found.labels_, minlength=3) / 8
    np.testing.assert_allclose(found.weights_, masses, rtol=1e-15)
    assert capacity[0] <= masses.min() <= masses.max() <= capacity[1]


@pytest.mark.parametrize(
    "how", [{"capacity": (0.14, 0.2)}, {"weights": [1, 2, 3, 1, 2, 3]}, {"weights": "equal"}]
)
def test_labels_are_the_plan_of_least_cost(how: dict[str, object]) -> None:
    """SciPy gives samples to places, as many at each point as it has samples."""
    points, _ = make_blobs(120, 2, centers=4, random_state=3)
    found = Quantizer(6, random_state=0, **how).fit(points)
    places = np.repeat(found.cluster_centers_, np.bincount(found.labels_, minlength=6), axis=0)
    costs = ((points[:, None] - places) ** 2).sum(axis=2)
    assert found.inertia_ == pytest.approx(costs[linear_sum_assignment(costs)].sum(), rel=1e-9)
    masses = np.bincount(found.labels_, minlength=6) / 120
    np.testing.assert_allclose(found.weights_, masses, rtol=1e-12)
    plain = stipple.edot(points, 6, **how)
    assert found.inertia_ <= 120 * plain.cost.upper * (1 + 1e-9)
    if "capacity" in how:
        assert 0.14 - 1e-9 <= found.weights_.min() <= found.weights_.max() <= 0.2 + 1e-9
    # By itself, a sample goes to the nearest point.
    nearest = np.linalg.norm(points[:, None] - found.cluster_centers_, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(found.predict(points), nearest)
    assert (nearest != found.labels_).any()


def test_labels_of_very_many_equal_weights_are_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST_ATOMS", 3)
    points, _ = make_blobs(40, 2, centers=4, random_state=3)
    found = Quantizer(4, weights="equal", max_iter=1, random_state=0).fit(points)
    np.testing.assert_array_equal(found.labels_, found.predict(points))


def test_samples_that_are_split_count_where_most_of_them_goes() -> None:
    found = Quantizer(2, weights=[3, 2], p=1).fit([[0.0], [1], [9]], sample_weight=[2, 1, 0])
    one, two = np.argsort(-found.weights_)
    assert found.labels_.tolist()[:2] == [one, two]
    # What has no mass goes to the nearest point.
    assert found.labels_[2] == found.cluster_centers_[:, 0].argmax()


@pytest.mark.parametrize("scale", [1e-200, 1e150])
def test_capacities_hold_on_any_scale(scale: float) -> None:
    points = scale * np.random.default_rng(0).normal(size=(100, 2))
    found = Quantizer(5, capacity=(0.18, 0.22), random_state=0).fit(points)
    counts = np.bincount(found.labels_, minlength=5)
    assert 18 <= counts.min() <= counts.max() <= 22


def test_the_order_of_samples_does_not_matter() -> None:
    points = np.random.default_rng(5).normal(size=(60, 3))
    one, other = (Quantizer(4, weights="equal", random_state=0).fit(points[::k]) for k in (1, -1))
    np.testing.assert_array_equal(one.cluster_centers_, other.cluster_centers_)
    np.testing.assert_array_equal(one.labels_, other.labels_[::-1])


def test_other_orders_are_judged_by_their_own_costs() -> None:
    found = Quantizer(1, p=1).fit([[0.0], [1], [5]])
    assert (found.cluster_centers_[0, 0], found.inertia_) == (1, 5)


def test_a_step_of_a_pipeline() -> None:
    points, _ = make_blobs(200, 3, centers=4, random_state=0)
    chain = make_pipeline(StandardScaler(), Quantizer(4, random_state=0))
    assert chain.fit_transform(points).shape == (200, 4)
    assert chain.get_feature_names_out().tolist() == [f"quantizer{j}" for j in range(4)]
    assert len(set(chain.predict(points))) == 4


def test_the_state_of_random_choices() -> None:
    points = np.random.default_rng(0).normal(size=(200, 2))
    one, same, other = (
        Quantizer(9, random_state=state, n_init=1, max_iter=1).fit(points).cluster_centers_
        for state in (1, np.random.RandomState(1), 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_few_parts_of_a_stream_are_what_fit_gets() -> None:
    points, _ = make_blobs(500, 2, centers=6, random_state=0)
    whole = Quantizer(6, random_state=0).fit(points)
    parts = Quantizer(6, random_state=0)
    for part in np.array_split(points, 7):
        parts.partial_fit(part)
    np.testing.assert_allclose(parts.cluster_centers_, whole.cluster_centers_)
    assert parts.inertia_ == pytest.approx(whole.inertia_)
    assert not hasattr(parts, "labels_")
    parts.partial_fit(points[:1] + 1e3, sample_weight=[200])
    assert parts.cluster_centers_.max() > 900
    assert parts.fit(points).labels_.shape == (500,)


def test_a_stream_is_thinned_and_rare_clusters_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 60,000 samples 2,000 are kept; twenty of them are far from all others."""
    monkeypatch.setattr(stream, "KEPT", 2000)
    monkeypatch.setattr(stream, "KEPT_PER_ATOM", 1)
    random = np.random.default_rng(0)
    points = random.normal(size=(60_000, 3))
    points[30_000:30_020] += 100
    weights = random.integers(1, 4, 60_000)
    found = Quantizer(4, random_state=0)
    for rows in np.array_split(np.arange(60_000), 13):
        found.partial_fit(points[rows], sample_weight=weights[rows])
    assert len(found._stream.read()) == 2000
    batch = Quantizer(4, random_state=0).fit(points, sample_weight=weights)
    cost = -found.score(points, sample_weight=weights)
    assert cost == pytest.approx(batch.inertia_, rel=0.01)
    assert found.inertia_ == pytest.approx(cost, rel=0.05)
    # Each of the far ones is kept, with the mass that it came with.
    kept = found._stream.read()
    far = kept.points[:, 0] > 50
    assert kept.given[far].sum() == pytest.approx(weights[30_000:30_020].sum(), rel=0.05)


def test_a_stream_in_order_costs_what_a_batch_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first samples are all in one corner, and clusters come one after the other."""
    monkeypatch.setattr(stream, "KEPT", 4000)
    monkeypatch.setattr(stream, "KEPT_PER_ATOM", 1)
    blobs, kinds = make_blobs(60_000, 2, centers=12, random_state=1)
    ascending = np.sort(np.random.default_rng(0).normal(size=(60_000, 2)), axis=0)
    for points in (blobs[np.argsort(kinds, kind="stable")], ascending):
        batch = Quantizer(12, random_state=0).fit(points)
        found = Quantizer(12, random_state=0)
        for part in np.array_split(points, 30):
            found.partial_fit(part)
        assert -found.score(points) <= 1.02 * batch.inertia_


def test_first_samples_of_a_stream_need_not_be_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """All at one place at first, then many very far off, and twenty between."""
    monkeypatch.setattr(stream, "KEPT", 2000)
    monkeypatch.setattr(stream, "KEPT_PER_ATOM", 1)
    random = np.random.default_rng(0)
    points = random.normal(size=(100_000, 2))
    points[:4_000] = 0
    points[20_000:25_000] += 1000
    points[random.choice(np.arange(30_000, 100_000), 20, replace=False)] += [-60, 0]
    batch = Quantizer(4, random_state=0).fit(points)
    found = Quantizer(4, random_state=0)
    for part in np.array_split(points, 50):
        found.partial_fit(part)
    assert -found.score(points) <= 1.02 * batch.inertia_


@pytest.mark.slow
@pytest.mark.parametrize(("dimension", "kind"), [(2, "blobs"), (2, "even"), (8, "blobs")])
def test_a_stream_of_a_million_costs_what_a_batch_does(dimension: int, kind: str) -> None:
    random = np.random.default_rng(0)
    if kind == "blobs":
        points, _ = make_blobs(10**6, dimension, centers=20, random_state=2)
    else:
        points = random.random((10**6, dimension))
    batch = Quantizer(20, random_state=0).fit(points)
    found = Quantizer(20, random_state=0)
    for part in np.array_split(points, 40):
        found.partial_fit(part)
    assert -found.score(points) <= 1.01 * batch.inertia_


@pytest.mark.slow
def test_memory_of_a_stream_is_flat() -> None:
    program = (
        "import resource, numpy as np; from stipple.sklearn import Quantizer\n"
        "found, random = Quantizer(20, random_state=0), np.random.default_rng(0)\n"
        "for k in range(100):\n"
        "    found.partial_fit(random.normal(size=(100_000, 2)))\n"
        "    if k in (9, 99): print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    first, last = map(int, done.stdout.split())
    assert last < first + 20_000  # KiB


def test_what_makes_no_sense_is_told() -> None:
    points = np.random.default_rng(0).normal(size=(30, 2))
    for how, said in (
        ({"n_clusters": 31}, "31 atoms"),
        ({"n_clusters": 2.5}, "whole number"),
        ({"weights": "even"}, "weights"),
        ({"p": 0.5}, "order p"),
        ({"n_init": 0}, "number of starts"),
        ({"weights": [1, 2]}, "2 weights were given for n_clusters=8: give one for each point."),
        ({"weights": [1, 0], "n_clusters": 2}, "Weight 2 of 2 is 0"),
        ({"weights": "equal", "capacity": (0, 1)}, "Capacities are for free weights"),
        ({"capacity": 0.5}, "give the least and the most share"),
        ({"capacity": (0, 0.1)}, "No 8 atoms of 0 to 3 samples each hold 30 in all"),
    ):
        with pytest.raises(StippleError, match=said):
            Quantizer(**how).fit(points)
    with pytest.raises(StippleError, match="negative"):
        Quantizer(2).fit(points, sample_weight=-np.ones(30))
    with pytest.raises(StippleError, match="samples come in parts: give all of them to fit"):
        Quantizer(2, capacity=(0, 1)).partial_fit(points)


def test_without_scikit_learn_a_sentence_says_which_extra() -> None:
    program = "import sys; sys.modules['sklearn'] = None; import stipple.sklearn"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert "stipple.sklearn needs scikit-learn" in done.stderr
    assert "stipple-ot[sklearn]" in done.stderr


def test_nothing_else_imports_scikit_learn() -> None:
    program = (
        "import sys, stipple; stipple.edot([[0.0], [1], [5]], 2); print('sklearn' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "False\n"


def test_two_samples_at_one_place_count_as_two() -> None:
    points = np.repeat(np.random.default_rng(3).normal(size=(4, 2)), 2, axis=0)
    found = Quantizer(3, capacity=(0.25, 0.375), random_state=0).fit(points)
    assert sorted(np.bincount(found.labels_)) == [2, 3, 3]
    assert found.inertia_ == pytest.approx(
        8 * stipple.edot(points, 3, capacity=(0.25, 0.375)).cost.middle
    )
