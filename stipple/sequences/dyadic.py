"""The dyadic sequence: points of the cube of which every prefix is spread as well as can be."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from stipple.arguments import read_count
from stipple.arrays import Floats
from stipple.errors import StippleError

MAX_DIMENSION = 10
# A double holds a binary fraction of [0, 1) exactly up to this many digits.
MAX_DIGITS = 53
LARGEST_COUNT = 1_000_000_000


def generate_sequence(n: int, d: int = 2, skip: int = 0) -> Floats:
    """Compute points skip, …, skip + n − 1 of the dyadic sequence in [0, 1)^d.

    Write an index in base 2^d and each digit in binary, on d bits. Bit j of the digits, most
    significant first, read from the lowest digit to the highest, is coordinate j in binary: the
    sequence of van der Corput (1935) with its bits dealt to the axes. Among the first N points
    each dyadic cube of side 2^−k holds ⌊N/2^{dk}⌋ or ⌈N/2^{dk}⌉ (Gwóźdź, "Uniform optimal-order
    Wasserstein quantisation").

    Parameters
    ----------
    n : int
        How many points, 1 to 1,000,000,000.
    d : int
        Dimension, 1 to 10.
    skip : int
        How many points to leave out at the start; of any size that doubles can tell apart.

    Returns
    -------
    ndarray, shape (n, d)
        Exact binary fractions in [0, 1); row 0 is the origin if nothing is skipped.

    Raises
    ------
    StippleError
        If n, d or skip is no integer or out of range, or a coordinate would need more than 53
        binary digits.

    Examples
    --------
    >>> import stipple
    >>> stipple.sequence(4).tolist()
    [[0.0, 0.0], [0.0, 0.5], [0.5, 0.0], [0.5, 0.5]]
    """
    n, d, skip = check_range(n, d, skip)
    # An aligned block of 2^b indices is a copy of the first 2^b points, moved; n consecutive
    # indices meet at most two blocks of at least n.
    block = 1 << (n - 1).bit_length()
    start = skip % block
    points = _double(min(start + n, block), d)
    if skip == 0:
        return points
    points = np.concatenate([points[start : start + n], points[: max(0, start + n - block)]])
    points[: block - start] += _locate(skip - start, d)
    points[block - start :] += _locate(skip - start + block, d)
    return points


def check_range(n: int, d: int, skip: int = 0) -> tuple[int, int, int]:
    """Refuse counts and dimensions for which the sequence is not defined or not exact.

    Returns
    -------
    n, d, skip : int
        The same as Python integers, which do not overflow.

    Raises
    ------
    StippleError
        Under the conditions of `generate_sequence`.
    """
    n = read_count(n, "number of points", 1)
    d = read_count(d, "dimension")
    skip = read_count(skip, "number of points to skip", 0)
    if not 1 <= d <= MAX_DIMENSION:
        raise StippleError(f"The dimension is {d}: give a whole number from 1 to {MAX_DIMENSION}.")
    if skip + n > 1 << MAX_DIGITS * d:
        raise StippleError(
            f"Point {skip + n - 1} of the sequence in dimension {d} needs more than the"
            f" {MAX_DIGITS} binary digits that a double holds: ask for points below"
            f" 2^{MAX_DIGITS * d}."
        )
    if n > LARGEST_COUNT:
        raise StippleError(
            f"{n} points of the sequence were asked for: give a number up to {LARGEST_COUNT:,}."
        )
    return n, d, skip


def find_constant(d: int) -> float | None:
    """Find the constant of the theorem, 10·√d rounded upwards; d = 1 has none."""
    if d == 1:
        return None
    root = 10 * math.sqrt(d)
    return root if Fraction(root) ** 2 >= 100 * d else math.nextafter(root, math.inf)


def _double(n: int, d: int) -> Floats:
    """First n points: the next 2^b are the first 2^b with the digit of bit b added."""
    points = np.empty((n, d))
    points[0] = 0.0
    for bit in range((n - 1).bit_length()):
        known = 1 << bit
        following = points[known : 2 * known]
        following[:] = points[: len(following)]
        axis, step = _weigh(bit, d)
        following[:, axis] += step
    return points


def _locate(index: int, d: int) -> Floats:
    """One point of the sequence, shape (d,)."""
    point = np.zeros(d)
    for bit in range(index.bit_length()):
        if index >> bit & 1:
            axis, step = _weigh(bit, d)
            point[axis] += step
    return point


def _weigh(bit: int, d: int) -> tuple[int, float]:
    """Axis that a bit of the index goes to, and what it adds there."""
    level, place = divmod(bit, d)
    return d - 1 - place, 0.5 ** (level + 1)
