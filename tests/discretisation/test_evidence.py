"""Evidence on atoms: weighted sums of intervals, regularised costs, the smallest ζ that works."""

import math
import re
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from stipple.discretisation import evidence
from stipple.discretisation.discretise import edot
from stipple.discretisation.evidence import (
    add_intervals,
    certify_cost,
    measure_diameter,
    measure_regularised,
    refer_to_zador,
)
from stipple.discretisation.naive import NaiveComparison, compare_naive
from stipple.discretisation.relation import relate_discretisations
from stipple.discretisation.settings import Settings, make_sinkhorn
from stipple.errors import StippleError
from stipple.interval import Interval
from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples

RANDOM = np.random.default_rng(4)
CLOUD = RANDOM.random((60, 2))
SAMPLES = Samples(CLOUD, RANDOM.random(60) + 0.1)
PIXELS = Measure.from_domain(Domain.from_image(Density(1 + RANDOM.random((8, 12)))))


def test_sums_of_intervals_are_rounded_outwards():
    for _ in range(50):
        ends = np.sort(RANDOM.random((3, 2)), axis=1)
        shares = RANDOM.random(3)
        shares /= shares.sum()
        exact = [
            sum(Fraction(s) * Fraction(end) for s, end in zip(shares, column, strict=True))
            / sum(map(Fraction, shares))
            for column in ends.T
        ]
        found = add_intervals([Interval(*pair) for pair in ends.tolist()], shares.tolist())
        assert Fraction(found.lower) <= exact[0]
        assert Fraction(found.upper) >= exact[1]
        assert (found.lower, found.upper) == pytest.approx(list(map(float, exact)), rel=1e-14)


def test_zador_speaks_of_squares_in_the_plane_only():
    assert refer_to_zador(PIXELS, 5, Settings()) > 0
    assert refer_to_zador(PIXELS, 5, Settings(order=3)) is None
    assert refer_to_zador(PIXELS, 5, Settings(metric="sphere")) is None
    assert refer_to_zador(Measure.from_samples(SAMPLES), 9, Settings()) is None


def test_regularised_costs_of_very_many_samples_are_of_some(monkeypatch):
    atoms, weights, settings = CLOUD[:5], np.full(5, 0.2), Settings(zeta=0.05)
    assert measure_regularised(SAMPLES, atoms, weights, settings, 1.0).samples == 60
    monkeypatch.setattr(evidence, "MOST_ENTRIES", 105)
    assert measure_regularised(SAMPLES, atoms, weights, settings, 1.0).samples == 21


def test_the_smallest_zeta_that_is_named_is_enough():
    for order in (1.0, 2.0):
        with pytest.raises(StippleError, match="too small") as said:
            edot(CLOUD, 2, objective="full", zeta=1e-17, p=order, steps=1)
        named = float(re.search(r"at least (\S+) with", str(said.value))[1])
        # Costs are at most (2·diameter)^k, of which rounding hides ε over the tolerance.
        hidden = 2**order * np.finfo(float).eps / make_sinkhorn(Settings()).reached_tolerance
        assert hidden < named < 1.2 * hidden


def test_zeta_is_scaled_by_the_diameter():
    measure = Measure.from_samples(Samples(np.array([[0.0, 0.0], [3.0, 4.0]]), np.ones(2)))
    assert measure_diameter(measure, Settings()) == 5
    assert measure_diameter(measure, Settings(metric="sphere")) == math.pi
    assert edot([[0.0, 0.0], [3.0, 4.0]], 1, p=3, zeta=0.01).zeta == pytest.approx(1.25)


def test_a_sampling_is_beaten_beyond_doubt_only():
    """Costs above the upper end count; those inside the interval do not."""
    result = SimpleNamespace(
        regularised=SimpleNamespace(sharp=2.0),
        cost=Interval(1.0, 3.0),
        atoms=np.zeros((4, 2)),
        settings=SimpleNamespace(order=2.0),
    )
    naive = NaiveComparison(9, np.array([1.0, 2.0, 3.0, 5.0]), np.array([0.5, 2.0, 3.0, 4.0]))
    assert naive.compare(result) == {
        "size": 9,
        "repeats": 4,
        "beaten_in_sharp": 0.5,
        "beaten_in_cost": 0.25,
    }
    said = "of 4 random samplings of 9 points, 50.0% in the sharp metric, 25.0% in the true W_2"
    assert said in naive.describe(result)


@pytest.mark.parametrize("masses", [np.ones(300), np.linspace(3, 0.1, 300)])
def test_many_samplings_of_a_line_are_measured_as_one_is(masses):
    """Against the certified cost, and Sinkhorn's to a finer tolerance over all samples."""
    points = np.random.default_rng(2).permutation(np.linspace(5.0, 7.0, 300))[:, None]
    measure = Measure.from_samples(Samples(points, masses))
    result = edot(measure, 4, zeta=0.01)
    for size in (1, 3, 12):
        found = compare_naive(measure, result, size, 30)
        chosen = np.random.default_rng(result.settings.seed).choice(
            300, (30, size), p=measure.samples.masses
        )
        for number in (0, 17):
            atoms = (points[chosen[number]], np.full(size, 1 / size), result.settings)
            true = certify_cost(measure.samples, *atoms)
            assert found.cost[number] == pytest.approx(true.middle, rel=1e-9)
            sharp = measure_regularised(measure.samples, *atoms, result.diameter).sharp
            assert found.sharp[number] == pytest.approx(sharp, rel=4e-3)


def test_naive_samplings_follow_the_masses_and_the_seed():
    """Nearly all mass is at the origin: samplings of one point cost what is elsewhere."""
    samples = Samples(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([999.0, 1.0]))
    measure = Measure.from_samples(samples)
    found = compare_naive(measure, edot(samples, 1), 1, 20)
    assert (found.cost < 0.01).mean() > 0.9
    pixels = [compare_naive(PIXELS, edot(PIXELS, 3, seed=seed), 4, 2).cost for seed in (1, 1, 2)]
    np.testing.assert_array_equal(pixels[0], pixels[1])
    assert (pixels[0] != pixels[2]).all()


def test_the_plan_of_two_discretisations_has_their_zeta_and_numbers():
    first, second = edot(CLOUD, 3, zeta=0.02, p=3), edot(CLOUD + 2, 2)
    related = relate_discretisations(first, second)
    apart = np.linalg.norm(first.atoms[:, None] - second.atoms, axis=2) ** 3
    assert related.transport.zeta == pytest.approx(0.02 * apart.max())
    table = related.tabulate()
    assert table["i"].tolist() == [1, 1, 2, 2, 3, 3]
    assert table["j"].tolist() == [1, 2, 1, 2, 1, 2]
    np.testing.assert_array_equal(table["x2"], first.atoms[[0, 0, 1, 1, 2, 2], 1])
    np.testing.assert_array_equal(table["y1"], second.atoms[[0, 1, 0, 1, 0, 1], 0])
    np.testing.assert_array_equal(table["mass"], related.plan.ravel())
