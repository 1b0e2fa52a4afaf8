"""Costs of intervals of samples on a line, each at its best atom: a median, a mean, or between."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.machine.double_doubles import add_pairs, multiply_pair, multiply_pairs

# Orders whose costs come from sums of powers; those of others are added up sample by sample.
SUMMED_ORDERS = (1.0, 2.0)
# Atoms of other orders are found to this part of their interval; every so often it is halved.
NARROW, HALVING = 2.0**-50, 3
# Costs hardly change near an atom: as its distance to the order, or squared for larger ones.
FLAT = 54.0


@compile_loop
def add_up(places: Floats, weights: Floats) -> Floats:
    """Sum masses and first and second moments before each sample: pairs, shape (n + 1, 6)."""
    sums = np.zeros((len(places) + 1, 6))
    for i in range(len(places)):
        last, following = sums[i], sums[i + 1]
        high = weights[i]
        low = 0.0
        for power in range(3):
            k = 2 * power
            following[k], following[k + 1] = add_pairs(last[k], last[k + 1], high, low)
            high, low = multiply_pair(high, low, places[i])
    return sums


@compile_loop
def _subtract(sums: Floats, start: int, stop: int, power: int) -> tuple[float, float]:
    """Sum over samples start..stop − 1, as a pair."""
    k = 2 * power
    return add_pairs(sums[stop, k], sums[stop, k + 1], -sums[start, k], -sums[start, k + 1])


@compile_loop
def _find_median(sums: Floats, start: int, stop: int) -> int:
    """Find the sample at the weighted median of start..stop − 1."""
    half = sums[start, 0] + (sums[stop, 0] - sums[start, 0]) / 2
    low = start
    high = stop - 1
    while low < high:
        middle = (low + high) // 2
        if sums[middle + 1, 0] < half:
            low = middle + 1
        else:
            high = middle
    return low


@compile_loop
def find_cost(places: Floats, sums: Floats, start: int, stop: int, order: float) -> float:
    """Add up what samples start..stop − 1 cost at their best atom.

    Sums are those of `add_up` for the orders 1 and 2, or weights, shape (n, 1), for any order.
    """
    if sums.shape[1] == 1:
        width = 2.0 ** (-FLAT / min(order, 2.0))
        atom = _find_atom(places, sums, start, stop, order, width)
        total = 0.0
        for i in range(start, stop):
            total += sums[i, 0] * abs(places[i] - atom) ** order
        return total
    if order == 2:
        mass, rest = _subtract(sums, start, stop, 0)
        first = _subtract(sums, start, stop, 1)
        second = _subtract(sums, start, stop, 2)
        product = multiply_pairs(mass, rest, second[0], second[1])
        square = multiply_pairs(first[0], first[1], first[0], first[1])
        return max(0.0, add_pairs(product[0], product[1], -square[0], -square[1])[0] / mass)
    middle = _find_median(sums, start, stop)
    left, right = _subtract(sums, start, middle, 0), _subtract(sums, middle, stop, 0)
    lever = add_pairs(left[0], left[1], -right[0], -right[1])
    lever = multiply_pair(lever[0], lever[1], places[middle])
    left, right = _subtract(sums, start, middle, 1), _subtract(sums, middle, stop, 1)
    moment = add_pairs(right[0], right[1], -left[0], -left[1])
    return max(0.0, add_pairs(lever[0], lever[1], moment[0], moment[1])[0])


@compile_loop
def find_centres(places: Floats, sums: Floats, path: Integers, order: float) -> Floats:
    """Best atoms of the intervals."""
    centres = np.empty(len(path) - 1)
    for j in range(len(centres)):
        if sums.shape[1] == 1:
            centres[j] = _find_atom(places, sums, path[j], path[j + 1], order, NARROW)
        elif order == 2:
            mass, _ = _subtract(sums, path[j], path[j + 1], 0)
            first, _ = _subtract(sums, path[j], path[j + 1], 1)
            centres[j] = first / mass
        else:
            centres[j] = places[_find_median(sums, path[j], path[j + 1])]
    return centres


@compile_loop
def _find_atom(
    places: Floats, weights: Floats, start: int, stop: int, order: float, part: float
) -> float:
    """Find where the slope of the cost is 0, between places nearer than a part of the interval.

    By the false position, the slope of a place that stays halved (Dowell and Jarratt, BIT 11,
    1971), and by halving, for the slopes of large orders.
    """
    if order == 1:
        return float(places[_find_middle(weights, start, stop)])
    low, high = places[start], places[stop - 1]
    below = _find_slope(places, weights, start, stop, low, order)
    above = _find_slope(places, weights, start, stop, high, order)
    width = part * (high - low)
    side = 0
    step = 0
    while high - low > width:
        step += 1
        atom = low - below * (high - low) / (above - below)
        if step % HALVING == 0 or not low < atom < high:
            atom = low + (high - low) / 2
        if not low < atom < high:
            break
        slope = _find_slope(places, weights, start, stop, atom, order)
        if slope == 0:
            return float(atom)
        if slope < 0:
            low, below = atom, slope
            above = above / 2 if side < 0 else above
            side = -1
        else:
            high, above = atom, slope
            below = below / 2 if side > 0 else below
            side = 1
    return float(low + (high - low) / 2)


@compile_loop
def _find_slope(
    places: Floats, weights: Floats, start: int, stop: int, atom: float, order: float
) -> float:
    """Slope of the cost of an interval where the atom moves, over the order."""
    slope = 0.0
    for i in range(start, stop):
        away = places[i] - atom
        part = weights[i, 0] * abs(away) ** (order - 1)
        slope += part if away < 0 else -part
    return slope


@compile_loop
def _find_middle(weights: Floats, start: int, stop: int) -> int:
    """Find the sample at the weighted median of start..stop − 1, by adding up weights."""
    low = start
    high = stop - 1
    below = 0.0
    above = 0.0
    while low < high:
        if below + weights[low, 0] <= above + weights[high, 0]:
            below += weights[low, 0]
            low += 1
        else:
            above += weights[high, 0]
            high -= 1
    return low
