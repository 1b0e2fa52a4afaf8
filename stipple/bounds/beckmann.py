"""Potentials for distances themselves by the flux between images: Beckmann's problem.

W_1 is the largest Σ (a − b)·f with |∇f| ≤ 1, and the least Σ |m| of a flux m that leaves a and
ends in b. Both are found together; steps in f are measured by its gradient, so that their number
does not grow with that of the pixels (Jacobs, Léger, Li and Osher, "Solving large-scale
optimization problems with a convergence rate independent of grid size", 2019).
"""

import time
from collections.abc import Iterator
from functools import reduce
from itertools import combinations

import numpy as np
from scipy.fft import dctn, idctn

from stipple.arrays import Floats
from stipple.bounds.grid import AXES, pool_blocks
from stipple.bounds.problem import TOTAL, Level
from stipple.bounds.pyramid import refine_potential
from stipple.machine.compiled import compile_loop

# The coarsest level has no longer side than this.
COARSEST = 8
STEPS = 40
# Steps of the flux, in its mean over the voxels.
FLUX_STEP = 2.0


def find_slope_potentials(level: Level, deadline: float) -> Iterator[Floats]:
    """Find ψ for distances with slopes of about 1 at most, and of a dual value of nearly W_1.

    Slopes are differences to the next voxel along each axis, which errs where ways begin or end:
    differently so with axes turned round. The mean of several potentials keeps little of that,
    since the dual value is concave. Two c-transforms make a potential of it.

    Parameters
    ----------
    level : Level
        Volumes of shape (d, h, w).
    deadline : float
        Time of `time.perf_counter` from which on no more steps are taken.

    Yields
    ------
    ndarray, shape (d, h, w)
        The mean of two, with none of the axes and with all turned round; then of all eight.
    """
    excess = (level.source - level.target) / TOTAL
    turns = [turn for count in (0, 3, 1, 2) for turn in combinations(range(AXES), count)]
    total = np.zeros(excess.shape)
    for number, turn in enumerate(turns, start=1):
        found = _climb_levels(np.ascontiguousarray(np.flip(excess, turn)), deadline)
        total -= np.flip(found, turn)
        if number in (2, len(turns)):
            yield total / number


def _climb_levels(excess: Floats, deadline: float) -> Floats:
    """Find f for masses that add up to 0, from coarse levels to fine ones."""
    levels = [excess]
    while max(levels[0].shape) > COARSEST:
        levels.insert(0, pool_blocks(levels[0], 2))
    coarsest = levels[0]
    potential, flux = np.zeros(coarsest.shape), np.zeros((AXES, *coarsest.shape))
    # A guess: half of the mass goes half as far as the coarsest level is long.
    whole = np.abs(coarsest).sum() * max(coarsest.shape) / 4
    for masses in levels:
        if masses is not coarsest:
            potential = refine_potential(potential, masses.shape, 1)
            flux = _refine_flux(flux, masses.shape)
            whole = np.sqrt((flux**2).sum(axis=0)).sum()
        step = FLUX_STEP * whole / masses.size
        _improve_level(masses, potential, flux, step, deadline)
    return potential


def _refine_flux(flux: Floats, shape: tuple[int, ...]) -> Floats:
    """Bring a flux to twice the resolution: what crosses a face crosses four."""
    for axis in range(1, AXES + 1):
        flux = np.repeat(flux, 2, axis)
    depth, height, width = shape
    return np.ascontiguousarray(flux[:, :depth, :height, :width]) / 4


def _improve_level(
    masses: Floats, potential: Floats, flux: Floats, step: float, deadline: float
) -> None:
    """Improve f and the flux, in place, by steps of each in turn."""
    frequencies = [2 - 2 * np.cos(np.pi * np.arange(n) / n) for n in masses.shape]
    laplacian = reduce(np.add.outer, frequencies)
    # Constants do not matter: masses add up to 0.
    laplacian.flat[0] = np.inf
    # Nothing leaves through the last faces, so that nothing comes round.
    parts = [along - np.roll(along, 1, axis) for axis, along in enumerate(flux)]
    residue = masses - sum(parts)
    for _ in range(STEPS):
        if time.perf_counter() >= deadline:
            break
        potential += idctn(dctn(residue, norm="ortho") / laplacian, norm="ortho") / step
        residue = masses.copy()
        _move_flux(flux, potential, step, residue)


@compile_loop
def _move_flux(flux: Floats, potential: Floats, step: float, residue: Floats) -> None:
    """Drive the flux by slopes beyond 1; subtract from the residue what leaves by twice the change.

    That is, by the new flux and once more by what it has more than the old one.
    """
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
