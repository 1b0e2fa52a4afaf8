"""Where atoms start: systematic sampling of p^(d/(d + k)) along a Morton curve."""

import numpy as np
from scipy.spatial import cKDTree

from stipple.arrays import Floats
from stipple.geometry.morton import order_along_curve
from stipple.measures.samples import Samples

# Fewest samples in the boxes whose density stands for that of samples that were drawn.
BOX_SIZE = 16
# Sides of a box are taken for no shorter than this part of its longest one.
THINNEST = 1e-3


def draw_start(
    samples: Samples, count: int, order: float, seed: int | np.random.Generator = 0
) -> Floats:
    """Choose samples spread as the best atoms asymptotically are.

    Their density is proportional to p^(d/(d + k)) (Zador; Graf and Luschgy, Foundations of
    Quantization for Probability Distributions, 2000, theorem 7.5), p the density of the samples.
    Systematic sampling along a Morton curve keeps them apart.

    Parameters
    ----------
    samples : Samples
        The density of those without a volume is estimated from boxes of equally many samples.
    count : int
        m ≤ n.
    order : float
        k ≥ 1.
    seed : int or numpy.random.Generator
        Chooses the offset.

    Returns
    -------
    ndarray, shape (m, d)
        Points of different samples, along the curve.
    """
    curve = order_along_curve(samples.points)
    share = samples.dimension / (samples.dimension + order)
    density = estimate_density(samples)
    wanted = (samples.masses * (density / density.max()) ** (share - 1))[curve]
    steps = np.cumsum(_limit_to_one(wanted, count))
    stops = (np.arange(count) + np.random.default_rng(seed).random()) * (steps[-1] / count)
    # Rounding may let two stops meet on one sample: the chosen ones are kept apart.
    chosen = np.minimum(np.searchsorted(steps, stops), len(curve) - 1)
    rank = np.arange(count)
    chosen = np.maximum.accumulate(chosen - rank) + rank
    chosen = np.minimum(chosen, len(curve) - count + rank)
    return np.asarray(samples.points[curve[chosen]])


def estimate_density(samples: Samples) -> Floats:
    """Density at each sample, shape (n,), in masses per unit of volume.

    Exact for samples with a volume. For others it is that of boxes with 16 to 32 samples each, from
    halving across the longest side: crude, and finite even where samples coincide.
    """
    if samples.volume is not None:
        return np.asarray(samples.masses / samples.volume)
    count = len(samples)
    starts = np.zeros(1, dtype=np.int64)
    while count > 2 * BOX_SIZE * len(starts):
        stops = np.append(starts[1:], count)
        starts = np.column_stack((starts, (starts + stops) // 2)).ravel()
    # SciPy halves at the median down to leaves of this size, and lists one after the other.
    boxes = cKDTree(samples.points, leafsize=-(-count // len(starts))).indices
    listed = samples.points[boxes]
    sides = np.maximum.reduceat(listed, starts) - np.minimum.reduceat(listed, starts)
    longest = sides.max(axis=1, keepdims=True)
    smallest = longest[longest > 0].min() if (longest > 0).any() else 1.0
    sides = np.maximum(sides, THINNEST * np.maximum(longest, smallest))
    sizes = np.diff(starts, append=count)
    # The box of c points drawn in a larger one has (c − 1)/(c + 1) of its sides on average.
    sides *= ((sizes + 1) / np.maximum(sizes - 1, 1))[:, None]
    densities = np.add.reduceat(samples.masses[boxes], starts) / sides.prod(axis=1)
    density = np.empty(count)
    density[boxes] = np.repeat(densities, sizes)
    return density


def _limit_to_one(wanted: Floats, count: int) -> Floats:
    """Scale expected numbers of atoms to the sum `count` with none above one."""
    expected = wanted * (count / wanted.sum())
    full = np.zeros(len(wanted), dtype=np.bool_)
    while (expected > 1).any() and not full.all():
        full |= expected >= 1
        rest = wanted[~full]
        expected = np.ones(len(wanted))
        if len(rest):
            expected[~full] = rest * ((count - np.count_nonzero(full)) / rest.sum())
    return np.asarray(expected)
