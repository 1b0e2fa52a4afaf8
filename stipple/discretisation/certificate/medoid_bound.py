"""A lower bound of what m medoids cost: no m samples, whichever they are, cost less.

Prices v_i, which any numbers may be. What sample i pays is at least v_i − (v_i − C_ij)₊ for its
medoid j, and so at least v_i less the sum of that over all medoids. With masses a_i,

    Σ_i a_i min_j C_ij ≥ Σ_i a_i v_i − Σ_j G_j,   G_j = Σ_i a_i (v_i − C_ij)₊,

and the sum over m medoids is at most that of the m largest G_j. It is the Lagrangian relaxation of
the m-median problem (Cornuejols, Fisher and Nemhauser, Management Science 23, 1977), whose best
value is that of its linear relaxation.
"""

import math

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.discretisation.certificate.problem import expand_interval
from stipple.interval import Interval
from stipple.machine.compiled import compile_loop
from stipple.machine.rounding import UNIT_ROUNDING, raise_squares

# Steps of the ascent, and costs that are looked at in all of them: that is a few seconds.
MOST_STEPS, MOST_WORK = 400, 2_000_000_000
# Steps are this part of those to the known cost, halved after so many without success, down to
# the smallest; so much of the last direction is kept (Polyak, USSR Computational Mathematics and
# Mathematical Physics 9, 1969).
PART, PATIENCE, SMALLEST, KEPT = 1.0, 12, 1e-4, 0.7
# Prices begin between what the nearest medoid costs and what the second one does.
BEGINNINGS = (0.25, 0.5, 1.0)
# Scaled numbers below this one count as 0; rounding below the normal ones is far less.
LOWEST = 2.0**-900
# Of the cost: prices that prove so much are good enough.
CLOSE = 1e-12


def bound_medoids(
    distances: Floats, masses: Floats, medoids: Integers, order: float, relative_error: float
) -> float:
    """Find a number that W_k^k from the samples to no m of them is below; all rounding is covered.

    Parameters
    ----------
    distances : ndarray, shape (n, n)
        Between samples, symmetric.
    masses : ndarray, shape (n,)
        In any scale, of which the exact sum is 1.
    medoids : ndarray of int, shape (m,)
        Good ones, which help to find the bound.
    order : float
        k ≥ 1.
    relative_error : float
        By what part of itself each distance may be off.

    Returns
    -------
    float
        At least 0.
    """
    exponent = int(np.frexp(distances.max())[1])
    scaled_masses = np.ldexp(masses, -int(np.frexp(masses.max())[1]))
    costs = _lower_costs(np.ldexp(distances, -exponent), order, relative_error)
    prices = _find_prices(costs, scaled_masses, medoids)
    scaled = _evaluate_down(costs, scaled_masses, prices, len(medoids))
    return expand_interval(Interval(scaled, scaled), exponent, order).lower


def _lower_costs(distances: Floats, order: float, relative_error: float) -> Floats:
    """Costs that are not above the true ones, for distances of at most 1."""
    costs, error = raise_squares(distances, 2 * order)
    # (1 − e)^k ≥ 1 − ke.
    part = (1 - error) * (1 - order * relative_error) * (1 - 8 * UNIT_ROUNDING)
    costs *= max(0.0, part)
    costs[costs < LOWEST] = 0.0
    return costs


def _evaluate_down(costs: Floats, masses: Floats, prices: Floats, count: int) -> float:
    """Value of the dual over the whole mass, rounded down."""
    size = len(masses)
    # A term errs by two roundings, their sum by one more for each of them.
    gains = _add_gains(costs, masses, prices) * (1 + 2 * (size + 8) * UNIT_ROUNDING)
    lost = math.fsum(np.partition(gains, size - count)[size - count :]) * (1 + 4 * UNIT_ROUNDING)
    paid = math.fsum(masses * prices) * (1 - 4 * UNIT_ROUNDING)
    hidden = size * (1 + count) * LOWEST
    whole = math.fsum(masses) * (1 + 4 * UNIT_ROUNDING) + hidden
    value = (paid - lost - 4 * UNIT_ROUNDING * paid - hidden) / whole
    return max(0.0, value * (1 - 4 * UNIT_ROUNDING))


def _find_prices(costs: Floats, masses: Floats, medoids: Integers) -> Floats:
    """Raise the dual by subgradients, which tell how many of the best medoids a sample is in."""
    first, second = _find_two_least(costs[:, medoids])
    aim = float(masses @ first)
    best, found = -np.inf, first
    for part in BEGINNINGS:
        prices = first + part * (second - first)
        value, _ = _evaluate(costs, masses, prices, len(medoids))
        if value > best:
            best, found = value, prices
    prices, direction, part, idle = found, np.zeros(len(masses)), PART, 0
    for _ in range(min(MOST_STEPS, max(1, MOST_WORK // costs.size))):
        value, chosen = _evaluate(costs, masses, prices, len(medoids))
        idle += 1
        if value > best:
            best, found, idle = value, prices, 0
        elif idle == PATIENCE:
            part, idle, direction = part / 2, 0, np.zeros(len(masses))
            value, chosen = _evaluate(costs, masses, found, len(medoids))
            prices = found
        if part < SMALLEST or best >= aim * (1 - CLOSE):
            break
        held = (costs[:, chosen] < prices[:, None]).sum(axis=1)
        direction = 1 - held + KEPT * direction
        square = float(masses @ direction**2)
        if square == 0:
            break
        prices = np.maximum(0.0, prices + part * (aim - value) / square * direction)
    return found


def _find_two_least(columns: Floats) -> tuple[Floats, Floats]:
    """Find the two least costs of each sample; there is no second medoid of one."""
    if columns.shape[1] == 1:
        return columns[:, 0], np.full(len(columns), columns.max())
    first, second = np.partition(columns, 1, axis=1)[:, :2].T
    return first, second


def _evaluate(costs: Floats, masses: Floats, prices: Floats, count: int) -> tuple[float, Integers]:
    """Value of the dual, and the medoids that gain most."""
    gains = _add_gains(costs, masses, prices)
    chosen = np.argpartition(gains, len(gains) - count)[len(gains) - count :]
    return float(masses @ prices - gains[chosen].sum()), chosen


@compile_loop
def _add_gains(costs: Floats, masses: Floats, prices: Floats) -> Floats:
    """Σ_i a_i (v_i − C_ij)₊ for each j, shape (n,); C is symmetric."""
    gains = np.zeros(len(masses))
    for j in range(len(masses)):
        row = costs[j]
        for i in range(len(masses)):
            if prices[i] > row[i]:
                gains[j] += masses[i] * (prices[i] - row[i])
    return gains
