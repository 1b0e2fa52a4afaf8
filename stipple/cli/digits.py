"""Bounds in fewer digits, which are bounds still."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal


def round_up(value: float, digits: int = 7) -> str:
    """Write a number with so many significant digits, not below it."""
    return str(Decimal(value).normalize(Context(prec=digits, rounding=ROUND_CEILING)))


def round_down(value: float, digits: int = 7) -> str:
    """Write a number with so many significant digits, not above it."""
    return str(Decimal(value).normalize(Context(prec=digits, rounding=ROUND_FLOOR)))
