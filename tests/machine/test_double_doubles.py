"""Pairs of doubles against exact fractions."""

from fractions import Fraction

import numpy as np

from stipple.machine.double_doubles import (
    PAIR_ERROR,
    add,
    add_pairs,
    multiply_pair,
    multiply_pairs,
    multiply_values,
    sum_groups,
    sum_values,
)


def draw_pairs(seed: int, count: int = 200) -> list[tuple[float, float]]:
    generator = np.random.default_rng(seed)
    highs = 10 ** generator.uniform(-5, 5, count)
    lows = highs * 2.0**-54 * generator.uniform(-1, 1, count)
    return [*zip(highs.tolist(), lows.tolist(), strict=True)]


def check(found: tuple[float, float], exact: Fraction) -> None:
    assert abs(Fraction(found[0]) + Fraction(found[1]) - exact) <= Fraction(PAIR_ERROR) * abs(exact)


def test_operations_lose_no_more_than_they_say() -> None:
    for (a, b), (c, d) in zip(draw_pairs(0), draw_pairs(1), strict=True):
        first, second = Fraction(a) + Fraction(b), Fraction(c) + Fraction(d)
        total, error = add(a, c)
        assert Fraction(total) + Fraction(error) == Fraction(a) + Fraction(c)
        check(add_pairs(a, b, c, d), first + second)
        check(multiply_pair(a, b, c), first * Fraction(c))
        check(multiply_pairs(a, b, c, d), first * second)


def test_sums_of_many_are_exact_to_pairs() -> None:
    values = 10 ** np.random.default_rng(2).uniform(-8, 8, 1000)
    exact = sum(map(Fraction, values.tolist()))
    high, low = sum_values(values)
    assert abs(Fraction(high) + Fraction(low) - exact) <= exact / 2**90


def test_products_and_groups_go_to_their_places() -> None:
    values = np.random.default_rng(3).random(60)
    highs, lows = multiply_values(values, 1 / 3, 1 / 3 * 2.0**-54)
    groups = np.arange(60) % 7
    sums, rests = sum_groups(groups, highs, lows, 7)
    factor = Fraction(1 / 3) + Fraction(1 / 3 * 2.0**-54)
    for group in range(7):
        exact = factor * sum(map(Fraction, values[groups == group].tolist()))
        found = Fraction(float(sums[group])) + Fraction(float(rests[group]))
        assert abs(found - exact) <= exact / 2**95
