"""Other points of the unit cube, to compare prefixes of the dyadic sequence with."""

from collections.abc import Callable

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Rival
from stipple.errors import StippleError
from stipple.measures.density import Density
from stipple.transport.starts import place_on_grid


def prepare_rival(name: Rival, largest: int, d: int, seed: int = 0) -> Callable[[int], Floats]:
    """Prepare the first points of another sequence, or a grid for each number of points.

    Parameters
    ----------
    name : {"sobol", "halton", "random", "grid"}
        The sequences of Sobol' and Halton as `scipy.stats.qmc` has them, unscrambled; independent
        uniform points; or the centres of a grid whose rows hold equally many points up to one, a
        new grid for each number of points (d ≤ 2).
    largest : int
        The most points that will be asked for.
    d : int
        Dimension.
    seed : int
        Seed of the random points.

    Returns
    -------
    callable
        Takes a number n up to `largest`, returns points of shape (n, d).

    Raises
    ------
    StippleError
        If the name is unknown, or a grid is asked for beyond the plane.
    """
    if name == "grid":
        if d == 1:
            return lambda n: (np.arange(n)[:, None] + 0.5) / n
        if d == 2:
            square = Density(np.ones((1, 1)))
            return lambda n: place_on_grid(square, n)
        raise StippleError(f"The grid is for dimensions 1 and 2, not {d}: choose another sequence.")
    points = _generate(name, largest, d, seed)
    return lambda n: points[:n]


def _generate(name: Rival, n: int, d: int, seed: int) -> Floats:
    if name == "random":
        return np.random.default_rng(seed).random((n, d))
    from scipy.stats import qmc

    points: Floats
    if name == "sobol":
        points = qmc.Sobol(d, scramble=False).random_base2((n - 1).bit_length())[:n]
    elif name == "halton":
        points = qmc.Halton(d, scramble=False).random(n)
    else:
        raise StippleError(f"The sequence is {name!r}: give sobol, halton, random or grid.")
    return points
