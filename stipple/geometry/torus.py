"""The torus: a box whose opposite sides are one, so that all goes on periodically.

Whatever is periodic here is cut in the ordinary space: between the points in the box and copies of
them beyond its sides. The nearest copy of a point to any place at most half a side beyond the box
is among the copies moved by −1, 0 or 1 sides along each axis: 3^d at most are ever needed.
"""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers

NOWHERE = -1  # no such copy


class Copies(NamedTuple):
    """Points in a box, first, and copies of them beyond its sides.

    Attributes
    ----------
    places : ndarray, shape (m, d)
        Where they are.
    owners : ndarray, shape (m,)
        The point that each is a copy of.
    laps : ndarray, shape (m, d)
        By how many sides of the box it is moved along each axis: −1, 0 or 1.
    indices : ndarray, shape (3,) · d + (n,)
        Where the copy of a point moved by laps − 1 is in the list, or −1.
    """

    places: Floats
    owners: Integers
    laps: Integers
    indices: Integers

    def find(self, owners: Integers, laps: Integers) -> Integers:
        """Find copies in the list, −1 for those that are not there, shape (k,)."""
        known = np.all(np.abs(laps) <= 1, axis=1)
        found = np.full(len(owners), NOWHERE)
        place = (*(laps[known].T + 1), owners[known])
        found[known] = self.indices[place]
        return found


def count_laps(points: Floats, size: Floats) -> Integers:
    """Count the sides of the box between points and their copies in it, shape of `points`."""
    return np.floor(points / size).astype(np.int64)


def wrap(points: Floats, size: Floats) -> Floats:
    """Move points by whole sides into the box [0, size), shape of `points`."""
    moved: Floats = points - count_laps(points, size) * size
    # A little below 0 rounds to the far side, which is the same place.
    moved[moved >= np.broadcast_to(size, moved.shape)] = 0.0
    return np.maximum(moved, 0.0)


def shorten(ways: Floats, size: Floats) -> Floats:
    """Shorten ways by whole sides of the box as far as that goes, shape of `ways`."""
    return ways - np.round(ways / size) * size


def copy_points(points: Floats, size: Floats, margins: Floats) -> Copies:
    """List points in a box, and their copies that lie within margins of it.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        In the box.
    size : ndarray, shape (d,)
        Its sides.
    margins : ndarray, shape (d,)
        How far beyond its sides copies are listed, along each axis.
    """
    count, dimension = points.shape
    laps = np.indices((3,) * dimension).reshape(dimension, -1).T - 1
    # The points themselves come first.
    laps = laps[np.argsort(np.abs(laps).sum(axis=1), kind="stable")]
    places = points + laps[:, None, :] * size
    listed = ((places >= -margins) & (places <= size + margins)).all(axis=2)
    listed[0] = True
    number, owners = np.nonzero(listed)
    indices = np.full((3,) * dimension + (count,), NOWHERE)
    place = (*(laps[number].T + 1), owners)
    indices[place] = np.arange(len(owners))
    return Copies(places[listed], owners, laps[number], indices)
