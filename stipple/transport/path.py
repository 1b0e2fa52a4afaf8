"""Continuation along a path of points: from ones for which the transport is known."""

from stipple.arrays import Floats
from stipple.errors import PowerCellError
from stipple.transport.diagram import Diagram
from stipple.transport.newton import NewtonSolver

# Each cell keeps at least this part of its mass.
KEPT = 0.05
# A step that leaves each cell this part of its mass may be followed by a longer one.
COMFORTABLE = 0.5
# No step is longer than this part of the path.
LONGEST_STEP = 0.25
# Steps that shrink to this part of what is left of the path would go on for ever.
SHORTEST_STEP = 1e-6
LARGEST_PATH = 1000  # steps
LARGEST_HALVING = 20


def follow_path(
    newton: NewtonSolver,
    points: Floats,
    origin: Floats,
    potentials: Floats,
    bounded: bool = False,
) -> Diagram | None:
    """Follow the solution from other points to the given ones.

    Each point of the origin moves on a straight line to the given one in its place of the list.
    Every step is a Newton step that takes the move into account, shortened until each cell keeps
    some mass; `None` if that does not help. On a short path, as after a step, sides may be bounded;
    on a long one, which is cut short anyway, bounds only slow it down.
    """
    diagram = newton.measure(origin, potentials)
    if not diagram.has_mass:
        return None
    reached, length = 0.0, LONGEST_STEP
    for _ in range(LARGEST_PATH):
        if newton.is_spent:
            return None
        length = min(length, 1 - reached)
        moved = _move(newton, diagram, origin, points, reached, length, bounded)
        if moved is None:
            return None
        trial, step = moved
        there = reached + step
        if there == 1:
            return trial
        if step < SHORTEST_STEP * (1 - reached):
            return None
        diagram, reached = trial, there
        comfortable = newton.compare_masses(trial.integrals.masses).min() > COMFORTABLE
        length = min(2 * step, LONGEST_STEP) if comfortable else step
    return None


def _move(
    newton: NewtonSolver,
    diagram: Diagram,
    origin: Floats,
    points: Floats,
    reached: float,
    length: float,
    bounded: bool = False,
) -> tuple[Diagram, float] | None:
    """Go on by a length, or by as much of it as leaves mass in every cell; tell how far."""
    path = points - origin
    direction = newton.find_path_direction(diagram, length * path, bounded=bounded)
    newton.newton_iterations += 1
    floor = min(KEPT, 0.5 * float(newton.compare_masses(diagram.integrals.masses).min()))
    rise = (path**2).sum(axis=1)
    for halving in range(LARGEST_HALVING):
        part = 0.5**halving
        step = part * length
        there = reached + step
        places = points if there == 1 else origin + there * path
        potentials = newton.mend_potentials(
            diagram,
            places,
            diagram.cells.potentials + part * direction + step**2 * rise,
            newton.list_masses(len(points)),
        )
        try:
            trial = newton.measure(places, potentials, diagram.cells, all_visible=True)
        except PowerCellError:
            continue
        if newton.compare_masses(trial.integrals.masses).min() >= floor:
            return trial, step
    return None
