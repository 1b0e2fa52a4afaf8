"""Bounds on W_p from the sums of rows and columns: exact on a line, and cheap for any image."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from stipple.bounds.masses import MassPair
from stipple.bounds.plans import Plan
from stipple.bounds.transforms import raise_costs
from stipple.machine.rounding import enclose_power, take_root


def bound_from_below(pair: MassPair, order: float) -> Fraction:
    """Lower bound on W_p^p by transport between the sums of rows, and of columns.

    Between points on a line the monotone plan is the best for every p ≥ 1. Let R and C be its cost
    for rows and columns. For p ≥ 2, (x² + y²)^(p/2) ≥ |x|^p + |y|^p, so that W_p^p ≥ R + C; for
    p < 2 it is at least 2^(p/2−1) times that, and at least |x|^p and |y|^p alone. Of volumes there
    are three such costs, and 3^(p/2−1).
    """
    costs = [_transport_line(*sides, order) for sides in _list_lines(pair)]
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
    for first, second in _list_lines(pair):
        means, squares, ends = [], [], []
        for masses in (first, second):
            whole = sum(masses)
            means.append(Fraction(sum(i * mass for i, mass in enumerate(masses)), whole))
            squares.append(Fraction(sum(i * i * mass for i, mass in enumerate(masses)), whole))
            used = [i for i, mass in enumerate(masses) if mass]
            ends.append((used[0], used[-1]))
        mean_square += sum(squares) - 2 * means[0] * means[1]
        farthest += max(ends[0][1] - ends[1][0], ends[1][1] - ends[0][0]) ** 2
    if order <= 2:
        return enclose_power(mean_square, order / 2)[1]
    return mean_square * enclose_power(Fraction(farthest), (order - 2) / 2)[1]


def measure_shift(pair: MassPair) -> float:
    """Distance between the barycentres, rounded down: at most W_p for every p (Jensen)."""
    squared = Fraction(0)
    for sides in _list_lines(pair):
        means = [Fraction(sum(i * m for i, m in enumerate(side)), sum(side)) for side in sides]
        squared += (means[0] - means[1]) ** 2
    return take_root(squared, 2, down=True)


def _list_lines(pair: MassPair) -> list[tuple[list[int], list[int]]]:
    """List the sums along each axis of both images: of rows, and of columns."""
    return list(zip(pair.first.lines, pair.second.lines, strict=True))


def match_line(pair: MassPair, order: float) -> tuple[Fraction, Plan]:
    """Price the monotone plan between images of one row or one column: the best for every p ≥ 1.

    Returns
    -------
    cost : Fraction
        W_p^p rounded up; exact for whole p.
    plan : Plan
    """
    sides = max(_list_lines(pair), key=lambda sides: len(sides[0]))
    matches = list(_match_in_order(*sides))
    source, target, amounts = zip(*matches, strict=True)
    whole = sum(sides[0]) * sum(sides[1])
    plan = Plan(np.array(source), np.array(target), np.array([one / whole for one in amounts]))
    return _price_matches(matches, len(sides[0]), order, down=False) / whole, plan


def _transport_line(first: list[int], second: list[int], order: float) -> Fraction:
    """Cost between masses at 0, 1, 2, ... in the order of the places, rounded down."""
    matches = _match_in_order(first, second)
    cost = _price_matches(matches, len(first), order, down=True)
    return cost / (sum(first) * sum(second))


def _price_matches(
    matches: Iterable[tuple[int, int, int]], size: int, order: float, *, down: bool
) -> Fraction:
    """Cost of what goes from where to where among 0, ..., size − 1, rounded to a side."""
    moved = [0] * size
    for i, j, amount in matches:
        moved[abs(i - j)] += amount
    if order == int(order):
        return Fraction(sum(amount * k ** int(order) for k, amount in enumerate(moved)))
    costs = raise_costs(np.arange(size, dtype=float) ** 2, order)
    # Twice the error is enough for what a price is too large, or too small.
    outwards = 1 + (-2 if down else 2) * Fraction(costs.error)
    cost = Fraction(0)
    for amount, price in zip(moved, costs.table.tolist(), strict=True):
        if amount:
            cost += amount * Fraction(price) * outwards
    return cost


def _match_in_order(first: list[int], second: list[int]) -> Iterator[tuple[int, int, int]]:
    """Match masses in the order of their places: from where, to where, and how much.

    Masses of either side come in units of 1/(product of the sums).
    """
    wholes = sum(first), sum(second)
    i = j = 0
    given, taken = first[0] * wholes[1], second[0] * wholes[0]
    while True:
        amount = min(given, taken)
        if amount:
            yield i, j, amount
        given -= amount
        taken -= amount
        if given == 0:
            i += 1
            if i == len(first):
                break
            given = first[i] * wholes[1]
        if taken == 0:
            j += 1
            if j == len(second):
                break
            taken = second[j] * wholes[0]
