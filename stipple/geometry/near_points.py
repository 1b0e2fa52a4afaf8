"""Some points near each point, from which a search finds the neighbours of power cells.

Which ones decides only how long the search takes: whether the cells are right is shown by their
areas.
"""

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.neighbours import Adjacency
from stipple.machine.threads import Workers

# So many points are listed for each, the nearest, itself among them.
LISTED = 8


def list_near(points: Floats, workers: Workers) -> Adjacency:
    """List the points nearest to each point.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        In pixels; some may coincide.
    workers : Workers
        Threads that share the points.
    """
    from scipy.spatial import cKDTree

    count = len(points)
    listed = min(LISTED, count)
    tree = cKDTree(points, balanced_tree=False, compact_nodes=False)
    near = tree.query(points, k=listed, workers=workers.threads)[1].astype(np.int64, copy=False)
    offsets = np.arange(0, listed * count + 1, listed)
    return Adjacency(offsets, near.ravel(), np.ones(count, dtype=np.bool_))
