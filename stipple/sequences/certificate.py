"""How well prefixes of the dyadic sequence are spread: partitions, certificates, closed forms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stipple.arguments import read_count, read_number, read_points
from stipple.arrays import Floats, PointsLike
from stipple.errors import StippleError
from stipple.interval import Interval
from stipple.machine.rounding import UNIT_ROUNDING
from stipple.sequences.boxes import cut_cube
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
    w2_bound : float
        Upper bound of W_2, rounded upwards: the root of the mean squared distance from the points
        to their boxes, in closed form.

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
    w2_bound: float

    def enclose_distance(self, order: float) -> Interval:
        """Bound W_p from the uniform density to the first N points, for one order p.

        Above, every box goes to its point: with r ≤ R_N the distance that mass moves,
        E r^p ≤ R_N^(p − 2)·E r² for p ≥ 2, and (E r^p)^(1/p) ≤ (E r²)^(1/2) for p ≤ 2. Below, no N
        points have W_p < (d/(d + p))^(1/p)·(N·ω_d)^(−1/d): at least as far away is the mass 1/N
        of each when it fills a ball about it (Gwóźdź, Remark 1.6).

        Parameters
        ----------
        order : float
            p ≥ 1; infinity gives the radius and the lower bound of W_∞.

        Raises
        ------
        StippleError
            If the order is less than 1 or no number.

        Examples
        --------
        >>> import stipple
        >>> bounds = stipple.certify_prefix(185).enclose_distance(2)
        >>> 0.398 < bounds.lower * 185**0.5 < bounds.upper * 185**0.5 < 1.07
        True
        """
        order = read_number(order, "order of the distance", 1, finite=False)
        ball = (self.dimension / (self.dimension + order)) ** (1 / order)
        upper = self.w2_bound
        if order > 2:
            upper = self.radius * (self.w2_bound / self.radius) ** (2 / order) * (1 + SLACK)
        return Interval(self.lower_bound * ball * (1 - SLACK), upper)

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


def certify_prefix(n: int, d: int = 2) -> PrefixCertificate:
    """Bound the Wasserstein distance of the first n dyadic points to the uniform density.

    The boxes are those of `partition_prefix`, visited one by one and not kept. Rounding: a cut
    c = a + (b − a)·t inherits a mean of the errors of a and b and adds at most four roundings of
    numbers below 1, so that after l levels a coordinate errs by at most 4·l·u, u = 2^−53, and a
    distance by √d times that. This and a relative 2^−47 for the arithmetic of the distance are
    added to the radius, and to the bound of W_2: the root of a mean of squared distances moves by
    no more than the distances.

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
    farthest, worst, cost = cut_cube(n, d, np.empty((0, 2, d)))
    levels = -(-(n - 1).bit_length() // d)
    error = math.sqrt(d) * 4 * levels * UNIT_ROUNDING
    radius = (farthest + error) * (1 + SLACK)
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
        w2_bound=(math.sqrt(cost) + error) * (1 + SLACK),
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
