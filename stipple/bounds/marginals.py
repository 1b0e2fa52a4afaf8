"""Bounds on W_p from the sums of rows and columns: exact on a line, and cheap for any image."""

from fractions import Fraction

import numpy as np

from stipple.bounds.exact import split_numbers
from stipple.bounds.lines import LineMatch, weigh_places, weigh_powers
from stipple.bounds.masses import Image, MassPair
from stipple.bounds.plans import Plan
from stipple.bounds.transforms import raise_costs
from stipple.machine.rounding import enclose_power, scale_exactly, take_root


def bound_from_below(pair: MassPair, order: float) -> Fraction:
    """Lower bound on W_p^p by transport between the sums of rows, and of columns.

    Between points on a line the monotone plan is the best for every p ≥ 1. Let R and C be its cost
    for rows and columns. For p ≥ 2, (x² + y²)^(p/2) ≥ |x|^p + |y|^p, so that W_p^p ≥ R + C; for
    p < 2 it is at least 2^(p/2−1) times that, and at least |x|^p and |y|^p alone. Of volumes there
    are three such costs, and 3^(p/2−1).
    """
    costs = [_price_match(match, order, down=True) for match in pair.line_matches]
    if order >= 2:
        return sum(costs, Fraction(0))
    share, _ = enclose_power(Fraction(1, len(costs)), 1 - order / 2)
    return max(*costs, share * sum(costs))


def bound_from_above(pair: MassPair, order: float) -> Fraction:
    """Upper bound on W_p^p by the plan in which both ends are independent.

    Its mean square distance Q needs the moments of rows and columns only. For p ≤ 2, W_p ≤ W_2
    (Jensen); for p > 2 no distance exceeds the largest, D, and |Δ|^p ≤ D^(p−2)·|Δ|².
    """
    mean_square, farthest = Fraction(0), 0
    for axis in range(len(pair.shape)):
        means, squares, ends = [], [], []
        for image in (pair.first, pair.second):
            means.append(_average_places(image, axis, 1))
            squares.append(_average_places(image, axis, 2))
            used = np.flatnonzero(image.lines[axis].any(axis=1)).tolist()
            ends.append((used[0], used[-1]))
        mean_square += sum(squares) - 2 * means[0] * means[1]
        farthest += max(ends[0][1] - ends[1][0], ends[1][1] - ends[0][0]) ** 2
    if order <= 2:
        return enclose_power(mean_square, order / 2)[1]
    return mean_square * enclose_power(Fraction(farthest), (order - 2) / 2)[1]


def measure_shift(pair: MassPair) -> float:
    """Distance between the barycentres, rounded down: at most W_p for every p (Jensen)."""
    squared = Fraction(0)
    for axis in range(len(pair.shape)):
        means = [_average_places(image, axis, 1) for image in (pair.first, pair.second)]
        squared += (means[0] - means[1]) ** 2
    return take_root(squared, 2, down=True)


def _average_places(image: Image, axis: int, power: int) -> Fraction:
    """Mean of the places along an axis, to a power."""
    return Fraction(weigh_powers(image.lines[axis], power), image.whole)


def match_line(pair: MassPair, order: float) -> tuple[Fraction, Plan]:
    """Price the monotone plan between images of one row or one column: the best for every p ≥ 1.

    Returns
    -------
    cost : Fraction
        W_p^p rounded up; exact for whole p.
    plan : Plan
    """
    match = max(pair.line_matches, key=lambda match: len(match.moved))
    plan = Plan(match.source, match.target, match.amounts)
    return _price_match(match, order, down=False), plan


def _price_match(match: LineMatch, order: float, *, down: bool) -> Fraction:
    """Cost of what goes along a line, rounded to a side; exact for whole p."""
    if order == int(order):
        return Fraction(weigh_powers(match.moved, int(order)), match.whole)
    costs = raise_costs(np.arange(len(match.moved), dtype=float) ** 2, order)
    prices = split_numbers(costs.table)
    cost = weigh_places(match.moved, prices.mantissas.astype(np.int64), prices.shifts)
    # Twice the error is enough for what a price is too large, or too small.
    outwards = 1 + (-2 if down else 2) * Fraction(costs.error)
    return scale_exactly(cost, prices.exponent) * outwards / match.whole
