"""Bounds in fewer digits, which are bounds still."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal


def format_interval(lower: float, upper: float, digits: int = 8) -> str:
    """Write an interval that contains the given one, its ends with so many significant digits."""
    return f"[{round_down(lower, digits)}, {round_up(upper, digits)}]"


def round_up(value: float, digits: int = 7) -> str:
    """Write a number with so many significant digits, not below it."""
    return _round(value, Context(prec=digits, rounding=ROUND_CEILING))


def round_down(value: float, digits: int = 7) -> str:
    """Write a number with so many significant digits, not above it."""
    return _round(value, Context(prec=digits, rounding=ROUND_FLOOR))


def _round(value: float, context: Context) -> str:
    rounded = Decimal(value + 0.0).normalize(context)  # no -0
    if not rounded.is_finite():
        return f"{value:g}"
    # As %g has it: no exponent between 1e-4 and as many digits as there are.
    if -4 <= rounded.adjusted() < context.prec:
        return f"{rounded:f}"
    digits, _, exponent = f"{rounded:e}".partition("e")
    return f"{digits}e{int(exponent):+03d}" if rounded else "0"
