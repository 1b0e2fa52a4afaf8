"""Numbers rounded to the side that keeps a bound valid."""

import math
from fractions import Fraction

# Powers computed in double precision err by less: square roots by half a unit in the last place,
# the power functions of numpy and of the C libraries by at most four.
POWER_ERROR = 2.0**-49


def round_down(value: Fraction) -> float:
    """Largest double that is not above the value."""
    nearest = float(value)
    return math.nextafter(nearest, -math.inf) if Fraction(nearest) > value else nearest


def round_up(value: Fraction) -> float:
    """Smallest double that is not below the value."""
    return -round_down(-value)


def scale_exactly(units: int, exponent: int) -> Fraction:
    """Write out units · 2^exponent."""
    return Fraction(units << exponent) if exponent >= 0 else Fraction(units, 1 << -exponent)


def take_root(cost: float, order: float, *, down: bool) -> float:
    """cost^(1/order), rounded to the side asked for."""
    if order == 1 or cost == 0:
        return cost
    if order == 2:
        root = math.sqrt(cost)
        excess = Fraction(root) ** 2 - Fraction(cost)
        if (excess > 0) if down else (excess < 0):
            root = math.nextafter(root, -math.inf if down else math.inf)
        return root
    # The rounding of 1/p is magnified by the logarithm.
    error = POWER_ERROR * (1 + abs(math.log(cost)))
    return float(cost ** (1 / order) * (1 - error if down else 1 + error))


def raise_power(distance: float, order: float, *, down: bool) -> float:
    """distance^order, rounded to the side asked for."""
    if order == 1 or distance == 0:
        return distance
    if order == 2:
        square = Fraction(distance) ** 2
        return round_down(square) if down else round_up(square)
    return float(distance**order * (1 - 2 * POWER_ERROR if down else 1 + 2 * POWER_ERROR))
