"""Coordinates of a domain beside those of its pixels or voxels."""

import math
from abc import ABC, abstractmethod

import numpy as np

from stipple.arrays import Floats

# Covers the rounding of the unit and of a few products with it, relative.
SLACK = 2.0**-48


class Units(ABC):
    """What lies in a box [0, size] of some grid, and stands for coordinates of its own.

    Attributes
    ----------
    origin : tuple of float
        Coordinates of the corner of the box at 0.
    unit : float
        Length of the grid's unit in that of the coordinates.
    """

    origin: tuple[float, ...]
    unit: float

    @property
    @abstractmethod
    def size(self) -> Floats:
        """Sides of the box in the grid's unit, shape (d,)."""

    @property
    def dimension(self) -> int:
        """2 in the plane, 3 in space."""
        return len(self.origin)

    @property
    def extent(self) -> float:
        """Diameter of the box in the grid's unit."""
        return math.hypot(*self.size)

    @property
    def diameter(self) -> float:
        """Diameter of the box, in the units of the domain."""
        return self.unit * self.extent

    def scale_down(self, square: float) -> float:
        """Carry a lower bound of a squared distance from the grid to the domain, as one."""
        scaled = square * self.unit**2 * (1 - SLACK)
        return max(0.0, math.nextafter(scaled, -math.inf))

    def scale_up(self, square: float) -> float:
        """Carry an upper bound of a squared distance from the grid to the domain, as one."""
        return math.nextafter(square * self.unit**2 * (1 + SLACK), math.inf)

    def to_grid(self, points: Floats) -> Floats:
        """Carry points of the domain, shape (n, d), to the grid."""
        places: Floats = (points - np.array(self.origin)) / self.unit
        return places

    def to_domain(self, places: Floats) -> Floats:
        """Carry places of the grid, shape (n, d), to the domain."""
        points: Floats = places * self.unit + np.array(self.origin)
        return points
