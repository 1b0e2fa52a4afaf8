"""Which dots die where darkness vanishes between two frames, and where others are born."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.bisection import start_from_bisection
from stipple.geometry.cell_integrals import integrate_cells
from stipple.geometry.morton import order_along_curve
from stipple.geometry.power_cells import PowerCells
from stipple.measures.density import Density
from stipple.transport.starts import JITTER, begin_on_ink


def place_births(
    before: Density, density: Density, count: int, generator: np.random.Generator
) -> Floats:
    """Place dots where it became darker, by the bisection of what appeared.

    Parameters
    ----------
    before, density : Density
        The last frame and the next, of one shape; somewhere the next is darker.
    count : int
        How many dots, at least 1.
    generator : Generator
        Of small shifts, so that no dot lies exactly on another.

    Returns
    -------
    ndarray, shape (count, 2)
        In pixels.
    """
    appeared = Density(np.maximum(density.values - before.values, 0))
    points, _ = begin_on_ink(appeared, start_from_bisection(appeared, count), generator)
    shifted = points + generator.uniform(-JITTER, JITTER, points.shape)
    return np.clip(shifted, 0, (density.width, density.height))


def find_survivors(before: Density, density: Density, cells: PowerCells, count: int) -> Integers:
    """Choose the dots that stay, where darkness vanished from the cells of some.

    A dot is the likelier to die the more darkness its cell has lost; along a space-filling curve
    one dies whenever the sum of these chances passes a half more than an integer, so that those
    that die are spread as evenly as what vanished.

    Parameters
    ----------
    before, density : Density
        The last frame and the next, of one shape; somewhere the next is lighter.
    cells : PowerCells
        Those of the dots in the last frame.
    count : int
        How many stay: at least one, and less than there are.

    Returns
    -------
    ndarray of int, shape (count,)
        Indices of the dots, rising.
    """
    vanished = Density(np.maximum(before.values - density.values, 0))
    lost = np.maximum(integrate_cells(vanished, cells).masses, 0)
    order = order_along_curve(cells.points)
    chances = _choose_chances(lost[order], len(lost) - count)
    passed = np.floor(np.cumsum(chances) + 0.5)
    dead = order[np.diff(passed, prepend=0) > 0]
    return np.setdiff1d(np.arange(len(lost)), dead)


def _choose_chances(lost: Floats, count: int) -> Floats:
    """Chances in proportion to what was lost, none above 1, whose sum is the count."""
    # Should too few have lost anything, others die too.
    weights = lost + np.finfo(float).eps * lost.max()
    sure = np.zeros(len(lost), dtype=np.bool_)
    while True:
        rest = np.where(sure, 0.0, weights)
        chances: Floats = np.where(sure, 1.0, rest * ((count - sure.sum()) / rest.sum()))
        over = ~sure & (chances >= 1)
        if not over.any():
            return chances
        sure |= over
