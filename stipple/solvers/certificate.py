"""A certified interval for W2² from any power diagram, solved or not."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.solvers.morton import order_along_curve


@dataclass(frozen=True)
class Interval:
    """A number known to lie between `lower` and `upper` (here W2², in square pixels)."""

    lower: float
    upper: float

    @property
    def middle(self) -> float:
        """Half way between the ends."""
        return (self.lower + self.upper) / 2


def certify_transport(
    points: Floats,
    potentials: Floats,
    weights: Floats,
    masses: Floats,
    first_moments: Floats,
    second_moments: Floats,
    extent: float,
) -> Interval:
    """Bound W2²(ρ, Σ ν_i δ_{y_i}) from the cells of any potentials.

    Below: the Kantorovich dual K(φ) (Kitagawa, Mérigot, Thibert, JEMS 2019, section 1). Above: a
    transport plan. Cells keep at most ν_i; what they hold beyond that goes to cells that hold
    less, matched along a space-filling curve so that it does not go far.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        y, in pixels.
    potentials, weights : ndarray, shape (n,)
        φ in square pixels, and ν (sum 1).
    masses : ndarray, shape (n,)
        Masses of the power cells.
    first_moments : ndarray, shape (n, 2)
        ∫(x − y_i)ρ over each cell.
    second_moments : ndarray, shape (n,)
        ∫|x − y_i|²ρ over each cell.
    extent : float
        Diameter of the domain, in pixels: the scale of rounding errors.

    Returns
    -------
    Interval
        In square pixels, widened by 64 units of rounding at the scale of extent² and of the
        differences between potentials.
    """
    lower = evaluate_dual(potentials, weights, masses, second_moments)
    kept = np.minimum(1.0, np.divide(weights, masses, out=np.ones_like(masses), where=masses > 0))
    upper = (kept * second_moments).sum() + _price_repair(
        points, weights, masses, first_moments, second_moments
    )
    rounding = 64 * np.finfo(float).eps * (extent**2 + float(np.ptp(potentials)))
    return Interval(max(0.0, lower - rounding), max(float(upper), lower) + rounding)


def evaluate_dual(
    potentials: Floats, weights: Floats, masses: Floats, second_moments: Floats
) -> float:
    """Kantorovich dual K(φ), in square pixels; the arguments are those of `certify_transport`."""
    # The masses add up to 1 but for rounding, which a constant in the potentials would magnify.
    centred = potentials - potentials.mean()
    return float(second_moments.sum() + centred @ (weights - masses))


def _price_repair(
    points: Floats,
    weights: Floats,
    masses: Floats,
    first_moments: Floats,
    second_moments: Floats,
) -> float:
    """Cost of a plan that moves the excess of full cells to cells that lack mass."""
    order = order_along_curve(points)
    surplus = (masses - weights)[order]
    giver = order[surplus > 0]
    taker = order[surplus < 0]
    if len(giver) == 0 or len(taker) == 0:
        return 0.0
    given = np.cumsum(surplus[surplus > 0])
    taken = np.cumsum(-surplus[surplus < 0])
    # Equal totals but for rounding.
    taken *= given[-1] / taken[-1]
    ends = np.union1d(given, taken)
    amounts = np.diff(ends, prepend=0.0)
    starts = ends - amounts / 2
    source = giver[np.minimum(np.searchsorted(given, starts), len(giver) - 1)]
    target = taker[np.minimum(np.searchsorted(taken, starts), len(taker) - 1)]
    shift = first_moments[source] / masses[source, None]
    spread = second_moments[source] / masses[source] - (shift**2).sum(axis=1)
    distance = ((points[source] + shift - points[target]) ** 2).sum(axis=1)
    return float((amounts * (np.maximum(spread, 0.0) + distance)).sum())
