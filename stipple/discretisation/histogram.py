"""Samples in the plane counted on pixels: a density whose best atoms are near theirs."""

import numpy as np

from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.measures.samples import Samples

# Pixels along the longer side: at most so many, and about one pixel for each sample.
MOST_PIXELS = 512
# Pixels that the samples must fill for each atom, so that cells have a shape.
FEWEST_PIXELS = 4


def count_samples(samples: Samples, atoms: int) -> Domain | None:
    """Add up the masses of samples on square pixels; None where these are too few for the atoms.

    They are too few where most of the mass is on few pixels, as with clusters that are far apart.

    Parameters
    ----------
    samples : Samples
        In the plane.
    atoms : int
        How many atoms are to stand for them.

    Returns
    -------
    Domain or None
        In the units of the samples.
    """
    low, high = samples.points.min(axis=0), samples.points.max(axis=0)
    pixels = min(MOST_PIXELS, int(np.sqrt(len(samples))))
    unit = float((high - low).max()) / pixels
    if not 0 < unit < np.inf:
        return None
    places = ((samples.points - low) / unit).astype(np.int64)
    # Samples on the far border belong to the last pixels.
    width, height = np.maximum(np.ceil((high - low) / unit).astype(np.int64), 1)
    columns, rows = np.minimum(places, [width - 1, height - 1]).T
    masses = np.bincount(rows * width + columns, samples.masses, width * height)
    if 1 / np.square(masses).sum() < FEWEST_PIXELS * atoms:
        return None
    return Domain(Density(masses.reshape(height, width)), (float(low[0]), float(low[1])), unit)
