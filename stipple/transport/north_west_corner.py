"""The transport that matches two lists of masses in their order."""

import numpy as np

from stipple.arrays import Floats, Integers


def match_in_order(given: Floats, taken: Floats) -> tuple[Integers, Integers, Floats]:
    """Match masses from the beginnings of two lists: the north-west corner rule.

    Exact where masses are whole numbers that add up to no more than 2^52. What is proved to more
    digits than floats have is matched by loops of its own, in double-doubles for samples and in
    integers of 120 bits for pictures.

    Parameters
    ----------
    given, taken : ndarray, shapes (n,) and (m,)
        Positive masses of the same total, but for rounding.

    Returns
    -------
    givers, takers : ndarray, shape (k,)
        Places in the lists, ascending.
    amounts : ndarray, shape (k,)
        What goes from one to the other, > 0.
    """
    given, taken = np.cumsum(given), np.cumsum(taken)
    taken *= given[-1] / taken[-1]
    ends = np.union1d(given, taken)
    amounts = np.diff(ends, prepend=0.0)
    middles = ends - amounts / 2
    givers = np.minimum(np.searchsorted(given, middles), len(given) - 1)
    takers = np.minimum(np.searchsorted(taken, middles), len(taken) - 1)
    return givers, takers, amounts
