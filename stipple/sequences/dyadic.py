"""The dyadic sequence: points of the cube of which every prefix is spread as well as can be."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from stipple.arguments import accept_positional, read_count
from stipple.arrays import Floats
from stipple.errors import StippleError

MAX_DIMENSION = 10
# A double holds a binary fraction of [0, 1) exactly up to this many digits.
MAX_DIGITS = 53
LARGEST_COUNT = 1_000_000_000


@accept_positional("skip")
def generate_sequence(n: int, d: int = 2, *, skip: int = 0, out: Floats | None = None) -> Floats:
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
    out : ndarray, shape (n, d), optional
        A writable array of doubles to fill and return: new memory costs more than the points.

    Returns
    -------
    ndarray, shape (n, d)
        Exact binary fractions in [0, 1); row 0 is the origin if nothing is skipped.

    Raises
    ------
    StippleError
        If n, d or skip is no integer or out of range, a coordinate would need more than 53
        binary digits, or `out` cannot take the points.

    Examples
    --------
    >>> import stipple
    >>> stipple.sequence(4).tolist()
    [[0.0, 0.0], [0.0, 0.5], [0.5, 0.0], [0.5, 0.5]]
    """
    n, d, skip = check_range(n, d, skip)
    if out is None:
        out = np.empty((n, d))
    _check_place(out, n, d)
    # An aligned block of 2^b indices is a copy of the first 2^b points, moved; n consecutive
    # indices meet at most two blocks of at least n.
    block = 1 << (n - 1).bit_length()
    start = skip % block
    if skip == 0:
        return _double(out)
    points = _double(np.empty((min(start + n, block), d)))
    first = min(n, block - start)
    np.add(points[start : start + first], _locate(skip - start, d), out=out[:first])
    np.add(points[: n - first], _locate(skip - start + block, d), out=out[first:])
    return out


def _check_place(out: Floats, n: int, d: int) -> None:
    """Refuse what the points cannot be written to."""
    if not isinstance(out, np.ndarray):
        raise StippleError(f"The place for the points is {out!r}: give a NumPy array.")
    if out.shape != (n, d) or out.dtype != np.float64 or not out.flags.writeable:
        kind = "" if out.flags.writeable else "read-only "
        raise StippleError(
            f"The place for the points is a {kind}array of {out.dtype} with shape {out.shape}: give"
            f" a writable one of float64 with shape ({n}, {d})."
        )


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


def _double(points: Floats) -> Floats:
    """Fill in the first points: the next 2^b are the first 2^b with the digit of bit b added."""
    n, d = points.shape
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
