"""Printed ends of intervals: not inside them, and no more than a last digit outside."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stipple.cli.shared.digits import format_interval, round_down, round_up

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE, st.integers(1, 17))
def test_digits_are_cut_to_the_safe_side(value, digits):
    below, above = (Fraction(Decimal(cut(value, digits))) for cut in (round_down, round_up))
    assert below <= Fraction(value) <= above
    # Both are the value, or neighbours among numbers of so many digits.
    exponent = Decimal(value).adjusted() - digits + 1
    assert above - below <= Fraction(10) ** exponent
    assert (below == above) == (Fraction(Decimal(f"{value:.{digits}g}")) == Fraction(value))


@given(FINITE)
def test_enough_digits_are_the_number_itself(value):
    assert float(round_down(value, 800)) == float(round_up(value, 800)) == value


@pytest.mark.parametrize(
    ("lower", "upper", "written"),
    [
        (2 / 3, 2 / 3, "[0.66666666, 0.66666667]"),
        (0.0, -0.0, "[0, 0]"),
        (1.0, 1000.0, "[1, 1000]"),
        (123456789.5, 1e22, "[1.2345678e+08, 1e+22]"),
        (5e-324, 1e-5, "[4.9406564e-324, 1.0000001e-05]"),
        (99999999.5, 99999999.5, "[99999999, 1e+08]"),
        (1.0, float("inf"), "[1, inf]"),
    ],
)
def test_intervals_are_written_as_numbers_are(lower, upper, written):
    assert format_interval(lower, upper) == written
