"""Potentials for squared distances by the back-and-forth method."""

import math
import time

import numpy as np
from scipy.fft import dctn, idctn

from stipple.arrays import Floats
from stipple.bounds.clock import LateError
from stipple.bounds.problem import TOTAL, Level, Potentials, conjugate, evaluate_dual
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers

# In units of 1 / the largest mass of a pixel, where the second derivative of the dual is about 1/2.
FIRST_STEP = 2.0
LAST_STEP = 0.02
LENGTHEN, SHORTEN = 1.25, 0.8


def ascend_dual(
    level: Level, potential: Floats, steps: int, workers: Workers, deadline: float = math.inf
) -> Potentials:
    """Raise the dual value for squared distances by H¹ gradient steps, in ψ and φ by turns.

    A step adds σ(−Δ)⁻¹(b − T#a) to ψ, with T = x − ∇φ/2, and goes on with the c-transforms
    (Jacobs and Léger, "A fast approach to optimal transport", 2020). σ follows the ratio of the
    gain to its first-order forecast. ∇φ is a difference between pixels, so that the limit is
    only nearly optimal.

    Parameters
    ----------
    level : Level
        Images of shape (h, w).
    potential : ndarray, shape (h, w)
        ψ, in square pixels.
    steps : int
        At most.
    workers : Workers
    deadline : float
        Time of `time.perf_counter` at which to stop.

    Returns
    -------
    Potentials
        The best met.
    """
    masses = (level.source / TOTAL, level.target / TOTAL)
    height, width = level.source.shape
    frequencies = (2 - 2 * np.cos(np.pi * np.arange(n) / n) for n in (height, width))
    laplacian = np.add.outer(*frequencies)
    # Constants do not matter: masses are equal.
    laplacian[0, 0] = np.inf
    current = best = conjugate(potential, 2, workers)
    value = highest = evaluate_dual(level, current)
    unit = 1 / max(masses[0].max(), masses[1].max())
    size = FIRST_STEP
    for step in range(steps):
        if time.perf_counter() >= deadline:
            break
        # Potentials and masses with the sides exchanged at every other step.
        forwards = step % 2 == 0
        here, there = masses if forwards else masses[::-1]
        mapped, raised = current[:2] if forwards else current[1::-1]
        residue = there - _push_forward(here, mapped)
        direction = idctn(dctn(residue, norm="ortho") / laplacian, norm="ortho")
        direction *= size * unit
        try:
            found = conjugate(raised + direction, 2, workers)
        except LateError:
            break
        current = found if forwards else Potentials(found[1], found[0], found[3], found[2])
        gain = evaluate_dual(level, current) - value
        value += gain
        if value > highest:
            best, highest = current, value
        forecast = float(np.vdot(direction, residue))
        if gain < 0.25 * forecast:
            size *= SHORTEN
        elif gain > 0.75 * forecast:
            size *= LENGTHEN
        if size < LAST_STEP or forecast <= 0:
            break
    return best


@compile_loop
def _push_forward(masses: Floats, potential: Floats) -> Floats:
    """Carry masses along x − ∇φ/2, each shared bilinearly among four pixels."""
    height, width = masses.shape
    pushed = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            mass = masses[row, column]
            if mass == 0:
                continue
            up, down = max(row - 1, 0), min(row + 1, height - 1)
            left, right = max(column - 1, 0), min(column + 1, width - 1)
            fall = (potential[down, column] - potential[up, column]) / max(down - up, 1)
            drift = (potential[row, right] - potential[row, left]) / max(right - left, 1)
            y = min(max(row - fall / 2, 0.0), height - 1.0)
            x = min(max(column - drift / 2, 0.0), width - 1.0)
            r, c = int(y), int(x)
            below, beside = min(r + 1, height - 1), min(c + 1, width - 1)
            s, t = y - r, x - c
            pushed[r, c] += mass * (1 - s) * (1 - t)
            pushed[r, beside] += mass * (1 - s) * t
            pushed[below, c] += mass * s * (1 - t)
            pushed[below, beside] += mass * s * t
    return pushed
