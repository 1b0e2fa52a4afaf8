"""Densities continued periodically beyond their box, as far as cells reach."""

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from stipple.arrays import Floats

Wide = TypeVar("Wide")
# Pixels or voxels before and after those of a density, along each axis of its array.
Pads = list[tuple[int, int]]


class Continued(Generic[Wide]):
    """A density with as many pixels or voxels beyond its box as were asked for so far.

    Parameters
    ----------
    shape : tuple of int
        Of its array, whose axes are those of places in reverse.
    spacing : ndarray, shape (d,)
        Sides of a pixel or voxel, along x, y, …
    build : callable
        Makes the wider density from pads, as `numpy.pad` takes them.
    """

    def __init__(
        self, shape: tuple[int, ...], spacing: Floats, build: Callable[[Pads], Wide]
    ) -> None:
        self._spacing = spacing
        self._size = spacing * np.array(shape[::-1])
        self._build = build
        self._more = np.zeros(len(shape), np.int64)
        self._wide: Wide | None = None

    def cover(self, lower: Floats, upper: Floats) -> tuple[Wide, Floats]:
        """Continue the density over a box, shape (d,) each; tell where its origin is then."""
        beyond = np.maximum(-lower, upper - self._size)
        more = np.maximum(np.ceil(beyond / self._spacing), 0).astype(np.int64) + 1
        if self._wide is None or (more > self._more).any():
            self._more = np.maximum(self._more, more)
            self._wide = self._build([(int(count), int(count)) for count in self._more[::-1]])
        return self._wide, self._more * self._spacing
