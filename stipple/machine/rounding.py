"""Numbers rounded to the side that keeps a bound valid.

Nothing here trusts a power function: powers are products of repeated square roots, which IEEE 754
rounds correctly for doubles, and which whole numbers give with as many bits as wanted.
"""

import math
from fractions import Fraction

import numpy as np

from stipple.arrays import Floats

# Half the distance from 1 to the next double: what one operation errs by at most.
UNIT_ROUNDING = 2.0**-53
# Kept by each step of `enclose_power`.
ROOT_BITS = 160
# Numbers that are raised together, so that they stay in the cache of the processor.
CHUNK = 2**14


def round_down(value: Fraction) -> float:
    """Largest double that is not above the value."""
    nearest = float(value)
    return math.nextafter(nearest, -math.inf) if Fraction(nearest) > value else nearest


def round_up(value: Fraction) -> float:
    """Smallest double that is not below the value; 0 has no sign."""
    nearest = float(value)
    return math.nextafter(nearest, math.inf) if Fraction(nearest) < value else nearest


def scale_exactly(units: int, exponent: int) -> Fraction:
    """Write out units · 2^exponent."""
    return Fraction(units << exponent) if exponent >= 0 else Fraction(units, 1 << -exponent)


def enclose_power(base: Fraction, exponent: float) -> tuple[Fraction, Fraction]:
    """Two fractions around base^exponent, equal for whole exponents; both must be ≥ 0.

    A double is a whole number and a binary fraction: base^exponent is a power times the square
    roots, taken again and again, that the bits of the fraction pick. Roots and products are whole
    numbers of a tiny unit, rounded down for the one fraction and up for the other.
    """
    numerator, denominator = exponent.as_integer_ratio()
    whole, part = divmod(numerator, denominator)
    power = base**whole
    if not part:
        return power, power
    small = max(0, base.denominator.bit_length() - base.numerator.bit_length())
    shift = ROOT_BITS + small * (whole + 1)
    sides = []
    for sign in (1, -1):  # floors of negative numbers round their magnitude up
        root, product = (abs(sign * math.floor(sign * x * (1 << shift))) for x in (base, power))
        rest = part
        while rest:
            rest *= 2
            scaled = root << shift
            root = math.isqrt(scaled) if sign > 0 else _root_up(scaled)
            if rest >= denominator:
                rest -= denominator
                product = abs((sign * product * root) >> shift)
        sides.append(Fraction(product, 1 << shift))
    below, above = sides
    return below, above


def take_root(cost: float | Fraction, order: float, *, down: bool) -> float:
    """cost^(1/order): the nearest doubles whose powers `enclose_power` proves to lie around it."""
    value = Fraction(cost)
    if value == 0:
        return 0.0
    if order == 1:
        return round_down(value) if down else round_up(value)
    # Far from 1 the double nearest to the cost may be 0 or infinite.
    logarithm = math.log(value.numerator) - math.log(value.denominator)
    root = math.exp(logarithm / order)
    outwards, inwards = (0.0, math.inf) if down else (math.inf, 0.0)

    def holds(root: float) -> bool:
        below, above = enclose_power(Fraction(root), order)
        return above <= value if down else below >= value

    while holds(root):
        root = math.nextafter(root, inwards)
    while not holds(root):
        root = math.nextafter(root, outwards)
    return root


def raise_power(distance: float, order: float, *, down: bool) -> float:
    """distance^order, rounded to the side asked for."""
    below, above = enclose_power(Fraction(distance), order)
    return round_down(below) if down else round_up(above)


def raise_squares(squares: Floats, order: float) -> tuple[Floats, float]:
    """squares^(order/2), and a bound on its relative error.

    Parameters
    ----------
    squares : ndarray
        Exact numbers ≥ 0.
    order : float
        ≥ 1.
    """
    numerator, denominator = order.as_integer_ratio()
    whole, part = divmod(numerator, 2 * denominator)
    bits = []
    while part:
        part *= 2
        bits.append(part >= 2 * denominator)
        part %= 2 * denominator
    flat = np.ascontiguousarray(squares, dtype=float).ravel()
    powers = np.empty_like(flat)
    for start in range(0, len(flat), CHUNK):
        root = flat[start : start + CHUNK]
        power = root.copy() if whole else np.ones_like(root)
        for _ in range(whole - 1):
            power *= root
        for used in bits:
            root = np.sqrt(root)
            if used:
                power *= root
        powers[start : start + CHUNK] = power
    # A root halves the error of its number and adds one rounding: two at most. Each factor brings
    # its error and the rounding of a product; one rounding more is for the products of errors.
    roundings = max(whole - 1, 0) + 3 * sum(bits) + 1
    return powers.reshape(squares.shape), roundings * UNIT_ROUNDING


def _root_up(value: int) -> int:
    root = math.isqrt(value)
    return root + (root * root < value)
