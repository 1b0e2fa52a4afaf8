"""Potentials for distances themselves by the flux between images: Beckmann's problem.

W_1 is the largest Σ (a − b)·f with |∇f| ≤ 1, and the least Σ |m| of a flux m that leaves a and
ends in b. Both are found together; steps in f are measured by its gradient, so that their number
does not grow with that of the pixels (Jacobs, Léger, Li and Osher, "Solving large-scale
optimization problems with a convergence rate independent of grid size", 2019).
"""

import time
from functools import reduce

import numpy as np
from scipy.fft import dctn, idctn

from stipple.arrays import Floats
from stipple.bounds.grid import AXES, lift, pool_blocks
from stipple.bounds.problem import TOTAL, Level
from stipple.bounds.pyramid import refine_potential
from stipple.machine.compiled import compile_loop

# The coarsest level has no longer side than this.
COARSEST = 8
STEPS = 40
# Steps of the flux, in its mean over the pixels.
FLUX_STEP = 2.0


def slope_potential(level: Level, deadline: float) -> Floats:
    """Find ψ for distances whose slopes are nearly at most 1, and whose dual value nearly W_1.

    Slopes are differences to the next pixel along each axis, which errs where ways begin or end:
    once with the axes turned round the errors are opposite, and the mean keeps little of them (the
    dual value is concave). Two c-transforms make of it what is a potential exactly.

    Parameters
    ----------
    level : Level
        Images of shape (h, w), or volumes (d, h, w).
    deadline : float
        Time of `time.perf_counter` from which on no more steps are taken.

    Returns
    -------
    ndarray, of the same shape
        In pixels.
    """
    excess = lift(level.source - level.target) / TOTAL
    forwards = _climb(excess, deadline)
    backwards = np.flip(_climb(np.ascontiguousarray(np.flip(excess)), deadline))
    return np.asarray(-(forwards + backwards) / 2).reshape(level.source.shape)


def _climb(excess: Floats, deadline: float) -> Floats:
    """Find f for masses that add up to 0, from coarse levels to fine ones."""
    levels = [excess]
    while max(levels[0].shape) > COARSEST:
        levels.insert(0, pool_blocks(levels[0], 2))
    potential = np.zeros(levels[0].shape)
    flux = np.zeros((AXES, *potential.shape))
    # A guess: half of the mass goes half as far as the coarsest level is long.
    whole = np.abs(levels[0]).sum() * max(potential.shape) / 4
    for masses in levels:
        shape = masses.shape
        if shape != potential.shape:
            potential = refine_potential(potential, shape, 1)
            for axis in range(1, AXES + 1):
                flux = np.repeat(flux, 2, axis)
            flux = flux[:, : shape[0], : shape[1], : shape[2]] / 2.0 ** (np.ndim(masses) - 1)
            flux = np.ascontiguousarray(flux)
            whole = np.sqrt((flux**2).sum(axis=0)).sum()
        step = FLUX_STEP * whole / masses.size
        frequencies = [2 - 2 * np.cos(np.pi * np.arange(n) / n) for n in shape]
        laplacian = reduce(np.add.outer, frequencies)
        # Constants do not matter: masses add up to 0.
        laplacian.flat[0] = np.inf
        residue = masses.copy()
        _leave(flux, residue)
        for _ in range(STEPS):
            if time.perf_counter() >= deadline:
                break
            potential += idctn(dctn(residue, norm="ortho") / laplacian, norm="ortho") / step
            residue = masses.copy()
            _move_flux(flux, potential, step, residue)
    return potential


@compile_loop
def _leave(flux: Floats, masses: Floats) -> None:
    """Subtract from masses what leaves with a flux, and add what arrives."""
    depth, height, width = masses.shape
    for s in range(depth):
        for r in range(height):
            for c in range(width):
                for axis in range(3):
                    k, i, j = s + (axis == 0), r + (axis == 1), c + (axis == 2)
                    if k < depth and i < height and j < width:
                        masses[s, r, c] -= flux[axis, s, r, c]
                        masses[k, i, j] += flux[axis, s, r, c]


@compile_loop
def _move_flux(flux: Floats, potential: Floats, step: float, residue: Floats) -> None:
    """Let the flux follow the slopes beyond 1, and tell what twice its change would leave over."""
    depth, height, width = potential.shape
    for s in range(depth):
        for r in range(height):
            for c in range(width):
                here = potential[s, r, c]
                back = potential[s + 1, r, c] - here if s + 1 < depth else 0.0
                down = potential[s, r + 1, c] - here if r + 1 < height else 0.0
                side = potential[s, r, c + 1] - here if c + 1 < width else 0.0
                first = flux[0, s, r, c] - step * back
                second = flux[1, s, r, c] - step * down
                third = flux[2, s, r, c] - step * side
                length = np.sqrt(first * first + second * second + third * third)
                kept = 1 - step / length if length > step else 0.0
                first, second, third = kept * first, kept * second, kept * third
                if s + 1 < depth:
                    ahead = 2 * first - flux[0, s, r, c]
                    residue[s, r, c] -= ahead
                    residue[s + 1, r, c] += ahead
                if r + 1 < height:
                    ahead = 2 * second - flux[1, s, r, c]
                    residue[s, r, c] -= ahead
                    residue[s, r + 1, c] += ahead
                if c + 1 < width:
                    ahead = 2 * third - flux[2, s, r, c]
                    residue[s, r, c] -= ahead
                    residue[s, r, c + 1] += ahead
                flux[0, s, r, c], flux[1, s, r, c], flux[2, s, r, c] = first, second, third
