"""Newton steps in which sides that would go too far are held back, one by one.

On line art most sides run over white: potentials on either side hardly matter to the masses, so
that a few cells would be lost in a step that all others could take whole. A side with more weight
in the Newton matrix lets the same mass through for a smaller change of the potentials.
"""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.machine.products import measure_norm
from stipple.transport.damped_newton import (
    JOINING,
    Borders,
    NewtonStep,
    assemble_borders,
    weigh_borders,
)
from stipple.transport.newton_system import LaplacianSolver

# Sides that would go this many times too far are held back, so often at first, and then as long as
# one goes twice too far: over white a side weighs next to nothing, and takes many rounds.
SLACK, ROUNDS = 1.1, 4
STILL_FAR, MOST_ROUNDS = 2.0, 10
# Steps held back that promise to remove less than this part of the residual lead nowhere.
LEAST_PROMISE = 0.05
# Where sides go this many times too far on average, and none so many times farther than that, a
# shorter step does as well.
FAR, EVEN = 2.0, 4.0


def hold_back(
    linear: LaplacianSolver,
    borders: Borders,
    bounds: tuple[Floats, Floats],
    share: float,
    residual: Floats,
    accuracy: float,
    direction: Floats,
) -> NewtonStep:
    """Hold back the sides that go too far in a Newton direction.

    Parameters
    ----------
    linear : LaplacianSolver
        For the matrices with more weight on some sides.
    borders : Borders
        The sides.
    bounds : tuple of ndarray, shapes (m,)
        How far potentials of rows may fall, and rise, against those of columns.
    share : float
        Of the uniform density that is mixed in.
    residual : ndarray, shape (n,)
        What the masses lack.
    accuracy : float
        Relative residual of the linear systems.
    direction : ndarray, shape (n,)
        Newton's, as changes of the potentials.
    """
    count = len(residual)
    excess = _measure_excess(direction, borders, bounds)
    if excess.max() <= SLACK or _goes_evenly_too_far(direction, borders, share, excess):
        return NewtonStep(direction, 1.0)
    weights = weigh_borders(borders, max(share, JOINING[0]))
    for number in range(MOST_ROUNDS):
        if excess.max() <= (SLACK if number < ROUNDS else STILL_FAR):
            break
        weights = np.where(excess > SLACK, weights * excess, weights)
        try:
            change = linear.solve(assemble_borders(borders, weights, count), residual, accuracy)
        except RuntimeError:
            return NewtonStep(direction, 1.0)
        excess = _measure_excess(change, borders, bounds)
    flow = weigh_borders(borders, share) * _find_rises(change, borders)
    left = residual - np.bincount(borders.rows, flow, count)
    left += np.bincount(borders.columns, flow, count)
    promise = 1.0 - measure_norm(left) / measure_norm(residual)
    if promise < LEAST_PROMISE:
        return NewtonStep(direction, 1.0)
    return NewtonStep(change, min(promise, 1.0))


def _goes_evenly_too_far(direction: Floats, borders: Borders, share: float, excess: Floats) -> bool:
    """Tell whether what is to pass goes too far at most sides, and nowhere much farther."""
    flows = np.abs(weigh_borders(borders, share) * _find_rises(direction, borders))
    wanted = float(flows.sum())
    allowed = float((flows / np.maximum(excess, 1.0)).sum())
    return FAR * allowed <= wanted and excess.max() * allowed <= EVEN * wanted


def _find_rises(change: Floats, borders: Borders) -> Floats:
    """How far potentials of rows rise against those of columns, shape (m,)."""
    rises: Floats = change[borders.rows] - change[borders.columns]
    return rises


def _measure_excess(change: Floats, borders: Borders, bounds: tuple[Floats, Floats]) -> Floats:
    """How many times as far as they may potentials on both sides fall or rise, shape (m,)."""
    excess = np.empty(len(borders.rows))
    _fill_excess(change, borders.rows, borders.columns, *bounds, excess)
    return excess


@compile_loop
def _fill_excess(
    change: Floats,
    rows: Integers,
    columns: Integers,
    falls: Floats,
    rises: Floats,
    excess: Floats,
) -> None:
    for side in range(len(excess)):
        rise = change[rows[side]] - change[columns[side]]
        excess[side] = max(rise / rises[side], -rise / falls[side])
