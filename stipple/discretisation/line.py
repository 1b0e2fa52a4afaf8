"""Weighted optimal quantisation on the line, where the best atoms of all can be found."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.machine.double_doubles import add_pairs, multiply_pair, multiply_pairs

# Orders whose costs of an interval come from sums of powers, at its median or its mean.
SOLVED_ORDERS = (1.0, 2.0)
# The price of an atom is looked for on so many samples first: on all of them it changes by little.
FEW_SAMPLES = 20_000
# Prices are between this part of the cost of one atom and twice that cost; for a density they are
# as the number of atoms to this power.
LEAST_PRICE, SCALING = 2.0**-90, 3


def quantise_line(places: Floats, masses: Floats, count: int, order: float) -> Floats:
    """Find the atoms of least W_k^k to samples on a line, for k = 1 or 2.

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
        k, 1 or 2.

    Returns
    -------
    ndarray, shape (m,)
        Atoms, ascending: medians or means of intervals of samples.
    """
    different, groups = np.unique(places, return_inverse=True)
    weights = np.bincount(groups.ravel(), masses).astype(float)
    if count == len(different):
        return different
    line = _Line(different, weights, order)
    price = None
    if len(different) > 2 * FEW_SAMPLES > 4 * count:
        _, price = _search(_thin(line), count, None)
    path, _ = _search(line, count, price)
    return line.find_centres(path)


class _Line:
    """Samples in ascending order, with the sums that tell the cost of an interval."""

    def __init__(self, places: Floats, weights: Floats, order: float) -> None:
        self.places = places
        self.weights = weights
        self.order = order
        self._sums = _add_up(places, weights)

    def __len__(self) -> int:
        return len(self.places)

    def find_cost(self, start: int, stop: int) -> float:
        """Add up what samples start..stop − 1 cost at their best atom."""
        return _find_cost(self.places, self._sums, start, stop, self.order)

    def cut(self, price: float) -> Integers:
        """Find the ends of intervals that cost least, each with the price of its atom added."""
        return _cut(self.places, self._sums, self.order, price)

    def find_centres(self, path: Integers) -> Floats:
        """Atoms of the intervals between the ends in a path."""
        return _find_centres(self.places, self._sums, path, self.order)


def _thin(line: _Line) -> _Line:
    """Put consecutive samples together, with their mass, at their mean.

    There are as many of them as the best atoms would be, whose density is p^(1/(1 + k)), p that of
    the samples: long tails keep theirs.
    """
    gaps = np.diff(line.places)
    masses = (line.weights[1:] + line.weights[:-1]) / 2
    wanted = np.cumsum((masses * gaps**line.order) ** (1 / (1 + line.order)))
    steps = np.floor(wanted * (FEW_SAMPLES / wanted[-1]))
    starts = np.append(0, np.flatnonzero(np.diff(steps, prepend=0.0)) + 1)
    together = np.add.reduceat(line.weights, starts)
    means = np.add.reduceat(line.weights * line.places, starts) / together
    return _Line(means, together, line.order)


def _search(line: _Line, count: int, price: float | None) -> tuple[Integers, float]:
    """Find the ends of the best intervals, shape (m + 1,), and a price that they are best at."""
    high = 2 * line.find_cost(0, len(line))
    low = LEAST_PRICE * high
    fewer, more = np.array([0, len(line)]), np.arange(len(line) + 1)
    power = SCALING
    price = price or float(np.sqrt(low * high))
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
            price = float(np.sqrt(low * high))
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
def _add_up(places: Floats, weights: Floats) -> Floats:
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
def _find_cost(places: Floats, sums: Floats, start: int, stop: int, order: float) -> float:
    """Add up what samples start..stop − 1 cost at their best atom."""
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
def _find_centres(places: Floats, sums: Floats, path: Integers, order: float) -> Floats:
    """Means, or medians, of the intervals."""
    centres = np.empty(len(path) - 1)
    for j in range(len(centres)):
        if order == 2:
            mass, _ = _subtract(sums, path[j], path[j + 1], 0)
            first, _ = _subtract(sums, path[j], path[j + 1], 1)
            centres[j] = first / mass
        else:
            centres[j] = places[_find_median(sums, path[j], path[j + 1])]
    return centres


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
        least[stop] = least[begin] + _find_cost(places, sums, begin, stop, order) + price
        if stop == size:
            break
        # Beginnings that come first where this one is better already are never the best.
        low = stop
        high = size + 1
        while tail > head:
            rival = queue[tail - 1]
            place = max(first[tail - 1], stop + 1)
            mine = least[stop] + _find_cost(places, sums, stop, place, order)
            if mine >= least[rival] + _find_cost(places, sums, rival, place, order):
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
            mine = least[stop] + _find_cost(places, sums, stop, place, order)
            if mine < least[rival] + _find_cost(places, sums, rival, place, order):
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
