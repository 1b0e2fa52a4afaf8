"""The theorems in closed form, and the direction in which both sides of them are rounded."""

import math
from fractions import Fraction

import numpy as np
import pytest

from stipple.lloyd_steps.theory import (
    Separation,
    StepTheorem,
    bound_step,
    check_one_step,
    check_polyak_lojasiewicz,
    compute_constant,
)


def test_the_constant_of_the_plane():
    """2^{2d−1}/ω_{d−1}·(diam + 1)^{d+1} with d = 2 and ω_1 = 2."""
    assert compute_constant(2.0) == 8 / 2 * 3**3


def test_steps_of_the_theorem_in_closed_form():
    theorem = StepTheorem(w2_squared=0.5, count=400, epsilon=0.25, step_size=0.3)
    # ⌊ln(25)/0.6⌋ = ⌊5.36⌋
    assert theorem.steps == 5
    assert theorem.threshold == pytest.approx(0.01)
    assert theorem.holds
    assert StepTheorem(0.5, 400, 1.0, 0.3).holds
    assert not StepTheorem(0.5, 400, 0.01, 0.3).holds
    # The logarithm is negative: rounded down, not towards 0.
    assert StepTheorem(0.5, 400, 0.008, 0.3).steps == -1


def test_sides_of_the_one_step_theorem():
    separation = Separation(minimum=0.1, epsilon=0.25, part=0.75, isolated=0.75)
    found = check_one_step(0.3, separation, 8, 1.0)
    exact = 32 * (Fraction(4, 8) + Fraction(1, 4))
    assert found.left == 0.3
    assert Fraction(found.right) <= exact
    assert found.right == pytest.approx(float(exact))
    assert found.vacuous
    close = Separation(minimum=0.1, epsilon=1.0, part=1.0, isolated=1.0)
    assert not check_one_step(0.3, close, 10**6, 1.0).vacuous


@pytest.mark.parametrize("count", [8, 10**6])
def test_sides_of_the_polyak_lojasiewicz_inequality(count):
    separation = Separation(minimum=0.5, epsilon=1.0, part=1.0, isolated=1.0)
    found = check_polyak_lojasiewicz(7.0, 0.25, separation, count, 1.0)
    exact = Fraction(7, 2) - 32 / (Fraction(1, 2) * count)
    assert Fraction(found.left) >= exact
    assert found.left == pytest.approx(float(exact))
    assert found.right == 0.25
    assert found.vacuous == (count == 8)


def test_a_loss_of_half_of_the_squared_diameter_is_vacuous():
    """W2² is at most diam², so that half of it less this loss is never above 0."""
    separation = Separation(minimum=1.0, epsilon=1.0, part=1.0, isolated=1.0)
    # The loss is 32/48 = 2/3 of diam² = 1: more than half, and less than the whole.
    assert check_polyak_lojasiewicz(0.5, 0.0, separation, 48, 1.0).vacuous
    assert not check_polyak_lojasiewicz(0.5, 0.0, separation, 96, 1.0).vacuous


def test_misplaced_mass_makes_the_bounds_of_a_step_wider():
    shifts, potentials = np.array([[0.3, 0.4], [-0.3, 0.4]]), np.array([0.0, 0.2])
    right, above = bound_step(1.0, shifts, np.array([0.5, 0.5]), potentials, 2.0)
    assert right == pytest.approx(0.25)
    assert above == pytest.approx(0.75)
    lower, higher = bound_step(1.0, shifts, np.array([0.501, 0.499]), potentials, 2.0)
    assert lower == pytest.approx(0.25 - 4 * 0.001 * 2 * 0.5)
    assert higher == pytest.approx(0.75 + 0.001 * (2**2 + 0.2))
    assert math.isfinite(bound_step(1.0, shifts[:1], np.ones(1), potentials[:1], 2.0)[0])
