"""Points in a volume that minimise W2²: quasi-Newton steps between transports."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.transport.descent import move
from stipple.transport.direction import AnyDirection, limit_beside
from stipple.transport.quantisation import Step
from stipple.volumes.transport import VolumeSolver, VolumeTransport

# W2²/(Σν^(5/3)·∫ρ^(1/3)) of the body-centred cubic lattice, whose cells are truncated octahedra:
# the best lattice in space (Barnes and Sloane, 1983). A reference, no bound.
BODY_CENTRED_QUALITY = 3 * 19 / (192 * 2 ** (1 / 3))
# Relative error of masses between steps, and what W2² must fall by at first, in parts.
STEP_TOLERANCE = 0.1


@dataclass(frozen=True, eq=False)
class Quantisation:
    """Where the steps ended: the transport, how many there were, and whether W2² stood still."""

    transport: VolumeTransport
    iterations: int
    settled: bool


class SpaceDirection(AnyDirection[VolumeTransport]):
    """The shift of the points that a method proposes, in space."""

    def _limit(self, current: VolumeTransport, shift: Floats, _gradient: Floats) -> Floats:
        radii = np.cbrt(current.diagram.cells.volumes * 3 / (4 * np.pi))
        links = current.diagram.list_links()
        return limit_beside(shift, radii, links.rows, links.columns)


def measure_quality(transport: VolumeTransport) -> float:
    """W2²/(Σν^(5/3)·∫ρ^(1/3)): n^(2/3)·W2²/A^(2/3) for equal masses and a constant density.

    Cells of masses ν have volumes ν/ρ, and cost ν·(ν/ρ)^(2/3) times a constant of their shape: the
    same in every density, where A^(2/3) would flatter uneven ones (Jensen's inequality).
    """
    scale = float((transport.weights ** (5 / 3)).sum()) * transport.density.zador_integral
    return transport.w2_squared / scale


def quantise(
    solver: VolumeSolver,
    points: Floats,
    potentials: Floats | None = None,
    *,
    iterations: int = 30,
    tolerance: float = 1e-5,
    mass_tolerance: float = 1e-6,
    on_step: Callable[[Step], None] | None = None,
) -> Quantisation:
    """Move points until W2² no longer falls.

    The gradient of ½·W2² with respect to point i is ν_i·(y_i − b_i), b_i the barycentre of its
    cell. A step that would raise W2² is replaced by a Lloyd step, which cannot, but for inexact
    masses.

    Parameters
    ----------
    solver : VolumeSolver
        Of the density and the masses.
    points : ndarray, shape (n, 3)
        The start.
    potentials : ndarray, shape (n,), optional
        First potentials for it.
    iterations : int
        Maximum number of steps; 0 solves the transport for the start.
    tolerance : float
        Stop when a step lowers W2² by less than this part of it.
    mass_tolerance : float
        Largest relative error of a cell's mass in the result.
    on_step : callable, optional
        Receives the start and each step.
    """
    inner = STEP_TOLERANCE if iterations else mass_tolerance
    current = solver.solve(points, potentials, tolerance=inner)
    direction = SpaceDirection("lbfgs", masses=solver.masses)
    taken, settled = 0, False
    _tell(on_step, taken, current)
    while taken < iterations and not settled:
        following = move(solver, current, direction.find(current), inner)
        if following.w2_squared > current.w2_squared:
            direction.forget()
            following = move(solver, current, direction.find_lloyd(current), inner)
        taken += 1
        change = current.w2_squared - following.w2_squared
        settled = abs(change) < tolerance * current.w2_squared
        current = following if change > 0 else current
        _tell(on_step, taken, current)
        if change <= 0:
            break
    if iterations:
        current = solver.solve(current.points, tolerance=mass_tolerance, near=current)
    return Quantisation(current, taken, settled)


def _tell(on_step: Callable[[Step], None] | None, taken: int, current: VolumeTransport) -> None:
    if on_step is not None:
        on_step(Step(taken, current.points, current.w2_squared, measure_quality(current)))
