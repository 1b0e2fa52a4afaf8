"""A complete binary tree of bounding boxes, for searches that leave out whole boxes."""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers

LEAF_SIZE = 8  # points in a leaf
NOWHERE = -1  # no such point
DEEPEST = 128  # a search depth first holds at most two waiting nodes for each level


class BoxTree(NamedTuple):
    """Node k has the children 2k + 1 and 2k + 2; the leaves come last.

    Attributes
    ----------
    slots : ndarray, shape (leaves · LEAF_SIZE,)
        The point in each slot, leaf after leaf; NOWHERE in spare ones, which come last.
    lower, upper : ndarray, shape (nodes, d)
        Corners of the boxes; +∞ and −∞ where a box is empty.
    highest : ndarray, shape (nodes,)
        The largest potential in each box; −∞ where it is empty.
    """

    slots: Integers
    lower: Floats
    upper: Floats
    highest: Floats


def build_box_tree(
    points: Floats, potentials: Floats | None = None, order: Integers | None = None
) -> BoxTree:
    """Build the tree, with potentials where the search needs them.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        At least one; some may coincide.
    potentials : ndarray, shape (n,), optional
        Zero by default.
    order : ndarray, shape (n,), optional
        The points leaf after leaf, near ones in a row; by default that of SciPy's k-d tree.
    """
    count, dimension = points.shape
    if potentials is None:
        potentials = np.zeros(count)
    if order is None:
        from scipy.spatial import cKDTree

        order = cKDTree(points, leafsize=LEAF_SIZE).indices
    leaves = 1
    while leaves * LEAF_SIZE < count:
        leaves *= 2
    slots = np.full(leaves * LEAF_SIZE, NOWHERE, dtype=np.int64)
    slots[:count] = order
    lower = np.full((len(slots), dimension), np.inf)
    lower[:count] = points[order]
    upper = np.full((len(slots), dimension), -np.inf)
    upper[:count] = lower[:count]
    high = np.full(len(slots), -np.inf)
    high[:count] = potentials[order]
    return BoxTree(
        slots, _halve(lower, np.minimum), _halve(upper, np.maximum), _halve(high, np.maximum)
    )


def _halve(values: Floats, join: np.ufunc) -> Floats:
    """Join the values of slots two by two, again and again; those of nodes, the root first."""
    leaves = len(values) // LEAF_SIZE
    levels: list[Floats] = []
    while len(values) > 1:
        values = join(values[0::2], values[1::2])
        if len(values) <= leaves:
            levels.insert(0, values)
    return np.concatenate(levels)
