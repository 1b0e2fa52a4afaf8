"""Potentials for squared distances by the back-and-forth method."""

import math
import time
from functools import reduce

import numpy as np
from scipy.fft import dctn, idctn

from stipple.arrays import Floats
from stipple.bounds.clock import LateError
from stipple.bounds.grid import lift
from stipple.bounds.problem import TOTAL, Level, Potentials, conjugate, evaluate_dual
from stipple.machine.compiled import compile_loop
from stipple.machine.products import multiply
from stipple.machine.threads import Workers

# In units of 1 / the largest mass of a pixel, where the second derivative of the dual is about 1/2.
FIRST_STEP = 2.0
LAST_STEP = 0.02
LENGTHEN, SHORTEN = 1.25, 0.8


def ascend_dual(
    level: Level,
    potential: Floats,
    steps: int,
    workers: Workers,
    deadline: float = math.inf,
    worth: float = 0.0,
) -> Potentials:
    """Raise the dual value for squared distances by H¹ gradient steps, in ψ and φ by turns.

    A step adds σ(−Δ)⁻¹(b − T#a) to ψ, with T = x − ∇φ/2, and goes on with the c-transforms
    (Jacobs and Léger, "A fast approach to optimal transport", 2020). σ follows the ratio of the
    gain to its first-order forecast. ∇φ is a difference between pixels, so that the limit is
    only nearly optimal.

    Parameters
    ----------
    level : Level
        Images of shape (h, w), or volumes (d, h, w).
    potential : ndarray, of the same shape
        ψ, in square pixels.
    steps : int
        At most.
    workers : Workers
    deadline : float
        Time of `time.perf_counter` at which to stop.
    worth : float
        A step must promise to gain this share of the value, or it is the last.

    Returns
    -------
    Potentials
        The best met.
    """
    masses = (level.source / TOTAL, level.target / TOTAL)
    frequencies = [2 - 2 * np.cos(np.pi * np.arange(n) / n) for n in level.source.shape]
    laplacian = reduce(np.add.outer, frequencies)
    # Constants do not matter: masses are equal.
    laplacian.flat[0] = np.inf
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
        residue = there - _push_forward(lift(here), lift(mapped)).reshape(here.shape)
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
        forecast = multiply(direction, residue)
        if gain < 0.25 * forecast:
            size *= SHORTEN
        elif gain > 0.75 * forecast:
            size *= LENGTHEN
        if size < LAST_STEP or forecast <= worth * value:
            break
    return best


@compile_loop
def _push_forward(masses: Floats, potential: Floats) -> Floats:
    """Carry masses along x − ∇φ/2, each shared linearly among the eight pixels around it."""
    depth, height, width = masses.shape
    pushed = np.zeros((depth, height, width))
    for plane in range(depth):
        back, front = max(plane - 1, 0), min(plane + 1, depth - 1)
        for row in range(height):
            up, down = max(row - 1, 0), min(row + 1, height - 1)
            for column in range(width):
                mass = masses[plane, row, column]
                if mass == 0:
                    continue
                left, right = max(column - 1, 0), min(column + 1, width - 1)
                dip = potential[front, row, column] - potential[back, row, column]
                fall = potential[plane, down, column] - potential[plane, up, column]
                drift = potential[plane, row, right] - potential[plane, row, left]
                k, r = _cut_place(plane - dip / max(front - back, 1) / 2, depth)
                i, s = _cut_place(row - fall / max(down - up, 1) / 2, height)
                j, t = _cut_place(column - drift / max(right - left, 1) / 2, width)
                beyond, below, beside = k + (r > 0), i + (s > 0), j + (t > 0)
                for number, share in ((k, 1 - r), (beyond, r)):
                    if share > 0:
                        pushed[number, i, j] += mass * share * (1 - s) * (1 - t)
                        pushed[number, i, beside] += mass * share * (1 - s) * t
                        pushed[number, below, j] += mass * share * s * (1 - t)
                        pushed[number, below, beside] += mass * share * s * t
    return pushed


@compile_loop
def _cut_place(place: float, count: int) -> tuple[int, float]:
    """Bring a place between the first pixel and the last: whole number and fraction."""
    place = min(max(place, 0.0), count - 1.0)
    return int(place), place - int(place)
