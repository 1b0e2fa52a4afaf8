"""Rows of doubles as text, each with the fewest digits that read back as the same number.

Raffaello Giulietti, The Schubfach way to render doubles (2021); the text is that of `repr`.
"""

from fractions import Fraction
from functools import cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats
from stipple.machine.compiled import compile_loop

# The longest is -2.2250738585072014e-308, and a comma after it.
LONGEST = 25
# Powers of ten that doubles need.
LEAST_POWER, LARGEST_POWER = -292, 324
# Python writes numbers with their point behind so many digits in full, the smallest as 0.0001.
SMALLEST_PLACE, LARGEST_PLACE = -3, 16

ZERO, POINT, LETTER, PLUS, MINUS, COMMA, NEWLINE = b"0.e+-,\n"

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]


def write_rows(rows: Floats) -> bytes:
    r"""Write the rows of a matrix as lines of numbers with commas between.

    Parameters
    ----------
    rows : ndarray, shape (n, k)
        Finite, and none of them below 2.2e-308 but zeros.

    Returns
    -------
    bytes
        Equal to that of ``",".join(map(repr, row)) + "\n"`` for all rows.
    """
    text = np.empty(rows.size * LONGEST, np.uint8)
    bits = np.ascontiguousarray(rows, np.float64).view(np.uint64)
    return text[: _write_rows(bits, _list_powers(), text)].tobytes()


@cache
def _list_powers() -> Words:
    """Powers of ten, each as the 128 highest bits rounded up: (powers, 2), high words first."""
    words = []
    for exponent in range(LEAST_POWER, LARGEST_POWER + 1):
        power = Fraction(10) ** exponent
        shift = 127 - (exponent * 1741647 >> 19)
        bits = ceil(power * Fraction(2) ** shift)
        words.append((bits >> 64, bits & (2**64 - 1)))
    return np.array(words, np.uint64)


@compile_loop
def _write_rows(bits: Words, powers: Words, text: Bytes) -> int:
    """Write all numbers; returns how many bytes they take."""
    count, width = bits.shape
    digits = np.empty(20, np.uint8)
    end = 0
    for i in range(count):
        for column in range(width):
            number = bits[i, column]
            if number >> np.uint64(63):
                text[end] = MINUS
                end += 1
            significand, exponent = _find_shortest(number, powers)
            end = _write_number(significand, exponent, digits, text, end)
            text[end] = COMMA if column < width - 1 else NEWLINE
            end += 1
    return end


@compile_loop
def _find_shortest(number: np.uint64, powers: Words) -> tuple[np.uint64, int]:
    """Find the shortest decimal, significand · 10^exponent, among those that read back the same."""
    fraction = number & np.uint64(2**52 - 1)
    biased = np.int64((number >> np.uint64(52)) & np.uint64(2047))
    if biased == 0:
        return np.uint64(0), 0
    c = fraction | np.uint64(2**52)
    q = biased - 1075
    if -53 < q <= 0 and c & np.uint64((1 << -q) - 1) == 0:
        return c >> np.uint64(-q), 0
    odd = c & np.uint64(1)
    # Below a power of two the next number is half as far.
    closer = fraction == 0 and biased > 1
    k = (q * 1262611 - (524031 if closer else 0)) >> 22
    shift = np.uint64(q + ((-k * 1741647) >> 19) + 1)
    high, low = powers[-k - LEAST_POWER]
    four = c << np.uint64(2)
    below = four - (np.uint64(1) if closer else np.uint64(2))
    lower = _multiply(high, low, below << shift) + odd
    middle = _multiply(high, low, four << shift)
    upper = _multiply(high, low, (four + np.uint64(2)) << shift) - odd
    s = middle >> np.uint64(2)
    ten = s // np.uint64(10)
    down = lower <= np.uint64(40) * ten
    up = np.uint64(40) * ten + np.uint64(40) <= upper
    if down != up:
        return ten + np.uint64(up), k + 1
    down = lower <= np.uint64(4) * s
    up = np.uint64(4) * s + np.uint64(4) <= upper
    if down == up:
        half = np.uint64(4) * s + np.uint64(2)
        up = middle > half or (middle == half and s & np.uint64(1) != 0)
    return s + np.uint64(up), k


@compile_loop
def _multiply(high: np.uint64, low: np.uint64, factor: np.uint64) -> np.uint64:
    """Multiply by 128 bits, and keep the highest 64 of 192; the last bit tells of any below."""
    carried = _multiply_high(low, factor)
    rest = high * factor + carried
    top = _multiply_high(high, factor) + np.uint64(rest < carried)
    kept: np.uint64 = top | np.uint64(rest > np.uint64(1))
    return kept


@compile_loop
def _multiply_high(x: np.uint64, y: np.uint64) -> np.uint64:
    """Multiply, and keep the highest 64 bits of 128."""
    half, mask = np.uint64(32), np.uint64(2**32 - 1)
    x0, x1, y0, y1 = x & mask, x >> half, y & mask, y >> half
    middle = x1 * y0 + (x0 * y0 >> half)
    carried = (x0 * y1 + (middle & mask)) >> half
    kept: np.uint64 = x1 * y1 + (middle >> half) + carried
    return kept


@compile_loop
def _write_number(
    significand: np.uint64, exponent: int, digits: Bytes, text: Bytes, end: int
) -> int:
    """Write a decimal without a sign; returns where the next byte goes."""
    ten = np.uint64(10)
    # Digits are split off at the end, zeros first.
    while significand > 0 and significand % ten == 0:
        significand //= ten
        exponent += 1
    size = 0
    while size == 0 or significand > 0:
        digits[size] = ZERO + significand % ten
        significand //= ten
        size += 1
    place = size + exponent
    if digits[size - 1] == ZERO:
        place = 1
    full = SMALLEST_PLACE <= place <= LARGEST_PLACE
    point = place if full else 1
    # Zeros before the first digit, digits, zeros after the last.
    for position in range(min(point - 1, 0), max(point + 1 if full else 1, size)):
        if position == point:
            text[end] = POINT
            end += 1
        within = 0 <= position < size
        text[end] = digits[size - 1 - position] if within else ZERO
        end += 1
    return end if full else _write_exponent(place - 1, text, end)


@compile_loop
def _write_exponent(exponent: int, text: Bytes, end: int) -> int:
    """Write e, a sign and at least two digits."""
    text[end] = LETTER
    text[end + 1] = MINUS if exponent < 0 else PLUS
    end += 2
    exponent = abs(exponent)
    if exponent >= 100:
        text[end] = ZERO + exponent // 100
        end += 1
    text[end] = ZERO + exponent // 10 % 10
    text[end + 1] = ZERO + exponent % 10
    return end + 2
