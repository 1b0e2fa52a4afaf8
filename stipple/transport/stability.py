"""Whether points at which W2² no longer falls are a minimum, or a saddle to leave."""

import numpy as np

from stipple.arrays import Booleans, Floats
from stipple.machine.products import multiply
from stipple.transport.semi_discrete import Transport, TransportSolver

# Perturbations as parts of the distance at which a cell has its mass: so small that one Newton step
# finds the potentials, which on line art took two at 1e-3.
PERTURBATION = 1e-5
# Masses of perturbed cells, well enough for differences of barycentres so close.
PERTURBED_TOLERANCE = 1e-7
# Power iteration: most steps, and how far above 1 an eigenvalue must be to show a saddle.
LARGEST_POWER = 16
MARGIN = 0.01
# How far a saddle is left: where the direction is longest, in the same distances.
LEAP = 0.3
# Gradients below this part of those distances are those of critical points.
CRITICAL = 1e-3


def is_critical(transport: Transport, fixed: Booleans | None = None) -> bool:
    """Whether the points, but for fixed ones, are the barycentres of their cells, nearly."""
    if not transport.converged:
        return False
    gradient = np.hypot(*(transport.points - transport.barycentres).T)
    critical = gradient <= CRITICAL * _measure_radii(transport)
    return bool((critical if fixed is None else critical | fixed).all())


def find_descent(
    solver: TransportSolver,
    transport: Transport,
    generator: np.random.Generator,
    fixed: Booleans | None = None,
) -> Floats | None:
    """Seek a direction in which W2² curves downwards at critical points.

    The Hessian of ½·W2² is ν·(I − DB), ν the masses and B the barycentres as a function of the
    points (their gradient is ν·(Y − B), Mérigot, Santambrogio, Sarrazin, NeurIPS 2021). Power
    iteration from a random perturbation approaches the largest eigenvalue of DB from below: any
    quotient above 1 shows a saddle.

    Parameters
    ----------
    solver : TransportSolver
        The transport solver of the density.
    transport : Transport
        The transport to the critical points.
    generator : numpy.random.Generator
        Draws the perturbation.
    fixed : ndarray of bool, shape (n,), optional
        Points that stay.

    Returns
    -------
    ndarray, shape (n, 2), or None
        A shift of the points, in pixels; `None` if the points are stable, or if a transport on the
        way is not solved (`TransportSolver.unsolved` counts those), which leaves the question open.
    """
    base = solver.solve(transport.points, tolerance=PERTURBED_TOLERANCE, near=transport)
    if not base.converged:
        return None
    radii = _measure_radii(base)[:, None]
    free = 1.0 if fixed is None else ~fixed[:, None]
    shift = free * radii * generator.standard_normal(base.points.shape)
    if not shift.any():
        return None
    for _ in range(LARGEST_POWER):
        shift *= PERTURBATION / np.sqrt(np.mean((shift / radii) ** 2))
        points = base.points + shift
        if not solver.periodic:
            points = np.clip(points, 0.0, (solver.density.width, solver.density.height))
        moved = solver.solve(points, tolerance=PERTURBED_TOLERANCE, near=base)
        if not moved.converged:
            break
        answer = free * (moved.barycentres - base.barycentres)
        weighted = base.weights[:, None] * shift
        if multiply(weighted, answer) > (1 + MARGIN) * multiply(weighted, shift):
            if multiply(weighted, base.points - base.barycentres) > 0:
                shift = -shift
            descent: Floats = shift * (LEAP / (np.abs(shift) / radii).max())
            return descent
        if not answer.any():
            break
        shift = answer
    return None


def _measure_radii(transport: Transport) -> Floats:
    """Root of the mean square distance of each point to the mass of its cell, shape (n,).

    Only for solved transports, which leave no cell without mass.
    """
    integrals = transport.diagram.integrals
    squares = integrals.second_moments / integrals.masses
    return np.sqrt(np.maximum(squares, np.finfo(float).tiny))
