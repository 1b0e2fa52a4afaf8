"""Where the points of a quantisation go next."""

from collections.abc import Sequence
from itertools import chain, repeat
from typing import Generic, Protocol, TypeVar

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.choices import Method
from stipple.geometry.sides import list_sides
from stipple.transport.quasi_newton import QuasiNewton, limit_shift
from stipple.transport.semi_discrete import Transport

# Over-relaxed Lloyd goes so many times the way to the barycentres.
RELAXATION = 1.7
# No point moves by more than this part of the radius of its cell, or of the mass in it, or than a
# Lloyd step.
LONGEST_STEP = 0.5


class Moved(Protocol):
    """What is known of points after a step, in the plane or in space."""

    @property
    def points(self) -> Floats:
        """Where they are, shape (n, d)."""

    @property
    def barycentres(self) -> Floats:
        """Barycentres of their cells, shape (n, d)."""

    @property
    def w2_squared(self) -> float:
        """Squared Wasserstein distance."""


Where = TypeVar("Where", bound=Moved)


class AnyDirection(Generic[Where]):
    """The shift of the points that a method proposes, from step to step.

    Derived classes say how far points may go.

    Parameters
    ----------
    method : {"lbfgs", "relaxed", "lloyd"}
        Quasi-Newton, over-relaxed Lloyd or Lloyd.
    step_sizes : sequence of float
        For "lloyd": the part of the way to the barycentres that points go at each step; the last
        one is kept.
    fixed : ndarray of bool, shape (n,), optional
        Points that stay.
    masses : ndarray, shape (n,), optional
        Masses of the points, with sum 1, if they are not equal.
    """

    def __init__(
        self,
        method: Method,
        step_sizes: Sequence[float] = (1.0,),
        fixed: Booleans | None = None,
        masses: Floats | None = None,
    ) -> None:
        self._method = method
        self.fixed = fixed
        self._masses = masses
        # The Hessian of ½·n·W2² is n·ν_i, about.
        self._weights = 1.0 if masses is None else len(masses) * masses[:, None]
        last = RELAXATION if method == "relaxed" else step_sizes[-1]
        given = () if method == "relaxed" else step_sizes
        self._step_sizes = chain(given, repeat(last))
        self._quasi_newton = QuasiNewton(RELAXATION)

    @property
    def bold(self) -> bool:
        """Whether a step may increase W2²: those towards the barycentres cannot."""
        return self._method == "lbfgs"

    def forget(self) -> None:
        """Drop the curvature learnt, after a step that failed."""
        self._quasi_newton.forget()

    def find(self, current: Where) -> Floats:
        """Shift of each point, shape (n, d)."""
        gradient = -self.find_lloyd(current)
        if self._method != "lbfgs":
            shift: Floats = -next(self._step_sizes) * gradient
            return shift
        weights = self._weights
        shift = self._quasi_newton.find_shift(current.points, weights * gradient, 1.0 / weights)
        return self._limit(current, shift, gradient)

    def find_lloyd(self, current: Where) -> Floats:
        """Shift of each point to the barycentre of its cell, shape (n, d)."""
        shift: Floats = current.barycentres - current.points
        if self.fixed is not None:
            shift[self.fixed] = 0.0
        return shift

    def _limit(self, current: Where, shift: Floats, gradient: Floats) -> Floats:
        """Shorten the shifts of a quasi-Newton step that go too far."""
        raise NotImplementedError


class Direction(AnyDirection[Transport]):
    """The shift of the points that a method proposes, in the plane, in pixels."""

    def _limit(self, current: Transport, shift: Floats, gradient: Floats) -> Floats:
        cells = current.diagram.cells
        radii = np.sqrt(cells.areas / np.pi)
        if self._masses is None:
            radii = np.minimum(radii, _measure_spreads(current))
            return limit_shift(shift, gradient, LONGEST_STEP * radii)
        sides = list_sides(cells)
        return limit_beside(shift, radii, sides.rows, sides.columns)


def limit_beside(shift: Floats, radii: Floats, rows: Integers, columns: Integers) -> Floats:
    """Shorten shifts to a part of the radius of the cell, or of a smaller one beside it.

    Heavy points between light ones go less far: light cells would be lost on the way.

    Parameters
    ----------
    shift : ndarray, shape (n, d)
    radii : ndarray, shape (n,)
        Of discs or balls as large as the cells.
    rows, columns : ndarrays of int, shape (m,)
        Cells that have a border in common.
    """
    least = radii.copy()
    np.minimum.at(least, rows, radii[columns])
    np.minimum.at(least, columns, radii[rows])
    return limit_shift(shift, np.zeros_like(shift), LONGEST_STEP * np.sqrt(least * radii))


def _measure_spreads(current: Transport) -> Floats:
    """Radii of discs as spread out as the mass of each cell about its point, shape (n,).

    Where ink is thin they are far less than the radii of cells, most of which is white.
    """
    integrals = current.diagram.integrals
    spreads = np.zeros_like(integrals.masses)
    np.divide(integrals.second_moments, integrals.masses, spreads, where=integrals.masses > 0)
    radii: Floats = np.sqrt(2 * np.maximum(spreads, 0.0))
    return radii
