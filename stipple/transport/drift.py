"""Points that go with the mass when a density has changed: where they are to begin anew.

To first order the density goes along a field u with div(ρ·u) = ρ − ρ', which has a potential:
Newton's equation for the masses of cells is that one. Points that go along u leave the shapes of
their cells about as they are, so that their potentials still serve, where Newton steps for points
that stay would have to be short.
"""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.sides import list_sides
from stipple.transport.damped_newton import COARSE, assemble_borders, weigh_borders
from stipple.transport.newton import NewtonSolver
from stipple.transport.quantisation import HEXAGONAL_QUALITY
from stipple.transport.semi_discrete import Transport, TransportSolver

# Neighbours come no nearer to each other, or go apart, than by this part of their distance.
LONGEST = 0.7
# What single cells lack says little of where a density goes: a drift is averaged with that of cells
# next to it once, and on until none goes too far, but so often at most.
SWEEPS = 4
# The mean square of what is left to go, in parts of W2² of hexagonal cells, that steps make good.
NEAR = 0.25
# A drift that does not leave less than this part of the last one leads nowhere.
WORTH = 0.7
MOST = 8  # drifts


@dataclass(frozen=True, eq=False)
class Drift:
    """Where the mass that cells have too much of goes, to first order.

    Attributes
    ----------
    shift : ndarray, shape (n, 2)
        Of the points, in pixels.
    square : float
        Mean squared way of the mass, in square pixels: half the Newton decrement.
    stretch : float
        The most by which neighbours come nearer or go apart, in parts of their distance.
    """

    shift: Floats
    square: float
    stretch: float


def find_drift(solver: NewtonSolver, start: Transport) -> Drift:
    """Find how points would go with the density to where their cells hold their masses."""
    cells = start.diagram.cells
    sides = list_sides(cells, solver.workers)
    residual = start.weights - start.masses
    potentials = solver.find_direction(start.diagram, sides, 0.0, residual, COARSE)
    borders = solver.list_borders(start.diagram, sides)
    laplacian = assemble_borders(borders, weigh_borders(borders, 0.0), len(residual)).to_scipy()
    # Mass that passes a side goes half the way from point to point, about: the sums of that are
    # the product rule of the Laplacian, Δ(φ·y) − φ·Δy − y·Δφ = 2·∇φ·∇y.
    column = potentials[:, None]
    moments = laplacian @ (column * cells.points) - column * (laplacian @ cells.points)
    moments -= cells.points * (laplacian @ column)
    shift = moments / (2 * start.weights[:, None])
    around = np.where(laplacian.diagonal() > 0, laplacian.diagonal(), 1.0)[:, None]
    for _ in range(SWEEPS):
        shift = shift - 0.5 * (laplacian @ shift) / around
        apart = np.hypot(*(shift[borders.rows] - shift[borders.columns]).T)
        stretch = float((apart / borders.distances).max(initial=0.0))
        if stretch <= LONGEST:
            break
    return Drift(shift, 0.5 * float(residual @ potentials), stretch)


def is_near(start: Transport, drift: Drift) -> bool:
    """Whether every cell has mass, and little of it is left to go."""
    hexagonal = HEXAGONAL_QUALITY * start.density.support_area / len(start.points)
    return start.diagram.has_mass and drift.square <= NEAR * hexagonal


def follow_mass(solver: TransportSolver, start: Transport, drift: Drift) -> Transport:
    """Let points go along drifts, for as long as these become shorter.

    Parameters
    ----------
    solver : TransportSolver
        The transport solver of the new density.
    start : Transport
        Cells of the points before, with the masses of the new density.
    drift : Drift
        Where these lead.

    Returns
    -------
    Transport
        Not solved for: cells of the points where they are then, and of the same potentials.
    """
    size = (start.density.width, start.density.height)
    for _ in range(MOST):
        if is_near(start, drift) or drift.stretch == 0:
            break
        part = min(1.0, LONGEST / drift.stretch)
        points = np.clip(start.points + part * drift.shift, 0, size)
        there = solver.begin(points, start.potentials, start.diagram.cells)
        if start.diagram.has_mass and not there.diagram.has_mass:
            break
        onward = find_drift(solver, there)
        if onward.square > WORTH * drift.square:
            break
        start, drift = there, onward
    return start
