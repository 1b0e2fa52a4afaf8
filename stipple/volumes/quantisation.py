"""Points in a volume that minimise W2²: quasi-Newton steps between transports."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.transport.quantisation import Step
from stipple.transport.quasi_newton import QuasiNewton, limit_shift
from stipple.volumes.transport import VolumeSolver, VolumeTransport

# W2²/(Σν^(5/3)·∫ρ^(1/3)) of the body-centred cubic lattice, whose cells are truncated octahedra:
# the best lattice in space (Barnes and Sloane, 1983). A reference, no bound.
BODY_CENTRED_QUALITY = 3 * 19 / (192 * 2 ** (1 / 3))
# Relative error of masses between steps, and what W2² must fall by at first, in parts.
STEP_TOLERANCE = 0.1
# The first step goes so far beyond the barycentres (over-relaxed Lloyd).
RELAXATION = 1.7
# No point moves by more than this part of the radius of its cell, or of a smaller one beside it.
LONGEST_STEP = 0.5


@dataclass(frozen=True, eq=False)
class Quantisation:
    """Where the steps ended: the transport, how many there were, and whether W2² stood still."""

    transport: VolumeTransport
    iterations: int
    settled: bool


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
    weights = len(solver.masses) * solver.masses[:, None]
    quasi_newton = QuasiNewton(RELAXATION)
    taken, settled = 0, False
    _tell(on_step, taken, current)
    while taken < iterations and not settled:
        barycentres = current.diagram.barycentres
        gradient = current.points - barycentres
        shift = quasi_newton.find_shift(current.points, weights * gradient, 1 / weights)
        shift = limit_shift(shift, np.zeros_like(shift), LONGEST_STEP * _find_least_radii(current))
        following = _move(solver, current, shift, inner)
        if following.w2_squared > current.w2_squared:
            quasi_newton.forget()
            following = _move(solver, current, -gradient, inner)
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


def _move(
    solver: VolumeSolver, current: VolumeTransport, shift: Floats, tolerance: float
) -> VolumeTransport:
    """Solve the transport to the points shifted, but for those that would leave a box."""
    points = current.points + shift
    if not solver.periodic:
        outside = ((points < 0) | (points > solver.density.size)).any(axis=1)
        points[outside] = current.diagram.barycentres[outside]
    return solver.solve(points, tolerance=tolerance, near=current)


def _find_least_radii(current: VolumeTransport) -> Floats:
    """Radius of a ball of a cell's volume, between its own and the least beside it, shape (n,)."""
    radii = np.cbrt(current.diagram.cells.volumes * 3 / (4 * np.pi))
    least = radii.copy()
    links = current.diagram.list_links()
    np.minimum.at(least, links.rows, radii[links.columns])
    np.minimum.at(least, links.columns, radii[links.rows])
    found: Floats = np.sqrt(least * radii)
    return found
