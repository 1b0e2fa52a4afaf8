"""Where the dots of a frame begin: where they were, or go on to, and from there with the mass."""

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.power_cells import PowerCells
from stipple.stippling.motion import Motion
from stipple.transport.drift import Drift, find_drift, follow_mass
from stipple.transport.semi_discrete import Transport, TransportSolver

# Relative error of masses when steps begin.
TOLERANCE = 0.4


def begin_transport(
    solver: TransportSolver,
    cells: PowerCells,
    motion: Motion | None,
    points: Floats,
    potentials: Floats,
    most: float,
) -> Transport | None:
    """Solve for points from which steps are to begin.

    Parameters
    ----------
    solver : TransportSolver
        The transport solver of the frame.
    cells : PowerCells
        Those of the frame before.
    motion : Motion, optional
        What their points did before, if they are the same.
    points, potentials : ndarray, shapes (n, 2) and (n,)
        The points of the frame, where they were, and about what their potentials are.
    most : float
        Diagrams after which to give up.

    Returns
    -------
    Transport or None
        None if it takes more diagrams than that.
    """
    start = _choose_start(solver, cells, motion, points, potentials)
    solver.most_diagrams = most
    if start.diagram.has_mass:
        solved = solver.solve(start.points, tolerance=TOLERANCE, near=start)
    else:
        solved = solver.solve(start.points, start.potentials, tolerance=TOLERANCE)
    given_up = solver.is_spent and not solved.converged
    solver.most_diagrams = np.inf
    return None if given_up else solved


def _choose_start(
    solver: TransportSolver,
    cells: PowerCells,
    motion: Motion | None,
    points: Floats,
    potentials: Floats,
) -> Transport:
    starts: list[tuple[Transport, Drift]] = []
    if motion is not None and motion.steady:
        start = solver.begin(*motion.go_on(cells), cells)
        starts.append((start, find_drift(solver, start)))
    if not (starts and starts[0][0].diagram.has_mass):
        previous = cells if len(points) == len(cells.points) else None
        start = solver.begin(points, potentials, previous)
        starts.append((start, find_drift(solver, start)))
    return follow_mass(solver, *min(starts, key=_rank))


def _rank(start: tuple[Transport, Drift]) -> tuple[bool, float]:
    """Order starts, the best first: cells without mass, then how far what they lack is away."""
    return not start[0].diagram.has_mass, start[1].square
