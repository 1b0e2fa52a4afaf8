"""How much atoms may weigh, and masses in whole numbers, whose sums are exact."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.errors import StippleError

# What masses in whole numbers add up to, at the most.
WHOLE = 2**52
# Masses are multiples of the least one if they are so but for this part of it, and so many.
MULTIPLE, MOST_MULTIPLES = 1e-7, 2**31
# Given weights are, if they are so but for rounding.
SAME_PART, MOST_PARTS = 1e-12, 2**20
# Bounds this near to a whole number of samples are meant to be that number.
NEAR_WHOLE = 1e-6


@dataclass(frozen=True, eq=False)
class MassBounds:
    """Between what the masses of atoms are to be.

    Attributes
    ----------
    least, most : ndarray, shape (m,)
        Parts of the whole mass, 0 ≤ least ≤ most; equal where weights are given.
    unit : float, optional
        The part of the whole mass that is not divided: that of the lightest sample, before samples
        at the same place became one. By default the least mass there is.
    """

    least: Floats
    most: Floats
    unit: float | None = None

    @classmethod
    def fix(cls, weights: Floats) -> MassBounds:
        """Let atoms have these weights, in any scale."""
        shares = weights / weights.sum()
        return cls(shares, shares)

    @property
    def fixed(self) -> bool:
        """Whether the weights are given."""
        return self.least is self.most

    @property
    def equal(self) -> bool:
        """Whether all weights are given, and equal."""
        return self.fixed and bool(np.ptp(self.least) == 0)

    def __len__(self) -> int:
        return len(self.least)


@dataclass(frozen=True, eq=False)
class WholeMasses:
    """Masses of samples, shape (n,), and bounds of atoms, shape (m,), in whole numbers."""

    amounts: Floats
    least: Floats
    most: Floats


def count_whole(masses: Floats, bounds: MassBounds, splits: int = 1) -> WholeMasses:
    """Find whole numbers in the proportions of masses and bounds.

    Exactly so where masses are multiples of the least one, such as equal masses, and so are given
    weights; atoms between bounds then hold whole samples. Else but for rounding.

    Parameters
    ----------
    masses : ndarray, shape (n,)
        > 0, in any scale.
    bounds : MassBounds
        Of atoms.
    splits : int
        Into how many pieces a sample may be split between atoms that are not fixed.

    Raises
    ------
    StippleError
        If no masses are within the bounds.
    """
    unit = masses.min() if bounds.unit is None else bounds.unit * masses.sum()
    whole = _find_multiples(masses, unit, MULTIPLE, MOST_MULTIPLES)
    if bounds.fixed:
        return _count_fixed(masses, whole, bounds.least)
    whole = round_to_whole(masses, WHOLE) if whole is None else splits * whole
    total, count = int(whole.sum()), len(bounds)
    least = np.maximum(np.ceil(bounds.least * total - NEAR_WHOLE), 0.0)
    most = np.floor(bounds.most * total + NEAR_WHOLE)
    if not (least.sum() <= total <= most.sum() and (least <= most).all()):
        raise StippleError(
            f"No {count:,} atoms of {least.min():.17g} to {most.max():.17g} samples each hold"
            f" {total:,} in all: give wider capacities, or another number of atoms."
        )
    return WholeMasses(whole, least, most)


def _count_fixed(masses: Floats, whole: Floats | None, weights: Floats) -> WholeMasses:
    """Find whole numbers for given weights; `whole` are those of the masses, if there are any."""
    parts = _find_multiples(weights, weights.min(), SAME_PART, MOST_PARTS)
    shares = 1 if parts is None else int(parts.sum())
    whole = round_to_whole(masses, WHOLE // shares * shares) if whole is None else whole
    total = int(whole.sum())
    if parts is None:
        pieces = WHOLE // total
        held = round_to_whole(weights, total * pieces)
    else:
        # As much for each part of a weight.
        pieces = shares // math.gcd(total, shares)
        held = parts * (total * pieces // shares)
    return WholeMasses(whole * pieces, held, held)


def _find_multiples(amounts: Floats, unit: float, tolerance: float, most: int) -> Floats | None:
    """Multiples of a unit, whole but for a tolerance; None where they are not, or too many."""
    multiples = amounts / unit
    whole = np.round(multiples)
    if np.abs(multiples - whole).max() > tolerance or whole.sum() > most:
        return None
    return np.asarray(whole)


def round_to_whole(masses: Floats, total: int) -> Floats:
    """Whole numbers above 0 with a sum of at most 2^52, nearly in the proportions of some masses.

    Parameters
    ----------
    masses : ndarray, shape (n,)
        > 0, in any scale; much fewer than the total.
    total : int
        The sum.
    """
    units: Floats = np.maximum(np.round(masses / masses.sum() * total), 1.0)
    units[np.argmax(units)] += total - units.sum()
    return units
