"""Whole numbers in halves of 60 bits, and powers without a power function: against rationals."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from stipple.bounds.exact import (
    Numbers,
    Units,
    count_units,
    dot_exactly,
    join_limbs,
    join_sum,
    pool_units,
    split_numbers,
    sum_lines,
)
from stipple.bounds.marginals import bound_from_above, bound_from_below, measure_shift
from stipple.bounds.masses import pair_masses
from stipple.machine.rounding import enclose_power, raise_squares, take_root

KINDS = ("unit", "wild", "large", "small", "subnormal")


def draw(random: np.random.Generator, kind: str) -> NDArray[np.generic]:
    shape = tuple(random.integers(1, 7, 2))
    values: NDArray[np.generic]
    if kind == "unit":
        values = random.random(shape)
    elif kind == "wild":
        values = random.random(shape) * 10.0 ** random.integers(-300, 300, shape)
    elif kind == "large":
        values = random.integers(0, 2**64 - 1, shape, dtype=np.uint64)
    elif kind == "small":
        values = random.integers(0, 5, shape)
    else:
        values = (random.random(shape) < 0.5) * 5e-324 * random.integers(1, 2**52, shape)
    values.flat[0] = 1
    return values


def count(units: Units) -> list[int]:
    halves = units.high.ravel().tolist(), units.low.ravel().tolist()
    assert all(0 <= half < 2**60 for each in halves for half in each)
    return [(high << 60) + low for high, low in zip(*halves, strict=True)]


def read(numbers: Numbers) -> list[Fraction]:
    parts = numbers.mantissas.ravel().tolist(), numbers.shifts.ravel().tolist()
    scale = Fraction(2) ** numbers.exponent
    return [scale * mantissa * 2**shift for mantissa, shift in zip(*parts, strict=True)]


@pytest.mark.parametrize("kind", KINDS)
def test_counts_of_units_are_exact(kind: str) -> None:
    random = np.random.default_rng(KINDS.index(kind))
    for trial in range(60):
        values = draw(random, kind)
        exact = [Fraction(value) for value in values.ravel().tolist()]
        numbers = split_numbers(values)
        assert read(numbers) == exact
        unit = Fraction(2) ** (numbers.exponent + numbers.spare)
        rows, columns = ([join_limbs(line) for line in side] for side in sum_lines(numbers))
        table = np.array(exact).reshape(values.shape)
        assert [row * unit for row in rows] == table.sum(axis=1).tolist()
        assert [column * unit for column in columns] == table.sum(axis=0).tolist()
        whole = sum(rows)
        fits = trial % 2 == 0 and whole < 2**120
        total = whole << (120 - whole.bit_length()) if fits else 2**119
        units = count_units(numbers, whole, total)
        for value, found in zip(exact, count(units), strict=True):
            wanted = value / sum(exact) * total
            assert (found == wanted) if fits else (wanted - 2 < found <= wanted)
        assert units.missing == total - sum(count(units)) == total - join_sum(*units[:2])
        factors = random.integers(-(2**62), 2**62, values.shape)
        shifts = random.integers(0, 200, values.shape)
        terms = zip(count(units), factors.ravel().tolist(), shifts.ravel().tolist(), strict=True)
        assert dot_exactly(*units[:2], factors, shifts) == sum(a * b << c for a, b, c in terms)
        pooled = pool_units(units, 2)
        assert pooled.present.any()
        assert sum(count(pooled)) == sum(count(units))


@pytest.mark.parametrize("order", [1.0, 1.0000000000000002, 1.5, 1.7, 2.5, 3.0, 16.0, 31.9, 32.0])
def test_powers_err_less_than_proved(order: float) -> None:
    random = np.random.default_rng(3)
    squares = random.integers(0, 33_000_000, 200).astype(float)
    squares[:3] = 0, 1, 2
    powers, error = raise_squares(squares, order)
    assert error <= 174 * 2.0**-53
    with localcontext() as context:
        context.prec = 80
        for square, power in zip(squares.tolist(), powers.tolist(), strict=True):
            exact = Decimal(square) ** (Decimal(order) / 2) if square else Decimal(0)
            assert abs(Decimal(power) - exact) <= exact * Decimal(error)
            below, above = enclose_power(Fraction(square), order / 2)
            assert above - below <= above / 2**140
            slack = exact * Decimal(10) ** -70
            assert Decimal(below.numerator) / Decimal(below.denominator) <= exact + slack
            assert Decimal(above.numerator) / Decimal(above.denominator) >= exact - slack


def test_whole_powers_and_their_roots_are_exact() -> None:
    for base in (Fraction(3, 7), Fraction(12), Fraction(0)):
        assert enclose_power(base, 5) == (base**5, base**5)
    for order in (3, 7, 16, 32):
        assert take_root(5.0**order if order < 20 else Fraction(5) ** order, order, down=True) == 5
        assert take_root(Fraction(5) ** order, order, down=False) == 5


@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 3.0, 16.0])
def test_rows_and_columns_bound_from_both_sides(order: float) -> None:
    """Two single pixels: columns alone, rows alone, or both; in closed form."""
    for down, across in ((0, 7), (5, 0), (3, 4)):
        a, b = np.zeros((2, 9, 9))
        a[0, 0], b[down, across] = 0.3, 5.0
        pair = pair_masses(a, b)
        lower, upper = bound_from_below(pair, order), bound_from_above(pair, order)
        exact = float(down**2 + across**2) ** (order / 2)
        assert measure_shift(pair) == pytest.approx(np.hypot(down, across), rel=1e-15)
        assert float(upper) == pytest.approx(exact, rel=1e-12)
        if 0 in (down, across) and order >= 2:
            assert float(lower) == pytest.approx(exact, rel=1e-12)
        assert 0 < lower <= Fraction(exact) * (1 + Fraction(1, 10**12))
