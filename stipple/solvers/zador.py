"""The least W2² of many atoms in the plane, as Zador's theorem foretells it."""

from dataclasses import dataclass

import numpy as np

from stipple.errors import StippleError
from stipple.samples import Samples
from stipple.solvers.quantisation import HEXAGONAL_QUALITY
from stipple.solvers.weighted_start import estimate_density


@dataclass(frozen=True)
class ZadorReference:
    """What W2² of the best atoms comes near to as they become many; no bound for few.

    Attributes
    ----------
    cost : float
        5/(18√3)·(∫√p)²/m, in square units of the samples.
    estimated : bool
        Whether p was estimated from samples that were drawn, instead of known.
    """

    cost: float
    estimated: bool


def zador_reference(samples: Samples, count: int) -> ZadorReference:
    """Evaluate the asymptotic W2² of `count` atoms with free weights in the plane.

    5/(18√3)·(∫√p)²/m (Zador, IEEE Transactions on Information Theory 28, 1982; Fejes Tóth, 1959).
    For samples of a grid p is their mass over their volume, and W2² between the samples themselves
    and the atoms is less by up to a sixth of that volume. For others p is estimated from boxes with
    16 to 32 samples each, good to a few per cent for thousands of samples of a smooth density, and
    meaningless where many coincide.

    Raises
    ------
    StippleError
        For samples that are not in the plane, or less than one atom.
    """
    if samples.dimension != 2:
        raise StippleError(
            f"Zador's constant is known in two dimensions, and the samples have"
            f" {samples.dimension}: leave the reference out."
        )
    if count < 1:
        raise StippleError(f"{count} atoms were asked for: give at least 1.")
    # ∫√p dx = Σ a_i/√p(x_i).
    root = float((samples.masses / np.sqrt(estimate_density(samples))).sum())
    return ZadorReference(HEXAGONAL_QUALITY * root**2 / count, samples.volume is None)
