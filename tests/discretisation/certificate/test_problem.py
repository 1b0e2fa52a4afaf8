"""Ends of certified intervals in other units, and exact costs, against rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from stipple.discretisation.certificate.certify import certify_discrete
from stipple.discretisation.certificate.exact import find_exact_cost
from stipple.discretisation.certificate.problem import expand_interval
from stipple.errors import StippleError
from stipple.interval import Interval
from stipple.measures.samples import Samples


@pytest.mark.parametrize("exponent", [-1060, -1030, -700, 0, 3, 701])
def test_ends_are_rounded_outwards_at_every_scale(exponent: int) -> None:
    for value in (1 / 3, 0.7, 1.0, 1.9):
        found = expand_interval(Interval(value, value), exponent, 1.0)
        exact = Fraction(value) * Fraction(2) ** exponent
        assert Fraction(found.lower) <= exact <= Fraction(found.upper)
        if exponent > -1000:
            assert found.lower == found.upper


@pytest.mark.parametrize("exponent", [-333, -1, 1, 333])
def test_powers_that_are_not_whole_have_room_on_both_sides(exponent: int) -> None:
    found = expand_interval(Interval(0.7, 0.7), exponent, 1.5)
    square = Fraction(0.7) ** 2 * Fraction(2) ** (3 * exponent)
    assert Fraction(found.lower) ** 2 < square < Fraction(found.upper) ** 2
    assert found.upper <= found.lower * (1 + 1e-11)


def test_what_is_beyond_numbers_is_refused() -> None:
    with pytest.raises(StippleError, match="beyond the range"):
        expand_interval(Interval(0.0, 1.0), 1024, 1.0)


def test_odd_powers_of_distances_in_the_plane_are_not_rational() -> None:
    """Two samples at distance √2 and √8 from the atom: (2^{3/2} + 8^{3/2})/2 = 9·√2."""
    samples = Samples(np.array([[1.0, 1.0], [2.0, 2.0]]), np.ones(2))
    atoms, weights = np.zeros((1, 2)), np.ones(1)
    assert find_exact_cost(samples, atoms, weights, 3.0) is None
    found = certify_discrete(samples, atoms, weights, order=3.0)
    assert Fraction(found.lower) ** 2 < 162 < Fraction(found.upper) ** 2
    assert found.upper <= found.lower * (1 + 1e-12)
    even = find_exact_cost(samples, atoms, weights, 4.0)
    assert even == Interval(34.0, 34.0)


def test_potentials_of_atoms_without_weight_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stipple.discretisation.certificate.certify.LARGEST_WHOLE_PROGRAM", 0)
    points = np.random.default_rng(0).random((50, 2))
    samples, weights = Samples(points, np.ones(50)), np.array([0.3, 0.0, 0.7])
    atoms = np.array([[0.2, 0.5], [0.5, 0.5], [0.8, 0.5]])
    whole = certify_discrete(samples, atoms[[0, 2]], weights[[0, 2]])
    found = certify_discrete(samples, atoms, weights, np.array([0.0, 9.0, 0.1]))
    assert whole.lower == pytest.approx(found.lower, rel=1e-3)
    assert found.lower <= whole.upper
    assert whole.lower <= found.upper <= found.lower * 1.001


def test_a_sample_that_two_atoms_share() -> None:
    """Of thirds at 0, 1 and 4 for halves at 0 and 4, the second is shared: (1 + 9)/6."""
    points = np.array([[0.0, 0.0], [1.0, 0.0], [4.0, 0.0]])
    found = certify_discrete(Samples(points, np.ones(3)), points[[0, 2]], np.full(2, 0.5))
    assert Fraction(found.lower) <= Fraction(5, 3) <= Fraction(found.upper)
    assert found.upper <= found.lower * (1 + 1e-8)


def test_mass_that_is_misplaced_by_little_pays_above() -> None:
    """A 2^−37 of the mass goes 10 to the side, and all 1 down."""
    atoms, shift = np.array([[0.0, 0.0], [10.0, 0.0]]), 2.0**-37
    samples = Samples(np.add(atoms, [0.0, 1.0]), np.ones(2))
    found = certify_discrete(samples, atoms, np.array([0.5 + shift, 0.5 - shift]))
    assert Fraction(found.lower) <= 1 + 100 * Fraction(shift) <= Fraction(found.upper)
    assert found.upper <= found.lower * (1 + 1e-9)
