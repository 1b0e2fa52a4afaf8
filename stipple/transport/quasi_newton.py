"""Quasi-Newton moves of points towards where they are best."""

from collections import deque

import numpy as np

from stipple.arrays import Floats
from stipple.machine.products import add_squares, measure_norm, multiply

MEMORY = 8
# Cosine between a move and the change of the gradient below which there is no curvature to learn.
LEAST_CURVATURE = 1e-10


class QuasiNewton:
    """Limited-memory BFGS (Nocedal, Mathematics of Computation 1980).

    Parameters
    ----------
    first_step : float
        Part of the gradient to go against while no curvature is known.
    """

    def __init__(self, first_step: float = 1.0) -> None:
        self._first_step = first_step
        # Moves, the changes of the gradient with them, and the products of the two.
        self._pairs: deque[tuple[Floats, Floats, float]] = deque(maxlen=MEMORY)
        self._last: tuple[Floats, Floats] | None = None

    def forget(self) -> None:
        """Drop the curvature learnt, after a step that failed."""
        self._pairs.clear()
        self._last = None

    def find_shift(self, points: Floats, gradient: Floats, scale: Floats | float = 1.0) -> Floats:
        """Learn from the last step, and find the next, −H·gradient.

        Parameters
        ----------
        points, gradient : ndarray, shape (n, d)
            In any units, the same at every step.
        scale : float or ndarray, shape (n, 1)
            Inverse of a diagonal Hessian to begin with, up to a factor once curvature is known.
        """
        if self._last is not None:
            moved = points - self._last[0]
            change = gradient - self._last[1]
            # Only positive curvature keeps the inverse Hessian definite.
            curvature = multiply(moved, change)
            if curvature > LEAST_CURVATURE * measure_norm(moved) * measure_norm(change):
                self._pairs.append((moved, change, curvature))
        self._last = (points, gradient)
        return self._apply_inverse_hessian(gradient, scale)

    def _apply_inverse_hessian(self, gradient: Floats, scale: Floats | float) -> Floats:
        """Two-loop recursion."""
        if not self._pairs:
            return -self._first_step * scale * gradient
        shift = -gradient
        factors = []
        for moved, change, curvature in reversed(self._pairs):
            factor = multiply(moved, shift) / curvature
            shift -= factor * change
            factors.append(factor)
        _, change, curvature = self._pairs[-1]
        shift *= scale * (curvature / multiply(change, scale * change))
        for (moved, change, curvature), factor in zip(self._pairs, reversed(factors), strict=True):
            shift += (factor - multiply(change, shift) / curvature) * moved
        return shift


def limit_shift(shift: Floats, safe: Floats, distance: Floats | float) -> Floats:
    """Let no point go farther than some distance, or than its safe step.

    Parameters
    ----------
    shift, safe : ndarray, shape (n, d)
        The step proposed, and one that is known to be good.
    distance : float or ndarray, shape (n,)
        In the same units.
    """
    most = np.maximum(distance, np.sqrt(add_squares(safe)))
    length = np.sqrt(add_squares(shift))
    far = length > most
    limited: Floats = shift.copy()
    limited[far] *= (most[far] / length[far])[:, None]
    return limited
