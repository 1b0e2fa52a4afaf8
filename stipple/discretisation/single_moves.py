"""Samples that change their cells one by one, where W_k^k falls though another atom is nearest."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.discretisation.weighted_cells import CellProblem
from stipple.geometry.nearest import find_cost
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill

# What a move has to save, as a part of what there was.
LEAST_SAVING = 1e-9
# Steps towards the centre of a cell of other orders than 2, where there is no formula.
CENTRING_STEPS = 30


def move_singly(problem: CellProblem, atoms: Floats) -> Floats:
    """Move single samples to other cells as long as that lowers W_k^k.

    For k = 2 a sample at distance r of the centre of a cell of mass w adds a·w/(w + a)·r² to it,
    and a cell that it leaves loses a·w/(w − a)·r². That counts the shift of both centres, so that
    it goes on where each sample is at its nearest atom (Hartigan and Wong, Applied Statistics 28,
    1979).

    Parameters
    ----------
    problem : CellProblem
        Of straight distances; for other orders than 2 of few samples, since all of a cell are
        looked at to find what a move saves.
    atoms : ndarray, shape (m, d)
        Where they are.

    Returns
    -------
    ndarray, shape (m, d)
        Centres of the cells.
    """
    state = problem.evaluate(atoms)
    found, assignment = atoms.copy(), state.assignment.copy()
    if problem.order == 2:
        return _move(problem.points, problem.masses, found, assignment)
    return _move_any(problem.points, problem.masses, found, assignment, problem.order)


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


@compile_loop
def _move_any(
    points: Floats, masses: Floats, atoms: Floats, assignment: Integers, order: float
) -> Floats:
    """Move as `_move` does, where centres of cells have to be looked for."""
    count = len(atoms)
    costs = np.zeros(count)
    # The cell left, and the one that the sample comes to.
    left = np.empty(atoms.shape[1])
    joined = np.empty(atoms.shape[1])
    for j in range(count):
        costs[j] = _centre(points, masses, assignment, j, atoms[j], order)
    unmoved = 0
    i = -1
    while unmoved < len(points):
        i = (i + 1) % len(points)
        unmoved += 1
        home = assignment[i]
        for j in range(count):
            if j == home:
                continue
            fill(left, atoms[home])
            fill(joined, atoms[j])
            assignment[i] = -1
            rest = _centre(points, masses, assignment, home, left, order)
            assignment[i] = j
            more = _centre(points, masses, assignment, j, joined, order)
            if rest + more < costs[home] + costs[j] - LEAST_SAVING * costs.sum():
                costs[home], costs[j] = rest, more
                fill(atoms[home], left)
                fill(atoms[j], joined)
                home = j
                unmoved = 0
            assignment[i] = home
    return atoms


@compile_loop
def _centre(
    points: Floats,
    masses: Floats,
    assignment: Integers,
    cell: int,
    atom: Floats,
    order: float,
) -> float:
    """Move an atom to the centre of its samples by reweighted means, and tell what they cost.

    A step is shortened by k − 1 where k > 2, so that costs do not rise (compare `find_directions`).
    """
    dimension = len(atom)
    shift = np.zeros(dimension)
    best: Floats = atom.copy()
    least = np.inf
    for _ in range(CENTRING_STEPS):
        cost = 0.0
        total = 0.0
        shift[:] = 0.0
        for i in range(len(points)):
            if assignment[i] != cell:
                continue
            square = 0.0
            for axis in range(dimension):
                square += (points[i, axis] - atom[axis]) ** 2
            cost += masses[i] * square ** (order / 2)
            if square > 0:
                factor = masses[i] * square ** (order / 2 - 1)
                total += factor
                for axis in range(dimension):
                    shift[axis] += factor * (points[i, axis] - atom[axis])
        if cost < least:
            least = cost
            fill(best, atom)
        if total == 0:
            break
        for axis in range(dimension):
            atom[axis] += shift[axis] / (total * max(1.0, order - 1))
    fill(atom, best)
    return least
