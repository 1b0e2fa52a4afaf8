"""Exact sums of doubles, and whole numbers of up to 120 bits, in compiled loops.

A mass is counted in units, and the count is a pair of int64: high·2^60 + low. Products and sums are
made of limbs of 30 bits, whose products fit in 60: nothing overflows, as the comments show.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Booleans, Integers
from stipple.bounds.grid import lift, pool_blocks
from stipple.machine.compiled import compile_loop

HALF = 60
LIMB = 30
# Every total of units is below this, so that both halves of a count are below 2^60.
UNIT_BITS = 120
LOW = 2**HALF - 1
SMALL = 2**LIMB - 1
# Constants of the type of mantissas: mixed with Python integers they would become floats.
_UNSIGNED_LIMB, _UNSIGNED_SMALL = np.uint64(LIMB), np.uint64(SMALL)


class Units(NamedTuple):
    """Masses of pixels in units, rounded down.

    Attributes
    ----------
    high, low : ndarray of int64
        high·2^60 + low units, both halves in [0, 2^60).
    present : ndarray of bool
        Where there is mass, be it less than a unit.
    missing : int
        Units by which the counts add up to less than the total: what was rounded off.
    """

    high: Integers
    low: Integers
    present: Booleans
    missing: int


class Numbers(NamedTuple):
    """Numbers ≥ 0, exactly: mantissas·2^(shifts + exponent).

    Attributes
    ----------
    mantissas : ndarray of uint64
    shifts : ndarray of int64
        From 0 up.
    exponent : int
    spare : int
        All numbers are multiples of 2^(spare + exponent).
    """

    mantissas: NDArray[np.uint64]
    shifts: Integers
    exponent: int
    spare: int


def split_numbers(values: NDArray[Any]) -> Numbers:
    """Split doubles or integers ≥ 0 into mantissas and exponents; nothing is rounded."""
    if values.dtype.kind != "f":
        mantissas = values.astype(np.uint64)
        together = int(np.bitwise_or.reduce(mantissas, axis=None))
        spare = max((together & -together).bit_length() - 1, 0)
        return Numbers(mantissas, np.zeros(values.shape, np.int64), 0, spare)
    bits = np.ascontiguousarray(values, dtype=float).view(np.int64)
    mantissas, shifts = np.empty(bits.shape, np.uint64), np.empty(bits.shape, np.int64)
    least, lowest = _split(bits.ravel(), mantissas.ravel(), shifts.ravel())
    shifts -= least
    np.maximum(shifts, 0, out=shifts)
    return Numbers(mantissas, shifts, least, lowest - least)


def sum_lines(numbers: Numbers) -> tuple[Integers, ...]:
    """Add up what lies at each place along each axis, in multiples of 2^(spare + exponent).

    Of an image these are the sums of rows, and of columns: a row of limbs each, the least first.
    """
    mantissas = lift(numbers.mantissas)
    limbs = int(numbers.shifts.max()) // LIMB + 5
    bins = [np.zeros((count, limbs), np.int64) for count in mantissas.shape]
    _sum_lines(mantissas, lift(numbers.shifts), *bins)
    sides = bins[-numbers.mantissas.ndim :]
    for side in sides:
        carry_limbs(side, numbers.spare)
    used = len(cut_limbs(sum_limbs(sides[0])))
    return tuple(np.ascontiguousarray(side[:, :used]) for side in sides)


def count_units(numbers: Numbers, whole: int, total: int) -> Units:
    """Share `total` units in proportion to numbers whose sum is `whole`, rounded down.

    Counts are exact if `whole` divides `total`, and else less than 2 units too small: one by
    rounding the factor total/whole to 150 bits, one by rounding the product.

    Parameters
    ----------
    numbers : Numbers
    whole : int
        Their sum, in multiples of 2^(spare + exponent).
    total : int
        Below 2^120.
    """
    cut = 0 if total % whole == 0 else max(0, whole.bit_length() + 150 - total.bit_length())
    factor = (total << cut) // whole
    limbs = np.array(cut_limbs(factor), dtype=np.int64)
    high = np.empty(numbers.mantissas.shape, np.int64)
    low = np.empty_like(high)
    _scale(
        numbers.mantissas.ravel(),
        numbers.shifts.ravel(),
        limbs,
        -numbers.spare - cut,
        high.ravel(),
        low.ravel(),
    )
    present = numbers.mantissas > 0
    return Units(high, low, present, total - join_sum(high, low))


def join_sum(high: Integers, low: Integers) -> int:
    """Sum of counts (high, low), whose high halves add up to less than 2^63."""
    upper, lower = int((low >> LIMB).sum()), int((low & SMALL).sum())
    return (int(high.sum()) << HALF) + (upper << LIMB) + lower


def dot_exactly(
    high: Integers, low: Integers, factors: Integers, shifts: Integers | None = None
) -> int:
    """Σ (high·2^60 + low)·factors·2^shifts, for factors between −2^63 and 2^63 and shifts ≥ 0."""
    if shifts is None:
        shifts = np.zeros(1, np.int64)
    bins = np.zeros(int(shifts.max(initial=0)) // LIMB + 10, np.int64)
    _accumulate(high.ravel(), low.ravel(), factors.ravel(), shifts.ravel(), bins)
    return join_limbs(bins)


def pool_units(units: Units, block: int) -> Units:
    """Sum the counts of blocks of block × block pixels; those at the ends may be incomplete."""

    def pool(values: NDArray[Any]) -> NDArray[np.int64]:
        return pool_blocks(values.astype(np.int64), block)

    # The halves of the low half add up without overflow.
    lower, upper = pool(units.low & SMALL), pool(units.low >> LIMB)
    upper += lower >> LIMB
    high = pool(units.high) + (upper >> LIMB)
    low = ((upper & SMALL) << LIMB) + (lower & SMALL)
    return Units(high, low, pool(units.present) > 0, units.missing)


def sum_limbs(rows: Integers) -> int:
    """Sum of numbers that are rows of limbs; of up to 2^33 of them."""
    return join_limbs(rows.sum(axis=0))


def join_limbs(bins: Integers) -> int:
    """Join limbs, the least first; they may exceed 30 bits."""
    return sum(int(value) << (LIMB * place) for place, value in enumerate(bins))


def cut_limbs(value: int) -> list[int]:
    """Cut a number ≥ 0 into limbs, the least first."""
    count = -(-value.bit_length() // LIMB)
    return [(value >> (LIMB * place)) & SMALL for place in range(count)]


@compile_loop
def carry_limbs(rows: Integers, shift: int) -> None:
    """Bring each limb of numbers below 2^30, and divide them by 2^shift, which is exact."""
    skipped, bits = divmod(shift, LIMB)
    size = rows.shape[1]
    for number in range(len(rows)):
        carry = 0
        for k in range(size):
            value = rows[number, k] + carry
            rows[number, k] = value & SMALL
            carry = value >> LIMB
        for k in range(size):
            upper = rows[number, k + skipped + 1] if k + skipped + 1 < size else 0
            lower = rows[number, k + skipped] if k + skipped < size else 0
            rows[number, k] = lower >> bits | (upper << (LIMB - bits)) & SMALL


@compile_loop
def _split(bits: Integers, mantissas: NDArray[np.uint64], shifts: Integers) -> tuple[int, int]:
    """Split doubles ≥ 0; return the least shift, and the lowest bit that any of them has set."""
    least = lowest = 2000
    for k in range(len(bits)):
        exponent = bits[k] >> 52
        mantissa = bits[k] & (2**52 - 1)
        if exponent > 0:
            mantissa |= 2**52
        else:
            exponent = 1
        shift = exponent - 1075
        mantissas[k] = np.uint64(mantissa)
        # Zeros have the least of all shifts, and are lifted to that of the others afterwards.
        shifts[k] = shift
        if mantissa == 0:
            continue
        least = min(least, shift)
        while shift < lowest and mantissa & 1 == 0:
            mantissa >>= 1
            shift += 1
        lowest = min(lowest, shift)
    return least, lowest


@compile_loop
def _sum_lines(
    mantissas: NDArray[np.uint64],
    shifts: Integers,
    slices: Integers,
    rows: Integers,
    columns: Integers,
) -> None:
    """Add limbs to those of each line; a limb takes 2^32 pixels without overflow."""
    for place in np.ndindex(mantissas.shape):
        mantissa = mantissas[place]
        if mantissa == 0:
            continue
        first, shift = divmod(shifts[place], LIMB)
        carry = 0
        for k in range(first, first + 4):
            # A limb shifted by less than 30 bits, and a carry below 2^30.
            value = (np.int64(mantissa & _UNSIGNED_SMALL) << shift) + carry
            mantissa >>= _UNSIGNED_LIMB
            limb = value & SMALL
            carry = value >> LIMB
            slices[place[0], k] += limb
            rows[place[1], k] += limb
            columns[place[2], k] += limb


@compile_loop
def _scale(
    mantissas: NDArray[np.uint64],
    shifts: Integers,
    factor: Integers,
    offset: int,
    high: Integers,
    low: Integers,
) -> None:
    """mantissas·factor·2^(shifts + offset), rounded down, as pairs; each below 2^120."""
    size = len(factor) + 3
    product = np.empty(size, np.int64)
    limbs = np.empty(3, np.int64)
    result = np.empty(4, np.int64)
    for k in range(len(mantissas)):
        mantissa = mantissas[k]
        if mantissa == 0:
            high[k] = low[k] = 0
            continue
        for i in range(3):
            limbs[i] = np.int64(mantissa & _UNSIGNED_SMALL)
            mantissa >>= _UNSIGNED_LIMB
        carry = 0
        for i in range(size):
            # At most three products below 2^60, and a carry below 2^33.
            value = carry
            for j in range(3):
                if 0 <= i - j < len(factor):
                    value += limbs[j] * factor[i - j]
            product[i] = value & SMALL
            carry = value >> LIMB
        for i in range(4):
            place, shift = divmod(LIMB * i - shifts[k] - offset, LIMB)
            value = product[place] >> shift if 0 <= place < size else 0
            if 0 <= place + 1 < size:
                value |= (product[place + 1] << (LIMB - shift)) & SMALL
            result[i] = value
        low[k] = result[0] | result[1] << LIMB
        high[k] = result[2] | result[3] << LIMB


@compile_loop
def _accumulate(
    high: Integers, low: Integers, factors: Integers, shifts: Integers, bins: Integers
) -> None:
    """Add the products to limbs, each of which takes 2^28 terms without overflow."""
    step = 1 if len(shifts) > 1 else 0
    limbs = np.empty(4, np.int64)
    shifted = np.empty(4, np.int64)
    for k in range(len(factors)):
        if factors[k] == 0:
            continue
        sign = 1 if factors[k] > 0 else -1
        factor = abs(factors[k])
        limbs[0], limbs[1] = low[k] & SMALL, low[k] >> LIMB
        limbs[2], limbs[3] = high[k] & SMALL, high[k] >> LIMB
        place, shift = divmod(shifts[k * step], LIMB)
        carry = 0
        for i in range(4):
            value = ((factor & SMALL) << shift) + carry
            factor >>= LIMB
            shifted[i] = value & SMALL
            carry = value >> LIMB
        for i in range(4):
            if limbs[i] == 0:
                continue
            # Up to sixteen halves of products a pixel, below 2^30 each, fall into eight limbs.
            for j in range(4):
                product = limbs[i] * shifted[j]
                bins[place + i + j] += sign * (product & SMALL)
                bins[place + i + j + 1] += sign * (product >> LIMB)
