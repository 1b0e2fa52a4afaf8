"""Weighted optimal quantisation on the line, where the best atoms of all can be found."""

import math

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.discretisation.interval_costs import SUMMED_ORDERS, add_up, find_centres, find_cost
from stipple.machine.compiled import compile_loop

# For other orders costs are added up anew each time, over intervals of n/m samples: n²/m of this
# size takes a few seconds.
MOST_PAIRS = 100_000
# Costs below this one, of places about 1 apart, lose their digits; where sums of powers are
# subtracted, those below this part of the whole sum do.
LEAST_COST, LEAST_PART = 2.0**-900, 2.0**-72
# The price of an atom is looked for on so many samples first: on all of them it changes by little.
FEW_SAMPLES = 20_000
# Wide gaps are one step each, which leaves more steps elsewhere: so often they are counted again.
WIDE_GAPS = 4
# Prices are between this part of the cost of one atom and twice that cost, and begin at that one;
# for a density they are as the number of atoms to this power.
LEAST_PRICE, FIRST_PRICE, SCALING = 2.0**-1000, 2.0**-45, 3


def quantise_line(
    places: Floats, masses: Floats, count: int, order: float
) -> tuple[Floats, bool] | None:
    """Find the atoms of least W_k^k to samples on a line.

    The cells are intervals, and their costs have the Monge property, so that the least cost is
    convex in the number of atoms (Aggarwal, Schieber and Tokuyama, Discrete & Computational
    Geometry 12, 1994): at the right price of an atom the number wanted is the best one, and one
    pass of dynamic programming finds the cells. Where that number is one of several that are best
    at a price, paths of fewer and of more intervals are joined.

    Parameters
    ----------
    places, masses : ndarray, shape (n,)
        Samples, in any order.
    count : int
        m, at most the number of different places.
    order : float
        k ≥ 1.

    Returns
    -------
    ndarray, shape (m,)
        Atoms, ascending: medians, means or the like of intervals of samples.
    bool
        Whether no atoms are better, but for rounding. Very many samples are put together for orders
        other than 1 and 2, and where sums lose their digits; there is no result where that leaves
        less than m of them.
    """
    different, groups = np.unique(places, return_inverse=True)
    weights = np.bincount(groups.ravel(), masses).astype(float)
    if count == len(different):
        return different, True
    # Exact where all places are within a factor of 2 (Sterbenz), and sums keep their digits then.
    low, high = different[0], different[-1]
    shift = low if 0 < high <= 2 * low or 2 * high <= low < 0 else 0.0
    different = different - shift
    if order in SUMMED_ORDERS:
        atoms, cost = _solve(_Line(different, weights, order, summed=True), count)
        if cost >= LEAST_PART * float(weights @ abs(different) ** order):
            return atoms + shift, True
    line = _Line(different, weights, order, summed=False)
    most = max(2 * count, math.isqrt(MOST_PAIRS * count))
    few = line if len(line) <= most else _thin(line, most)
    if len(few) <= count:
        return None
    atoms, cost = _solve(few, count)
    return atoms + shift, few is line and cost >= LEAST_COST


def _solve(line: "_Line", count: int) -> tuple[Floats, float]:
    """Find the best atoms, and what they cost."""
    price = None
    if len(line) > 2 * FEW_SAMPLES > 4 * count:
        _, price = _search(_thin(line, FEW_SAMPLES), count, None)
    path, _ = _search(line, count, price)
    return line.find_centres(path), math.fsum(map(line.find_cost, path[:-1], path[1:]))


class _Line:
    """Samples in ascending order, with the sums that tell the cost of an interval, or weights."""

    def __init__(self, places: Floats, weights: Floats, order: float, summed: bool) -> None:
        self.places = places
        self.weights = weights
        self.order = order
        self.summed = summed
        self._sums = add_up(places, weights) if summed else weights[:, None]

    def __len__(self) -> int:
        return len(self.places)

    def find_cost(self, start: int, stop: int) -> float:
        """Add up what samples start..stop − 1 cost at their best atom."""
        return find_cost(self.places, self._sums, start, stop, self.order)

    def cut(self, price: float) -> Integers:
        """Find the ends of intervals that cost least, each with the price of its atom added."""
        return _cut(self.places, self._sums, self.order, price)

    def find_centres(self, path: Integers) -> Floats:
        """Atoms of the intervals between the ends in a path."""
        return find_centres(self.places, self._sums, path, self.order)


def _thin(line: _Line, most: int) -> _Line:
    """Put consecutive samples together, with their mass, at their mean.

    There are as many of them as the best atoms would be, whose density is p^(1/(1 + k)), p that of
    the samples: long tails keep theirs.
    """
    gaps = np.diff(line.places)
    masses = (line.weights[1:] + line.weights[:-1]) / 2
    wanted = (masses * gaps**line.order) ** (1 / (1 + line.order))
    for _ in range(WIDE_GAPS):
        wanted = np.minimum(1.0, wanted * (most / wanted.sum()))
    steps = np.floor(np.cumsum(wanted))
    starts = np.append(0, np.flatnonzero(np.diff(steps, prepend=0.0)) + 1)
    together = np.add.reduceat(line.weights, starts)
    means = np.add.reduceat(line.weights * line.places, starts) / together
    return _Line(means, together, line.order, line.summed)


def _search(line: _Line, count: int, price: float | None) -> tuple[Integers, float]:
    """Find the ends of the best intervals, shape (m + 1,), and a price that they are best at."""
    high = 2 * line.find_cost(0, len(line))
    low = max(LEAST_PRICE * high, np.finfo(float).tiny)
    fewer, more = np.array([0, len(line)]), np.arange(len(line) + 1)
    power = SCALING
    price = price or FIRST_PRICE * high
    while low < price < high:
        found = line.cut(price)
        number = len(found) - 1
        if number == count:
            return found, price
        if number < count:
            high, fewer = price, found
        else:
            low, more = price, found
        near = price * (number / count) ** power
        if low < near < high:
            price, power = near, 2 * power
        else:
            price = math.sqrt(low) * math.sqrt(high)
    return _join(fewer, more, count), price


def _join(fewer: Integers, more: Integers, count: int) -> Integers:
    """Join two paths that are best at one price to one of `count` intervals, which is as good.

    Where an interval of the first holds one of the second, it begins as the first and ends as the
    second; the other two halves make another path, and together they cost no more than before.
    """
    ahead = len(more) - 1 - count
    place = next(
        place
        for place in range(len(fewer) - 1)
        if fewer[place] <= more[place + ahead] and more[place + ahead + 1] <= fewer[place + 1]
    )
    return np.concatenate((fewer[: place + 1], more[place + ahead + 1 :]))


@compile_loop
def _cut(places: Floats, sums: Floats, order: float, price: float) -> Integers:
    """Find the ends of the intervals of least cost and price.

    The last interval before a sample begins no earlier the later that sample is. So the beginnings
    that are best for some sample yet to come stand in a queue, each with the first such sample,
    which is found from that of the one before by steps that double.
    """
    size = len(places)
    least = np.zeros(size + 1)
    before = np.zeros(size + 1, dtype=np.int64)
    queue = np.zeros(size + 1, dtype=np.int64)
    first = np.ones(size + 1, dtype=np.int64)
    head = 0
    tail = 1
    rival = 0
    guess = 1
    for stop in range(1, size + 1):
        while head + 1 < tail and first[head + 1] <= stop:
            head += 1
        begin = queue[head]
        before[stop] = begin
        least[stop] = least[begin] + find_cost(places, sums, begin, stop, order) + price
        if stop == size:
            break
        # Beginnings that come first where this one is better already are never the best.
        low = stop
        high = size + 1
        while tail > head:
            rival = queue[tail - 1]
            place = max(first[tail - 1], stop + 1)
            mine = least[stop] + find_cost(places, sums, stop, place, order)
            if mine >= least[rival] + find_cost(places, sums, rival, place, order):
                low = place
                break
            high = place
            tail -= 1
        # The rival is no worse at `low`; this one is better at `high`, if that is a sample. It
        # becomes so near where the one before did: steps double from there, then halve.
        place = min(max(guess, low + 1), high - 1)
        stride = 1
        going = 0
        while tail > head and high - low > 1:
            mine = least[stop] + find_cost(places, sums, stop, place, order)
            if mine < least[rival] + find_cost(places, sums, rival, place, order):
                high = place
                side = -1
            else:
                low = place
                side = 1
            going = side if going in (0, side) else 2
            place += going * stride
            stride *= 2
            if going == 2 or not low < place < high:
                going = 2
                place = (low + high) // 2
        guess = min(high, size)
        if high <= size:
            queue[tail] = stop
            first[tail] = high
            tail += 1
    ends = np.empty(size + 1, dtype=np.int64)
    number = size
    ends[number] = size
    while ends[number] > 0:
        ends[number - 1] = before[ends[number]]
        number -= 1
    path: Integers = ends[number:].copy()
    return path
