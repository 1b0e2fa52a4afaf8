"""Prices of samples that make a good lower bound of the quantisation error; see `lower_bound`."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from stipple.arrays import Floats

# Groups of samples that have a price, at least and for each atom.
FEWEST_GROUPS, GROUPS_PER_ATOM, MOST_GROUPS = 300, 30, 600
GROUPING_STEPS = 4
# Atoms gain these parts of what the least useful one saves, to begin with.
BEGINNINGS = (0.25, 0.5, 1.0)
# Maximum and positive part are softened by these parts of the cost, one after the other.
SOFTNESS = (0.1, 0.03, 0.01, 0.01, 0.003, 0.003)
STEPS = 30
# Places that gain this part of the most one are kept, after so many steps to the mean.
PROMISING, CLIMBING_STEPS = 0.97, 4
# Middles between each group and so many around it are tried too.
MIDPOINTS = 6
# Prices in between are a mean of so many of those around.
NEIGHBOURS = 4


@dataclass(frozen=True, eq=False)
class Groups:
    """Samples put together: centres, shape (g, d), masses and variances, shape (g,)."""

    centres: Floats
    masses: Floats
    variances: Floats


def find_prices(points: Floats, masses: Floats, atoms: Floats, cost: float) -> Floats:
    """Raise Σ_i a_i v_i − m · max_y Σ_i a_i (v_i − |x_i − y|²)₊, the dual of facility location.

    That is concave. It is raised for groups of samples and places where most is gained, with the
    maximum and the positive parts softened less and less (Nesterov, Mathematical Programming 103,
    2005), by L-BFGS.

    Parameters
    ----------
    points, masses : ndarray, shape (n, d) and (n,)
        x, and a of sum 1.
    atoms : ndarray, shape (m, d)
        What was found; at least two.
    cost : float
        Above 0: Σ_i a_i min_j |x_i − y_j|².

    Returns
    -------
    ndarray, shape (n,)
        v.
    """
    count, dimension = len(atoms), points.shape[1]
    groups = _group(points, masses, count)
    places = np.concatenate((groups.centres, atoms))
    between = _find_midpoints(groups.centres)
    # Samples of a group differ by so much in what they cost where a price ends.
    spread = np.sqrt(2 * cost * groups.variances / dimension)
    prices = _begin(groups, atoms, places)
    for softness in SOFTNESS:
        costs = cdist(groups.centres, places, "sqeuclidean") + groups.variances[:, None]
        dual = _SoftDual(costs, groups.masses, count, cost, softness, spread)
        prices = minimize(
            dual.evaluate, prices, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}
        ).x
        climbed = _climb(groups, np.concatenate((places, between)), prices)
        places = np.concatenate((places, climbed))
    return _interpolate(groups.centres, prices, points)


def _begin(groups: Groups, atoms: Floats, places: Floats) -> Floats:
    """Choose the best of a few beginnings, at which all atoms gain the same."""
    squares = cdist(groups.centres, atoms, "sqeuclidean")
    nearest = squares.argmin(axis=1)
    first, second = np.partition(squares, 1, axis=1)[:, :2].T
    first = first + groups.variances
    held = np.bincount(nearest, groups.masses, len(atoms))[nearest]
    saved = np.bincount(nearest, groups.masses * (second - first), len(atoms))
    least = saved[np.unique(nearest)].min()
    costs = cdist(groups.centres, places, "sqeuclidean") + groups.variances[:, None]

    def measure(prices: Floats) -> float:
        gains = groups.masses @ np.maximum(prices[:, None] - costs, 0)
        return float(groups.masses @ prices - len(atoms) * gains.max())

    level = 2 * groups.masses @ first
    even = np.full(len(first), level)
    return max((even, *(first + part * least / held for part in BEGINNINGS)), key=measure)


class _SoftDual:
    """Minus the dual over the cost, with its gradient, for prices of groups."""

    def __init__(
        self,
        costs: Floats,
        masses: Floats,
        count: int,
        cost: float,
        softness: float,
        spread: Floats,
    ) -> None:
        self._costs, self._masses, self._count, self._cost = costs, masses, count, cost
        self._width = np.maximum(softness * cost, spread)[:, None]
        self._temperature = softness * cost / count

    def evaluate(self, prices: Floats) -> tuple[float, Floats]:
        """Value and gradient, shape (g,)."""
        saved = (prices[:, None] - self._costs) / self._width
        small = np.exp(-np.abs(saved))
        softened = self._width * (np.maximum(saved, 0) + np.log1p(small))
        slopes = np.where(saved > 0, 1, small) / (1 + small)
        gains = self._masses @ softened
        most = gains.max()
        powers = np.exp((gains - most) / self._temperature)
        total = powers.sum()
        largest = most + self._temperature * np.log(total)
        value = self._masses @ prices - self._count * largest
        gradient = self._masses * (1 - self._count * (slopes @ (powers / total)))
        return float(-value / self._cost), -gradient / self._cost


def _group(points: Floats, masses: Floats, count: int) -> Groups:
    """Put samples that are near each other together, by a few steps of Lloyd's."""
    most = min(MOST_GROUPS, max(FEWEST_GROUPS, GROUPS_PER_ATOM * count))
    if len(points) <= most:
        return Groups(points, masses, np.zeros(len(points)))
    ends = np.cumsum(masses)
    centres = points[np.searchsorted(ends, (np.arange(most) + 0.5) / most * ends[-1])]
    for _ in range(GROUPING_STEPS):
        labels = cKDTree(centres).query(points)[1]
        held = np.bincount(labels, masses, len(centres))
        sums = np.stack([np.bincount(labels, masses * x, len(centres)) for x in points.T], axis=1)
        centres = sums[held > 0] / held[held > 0, None]
    distances, labels = cKDTree(centres).query(points)
    together: Floats = np.zeros(len(centres))
    np.add.at(together, labels, masses)
    kept = together > 0
    moments = np.bincount(labels, masses * distances**2, len(centres))
    return Groups(centres[kept], together[kept], moments[kept] / together[kept])


def _find_midpoints(centres: Floats) -> Floats:
    """Places in the middle between each centre and those around it."""
    around = cKDTree(centres).query(centres, min(1 + MIDPOINTS, len(centres)))[1]
    around = around.reshape(len(centres), -1)
    middles: Floats = (centres[:, None] + centres[around]) / 2
    return middles.reshape(-1, centres.shape[1])


def _climb(groups: Groups, places: Floats, prices: Floats) -> Floats:
    """Move places to where more is gained, and return the most promising ones."""
    for _ in range(CLIMBING_STEPS):
        costs = cdist(places, groups.centres, "sqeuclidean")
        gaining = (costs < prices - groups.variances) * groups.masses
        held = gaining.sum(axis=1)
        places = places[held > 0]
        places = (gaining[held > 0] @ groups.centres) / held[held > 0, None]
        places = np.unique(places, axis=0)
        if len(places) == 0:
            return places
    costs = cdist(places, groups.centres, "sqeuclidean")
    gains = np.maximum(prices - groups.variances - costs, 0) @ groups.masses
    best = np.argsort(-gains)[: len(groups.masses) // 2]
    chosen: Floats = places[best[gains[best] > PROMISING * gains.max()]]
    return chosen


def _interpolate(centres: Floats, prices: Floats, points: Floats) -> Floats:
    """Prices between those of the groups around, nearer ones counting for more."""
    if centres is points:
        return prices
    count = min(NEIGHBOURS, len(centres))
    distances, around = cKDTree(centres).query(points, count)
    distances, around = distances.reshape(len(points), -1), around.reshape(len(points), -1)
    squares = distances**2
    shares = 1 / np.maximum(squares, 1e-9 * squares.max() + np.finfo(float).tiny)
    shares /= shares.sum(axis=1, keepdims=True)
    found: Floats = (shares * prices[around]).sum(axis=1)
    return found
