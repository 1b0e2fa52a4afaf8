"""How well prefixes of the dyadic sequence are spread: partitions, certificates, closed forms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stipple.arguments import read_count, read_points
from stipple.arrays import Floats, PointsLike
from stipple.errors import StippleError
from stipple.machine.compiled import compile_loop
from stipple.machine.rounding import UNIT_ROUNDING
from stipple.sequences.dyadic import check_range, find_constant

# Largest error of one rounding, relative; and what covers a chain of a dozen roundings and
# library calls (powers, the gamma function) with room to spare.
SLACK = 2.0**-47
# Largest relative error of a distance on the line.
LINE_ERROR = 2.0**-46


@dataclass(frozen=True)
class PrefixCertificate:
    """Proof that the first N points are spread over the unit cube at the optimal order.

    The cube is partitioned into N boxes of volume exactly 1/N, one for each point. No transport
    from the uniform density need then go farther than from a point to the far corner of its box:
    W_p ≤ W_∞ ≤ radius for every p ≥ 1. The bounds hold in real arithmetic: `radius` and
    `scaled_radius` are rounded upwards, `lower_bound` downwards.

    Attributes
    ----------
    count, dimension : int
        N and d.
    radius : float
        R_N, the largest distance from a point to a corner of its box.
    scaled_radius : float
        R_N·N^{1/d}.
    lower_bound : float
        (N·ω_d)^{−1/d}, with ω_d the volume of the unit ball, at most W_∞ of any N points: a ball
        about some point must hold mass 1/N.
    ratio : float
        radius / lower_bound.
    constant : float or None
        10·√d, rounded upwards, which no scaled radius exceeds (Gwóźdź, "Uniform optimal-order
        Wasserstein quantisation", d ≥ 2); None for d = 1, where no constant exists (Graham 2020).
    worst_point : int
        Index of the point that is farthest from a corner of its box.

    Examples
    --------
    >>> import stipple
    >>> certificate = stipple.certify_prefix(9)
    >>> certificate  # doctest: +ELLIPSIS
    PrefixCertificate(9 points in dimension 2: W∞ ≤ 0.673..., R_N·√N ≤ 2.01... ≤ 14.142...)
    >>> certificate.lower_bound <= certificate.radius
    True
    """

    count: int
    dimension: int
    radius: float
    scaled_radius: float
    lower_bound: float
    ratio: float
    constant: float | None
    worst_point: int

    def __repr__(self) -> str:
        root = {1: "N", 2: "√N"}.get(self.dimension, f"N^(1/{self.dimension})")
        limit = "" if self.constant is None else f" ≤ {self.constant!r}"
        return (
            f"PrefixCertificate({self.count:,} point{'s' * (self.count != 1)} in dimension"
            f" {self.dimension}: W∞ ≤ {self.radius!r}, R_N·{root} ≤ {self.scaled_radius!r}{limit})"
        )


class IntervalDistances(NamedTuple):
    """Wasserstein distances on [0, 1] from the uniform density to equally weighted points."""

    w1: float
    w2: float
    w_infinity: float


def partition_prefix(n: int, d: int = 2) -> Floats:
    """Cut the unit cube into one box of volume 1/n for each of the first n dyadic points.

    Start with the cube and all indices. Cut the box by the bits that make the points, level by
    level and axis by axis, so that either part gets volume in proportion to how many of its
    indices have that bit 0 or 1; no cut where all agree. Boxes on both sides of a cut share its
    coordinate, so that they tile the cube exactly; each coordinate is off the exact one by at
    most e = 4·l·2^−53, l = ⌈log₂(n)/d⌉ (see `certify_prefix`), on the line by a single rounding,
    e = 2^−54. So the volume of a box of the sides s_j is 1/n but for a relative error of at most
    (1 + 2e/s_1)⋯(1 + 2e/s_d) − 1: on the line n·2^−53, as 1.2e-11 for n = 10⁵; in the plane 2e-13
    were measured for n = 10⁶.

    Parameters
    ----------
    n : int
        How many points, at least 1.
    d : int
        Dimension, 1 to 10.

    Returns
    -------
    ndarray, shape (n, 2, d)
        Lower and upper corner of the box of each point, in the order of the sequence.

    Raises
    ------
    StippleError
        If n or d is out of range.
    """
    n, d, _ = check_range(n, d)
    boxes = np.empty((n, 2, d))
    _cut_cube(n, d, boxes)
    if d == 1:
        boxes = np.rint(boxes * n) / n
    return boxes


def certify_prefix(n: int, d: int = 2) -> PrefixCertificate:
    """Bound the Wasserstein distance of the first n dyadic points to the uniform density.

    The boxes are those of `partition_prefix`, visited one by one and not kept. Rounding: a cut
    c = a + (b − a)·t inherits a mean of the errors of a and b and adds at most four roundings of
    numbers below 1, so that after l levels a coordinate errs by at most 4·l·u, u = 2^−53, and a
    distance by √d times that. This and a relative 2^−47 for the arithmetic of the distance are
    added to the radius.

    Parameters
    ----------
    n : int
        How many points, at least 1.
    d : int
        Dimension, 1 to 10.

    Raises
    ------
    StippleError
        If n or d is out of range.

    Examples
    --------
    >>> import stipple
    >>> stipple.certify_prefix(64).lower_bound > 0.07
    True
    >>> stipple.certify_prefix(64, d=3).scaled_radius <= 10 * 3**0.5
    True
    """
    n, d, _ = check_range(n, d)
    farthest, worst = _cut_cube(n, d, np.empty((0, 2, d)))
    levels = -(-(n - 1).bit_length() // d)
    radius = (farthest + math.sqrt(d) * 4 * levels * UNIT_ROUNDING) * (1 + SLACK)
    ball = math.pi ** (d / 2) / math.gamma(d / 2 + 1)
    lower_bound = (n * ball) ** (-1 / d) * (1 - SLACK)
    return PrefixCertificate(
        count=n,
        dimension=d,
        radius=radius,
        scaled_radius=radius * n ** (1 / d) * (1 + SLACK),
        lower_bound=lower_bound,
        ratio=radius / lower_bound,
        constant=find_constant(d),
        worst_point=worst,
    )


def certify_prefixes(start: int, stop: int, step: int, d: int) -> Iterator[PrefixCertificate]:
    """Certify the prefixes of start, start + step, … points below stop, one after the other.

    Parameters
    ----------
    start, stop, step : int
        As in `range`: the first count, at least 1; the first not taken; their distance, ≥ 1.
    d : int
        Dimension, 1 to 10.

    Raises
    ------
    StippleError
        If a number is out of range, or the range is empty.
    """
    stop, step = read_count(stop, "end of the prefixes"), read_count(step, "step of the prefixes")
    start, d, _ = check_range(start, d)
    if step < 1 or stop <= start:
        raise StippleError(
            f"The range of prefixes from {start} up to {stop} in steps of {step} is empty: give a"
            " larger end and a step of at least 1."
        )
    check_range(stop - 1, d)
    return (certify_prefix(n, d) for n in range(start, stop, step))


def measure_prefix_1d(points: PointsLike) -> IntervalDistances:
    """Compute W_1, W_2 and W_∞ from the uniform density on [0, 1] to points, in closed form.

    On a line the optimal map is monotone: the i-th smallest of n points gets the mass of
    [i/n, (i+1)/n], and each distance is a sum of integrals of polynomials. In this way W_p is the
    classical L^p discrepancy, and W_∞ the star discrepancy (Graham, "Irregularity of distribution
    in Wasserstein distance", J. Fourier Anal. Appl. 26, 2020). So in d = 1 no sequence, this one
    or another, has W_p ≤ C/N for all its prefixes: N·W_p exceeds a multiple of √log N infinitely
    often for every finite p (Roth, Schmidt, Halász), and N·W_∞ a multiple of log N (Schmidt 1972).

    Parameters
    ----------
    points : array_like, shape (n,) or (n, 1)
        At least one point in [0, 1], in any order.

    Returns
    -------
    IntervalDistances
        The tuple (W_1, W_2, W_∞), each within a relative 2^−46 of the exact distance.

    Raises
    ------
    StippleError
        If there is no point, they do not lie on a line, or one is outside [0, 1].
    """
    array = read_points(points, "array of points")
    if array.size == 0 or array.shape not in ((array.size,), (array.size, 1)):
        raise StippleError(
            f"Distances on the interval need points of shape (n,), not {array.shape}: give one"
            " coordinate for each of at least one point."
        )
    places = np.sort(array.ravel())
    if not (places[0] >= 0 and places[-1] <= 1):
        raise StippleError(
            "Distances on the interval need points in [0, 1]: leave out the others, or scale."
        )
    n = len(places)
    # From points to both ends of their intervals, in units of 1/n, without cancellation.
    product, rest = _multiply(float(n), places)
    ends = np.arange(n + 1)
    left, right = ((part - product) - rest for part in (ends[:-1], ends[1:]))
    # ∫|t| dt from left to right; the second form where they have different signs.
    apart = left * right >= 0
    first = np.where(apart, np.abs(left + right), left**2 + right**2) / 2
    second = (left**2 + left * right + right**2) / 3
    return IntervalDistances(
        w1=float(first.sum()) / n / n,
        w2=math.sqrt(float(second.sum()) / n) / n,
        w_infinity=float(np.maximum(np.abs(left), np.abs(right)).max()) / n,
    )


def _multiply(factor: float, values: Floats) -> tuple[Floats, Floats]:
    """Products, and what they lack of the exact ones (Dekker 1971)."""
    split = 2.0**27 + 1
    high = factor * split - (factor * split - factor)
    tops = values * split - (values * split - values)
    products = factor * values
    low, bottoms = factor - high, values - tops
    return products, ((high * tops - products) + high * bottoms + low * tops) + low * bottoms


@compile_loop
def _cut_cube(total: int, d: int, boxes: Floats) -> tuple[float, int]:
    """Largest distance from a point to a corner of its box, and the (first) point that has it.

    `boxes`, shape (total, 2, d), receives the boxes; with no rows they are not kept.
    """
    # Depth first: what waits is at most one part for each bit of the largest index, rounded up.
    size = d
    while total >> size:
        size += d
    waiting_boxes = np.empty((size, 2, d))
    waiting_points = np.empty((size, d))
    waiting_first = np.empty(size, dtype=np.int64)
    waiting_depth = np.empty(size, dtype=np.int64)
    waiting_share = np.empty(size, dtype=np.int64)
    waiting_boxes[0, 0] = 0.0
    waiting_boxes[0, 1] = 1.0
    waiting_points[0] = 0.0
    waiting_first[0] = 0
    waiting_depth[0] = 0
    waiting_share[0] = total
    waiting = 1
    box = np.empty((2, d))
    point = np.empty(d)
    farthest = -1.0
    worst = 0
    while waiting > 0:
        waiting -= 1
        for axis in range(d):
            box[0, axis] = waiting_boxes[waiting, 0, axis]
            box[1, axis] = waiting_boxes[waiting, 1, axis]
            point[axis] = waiting_points[waiting, axis]
        first = waiting_first[waiting]
        depth = waiting_depth[waiting]
        share = waiting_share[waiting]
        while share > 1:
            level, axis = divmod(depth, d)
            depth += 1
            # The least index of a part has all its later bits 0: that side is never empty.
            kept = _count_indices(total, d, first, depth)
            if kept == share:
                continue
            low, high = box[0, axis], box[1, axis]
            cut = low + (high - low) * (kept / share)
            for other in range(d):
                waiting_boxes[waiting, 0, other] = box[0, other]
                waiting_boxes[waiting, 1, other] = box[1, other]
                waiting_points[waiting, other] = point[other]
            waiting_boxes[waiting, 0, axis] = cut
            waiting_points[waiting, axis] += 0.5 ** (level + 1)
            waiting_first[waiting] = first + (1 << (level * d + d - 1 - axis))
            waiting_depth[waiting] = depth
            waiting_share[waiting] = share - kept
            waiting += 1
            box[1, axis] = cut
            share = kept
        square = 0.0
        for axis in range(d):
            square += max(point[axis] - box[0, axis], box[1, axis] - point[axis]) ** 2
            if len(boxes) > 0:
                boxes[first, 0, axis] = box[0, axis]
                boxes[first, 1, axis] = box[1, axis]
        if square > farthest or (square == farthest and first < worst):
            farthest = square
            worst = first
    return math.sqrt(farthest), worst


@compile_loop
def _count_indices(total: int, d: int, first: int, depth: int) -> int:
    """How many indices below `total` share the first `depth` bits, as dealt, of `first`.

    These are all bits of the lowest ⌊depth/d⌋ digits and the leading bits of the next one; the
    other bits of `first` are 0.
    """
    shift = depth // d * d
    width = 1 << (shift + d - depth)
    digit = first >> shift
    same = ((total - 1 - (first - (digit << shift))) >> shift) + 1
    cycle = 1 << d
    return (same >> d) * width + min(max((same & (cycle - 1)) - digit, 0), width)
