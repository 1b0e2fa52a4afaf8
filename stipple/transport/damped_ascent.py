"""Ascent of the Kantorovich dual by Newton steps with Levenberg's damping."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, diags_array

from stipple.errors import PowerCellError
from stipple.geometry.sides import list_sides
from stipple.machine.products import measure_norm, multiply
from stipple.transport.certificate import evaluate_dual
from stipple.transport.diagram import Diagram
from stipple.transport.factorisation import factorise_symmetric
from stipple.transport.laplacian import assemble_laplacian
from stipple.transport.newton import NewtonSolver

# Damping, as a part of the slope of masses under the uniform density; the largest is given up at.
FIRST_DAMPING = 1e-2
SMALLEST_DAMPING = 1e-9
LARGEST_DAMPING = 1e12
# Gains, as parts of those predicted, above which a step is taken at all.
LEAST_GAIN = 0.1
# Gains between which the next step is damped as this one was.
POOR_GAIN = 0.3
GOOD_GAIN = 0.7
# A residual below this part of the one before is a step nearer, whatever rounding does to gains.
NEARER = 0.9


class _Trial(NamedTuple):
    """A step: where it leads, what the dual gains, and that as a part of what was predicted."""

    diagram: Diagram
    gain: float
    ratio: float


def ascend(newton: NewtonSolver, diagram: Diagram, tolerance: float, most: int) -> Diagram:
    """Maximise the dual in at most so many diagrams, or until masses are right.

    The dual is concave, so that each step that raises it helps, even where masses err more after
    it; cells without mass and components without links are held by the damping alone.
    """
    value, damping = _evaluate(newton, diagram), FIRST_DAMPING
    last = min(newton.diagrams + most, newton.most_diagrams)
    laplacian = None
    while newton.diagrams < last and damping < LARGEST_DAMPING:
        if newton.find_error(diagram) <= tolerance:
            break
        if laplacian is None:
            laplacian = _assemble(diagram)
        trial = _try_step(newton, diagram, value, laplacian, damping)
        if trial is None:
            damping *= 4
            continue
        diagram, value, laplacian = trial.diagram, value + trial.gain, None
        if trial.ratio > GOOD_GAIN:
            damping = max(damping / 5, SMALLEST_DAMPING)
        elif trial.ratio < POOR_GAIN:
            damping *= 2
    return diagram


def _try_step(
    newton: NewtonSolver, diagram: Diagram, value: float, laplacian: csr_array, damping: float
) -> _Trial | None:
    """Take one step; None where it does not help."""
    count = len(diagram.cells.points)
    # How fast masses grow with potentials under the uniform density, about.
    slope = 1 / newton.area
    residual = newton.list_masses(count) - diagram.integrals.masses
    matrix = (laplacian + diags_array(np.full(count, damping * slope))).tocsc()
    try:
        direction = factorise_symmetric(matrix).solve(residual)
    except RuntimeError:
        # Links so unlike that the damping is lost beside them.
        return None
    direction -= direction.mean()
    newton.newton_iterations += 1
    try:
        trial = newton.measure(
            diagram.cells.points, diagram.cells.potentials + direction, diagram.cells
        )
    except PowerCellError:
        return None
    gain = _evaluate(newton, trial) - value
    predicted = multiply(residual, direction) - 0.5 * multiply(direction, laplacian @ direction)
    ratio = gain / predicted if predicted > 0 else -1.0
    # Near the end gains are lost in rounding, and residuals are not.
    left = measure_norm(newton.list_masses(count) - trial.integrals.masses)
    nearer = left < NEARER * measure_norm(residual)
    helps = ratio > LEAST_GAIN or (nearer and ratio >= 0)
    return _Trial(trial, gain, ratio) if helps else None


def _evaluate(newton: NewtonSolver, diagram: Diagram) -> float:
    """Evaluate the dual for the masses that cells are to hold."""
    integrals = diagram.integrals
    return evaluate_dual(
        diagram.cells.potentials,
        newton.list_masses(len(diagram.cells.points)),
        integrals.masses,
        integrals.second_moments,
    )


def _assemble(diagram: Diagram) -> csr_array:
    """Assemble the second derivative of the dual, but for its sign."""
    sides = list_sides(diagram.cells)
    flow = diagram.integrals.edge_masses[sides.edges] / (2 * sides.distances)
    rows = assemble_laplacian(sides.rows, sides.columns, flow, len(diagram.cells.points))
    return rows.to_scipy()
