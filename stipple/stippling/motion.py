"""Dots that go on as they did between the last two frames: where they begin in the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.power_cells import PowerCells

# Dots whose mean motion is that of each: a dot and two rings about it, or nearly so. What one dot
# does alone is chance.
NEIGHBOURS = 13


@dataclass(frozen=True, eq=False)
class Motion:
    """What dots did between two frames, each with those near it.

    Attributes
    ----------
    moves : ndarray, shape (n, 2)
        In pixels.
    changes : ndarray, shape (n,)
        Of potentials, in square pixels.
    """

    moves: Floats
    changes: Floats

    def go_on(self, cells: PowerCells) -> tuple[Floats, Floats]:
        """Points and potentials after the same motion once more."""
        points = np.clip(cells.points + self.moves, 0, (cells.width, cells.height))
        return points, cells.potentials + self.changes


def observe_motion(before: PowerCells, after: PowerCells) -> Motion:
    """Observe how the points of cells moved that are numbered alike in two frames."""
    from scipy.spatial import cKDTree  # slow to import, and one picture needs none of it

    count = len(before.points)
    _, near = cKDTree(before.points).query(before.points, k=min(NEIGHBOURS, count))
    near = near.reshape(count, -1)
    moves: Floats = (after.points - before.points)[near].mean(axis=1)
    changes: Floats = (after.potentials - before.potentials)[near].mean(axis=1)
    return Motion(moves, changes)
