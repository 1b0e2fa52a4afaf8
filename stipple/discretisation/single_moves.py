"""Samples that change their cells one by one, where W2² falls though another atom is nearest."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.discretisation.weighted_cells import CellProblem
from stipple.geometry.nearest import find_cost
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill

# What a move has to save, as a part of what there was.
LEAST_SAVING = 1e-9


def move_singly(problem: CellProblem, atoms: Floats) -> Floats:
    """Move single samples to other cells as long as that lowers W2².

    A sample at distance r of the centre of a cell of mass w adds a·w/(w + a)·r² to it, and a cell
    that it leaves loses a·w/(w − a)·r². That counts the shift of both centres, so that it goes on
    where each sample is at its nearest atom (Hartigan and Wong, Applied Statistics 28, 1979).

    Parameters
    ----------
    problem : CellProblem
        Of order 2 and straight distances.
    atoms : ndarray, shape (m, d)
        Where they are.

    Returns
    -------
    ndarray, shape (m, d)
        Centres of the cells.
    """
    state = problem.evaluate(atoms)
    return _move(problem.points, problem.masses, atoms.copy(), state.assignment.copy())


@compile_loop
def _move(points: Floats, masses: Floats, atoms: Floats, assignment: Integers) -> Floats:
    count, dimension = atoms.shape
    held = np.zeros(count)
    sums = np.zeros((count, dimension))
    for i in range(len(points)):
        held[assignment[i]] += masses[i]
        for axis in range(dimension):
            sums[assignment[i], axis] += masses[i] * points[i, axis]
    for j in range(count):
        if held[j] > 0:
            fill(atoms[j], sums[j] / held[j])
    unmoved = 0
    i = -1
    while unmoved < len(points):
        i = (i + 1) % len(points)
        unmoved += 1
        home, mass = assignment[i], masses[i]
        if held[home] <= mass * (1 + LEAST_SAVING):
            continue
        saved = held[home] / (held[home] - mass) * find_cost(points, i, atoms, home, 2.0, False)
        best, least = home, saved * (1 - LEAST_SAVING)
        for j in range(count):
            added = held[j] / (held[j] + mass) * find_cost(points, i, atoms, j, 2.0, False)
            if j != home and added < least:
                best, least = j, added
        if best != home:
            for cell, change in ((home, -mass), (best, mass)):
                held[cell] += change
                for axis in range(dimension):
                    atoms[cell, axis] += change / held[cell] * (points[i, axis] - atoms[cell, axis])
            assignment[i] = best
            unmoved = 0
    return atoms
