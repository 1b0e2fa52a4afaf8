"""Masses as unevaluated sums of two doubles, of which 2^-102 is lost, not 2^-53.

The algorithms and their bounds are those of Joldes, Muller and Popescu (Tight and rigorous error
bounds for basic building blocks of double-word arithmetic, ACM TOMS 44, 2017): sums err by at most
3·2^-106 and products by at most 2^-104 of what they return.
"""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop

# No operation below errs by more than this part of its result.
PAIR_ERROR = 2.0**-102
# Veltkamp's constant: it splits a double into two halves.
SPLITTER = 2.0**27 + 1


@compile_loop
def add(a: float, b: float) -> tuple[float, float]:
    """Add a and b; tell what rounding took from the sum."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


@compile_loop
def add_pairs(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    """Add the pairs (a, b) and (c, d)."""
    high, error = add(a, c)
    low, rest = add(b, d)
    high, error = _add_smaller(high, error + low)
    return _add_smaller(high, error + rest)


@compile_loop
def multiply_pair(a: float, b: float, factor: float) -> tuple[float, float]:
    """Multiply the pair (a, b) by a number."""
    high, error = _multiply(a, factor)
    return _add_smaller(high, error + b * factor)


@compile_loop
def multiply_pairs(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    """Multiply the pairs (a, b) and (c, d)."""
    high, error = _multiply(a, c)
    return _add_smaller(high, error + (a * d + b * c))


@compile_loop
def sum_values(values: Floats) -> tuple[float, float]:
    """Add values up to a pair."""
    high = 0.0
    low = 0.0
    for value in values:
        high, low = add_pairs(high, low, value, 0.0)
    return high, low


@compile_loop
def multiply_values(values: Floats, high: float, low: float) -> tuple[Floats, Floats]:
    """Multiply each of some values by a pair."""
    highs = np.empty_like(values)
    lows = np.empty_like(values)
    for i in range(len(values)):
        highs[i], lows[i] = multiply_pair(high, low, values[i])
    return highs, lows


@compile_loop
def sum_groups(groups: Integers, highs: Floats, lows: Floats, count: int) -> tuple[Floats, Floats]:
    """Add up the pairs in each of `count` groups."""
    sums = np.zeros(count)
    rests = np.zeros(count)
    for i in range(len(groups)):
        j = groups[i]
        sums[j], rests[j] = add_pairs(sums[j], rests[j], highs[i], lows[i])
    return sums, rests


@compile_loop
def _add_smaller(a: float, b: float) -> tuple[float, float]:
    """Sum, and what rounding took from it, if |b| ≤ |a|."""
    total = a + b
    return total, b - (total - a)


@compile_loop
def _multiply(a: float, b: float) -> tuple[float, float]:
    """Product, and what rounding took from it."""
    product = a * b
    scaled = SPLITTER * a
    a_high = scaled - (scaled - a)
    a_low = a - a_high
    scaled = SPLITTER * b
    b_high = scaled - (scaled - b)
    b_low = b - b_high
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error
