"""Where the points of a quantisation go next."""

from collections.abc import Sequence
from itertools import chain, repeat

import numpy as np

from stipple.arrays import Booleans, Floats
from stipple.choices import Method
from stipple.geometry.sides import list_sides
from stipple.transport.quasi_newton import QuasiNewton, limit_shift
from stipple.transport.semi_discrete import Transport

# Over-relaxed Lloyd goes so many times the way to the barycentres.
RELAXATION = 1.7
# No point moves by more than this part of the radius of its cell, or of the mass in it, or than a
# Lloyd step.
LONGEST_STEP = 0.5


class Direction:
    """The shift of the points that a method proposes, from step to step.

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

    def find(self, current: Transport) -> Floats:
        """Shift of each point, shape (n, 2), in pixels."""
        gradient = -self.find_lloyd(current)
        if self._method != "lbfgs":
            shift: Floats = -next(self._step_sizes) * gradient
            return shift
        weights = self._weights
        shift = self._quasi_newton.find_shift(current.points, weights * gradient, 1.0 / weights)
        cells = current.diagram.cells
        radii = np.sqrt(cells.areas / np.pi)
        if self._masses is None:
            radii = np.minimum(radii, _measure_spreads(current))
            return limit_shift(shift, gradient, LONGEST_STEP * radii)
        sides = list_sides(cells)
        least = radii.copy()
        np.minimum.at(least, sides.rows, radii[sides.columns])
        np.minimum.at(least, sides.columns, radii[sides.rows])
        # Heavy points between light ones go less far: light cells would be lost on the way.
        return limit_shift(shift, np.zeros_like(shift), LONGEST_STEP * np.sqrt(least * radii))

    def find_lloyd(self, current: Transport) -> Floats:
        """Shift of each point to the barycentre of its cell, shape (n, 2), in pixels."""
        shift = current.barycentres - current.points
        if self.fixed is not None:
            shift[self.fixed] = 0.0
        return shift


def _measure_spreads(current: Transport) -> Floats:
    """Radii of discs as spread out as the mass of each cell about its point, shape (n,).

    Where ink is thin they are far less than the radii of cells, most of which is white.
    """
    integrals = current.diagram.integrals
    spreads = np.zeros_like(integrals.masses)
    np.divide(integrals.second_moments, integrals.masses, spreads, where=integrals.masses > 0)
    radii: Floats = np.sqrt(2 * np.maximum(spreads, 0.0))
    return radii
