"""Rounded numbers and powers against exact fractions and whole-number roots."""

import math
from fractions import Fraction

import numpy as np
import pytest

from stipple.machine.rounding import (
    enclose_power,
    raise_power,
    raise_squares,
    round_down,
    round_up,
    scale_exactly,
    take_root,
)


@pytest.mark.parametrize("value", [0.1, 1.0, 3.5e-300, 7.0, -0.1, 0.0])
def test_numbers_that_are_doubles_stay(value: float) -> None:
    assert round_down(Fraction(value)) == value
    assert round_up(Fraction(value)) == value


@pytest.mark.parametrize(
    "value", [Fraction(1, 3), Fraction(2, 3), Fraction(1, 10), Fraction(-1, 3)]
)
def test_other_numbers_lie_between_neighbours(value: Fraction) -> None:
    low, high = round_down(value), round_up(value)
    assert Fraction(low) < value < Fraction(high)
    assert math.nextafter(low, math.inf) == high


def test_whole_numbers_are_scaled_exactly() -> None:
    assert scale_exactly(3, 5) == 96
    assert scale_exactly(3, 0) == 3
    assert scale_exactly(-3, -5) == Fraction(-3, 32)


@pytest.mark.parametrize(
    "base", [Fraction(2), Fraction(1, 3), Fraction(10**30 + 1), Fraction(3, 7**60)]
)
@pytest.mark.parametrize("exponent", [0.5, 1.5, 2.75, 1.0, 3.0])
def test_powers_lie_strictly_between_near_fractions(base: Fraction | int, exponent: float) -> None:
    """An exponent of k/4: the fourth power of each side is compared with base^k."""
    base = Fraction(base)
    below, above = enclose_power(base, exponent)
    exact = base ** int(4 * exponent)
    if exponent % 1:
        assert below**4 < exact < above**4
        assert above - below <= below / 2**100
    else:
        assert below == above == base ** int(exponent)


@pytest.mark.parametrize("down", [True, False])
@pytest.mark.parametrize("order", [1, 2, 2.5])
def test_roots_and_powers_err_to_the_side_asked_for(order: float, down: bool) -> None:
    for number in (0.3, 2.0, 1e-40, 1e40):
        value = Fraction(number) * Fraction(10, 9)
        root, power = take_root(value, order, down=down), raise_power(number, order, down=down)
        exact = Fraction(number) ** int(2 * order)
        if down:
            assert Fraction(root) ** int(2 * order) <= value**2
            assert Fraction(power) ** 2 <= exact
        else:
            assert Fraction(root) ** int(2 * order) >= value**2
            assert Fraction(power) ** 2 >= exact
        assert root == pytest.approx(float(value) ** (1 / order), rel=1e-14)
        assert power == pytest.approx(number**order, rel=1e-14)
    assert take_root(0, order, down=down) == 0


@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 3.0, 4.75])
def test_powers_of_squares_are_within_their_error(order: float) -> None:
    squares = np.random.default_rng(0).integers(0, 10**6, (40, 30)).astype(float)
    powers, error = raise_squares(squares, order)
    assert powers.shape == squares.shape
    for square, power in zip(squares.ravel().tolist(), powers.ravel().tolist(), strict=True):
        low, high = enclose_power(Fraction(square), order / 2)
        assert low * (1 - Fraction(error)) <= Fraction(power) <= high * (1 + Fraction(error))
    assert error <= 1e-14
