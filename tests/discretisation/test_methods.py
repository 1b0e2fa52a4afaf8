"""What reaches the solvers, which of several results is kept, and scales beyond the usual."""

from types import SimpleNamespace

import numpy as np
import pytest

from stipple.discretisation import methods, weighted_search
from stipple.discretisation.barycentre import average, mix_measures
from stipple.discretisation.discretise import discretise, edot
from stipple.discretisation.entropic import simple
from stipple.discretisation.methods import find_atoms
from stipple.discretisation.scale import choose_exponent, shrink_measure
from stipple.discretisation.settings import Settings
from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples

RANDOM = np.random.default_rng(2)
CLOUD = Samples(RANDOM.random((60, 2)), RANDOM.random(60) + 0.1)
PIXELS = Measure.from_domain(Domain.from_image(Density(1 + RANDOM.random((6, 8)))))


def test_starts_and_limits_reach_the_search(monkeypatch):
    asked = []

    def search(_samples, n, *, seed, workers, iterations, start, restarts, **_):
        asked.append((seed, workers, iterations, start, restarts))
        one = np.full((n, 2), 8.0), np.ones(n) / n
        return SimpleNamespace(
            atoms=one[0], weights=one[1], history=[], iterations=1, converged=True
        ), 4

    monkeypatch.setattr(weighted_search, "search_weighted", search)
    monkeypatch.setattr(methods, "Workers", lambda threads: threads)
    measure = Measure.from_samples(CLOUD)
    settings = Settings(seed=7, threads=2, steps=5, start="density", restarts=4)
    found = find_atoms(measure, 2, settings, None, None)
    assert asked == [(7, 2, 5, "density", 4)]
    assert (found.atoms == 8).all()
    assert found.algorithm == "L-BFGS, the best of 4 starts"


@pytest.mark.parametrize("order", [1.0, 2.0])
def test_even_atoms_quantise_the_density_of_the_best_ones(monkeypatch, order):
    seen = []

    def quantise(density, n, _settings):
        seen.append((density.values, n))
        return SimpleNamespace(transport=SimpleNamespace(points=np.ones((n, 2))))

    monkeypatch.setattr(methods, "_quantise_pixels", quantise)
    methods._place_evenly(PIXELS, 12, Settings(order=order))
    ((values, n),) = seen
    np.testing.assert_allclose(values, PIXELS.domain.density.values ** (2 / (2 + order)))
    assert n == 12
    # Four pixels for each atom are enough, less are not.
    assert methods._place_evenly(PIXELS, 13, Settings()) is None


def test_power_cells_tell_their_objective_and_when_they_did_not_settle():
    told = []
    result = edot(
        PIXELS, 5, weights="equal", steps=1, on_step=lambda _step, value: told.append(value)
    )
    assert result.algorithm == "power cells"
    assert not result.converged
    assert told == result.history.tolist()
    # W2² of squares is that of their centres, and a sixth of a square pixel.
    assert result.history[-1] == pytest.approx(result.cost.middle, abs=(1 / 8) ** 2 / 3)
    assert edot(PIXELS, 1, weights="equal").converged


def test_starts_of_the_descent(monkeypatch):
    asked = []

    def solve(targets, n, *_words, **settings):
        asked.append((n, settings["starts"], len(targets[0].samples), settings["seed"]))
        raise KeyboardInterrupt

    monkeypatch.setattr(simple, "discretise_simple", solve)
    monkeypatch.setattr(methods, "DESCENT_ENTRIES", 1000)
    for n in (20, 21):
        with pytest.raises(KeyboardInterrupt):
            edot(CLOUD, n, objective="full", seed=3)
    assert asked == [(20, 4, 50, 3), (21, 1, 47, 3)]


def test_auto_divides_from_fifty_atoms_on():
    for n, algorithm, zeta in ((49, "simple", 1e-2), (50, "adaptive", 1e-4)):
        settled = Settings(objective="full").choose_algorithm(n)
        assert (settled.algorithm, settled.zeta) == (algorithm, zeta)
    assert Settings().choose_algorithm(50).algorithm == "simple"
    assert Settings(objective="full", zeta=0.5).choose_algorithm(50).zeta == 0.5


@pytest.mark.parametrize("exponent", [400, -400])
def test_scales_beyond_the_usual_change_units_only(exponent):
    points = np.random.default_rng(1).random((40, 2))
    plain = discretise(Measure.from_samples(Samples(points, np.ones(40))), 3, Settings())
    huge = Measure.from_samples(Samples(np.ldexp(points, exponent), np.ones(40)))
    scale = choose_exponent([huge.samples], Settings())
    assert abs(scale - exponent) <= 1
    assert shrink_measure(huge, scale).diameter == np.ldexp(
        Measure.from_samples(Samples(points, np.ones(40))).diameter, exponent - scale
    )
    found = discretise(huge, 3, Settings())
    np.testing.assert_allclose(np.ldexp(found.atoms, -exponent), plain.atoms, rtol=1e-6)
    np.testing.assert_allclose(np.ldexp(found.history, -2 * exponent), plain.history, rtol=1e-6)
    assert np.ldexp(found.zeta, -2 * exponent) == pytest.approx(plain.zeta)


def test_a_mixture_holds_the_shares_and_the_boxes():
    first = Measure(Samples(np.zeros((1, 2)), np.ones(1)), np.array([-1, 0]), np.array([1, 2]), 4.0)
    points = np.array([[3.0, 1.0], [2.0, 5.0]])
    second = Measure(Samples(points, np.ones(2)), np.array([2, -3]), np.array([3, 5]), 6.0)
    mixture = mix_measures([first, second], np.array([1.0, 3.0]))
    assert mixture.samples.masses.tolist() == [0.25, 0.375, 0.375]
    assert (mixture.lower.tolist(), mixture.upper.tolist()) == ([-1, -3], [3, 5])
    assert mixture.ink == 5


def test_many_atoms_of_a_barycentre_are_found_at_once(monkeypatch):
    asked = []

    def stop(_targets, shares, n, settings, zeta, _on_step):
        asked.append((shares.tolist(), n, settings.algorithm, settings.zeta, zeta))
        raise KeyboardInterrupt

    monkeypatch.setattr("stipple.discretisation.barycentre.descend", stop)
    square = Measure.from_samples(Samples(np.array([[0.0, 0.0], [3.0, 4.0]]), np.ones(2)))
    with pytest.raises(KeyboardInterrupt):
        average([square, square], np.array([1.0, 3.0]), 60, Settings(objective="full"))
    assert asked == [([0.25, 0.75], 60, "simple", 0.01, pytest.approx(0.25))]


def test_equal_weights_serve_clusters_far_apart_as_well_as_each_alone():
    """ζ comes down to the scale of the clusters, not to that of what is between them."""
    random = np.random.default_rng(8)
    clusters = [
        1e4 * random.normal(size=2) + random.normal(size=(30 * share, 2)) for share in (1, 2, 3)
    ]
    together = edot(np.concatenate(clusters), 12, weights="equal")
    alone = [edot(one, len(one) // 15, weights="equal").cost.middle for one in clusters]
    assert together.cost.middle < 1.03 * np.average(alone, weights=[1, 2, 3])
