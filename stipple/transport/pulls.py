"""Where the samples of a plan pull its atoms."""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.nearest import find_angle, find_cost
from stipple.machine.compiled import compile_loop

# Sines of angles below this have no direction.
SMALLEST_SINE = 1e-12


class Pulls(NamedTuple):
    """Where the samples of a plan pull the atoms.

    Attributes
    ----------
    gradients : ndarray, shape (m, d)
        Σ_i P_ij ∂c(x_i, y_j)/∂y_j.
    curvatures : ndarray, shape (m,)
        Σ_i P_ij k·max(1, k − 1)·dist^{k−2}.
    held : ndarray, shape (m,)
        Mass that goes to the atom at no distance.
    """

    gradients: Floats
    curvatures: Floats
    held: Floats


def add_pulls(
    points: Floats,
    samples: Integers,
    atoms: Floats,
    receivers: Integers,
    amounts: Floats,
    order: float,
    arcs: bool,
) -> tuple[Pulls, float]:
    """Add up where samples pull the atoms that they go to, in these amounts, and what that costs.

    Parameters
    ----------
    points, atoms : ndarray, shapes (n, d) and (m, d)
        Where they are.
    samples, receivers, amounts : ndarray, shape (k,)
        What goes from which sample to which atom.
    order, arcs
        As of `stipple.transport.candidates.Candidates`.
    """
    *pulls, cost = _add_pulls(points, samples, atoms, receivers, amounts, order, arcs)
    return Pulls(*pulls), cost


@compile_loop
def _add_pulls(
    points: Floats,
    samples: Integers,
    atoms: Floats,
    receivers: Integers,
    amounts: Floats,
    order: float,
    arcs: bool,
) -> tuple[Floats, Floats, Floats, float]:
    gradients = np.zeros(atoms.shape)
    curvatures = np.zeros(len(atoms))
    held = np.zeros(len(atoms))
    cost = 0.0
    for part in range(len(samples)):
        i, j, amount = samples[part], receivers[part], amounts[part]
        cost += amount * find_cost(points, i, atoms, j, order, arcs)
        add_pull(points, i, atoms, j, amount, order, arcs, gradients, curvatures, held)
    return gradients, curvatures, held, cost


@compile_loop
def add_pull(
    points: Floats,
    i: int,
    atoms: Floats,
    j: int,
    amount: float,
    order: float,
    arcs: bool,
    gradients: Floats,
    curvatures: Floats,
    held: Floats,
) -> None:
    """Add where one sample pulls one atom; see `Pulls`."""
    angle = find_angle(points, i, atoms, j) if arcs else 0.0
    distance = angle if arcs else np.sqrt(find_cost(points, i, atoms, j, 2.0, False))
    if distance == 0:
        held[j] += amount
    power = 1.0
    if order != 2:
        power = distance ** (order - 2) if distance > 0 else 0.0
    curvatures[j] += amount * order * max(1.0, order - 1) * power
    slope = amount * order * power
    along = 1.0
    if arcs:
        # ∂_y θ^k = −kθ^{k−1}/sin θ · (x − cos θ·y).
        sine = np.sin(angle)
        slope = slope * angle / sine if sine > SMALLEST_SINE else 0.0
        along = np.cos(angle)
    for axis in range(points.shape[1]):
        gradients[j, axis] += slope * (along * atoms[j, axis] - points[i, axis])
