"""Which samples are shown in one colour: those of a cell, and of cells far from it."""

import numpy as np
from scipy.spatial import cKDTree

from stipple.arrays import Floats, Integers

# Light, so that dots are seen on them, and so many that a cell and those around it differ.
COLOURS = ("#f2b8b5", "#b8d8f2", "#c5e3b1", "#f6dfa4", "#d6c4ea", "#b5e0d8", "#f3cbe3", "#d9cfbf")


def colour_cells(places: Floats) -> Integers:
    """Choose colours of cells such that those of atoms next to each other differ.

    Parameters
    ----------
    places : ndarray, shape (m, 2)
        Where atoms are drawn.

    Returns
    -------
    ndarray of int, shape (m,)
        Places in `COLOURS`: each differs from those of the nearest atoms before it.
    """
    count = min(len(places), len(COLOURS))
    neighbours = cKDTree(places).query(places, count)[1].reshape(len(places), -1)
    around: list[set[int]] = [set() for _ in places]
    for atom, others in enumerate(neighbours.tolist()):
        for other in set(others) - {atom}:
            around[atom].add(other)
            around[other].add(atom)
    colours = np.full(len(places), -1)
    for atom in range(len(places)):
        taken = [colours[other] for other in around[atom]]
        # Where all are taken, the one that is so by the fewest.
        colours[atom] = min(range(len(COLOURS)), key=lambda colour: (taken.count(colour), colour))
    return colours
