"""The least W2² of many atoms in the plane, as Zador's theorem foretells it."""

import math

import numpy as np

from stipple.errors import StippleError
from stipple.measures.samples import Samples
from stipple.transport.quantisation import HEXAGONAL_QUALITY

# Boxes across the cell of an atom, and what averaging over them may change in the reference.
BOXES_PER_CELL = 2
LARGEST_CHANGE = 0.2
ROUNDING = 1e-9
# With fewer pixels for each atom W2² between their centres and the atoms is far less.
FEWEST_PIXELS = 16


def find_zador_reference(samples: Samples, n: int) -> float | None:
    """Evaluate the asymptotic W2² of `n` atoms with free weights, in square units.

    5/(18√3)·(∫√p)²/n (Zador, IEEE Transactions on Information Theory 28, 1982; Fejes Tóth, 1959),
    p the mass of a pixel over its area: what W2² of the best atoms comes near to as they become
    many. It is no bound: few atoms may do better, and W2² between the centres of the pixels and the
    atoms is less by up to a sixth of the area of a pixel.

    Parameters
    ----------
    samples : Samples
        Centres of pixels, in the plane, with their area as volume.
    n : int
        Number of atoms.

    Returns
    -------
    float or None
        None where n is too small for the theorem to say anything, since p changes within the cells
        of the atoms (isolated pixels, thin lines): averages of p over boxes of half their size give
        another reference. None too with less than 16 pixels for each atom, or a picture narrower
        than a cell.

    Raises
    ------
    StippleError
        For samples that are not in the plane or are no pixels, or less than one atom.
    """
    if samples.dimension != 2 or samples.volume is None:
        raise StippleError(
            f"Zador's constant is known for densities in two dimensions, not for these samples in"
            f" dimension {samples.dimension}: leave the reference out."
        )
    if n < 1:
        raise StippleError(f"{n} atoms were asked for: give at least 1.")
    if len(samples) < FEWEST_PIXELS * n:
        return None
    pixel = math.sqrt(samples.volume)
    # ∫√p in units of pixels; p is constant on each.
    root = float(np.sqrt(samples.masses).sum())
    low = samples.points.min(axis=0)
    places = np.floor((samples.points - low) / pixel + 0.25)
    sides = places.max(axis=0) + 1
    # For a constant p this is the square root of the area of a cell.
    width = root / math.sqrt(n) / BOXES_PER_CELL
    if sides.min() < (1 - ROUNDING) * BOXES_PER_CELL * width:
        return None
    boxes = np.ceil(sides / width)
    column, row = (places * (boxes / sides)).astype(np.int64).T
    masses = np.bincount(row * int(boxes[0]) + column, samples.masses)
    coarse = float(np.sqrt(masses * (sides / boxes).prod()).sum())
    if abs(coarse**2 / root**2 - 1) > LARGEST_CHANGE:
        return None
    return HEXAGONAL_QUALITY * (root * pixel) ** 2 / n
