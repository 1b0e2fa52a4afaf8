"""A lower bound of the quantisation error: no m atoms, wherever and of any weights, have less.

Two bounds are found, and the larger one counts.

Prices v_i, which any numbers may be. Of all plans to atoms y_1, …, y_m that to the nearest ones
costs least, and min_j |x_i − y_j|² ≥ v_i − max_j (v_i − |x_i − y_j|²)₊, where the maximum is at
most the sum over j. With masses a_i,

    W2² ≥ Σ_i a_i v_i − Σ_j G(y_j) ≥ Σ_i a_i v_i − m · max_y G(y),
    G(y) = Σ_i a_i (v_i − |x_i − y|²)₊.

It is the dual of the linear relaxation of facility location, with every place allowed (du Merle,
Hansen, Jaumard and Mladenović, SIAM Journal on Scientific Computing 21, 1999). For a uniform
density in the plane its best value is the moment of discs of area 1/m, .8 % below that of the
hexagons of Fejes Tóth. `find_prices` raises it, and is not trusted; `bound_gain` bounds the maximum
over all y.

Directions. m atoms lie in an affine space of m − 1 dimensions, so that W2² is at least what is left
of the variance outside the best such space: the sum of all but the m − 1 largest eigenvalues of the
covariance. That says something for more dimensions than atoms.
"""

import math

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.certificate.problem import find_exponent, scale_power
from stipple.discretisation.largest_gain import bound_gain
from stipple.discretisation.prices import find_prices
from stipple.machine.rounding import UNIT_ROUNDING
from stipple.measures.samples import Samples

# Coordinates that are looked at before boxes are left as they are, and looks at each sample: they
# take a few seconds at most.
MOST_WORK, WORK_PER_SAMPLE = 120_000_000, 400
# Boxes are left alone where they gain no more than these parts above the best place known.
CLOSE = (0.03, 0.003)


def bound_quantisation(samples: Samples, atoms: Floats) -> float:
    """Find a number that W2² from the samples to no len(atoms) atoms of any weights is below.

    All rounding is accounted for: samples are moved to their mean and scaled by a power of two,
    which moves each by less than η, and W2 by no more; masses err by less than n + 8 units of
    rounding; sums of n terms by less than n units of the sum of the terms.

    Parameters
    ----------
    samples : Samples
        x and a.
    atoms : ndarray, shape (m, d)
        Good ones, which help to find the bound.

    Returns
    -------
    float
        At least 0.
    """
    exponent = find_exponent(samples.points)
    points = np.ldexp(samples.points, -exponent)
    middle = points.mean(axis=0)
    points = points - middle
    atoms = np.ldexp(atoms, -exponent) - middle
    largest = float(np.abs(points).max())
    # Differences are rounded once; numbers below the normal ones lose all at most.
    moved = math.sqrt(points.shape[1]) * (2 * UNIT_ROUNDING * largest + 2.0**-500)
    squared = max(
        _bound_by_directions(points, samples.masses, len(atoms)),
        _bound_by_prices(points, samples.masses, atoms),
    )
    distance = max(0.0, math.sqrt(squared) * (1 - 4 * UNIT_ROUNDING) - moved)
    found = float(scale_power(distance**2 * (1 - 8 * UNIT_ROUNDING), exponent, 2.0))
    return found if np.finfo(float).tiny < found < np.inf else 0.0


def _bound_by_prices(points: Floats, masses: Floats, atoms: Floats) -> float:
    nearest = np.full(len(points), np.inf)
    for atom in atoms:
        nearest = np.minimum(nearest, ((points - atom) ** 2).sum(axis=1))
    cost = float(masses @ nearest)
    if cost <= 0 or len(atoms) == 1:
        return 0.0
    prices = find_prices(points, masses, atoms, cost)
    if not np.isfinite(prices).all():
        return 0.0
    count, dimension = points.shape
    gain = _bound_gain(points, masses, prices, atoms)
    # Terms of the sums in a box are prices and products of coordinates.
    reach = float((points**2).sum(axis=1).max())
    terms = 2 * float(np.abs(prices).max()) + 4 * reach
    gain += (count + 16 * dimension + 64) * 4 * UNIT_ROUNDING * terms
    payments: list[float] = (masses * prices).tolist()
    lost = len(atoms) * gain
    rounding = (count + 8) * 4 * UNIT_ROUNDING * (math.fsum(map(abs, payments)) + lost)
    return float(max(0.0, (math.fsum(payments) - lost - rounding) * (1 - 4 * UNIT_ROUNDING)))


def _bound_gain(points: Floats, masses: Floats, prices: Floats, atoms: Floats) -> float:
    """Bound what is gained anywhere, coarsely and then closely, as far as time allows."""
    best = 0.0
    for atom in atoms:
        squares = ((points - atom) ** 2).sum(axis=1)
        best = max(best, float(masses @ np.maximum(prices - squares, 0)))
    work = MOST_WORK // points.shape[1] + WORK_PER_SAMPLE * len(points)
    least = np.inf
    for close in CLOSE:
        bound, best = bound_gain(points, masses, prices, best, close, work)
        least = min(least, bound)
    return float(least)


def _bound_by_directions(points: Floats, masses: Floats, count: int) -> float:
    """Add up the smallest eigenvalues of the covariance, less what rounding may have added."""
    size, dimension = points.shape
    if count > dimension:
        return 0.0
    centred = points - masses @ points
    covariance = (centred * masses[:, None]).T @ centred
    eigenvalues = np.linalg.eigvalsh(covariance)
    trace = float(np.trace(covariance))
    # The mean may be off too, which adds no more than its own square.
    off = dimension * (8 * size * UNIT_ROUNDING * float(np.abs(points).max())) ** 2
    rounding = (size + 64 * dimension**2) * 8 * UNIT_ROUNDING * trace + off
    rest: float = math.fsum(eigenvalues[: dimension - count + 1].tolist())
    return float(max(0.0, rest - rounding))
