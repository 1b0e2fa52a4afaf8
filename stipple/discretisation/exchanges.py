"""Atoms that are taken from where they save least and put where they save most."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.discretisation.weighted_cells import CellProblem, CellState
from stipple.geometry.nearest import find_cost
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill

# Lloyd's steps settle atoms until one saves less than this part of the cost.
SETTLED, SETTLING_STEPS = 1e-3, 20
# So many steps show whether an exchange pays; it does where it saves this part of a mean cell.
TRIAL_STEPS, LEAST_SAVING = 6, 1e-2
# Neighbours move where an atom is taken away, so that less than this part of its cost comes back.
RETURNED = 0.35
# Single exchanges that are tried before the atoms are left alone, and exchanges of many at a time.
SINGLE_TRIALS, MOST_ROUNDS = 3, 60
# Steps of the two means that a cell is divided by.
DIVIDING_STEPS = 3


def exchange(problem: CellProblem, atoms: Floats) -> CellState:
    """Take atoms away where that costs least, and divide cells where that saves most.

    Many atoms at a time, then fewer, as long as a few Lloyd steps end below where they do without.
    That is split and merge, as of vector quantisers (Kaukoranta, Fränti and Nevalainen, Optical
    Engineering 37, 1998); what is left is a local minimum that no single exchange tried improves.

    Parameters
    ----------
    problem : CellProblem
        Samples, order and metric.
    atoms : ndarray, shape (m, d)
        Where they begin.

    Returns
    -------
    CellState
        Atoms that have settled but for small steps.
    """
    state = settle(problem, problem.evaluate(atoms))
    most = len(atoms)
    for _ in range(MOST_ROUNDS):
        if state.cost == 0:
            break
        plain = settle(problem, state, TRIAL_STEPS, 0.0)
        better = _try_exchanges(problem, state, plain.cost, most)
        if better is None:
            return plain
        state, exchanged = better
        most = 2 * exchanged
    return state


def settle(
    problem: CellProblem,
    state: CellState,
    steps: int = SETTLING_STEPS,
    tolerance: float = SETTLED,
    goal: float = 0.0,
) -> CellState:
    """Take Lloyd's steps until one saves too little, or the cost is below the goal."""
    for _ in range(steps):
        if state.cost < goal:
            break
        shift = -problem.scale(state) * state.gradient
        following = problem.evaluate(problem.metric.move(state.atoms, shift), state.assignment)
        saved = state.cost - following.cost
        if saved > 0:
            state = following
        if saved <= tolerance * state.cost:
            break
    return state


def _try_exchanges(
    problem: CellProblem, state: CellState, cost: float, most: int
) -> tuple[CellState, int] | None:
    """Make as many exchanges as come below a cost; None where not even one does."""
    offer = _find_offer(problem, state)
    goal = cost - LEAST_SAVING * cost / len(state.atoms)
    number = min(len(offer.taken), most)
    first = 0
    while first + number <= len(offer.taken) and number > 0 and first < SINGLE_TRIALS:
        atoms = offer.apply(state.atoms, slice(first, first + number))
        found = settle(problem, problem.evaluate(atoms, state.assignment), TRIAL_STEPS, 0.0, goal)
        if found.cost < goal:
            return found, number
        first += number == 1
        number = max(1, number // 2)
    return None


@dataclass(frozen=True, eq=False)
class _Offer:
    """Exchanges, the most promising first.

    Attributes
    ----------
    taken, divided : ndarray, shape (exchanges,)
        Atoms that are taken away, and the cells that they go to.
    halves : ndarray, shape (m, 2, d)
        Two atoms that may stand for each cell.
    """

    taken: Integers
    divided: Integers
    halves: Floats

    def apply(self, atoms: Floats, which: slice) -> Floats:
        """Atoms after some of the exchanges."""
        moved: Floats = atoms.copy()
        moved[self.divided[which]] = self.halves[self.divided[which], 0]
        moved[self.taken[which]] = self.halves[self.divided[which], 1]
        return moved


def _find_offer(problem: CellProblem, state: CellState) -> _Offer:
    """Find what seems to pay: the atoms that cost least to lose, with the cells best divided."""
    arcs = problem.metric.name == "sphere"
    points, masses, assignment = problem.points, problem.masses, state.assignment
    second, losses = problem.find_losses(state)
    halves = _divide(points, masses, state.atoms, assignment, state.farthest, arcs)
    gains = _save_by_halves(points, masses, halves, assignment, state.costs, problem.order, arcs)
    members = np.argsort(assignment, kind="stable")
    bounds = np.searchsorted(assignment[members], np.arange(len(losses) + 1))
    receivers = second[members]
    taken, divided = [], []
    kept: Booleans = np.zeros(len(losses), dtype=np.bool_)
    by_gain = iter(np.argsort(-gains, kind="stable"))
    for atom in np.argsort(losses, kind="stable"):
        if kept[atom]:
            continue
        kept[atom] = True
        cell = next((one for one in by_gain if not kept[one]), None)
        if cell is None or gains[cell] <= RETURNED * losses[atom]:
            break
        # Neighbours that take over samples stay as they are.
        kept[receivers[bounds[atom] : bounds[atom + 1]]] = True
        kept[cell] = True
        taken.append(atom)
        divided.append(cell)
    return _Offer(np.array(taken, dtype=np.int64), np.array(divided, dtype=np.int64), halves)


@compile_loop
def _divide(
    points: Floats,
    masses: Floats,
    atoms: Floats,
    assignment: Integers,
    farthest: Integers,
    arcs: bool,
) -> Floats:
    """Two means of each cell, shape (m, 2, d): from its atom and its costliest sample on."""
    count, dimension = atoms.shape
    halves: Floats = np.empty((count, 2, dimension))
    for j in range(count):
        fill(halves[j, 0], atoms[j])
        fill(halves[j, 1], points[farthest[j]] if farthest[j] >= 0 else atoms[j])
    for _ in range(DIVIDING_STEPS):
        held = np.zeros((count, 2))
        sums = np.zeros((count, 2, dimension))
        for i in range(len(points)):
            j = assignment[i]
            first = 0.0
            second = 0.0
            for axis in range(dimension):
                first += (points[i, axis] - halves[j, 0, axis]) ** 2
                second += (points[i, axis] - halves[j, 1, axis]) ** 2
            side = int(second < first)
            held[j, side] += masses[i]
            for axis in range(dimension):
                sums[j, side, axis] += masses[i] * points[i, axis]
        for j in range(count):
            for side in range(2):
                # On the sphere the mean is taken back to it.
                size = np.sqrt((sums[j, side] ** 2).sum()) if arcs else held[j, side]
                if size > 0:
                    fill(halves[j, side], sums[j, side] / size)
    return halves


@compile_loop
def _save_by_halves(
    points: Floats,
    masses: Floats,
    halves: Floats,
    assignment: Integers,
    costs: Floats,
    order: float,
    arcs: bool,
) -> Floats:
    """Find what each cell saves when its samples go to the nearer of its halves, shape (m,)."""
    gains: Floats = costs.copy()
    for i in range(len(points)):
        j = assignment[i]
        first = find_cost(points, i, halves[j], 0, order, arcs)
        second = find_cost(points, i, halves[j], 1, order, arcs)
        gains[j] -= masses[i] * min(first, second)
    return gains
