"""The order of atoms of given weights on a line, where it says which samples each of them gets."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop

# A change has to save this part of the cost.
LEAST_SAVING = 1e-9
# How many pairs change places before a search begins again, and how many searches there are.
KICKS, SEARCHES = 3, 40
# What is left of a weight for rounding.
CRUMB = 1e-15


def order_weights(
    places: Floats,
    masses: Floats,
    weights: Floats,
    atoms: Floats,
    most: int,
    random: np.random.Generator,
) -> tuple[Floats, float]:
    """Change the order of weights along a line as long as that lowers W2².

    Atoms in their order on the line get the samples in theirs (the monotone plan is the best one),
    each is the mean of its own, and W2² is that of the order. Any two change places, or one moves
    between others, where that saves; then a few are exchanged at random, and the search goes on
    from the best order met (iterated local search: Lourenço, Martin, Stützle 2003).

    Parameters
    ----------
    places, masses : ndarray, shape (n,)
        Samples, with a mass of 1 together.
    weights : ndarray, shape (m,)
        > 0, with a sum of 1.
    atoms : ndarray, shape (m,)
        Where atoms begin: their order counts.
    most : int
        How many orders are looked at.
    random : numpy.random.Generator
        Draws the exchanges.

    Returns
    -------
    ndarray, shape (m,)
        Atoms, in the order of the weights.
    float
        W2².
    """
    along = np.argsort(places, kind="stable")
    line = places[along], masses[along], weights
    means = np.empty_like(atoms)
    best = np.argsort(atoms, kind="stable")
    least, looked = _descend(*line, best, means, most)
    for _ in range(SEARCHES):
        if looked >= most:
            break
        tried = best.copy()
        for _ in range(KICKS):
            pair = random.integers(0, len(tried), 2)
            tried[pair] = tried[pair[::-1]]
        cost, more = _descend(*line, tried, means, most - looked)
        looked += more
        if cost < (1 - LEAST_SAVING) * least:
            best, least = tried, cost
    _measure(*line, best, means)
    return means, least


@compile_loop
def _descend(
    places: Floats,
    masses: Floats,
    weights: Floats,
    order: Integers,
    means: Floats,
    most: int,
) -> tuple[float, int]:
    """Change an order as long as it helps; return W2², and how many orders were looked at."""
    count = len(order)
    tried = order.copy()
    best = _measure(places, masses, weights, order, means)
    looked = 1
    improved = True
    while improved:
        improved = False
        for first in range(count):
            for second in range(count):
                for moves in range(2):
                    # An exchange is looked at once, and neighbours that move are exchanged.
                    if (moves == 0 and second <= first) or (moves == 1 and abs(second - first) < 2):
                        continue
                    if looked >= most:
                        return best, looked
                    _change(order, tried, first, second, moves == 1)
                    cost = _measure(places, masses, weights, tried, means)
                    looked += 1
                    if cost < (1 - LEAST_SAVING) * best:
                        best = cost
                        improved = True
                        for k in range(count):
                            order[k] = tried[k]
    return best, looked


@compile_loop
def _change(order: Integers, tried: Integers, first: int, second: int, moves: bool) -> None:
    """Exchange what is in two places, or move it from the first to the second."""
    for k in range(len(order)):
        tried[k] = order[k]
    if not moves:
        tried[first], tried[second] = order[second], order[first]
        return
    step = 1 if second > first else -1
    for k in range(first, second, step):
        tried[k] = order[k + step]
    tried[second] = order[first]


@compile_loop
def _measure(
    places: Floats, masses: Floats, weights: Floats, order: Integers, means: Floats
) -> float:
    """Give samples to weights in their order; fill the means, and return W2²."""
    cost = 0.0
    sample = 0
    left = masses[0]
    for atom in order:
        lacking = weights[atom]
        # Moments about the first sample: far from 0 others would lose their digits.
        origin = places[sample]
        total = moment = second = 0.0
        while lacking > CRUMB:
            part = min(left, lacking)
            shift = places[sample] - origin
            total += part
            moment += part * shift
            second += part * shift * shift
            lacking -= part
            left -= part
            if left <= CRUMB:
                if sample == len(places) - 1:
                    break
                sample += 1
                left = masses[sample]
        mean = moment / total if total > 0 else 0.0
        means[atom] = origin + mean
        cost += max(second - moment * mean, 0.0)
    return cost
