"""Dots that go on as they did between the last two frames: where they begin in the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.power_cells import PowerCells

# Dots whose mean motion is that of each: a dot and two rings about it, or nearly so. What one dot
# does alone is chance.
NEIGHBOURS = 13
# A motion is steady if it changed by at most this part of its mean square since the last frame.
CHANGED = 0.5


@dataclass(frozen=True, eq=False)
class Motion:
    """What dots did between two frames, each with those near it.

    Attributes
    ----------
    moves : ndarray, shape (n, 2)
        In pixels.
    changes : ndarray, shape (n,)
        Of potentials, in square pixels.
    steady : bool
        Whether they did about the same between the two frames before, as far as is known.
    """

    moves: Floats
    changes: Floats
    steady: bool

    def go_on(self, cells: PowerCells) -> tuple[Floats, Floats]:
        """Points and potentials after the same motion once more."""
        points = np.clip(cells.points + self.moves, 0, (cells.width, cells.height))
        return points, cells.potentials + self.changes


def observe_motion(before: PowerCells, after: PowerCells, last: Motion | None) -> Motion:
    """Observe how the points of cells moved that are numbered alike in two frames."""
    from scipy.spatial import cKDTree  # slow to import, and one picture needs none of it

    count = len(before.points)
    _, near = cKDTree(before.points).query(before.points, k=min(NEIGHBOURS, count))
    moves = np.column_stack([after.points - before.points, after.potentials - before.potentials])
    moves = moves[near.reshape(count, -1)].mean(axis=1)
    ways = moves[:, :2]
    steady = last is None or ((ways - last.moves) ** 2).sum() <= CHANGED * (ways**2).sum()
    return Motion(ways, moves[:, 2], bool(steady))
