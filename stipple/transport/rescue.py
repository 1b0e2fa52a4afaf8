"""What helps when Newton's method finds no potentials from where it starts."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import diags_array

from stipple.arrays import Floats
from stipple.errors import PowerCellError
from stipple.geometry.bisection import start_from_bisection
from stipple.geometry.matching import match_clouds
from stipple.geometry.sides import list_sides
from stipple.measures.density import Density
from stipple.transport.certificate import evaluate_dual
from stipple.transport.factorisation import factorise_symmetric
from stipple.transport.newton_system import assemble_laplacian

if TYPE_CHECKING:
    from stipple.transport.semi_discrete import Diagram, TransportSolver

# Along the paths of points each cell keeps at least this part of its mass, a step that leaves
# more than the second may be followed by a longer one, and no step is longer than the third.
# Steps that shrink to the fourth of what is left of the path would go on for ever.
KEPT = 0.05
COMFORTABLE = 0.5
LONGEST_STEP = 0.25
SHORTEST_STEP = 1e-6
LARGEST_PATH = 1000
# Shares of uniform density with which to try a solve that fails without, and where to end.
CONTINUATION = (1e-4, 1e-2, 0.5)
CONTINUATION_TOLERANCE = 0.1
SMALLEST_SHARE = 1e-8
# Cells with less than this part of their mass count as starved, with more than this as overfed.
STARVED = 1e-3
OVERFED = 2.0
# Feeding serves a few cells: at most this part of them, in at most so many diagrams.
LARGEST_STARVED = 0.02
LARGEST_FEEDING = 60
LARGEST_HALVING = 20
# Damping of an ascent, as a part of the uniform density's slope of masses: where it starts, and
# where it ends without success. Diagrams of an ascent from potentials nearby, and from others.
FIRST_DAMPING = 1e-2
LARGEST_DAMPING = 1e12
SHORT_ASCENT = 20
LARGEST_ASCENT = 200
# Pixels apart are no more than so many for each point, and no more than so many in one piece.
# Samples of them, at least so many for each point, have so many costs in all.
FEWEST_PIXELS = 4
LARGEST_PIECE = 9
SAMPLES = 4
LARGEST_COSTS = 2**21
# ζ of the transport to samples, as a part of the mean cost, and Σ|mass error| there.
SAMPLE_ZETA = 1e-3
SAMPLE_ERROR = 1e-3


def has_mass(diagram: "Diagram") -> bool:
    """Whether every cell has some."""
    return bool(diagram.integrals.masses.min() > 0)


def are_pixels_apart(density: Density, count: int) -> bool:
    """Whether the density is on pixels or small pieces apart, few of them for so many points.

    Newton's matrix tells next to nothing there: all cells of a piece form a component.
    """
    from scipy.ndimage import label

    if density.support_area > FEWEST_PIXELS * count:
        return False
    _, pieces = label(density.values > 0, np.ones((3, 3)))
    return bool(pieces > 1 and density.support_area <= LARGEST_PIECE * pieces)


def solve_samples(density: Density, points: Floats) -> Floats:
    """Potentials of the transport from samples of the pixels to the points, shape (n,).

    They are near those of the density where pixels are apart: the smoothed semi-dual, with a ζ that
    comes down to next to nothing, needs no cells with mass.
    """
    from stipple.geometry.metrics import Euclidean
    from stipple.measures.samples import Samples
    from stipple.transport.semi_dual import CANDIDATES, SemiDual

    count = len(points)
    rows, columns = np.nonzero(density.values)
    side = max(1, int(np.ceil(np.sqrt(SAMPLES * count / len(rows)))))
    while side > 1 and len(rows) * side**2 * CANDIDATES > LARGEST_COSTS:
        side -= 1
    y, x = (np.indices((side, side)).reshape(2, 1, -1) + 0.5) / side
    places = np.stack([columns[:, None] + x, rows[:, None] + y], axis=-1).reshape(-1, 2)
    masses = np.repeat(density.values[rows, columns], side**2)
    # All atoms as candidates from the start where that is possible: whole pieces lack or exceed.
    candidates = max(CANDIDATES, LARGEST_COSTS // len(places))
    dual = SemiDual(Samples(places, masses), count, 2.0, Euclidean(), candidates)
    dual.solve(points, SAMPLE_ZETA, SAMPLE_ERROR)
    return dual.potential


def ascend(solver: "TransportSolver", diagram: "Diagram", tolerance: float, most: int) -> "Diagram":
    """Maximise the dual by Newton steps with Levenberg's damping, in `most` diagrams.

    The dual is concave, so that each step that raises it helps, even where masses err more after
    it; cells without mass and components without links are held by the damping alone.
    """
    count = len(diagram.cells.points)
    weights = np.full(count, 1 / count)
    # How fast masses grow with potentials under the uniform density, about.
    slope = 1 / solver.area

    def evaluate(diagram: "Diagram") -> float:
        integrals = diagram.integrals
        return evaluate_dual(
            diagram.cells.potentials, weights, integrals.masses, integrals.second_moments
        )

    value, damping = evaluate(diagram), FIRST_DAMPING
    last = min(solver.diagrams + most, solver.most_diagrams)
    laplacian = None
    while solver.diagrams < last and damping < LARGEST_DAMPING:
        if solver.find_error(diagram, 0.0) <= tolerance:
            break
        lack = weights - diagram.integrals.masses
        if laplacian is None:
            sides = list_sides(diagram.cells)
            flow = diagram.integrals.edge_masses[sides.edges] / (2 * sides.distances)
            laplacian = assemble_laplacian(sides.rows, sides.columns, flow, count)
        matrix = (laplacian + diags_array(np.full(count, damping * slope))).tocsc()
        try:
            factors = factorise_symmetric(matrix)
        except RuntimeError:
            # Links so unlike that the damping is lost beside them.
            damping *= 4
            continue
        direction = factors.solve(lack)
        direction -= direction.mean()
        solver.newton_iterations += 1
        try:
            trial = solver.measure(
                diagram.cells.points, diagram.cells.potentials + direction, diagram
            )
        except PowerCellError:
            damping *= 4
            continue
        gain = evaluate(trial) - value
        foreseen = float(lack @ direction - 0.5 * direction @ (laplacian @ direction))
        ratio = gain / foreseen if foreseen > 0 else -1.0
        # Near the end gains are lost in rounding, and residuals are not.
        closer = np.linalg.norm(weights - trial.integrals.masses) < 0.9 * np.linalg.norm(lack)
        if not (ratio > 0.1 or (closer and ratio >= 0)):
            damping *= 4
            continue
        diagram, value, laplacian = trial, value + gain, None
        if ratio > 0.7:
            damping = max(damping / 5, 1e-9)
        elif ratio < 0.3:
            damping *= 2
    return diagram


def feed(solver: "TransportSolver", diagram: "Diagram") -> "Diagram":
    """Give mass to the few cells without, one potential at a time (Oliker and Prussner).

    A cell's mass grows with its own potential, so each one is bracketed and bisected. What is
    returned may still have cells without mass: the caller looks.
    """
    count = len(diagram.cells.points)
    low = np.full(count, -np.inf)
    high = np.full(count, np.inf)
    rise = 0.1 * np.maximum(diagram.cells.areas, solver.area / count)
    for _ in range(LARGEST_FEEDING):
        masses, potentials = diagram.integrals.masses * count, diagram.cells.potentials.copy()
        starved = masses < STARVED
        if solver.is_spent or not starved.any() or starved.sum() > max(4, LARGEST_STARVED * count):
            break
        # Cells fed too much starve others: they give way before anybody else is fed.
        greedy = np.isfinite(low) & (masses > OVERFED)
        if greedy.any():
            high[greedy] = potentials[greedy]
            changed = greedy
        else:
            low[starved] = potentials[starved]
            changed = starved
        open_ended = changed & np.isinf(high)
        potentials[changed] = (low[changed] + np.minimum(high[changed], 1e300)) / 2
        potentials[open_ended] = low[open_ended] + rise[open_ended]
        rise[open_ended] *= 2
        diagram = solver.measure(diagram.cells.points, potentials, diagram)
    return diagram


def follow_path(solver: "TransportSolver", points: Floats) -> "Diagram | None":
    """Follow the solution from points for which it is easy to the given ones.

    The easy points are those of the bisection, each matched with a given one, to which it
    moves on a straight line. Every step is a Newton step that foresees the move, shortened
    until each cell keeps some mass; `None` if that does not help.
    """
    origin, potentials = solver.solve_bisection(len(points))
    count = len(points)
    matched = match_clouds(points, origin)
    origin, potentials = origin[matched], potentials[matched]
    diagram = solver.measure(origin, potentials)
    if not has_mass(diagram):
        return None
    path = points - origin
    rise = (path**2).sum(axis=1)
    reached, length = 0.0, LONGEST_STEP
    for _ in range(LARGEST_PATH):
        if solver.is_spent:
            return None
        length = min(length, 1 - reached)
        direction = solver.find_path_direction(diagram, length * path)
        floor = min(KEPT / count, 0.5 * float(diagram.integrals.masses.min()))
        solver.newton_iterations += 1
        for halving in range(LARGEST_HALVING):
            part = 0.5**halving
            step = part * length
            there = reached + step
            try:
                trial = solver.measure(
                    points if there == 1 else origin + there * path,
                    diagram.cells.potentials + part * direction + step**2 * rise,
                    diagram,
                    all_visible=True,
                )
            except PowerCellError:
                continue
            if trial.integrals.masses.min() >= floor:
                break
        else:
            return None
        if there == 1:
            return trial
        if step < SHORTEST_STEP * (1 - reached):
            return None
        diagram, reached = trial, there
        comfortable = trial.integrals.masses.min() * count > COMFORTABLE
        length = min(2 * step, LONGEST_STEP) if comfortable else step
    return None


def solve_bisection(solver: "TransportSolver", count: int) -> tuple[Floats, Floats]:
    """Find potentials that give some mass to each point of the bisection, if possible."""
    origin, potentials = start_from_bisection(solver.density, count)
    easy = feed(solver, solver.measure(origin, potentials))
    if not has_mass(easy):
        voronoi = solver.measure(origin, np.zeros(count), easy)
        fed = feed(solver, voronoi)
        # Without mass in every cell, but with area: enough for the continuation.
        easy = fed if has_mass(fed) else voronoi
    return origin, solver.settle(easy, COMFORTABLE).cells.potentials


def continue_solving(solver: "TransportSolver", start: "Diagram", tolerance: float) -> "Diagram":
    """Solve with some uniform density mixed in, then with less and less of it.

    It gives every cell mass and joins shapes apart on white.
    """
    for share in CONTINUATION:
        diagram = solver.iterate(start, share, CONTINUATION_TOLERANCE)
        if solver.find_error(diagram, share) <= CONTINUATION_TOLERANCE:
            break
    while share > SMALLEST_SHARE:
        share /= 10
        diagram = solver.iterate(diagram, share, CONTINUATION_TOLERANCE)
    return solver.iterate(diagram, 0.0, tolerance)
