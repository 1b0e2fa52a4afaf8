"""The partition of the proof: boxes of a few levels, strips in them, and points projected."""

import math
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.choices import MOST_STRIPS
from stipple.errors import StippleError
from stipple.machine.rounding import UNIT_ROUNDING
from stipple.sequences.certificate import SLACK
from stipple.sequences.dyadic import check_range, generate_sequence

# Levels left for the strips, and the constant over √d that the result is compared with.
CONSTANTS = {2: 10, 1: 6}


@dataclass(frozen=True)
class StripCertificate:
    """What the proof of the theorem says of the first N points, and what is true of them.

    With M = max(0, ⌊log N/log 2^d⌋ − spare) levels the boxes are cut as `partition_prefix` cuts
    them, each near a dyadic cube Q of side 2^−M; then each box is cut into strips, one for each
    point that lies in Q. A strip projects to Q, moving no farther than the ends of the box have
    moved on each axis: so all of it is within √d·(2^−M + move) of its point.

    Attributes
    ----------
    count, dimension, spare : int
        N, d, and the levels left for the strips: 2, for the constant 10·√d, or 1, to compare with
        the 6·√d that Gwóźdź states (arXiv:2603.29600).
    levels : int
        M.
    move : float
        Largest distance, on an axis, between an end of a box and that of its dyadic cube.
    move_bound : float
        2^(2d − 2 + M(d − 1))/N, what the proof has for it (Proposition 2.9).
    scaled_radius : float
        The largest distance from a point to a corner of its strip, times N^{1/d}.
    scaled_bound : float
        √d·(2^−M + move)·N^{1/d}, at least as much but for rounding.

    All figures but `move_bound` are rounded upwards.
    """

    count: int
    dimension: int
    spare: int
    levels: int
    move: float
    move_bound: float
    scaled_radius: float
    scaled_bound: float


def partition_in_strips(n: int, d: int, spare: int = 2) -> Floats:
    """Cut the unit cube into one strip of volume 1/n for each of the first n dyadic points.

    Boxes of M levels are cut into strips along the first axis, in the order of the sequence. Each
    coordinate errs by at most 4·(M + 1)·2^−53.

    Parameters
    ----------
    n : int
        How many points, 1 to 1,000,000.
    d : int
        Dimension, 2 to 10.
    spare : int
        Levels left for the strips, as in `StripCertificate`.

    Returns
    -------
    ndarray, shape (n, 2, d)
        Lower and upper corner of the strip of each point, in the order of the sequence.

    Raises
    ------
    StippleError
        If n or d is out of range.
    """
    n, d = _check_strips(n, d)
    lower, upper = _cut_levels(n, d, _count_levels(n, d, spare))
    cubes = len(lower)
    # The points of a cube are those whose indices have its lowest digits.
    rank, cube = np.divmod(np.arange(n), cubes)
    total = (n - 1 - cube) // cubes + 1
    strips = np.stack([lower[cube], upper[cube]], axis=1)
    low, high = lower[cube, 0], upper[cube, 0]
    strips[:, 0, 0] = low + (high - low) * (rank / total)
    strips[:, 1, 0] = np.where(rank + 1 < total, low + (high - low) * ((rank + 1) / total), high)
    return strips


def certify_strips(n: int, d: int, spare: int = 2) -> StripCertificate:
    """Measure the partition of the proof for the first n dyadic points, 1 to 1,000,000.

    Parameters
    ----------
    n, d, spare : int
        As in `partition_in_strips`.

    Raises
    ------
    StippleError
        If n or d is out of range.
    """
    n, d = _check_strips(n, d)
    levels = _count_levels(n, d, spare)
    lower, upper = _cut_levels(n, d, levels)
    cubes = generate_sequence(len(lower), d)  # the dyadic cubes, by their lower corners
    error = 4 * (levels + 1) * UNIT_ROUNDING
    move = max(np.abs(lower - cubes).max(), np.abs(upper - cubes - 0.5**levels).max())
    move = 0.0 if levels == 0 else float(move) + error
    strips, points = partition_in_strips(n, d, spare), generate_sequence(n, d)
    reach = np.maximum(points - strips[:, 0], strips[:, 1] - points)
    farthest = math.sqrt(float((reach**2).sum(axis=1).max())) + math.sqrt(d) * error
    scale = n ** (1 / d) * (1 + SLACK)
    return StripCertificate(
        count=n,
        dimension=d,
        spare=spare,
        levels=levels,
        move=move,
        move_bound=2.0 ** (2 * d - 2 + levels * (d - 1)) / n,
        scaled_radius=farthest * scale,
        scaled_bound=math.sqrt(d) * (0.5**levels + move) * scale,
    )


def _check_strips(n: int, d: int) -> tuple[int, int]:
    n, d, _ = check_range(n, d)
    if d == 1:
        raise StippleError("The partition of the paper needs a dimension from 2 to 10, not 1.")
    if n > MOST_STRIPS:
        raise StippleError(
            f"The partition of the paper for {n:,} points is asked for: give at most"
            f" {MOST_STRIPS:,}."
        )
    return n, d


def _count_levels(n: int, d: int, spare: int) -> int:
    return max(0, (n.bit_length() - 1) // d - spare)


def _cut_levels(n: int, d: int, levels: int) -> tuple[Floats, Floats]:
    """Lower and upper corners of the boxes of a level, (2^(d·levels), d), by the lowest digits."""
    lower: Floats = np.zeros((1, d))
    upper: Floats = np.ones((1, d))
    for level in range(levels):
        boxes = 1 << d * level
        parts = boxes << d
        # By the bits of the next digit, most significant first, and by the digits before.
        counts = ((n - 1 - np.arange(parts)) // parts + 1).reshape(*(2,) * d, boxes)
        for axis in range(d):
            sides = counts.sum(axis=tuple(range(axis + 1, d)))
            share = sides.take(0, axis) / sides.sum(axis=axis)
            low, high = lower[..., axis], upper[..., axis]
            cut = low + (high - low) * share
            first, second = upper.copy(), lower.copy()
            first[..., axis] = second[..., axis] = cut
            lower, upper = np.stack([lower, second], axis), np.stack([first, upper], axis)
        lower, upper = lower.reshape(parts, d), upper.reshape(parts, d)
    return lower, upper
