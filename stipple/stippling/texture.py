"""The texture blue: points that are even, and of which no wave is strong enough to be seen."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.regularity import find_largest_power
from stipple.transport.quantisation import Quantisation, Step
from stipple.transport.semi_discrete import TransportSolver

# The quality at which the texture blue stops: a step or two before grains of a lattice show.
BLUE_QUALITY = 0.173
# The largest power of a single wave that is not seen as grain. That of the last step grows with
# the logarithm of the number of points, and is above it in one of four runs at 20,000.
LARGEST_POWER = 20.0
# Parts of the last step that are tried in turn, from the whole step on.
PARTS = np.linspace(1, 0, 9)


class LastStep:
    """Hands steps on, and keeps the points of the last two."""

    def __init__(self, on_step: Callable[[Step], None] | None) -> None:
        self._on_step = on_step
        self.points: list[Floats] = []

    def __call__(self, step: Step) -> None:
        """Take a step."""
        self.points = [*self.points[-1:], step.points]
        if self._on_step is not None:
            self._on_step(step)


def weaken_waves(solver: TransportSolver, result: Quantisation, last: LastStep) -> Quantisation:
    """Go back on the last step until no wave has more than the largest power.

    Nothing changes where a wave had more before that step: then it is of the picture.

    Parameters
    ----------
    solver : TransportSolver
        The transport solver of the density.
    result : Quantisation
        Points that reached their quality.
    last : LastStep
        Its last two steps.
    """
    if not result.reached or len(last.points) < 2:
        return result
    before, after = last.points
    for part in PARTS:
        points = before + part * (after - before)
        if _measure_power(solver, points) <= LARGEST_POWER:
            break
    else:
        return result
    if part == 1:
        return result
    moved = solver.solve(points, result.transport.potentials)
    return replace(result, transport=moved) if moved.converged else result


def _measure_power(solver: TransportSolver, points: Floats) -> float:
    density = solver.density
    return find_largest_power(points, density.width, density.height, density.support_area)
