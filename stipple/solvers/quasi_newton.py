"""Quasi-Newton moves of points towards where they are best."""

from collections import deque

import numpy as np

from stipple.arrays import Floats

MEMORY = 8


class QuasiNewton:
    """Limited-memory BFGS (Nocedal, Mathematics of Computation 1980).

    Parameters
    ----------
    first_step : float
        Part of the gradient to go against while no curvature is known.
    """

    def __init__(self, first_step: float = 1.0) -> None:
        self._first_step = first_step
        self._pairs: deque[tuple[Floats, Floats]] = deque(maxlen=MEMORY)
        self._last: tuple[Floats, Floats] | None = None

    def forget(self) -> None:
        """Drop the curvature learnt, after a step that failed."""
        self._pairs.clear()
        self._last = None

    def find_shift(self, points: Floats, gradient: Floats) -> Floats:
        """Learn from the last step, and find the next, −H·gradient.

        Parameters
        ----------
        points, gradient : ndarray, shape (n, d)
            In any units, the same at every step.
        """
        if self._last is not None:
            moved = points - self._last[0]
            change = gradient - self._last[1]
            # Only positive curvature keeps the inverse Hessian definite.
            if np.vdot(moved, change) > 1e-10 * np.vdot(moved, moved):
                self._pairs.append((moved, change))
        self._last = (points, gradient)
        return self._apply_inverse_hessian(gradient)

    def _apply_inverse_hessian(self, gradient: Floats) -> Floats:
        """Two-loop recursion."""
        if not self._pairs:
            return -self._first_step * gradient
        shift = -gradient
        factors = []
        for moved, change in reversed(self._pairs):
            factor = np.vdot(moved, shift) / np.vdot(moved, change)
            shift = shift - factor * change
            factors.append(factor)
        moved, change = self._pairs[-1]
        shift = shift * (np.vdot(moved, change) / np.vdot(change, change))
        for (moved, change), factor in zip(self._pairs, reversed(factors), strict=True):
            correction = factor - np.vdot(change, shift) / np.vdot(moved, change)
            shift = shift + correction * moved
        return np.asarray(shift)


def limit_shift(shift: Floats, safe: Floats, radius: Floats | float) -> Floats:
    """Let no point go farther than half the radius of its cell, or than its safe step.

    Parameters
    ----------
    shift, safe : ndarray, shape (n, d)
        The step proposed, and one that is known to be good.
    radius : float or ndarray, shape (n,)
        In the same units.
    """
    most = np.maximum(0.5 * radius, np.linalg.norm(safe, axis=1))
    length = np.linalg.norm(shift, axis=1)
    factor = np.minimum(1.0, np.divide(most, length, out=np.ones_like(length), where=length > 0))
    limited: Floats = shift * factor[:, None]
    return limited
