"""Where atoms start: samples drawn where those chosen so far leave the largest costs."""

import math

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop


def draw_costly(
    points: Floats,
    masses: Floats,
    count: int,
    order: float,
    random: np.random.Generator,
    *,
    arcs: bool = False,
) -> Floats:
    """Choose samples one after the other, each with a probability as large as what it costs so far.

    Greedy k-means++ (Arthur and Vassilvitskii, SODA 2007; Celebi, Kingravi and Vela, Expert Systems
    with Applications 40, 2013): of 2 + ⌊log m⌋ samples drawn so, the one that leaves least to pay.

    Parameters
    ----------
    points, masses : ndarray, shape (n, d) and (n,)
        Samples.
    count : int
        m.
    order : float
        k ≥ 1: costs are distances to this power.
    random : numpy.random.Generator
        Draws.
    arcs : bool
        Whether distances are arcs of the unit sphere.

    Returns
    -------
    ndarray, shape (m, d)
        Points of samples; they are different while samples are left.
    """
    trials = 2 + int(math.log(count))
    columns = np.ascontiguousarray(points.T)
    chosen = _choose(columns, masses, order, arcs, random.random((count, trials)))
    return np.asarray(points[chosen])


@compile_loop
def _choose(columns: Floats, masses: Floats, order: float, arcs: bool, draws: Floats) -> Integers:
    dimension, samples = columns.shape
    count, trials = draws.shape
    chosen = np.zeros(count, dtype=np.int64)
    # What each sample costs so far, and with one more atom.
    costs = masses.copy()
    tried = np.empty(samples)
    kept = np.empty(samples)
    sums = np.empty(samples)
    for place in range(count):
        total = 0.0
        for i in range(samples):
            total += costs[i]
            sums[i] = total
        least = np.inf
        for trial in range(trials if place > 0 else 1):
            drawn = np.searchsorted(sums, draws[place, trial] * total, side="right")
            candidate = min(drawn, samples - 1)
            tried[:] = 0.0
            for axis in range(dimension):
                x = columns[axis, candidate]
                column = columns[axis]
                for i in range(samples):
                    tried[i] += (column[i] - x) ** 2
            if arcs:
                for i in range(samples):
                    tried[i] = (2 * np.arcsin(min(1.0, np.sqrt(tried[i]) / 2))) ** order
            elif order != 2:
                for i in range(samples):
                    tried[i] **= order / 2
            left = 0.0
            for i in range(samples):
                tried[i] *= masses[i]
                if place > 0:
                    tried[i] = min(tried[i], costs[i])
                left += tried[i]
            if left < least:
                least = left
                chosen[place] = candidate
                kept, tried = tried, kept
        costs, kept = kept, costs
    return chosen
