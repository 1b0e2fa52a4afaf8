"""W_k^k between samples and some of them, in exact arithmetic over distances that are given."""

from fractions import Fraction

import numpy as np

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.interval import Interval
from stipple.machine.rounding import enclose_power, round_down, round_up


def certify_medoids(
    columns: Floats, masses: Floats, weights: Floats, order: float, relative_error: float
) -> Interval:
    """Enclose W_k^k between samples and atoms of any weights, for costs that are distances^k.

    No plan costs less than that to the nearest atoms, whatever the weights; and there is one that
    costs no more than that and the largest cost for the mass by which weights differ from those of
    the cells. Both are added up as fractions, and rounded once.

    Parameters
    ----------
    columns : ndarray, shape (n, m)
        Distances between samples and atoms.
    masses, weights : ndarray, shape (n,) and (m,)
        In any scale, of which the exact sums are 1.
    order : float
        k ≥ 1.
    relative_error : float
        By what part of itself each distance may be off.

    Returns
    -------
    Interval

    Raises
    ------
    StippleError
        If W_k^k is beyond the largest floating-point number.
    """
    nearest = columns.argmin(axis=1)
    shares = [Fraction(mass) for mass in masses.tolist()]
    total = sum(shares, Fraction(0))
    cells = [Fraction(0)] * len(weights)
    lower = upper = Fraction(0)
    for cell, share, distance in zip(
        nearest.tolist(), shares, columns.min(axis=1).tolist(), strict=True
    ):
        cells[cell] += share
        below, above = enclose_power(Fraction(distance), order)
        lower += share * below
        upper += share * above
    given = [Fraction(weight) for weight in weights.tolist()]
    sum_of_given = sum(given, Fraction(0))
    misplaced = sum(
        (max(Fraction(0), cell / total - weight / sum_of_given))
        for cell, weight in zip(cells, given, strict=True)
    )
    _, largest = enclose_power(Fraction(float(columns.max())), order)
    # (1 − e)^k ≥ 1 − ke and (1 + e)^k ≤ 1 + 2ke, for ke ≤ 1.
    error = Fraction(order) * Fraction(relative_error)
    try:
        return Interval(
            round_down(lower / total * max(Fraction(0), 1 - error)),
            round_up((upper / total + misplaced * largest) * (1 + 2 * error)),
        )
    except OverflowError:
        raise StippleError(
            f"W_{order:g}^{order:g} is beyond the range of floating-point numbers: scale the"
            " distances down, or take a smaller order k."
        ) from None


def weigh_cells(columns: Floats, masses: Floats) -> Floats:
    """Masses of the cells of nearest atoms over that of all samples, shape (m,)."""
    cells = np.zeros(columns.shape[1])
    np.add.at(cells, columns.argmin(axis=1), masses)
    cells /= masses.sum()
    return cells
