"""Ways to given masses where Newton's method alone does not lead: other points, other masses."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stipple.arrays import Floats
from stipple.geometry.shares import place_shares
from stipple.transport.diagram import Diagram
from stipple.transport.newton import NewtonSolver
from stipple.transport.path import follow_path

# Relative error of masses on the way, and most Newton steps from one place on it to the next.
WAY_TOLERANCE, MOST_STEPS = 0.5, 25
# Steps that shrink to this part of the way lead nowhere.
SHORTEST_STEP = 0.01


def find_way(
    newton: NewtonSolver,
    stalled: Diagram,
    solve_equal: Callable[[Floats], Diagram],
    tolerance: float,
) -> Diagram:
    """Solve from points in boxes of their masses, or else from a solution for equal masses."""
    points = stalled.cells.points
    found = _solve_from_shares(newton, points, tolerance)
    if found is not None and newton.find_error(found) <= tolerance:
        return found
    even = solve_equal(points)
    return follow_masses(newton, even, tolerance) if even.has_mass else stalled


def _solve_from_shares(newton: NewtonSolver, points: Floats, tolerance: float) -> Diagram | None:
    """Solve by a path from points in boxes of their masses; None where it ends on the way."""
    origin, potentials = place_shares(newton.density, newton.list_masses(len(points)), points)
    easy = newton.mend_start(newton.measure(origin, potentials))
    if not easy.has_mass:
        return None
    solved = newton.iterate(easy, 0.0, WAY_TOLERANCE)
    arrived = follow_path(newton, points, origin, solved.cells.potentials)
    return None if arrived is None else newton.iterate(arrived, 0.0, tolerance)


def follow_masses(newton: NewtonSolver, start: Diagram, tolerance: float) -> Diagram:
    """Solve for masses between, all of which change by their own factors along the way.

    A step that fails is halved, and one after another that does not is doubled.

    Parameters
    ----------
    newton : NewtonSolver
        With masses given.
    start : Diagram
        The points, with potentials that give each cell some mass.
    tolerance : float
        Largest relative error of a cell's mass.

    Returns
    -------
    Diagram
        The last one on the way: not solved where it could not be followed to its end.
    """
    had = start.integrals.masses
    wanted = newton.list_masses(len(had))
    best, reached, length = start, 0.0, 0.5
    while reached < 1 and length > SHORTEST_STEP and not newton.is_spent:
        there = min(1.0, reached + length)
        between = had ** (1 - there) * wanted**there
        with _aim(newton, between / between.sum()):
            trial = newton.iterate(best, 0.0, WAY_TOLERANCE, MOST_STEPS)
            solved = newton.find_error(trial) <= WAY_TOLERANCE
        if solved:
            best, reached, length = trial, there, 2 * length
        else:
            length /= 2
    return newton.iterate(best, 0.0, tolerance) if reached == 1 else best


@contextmanager
def _aim(newton: NewtonSolver, masses: Floats) -> Iterator[None]:
    """Let a solver seek other masses for a while."""
    wanted = newton.masses
    newton.masses = masses
    try:
        yield
    finally:
        newton.masses = wanted
