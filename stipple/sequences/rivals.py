"""Other points of the unit cube, to compare prefixes of the dyadic sequence with."""

from collections.abc import Callable

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Rival
from stipple.errors import StippleError
from stipple.measures.density import Density
from stipple.transport.starts import place_on_grid

# Of the root that the Kronecker sequence is made of.
ROOT_BITS = 128


def prepare_rival(name: Rival, largest: int, d: int, seed: int = 0) -> Callable[[int], Floats]:
    """Prepare the first points of another sequence, or a grid for each number of points.

    Parameters
    ----------
    name : {"sobol", "halton", "kronecker", "random", "grid"}
        The sequences of Sobol' and Halton as `scipy.stats.qmc` has them, unscrambled; that of
        `generate_kronecker`; independent uniform points; or the centres of a grid whose rows hold
        equally many points up to one, a new grid for each number of points (d ≤ 2).
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


def generate_kronecker(n: int, d: int) -> Floats:
    """Compute the multiples i·(y, y², …, y^d) modulo 1, i = 1, …, n, with y^d + y^(d + 1) = 1.

    1/y is the golden number in d = 1, the plastic number in d = 2. It is a root of
    x^(d + 1) = x + 1, which has no factors (Selmer, "On the irreducibility of certain trinomials",
    Math. Scand. 4, 1956), so that 1, y, …, y^d are a basis of a number field and the vector is
    badly approximable. For such vectors W_2 on the torus has the optimal order N^(−1/d) for every
    prefix, d ≥ 2 (Brown and Steinerberger, "On the Wasserstein distance between classical sequences
    and the Lebesgue measure", Trans. Amer. Math. Soc. 373, 2020).

    Parameters
    ----------
    n : int
        How many points.
    d : int
        Dimension.

    Returns
    -------
    ndarray, shape (n, d)
        In [0, 1); row i − 1 errs by less than i·2^−63 + 2^−53.
    """
    root = _find_root(d)
    steps = [root**power >> (ROOT_BITS * power - 64) for power in range(1, d + 1)]
    # Whole numbers of 64 bits wrap at 1, exactly; doubles keep 53 of them.
    multiples = np.arange(1, n + 1, dtype=np.uint64)[:, None] * np.array(steps, dtype=np.uint64)
    points: Floats = (multiples >> np.uint64(11)) * 2.0**-53
    return points


def _find_root(d: int) -> int:
    """Largest whole number y of units of 2^−128 with y^d + y^(d + 1) ≤ 1."""
    unit = 1 << ROOT_BITS
    root = 0
    for bit in reversed(range(ROOT_BITS)):
        trial = root | 1 << bit
        if trial**d * (unit + trial) <= unit ** (d + 1):
            root = trial
    return root


def _generate(name: Rival, n: int, d: int, seed: int) -> Floats:
    if name == "random":
        return np.random.default_rng(seed).random((n, d))
    if name == "kronecker":
        return generate_kronecker(n, d)
    from scipy.stats import qmc

    points: Floats
    if name == "sobol":
        points = qmc.Sobol(d, scramble=False).random_base2((n - 1).bit_length())[:n]
    elif name == "halton":
        points = qmc.Halton(d, scramble=False).random(n)
    else:
        raise StippleError(
            f"The sequence is {name!r}: give sobol, halton, kronecker, random or grid."
        )
    return points
