"""Good potentials, and plans to go with them: what a certificate for many samples is made from."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from stipple.arrays import Floats, Integers
from stipple.discretisation.certificate.problem import DiscreteProblem, Dual, Plan
from stipple.geometry.nearest import TwoCheapest
from stipple.transport.factorisation import factorise_symmetric

# Beyond so many atoms the plan is repaired along a curve instead of by a linear program.
LARGEST_PROGRAM = 20_000
# Samples for each atom that may go to their second atom; the same number shapes Newton's steps.
MOVABLE = 12
# Steps that raise the dual, how often one is halved, and by what the band about borders narrows.
ASCENTS = 60
HALVINGS = 10
NARROWING = 4
# Parts of the picture between which no sample is near a border are balanced one by one, up to this
# number of them, down to this mass.
MOST_PARTS = 8
PART_TOLERANCE = 1e-9
# A narrower relative interval is not worth another step.
NARROW = 1e-4
# What a program pays for mass that it does not move, in units of the largest gap that it may use.
PENALTY = 1000.0
# Mass that a program may leave where it is before it is given all samples, in so many blocks for
# each border.
UNMOVED = 1e-9
BLOCKS = 64


def ascend(problem: DiscreteProblem, dual: Dual) -> Dual:
    """Newton steps; second derivatives are read off samples near the borders between cells.

    Many samples tell of large steps, few of small ones: their number falls when a step fails.
    """
    fewest = MOVABLE * len(problem.weights)
    band = max(len(problem.masses) // 2, fewest)
    for _ in range(ASCENTS):
        dual = _reach_empty_cells(problem, dual)
        graph, width = _connect_cells(problem, dual, band)
        parts, part = connected_components(graph, directed=False)
        if 1 < parts <= MOST_PARTS:
            dual = _fill_parts(problem, dual, part.astype(np.int64))
            graph, width = _connect_cells(problem, dual, band)
        step = _find_newton_step(problem, dual, graph, width)
        for halving in range(HALVINGS):
            following = problem.evaluate(dual.potentials + step / 2**halving)
            if following.value > dual.value:
                break
        gain = following.value - dual.value
        if gain > 0:
            dual = following
        if gain <= NARROW / 4 * dual.value:
            if band <= fewest:
                break
            band = max(band // NARROWING, fewest)
    return dual


def _connect_cells(
    problem: DiscreteProblem, dual: Dual, band: int
) -> tuple[sparse.csr_matrix, float]:
    """Estimate how much mass cells exchange for each unit between their potentials."""
    cheapest = dual.cheapest
    near, width = _select_near_border(cheapest.second_values - cheapest.values, band)
    count = len(problem.weights)
    # Samples on both sides of a border count.
    flows = problem.masses[near] / (2 * width)
    graph = sparse.coo_matrix(
        (flows, (cheapest.first[near], cheapest.second[near])), shape=(count, count)
    ).tocsr()
    return (graph + graph.T).tocsr(), width


def _find_newton_step(
    problem: DiscreteProblem, dual: Dual, graph: sparse.csr_matrix, width: float
) -> Floats:
    masses = _add_up(dual.cheapest.first, problem.masses, len(problem.weights))
    degrees = np.asarray(graph.sum(axis=1)).ravel()
    # The graph may have several parts, or atoms that no sample near a border knows.
    floor = 1e-3 * degrees + 1e-3 * float(problem.weights.mean()) / width
    hessian = sparse.diags(degrees + floor) - graph
    step: Floats = factorise_symmetric(hessian.tocsc()).solve(problem.weights - masses)
    return step


def _select_near_border(gaps: Floats, wanted: int) -> tuple[Integers, float]:
    """Choose samples with the least gaps between their two cheapest atoms; tell the largest gap."""
    wanted = min(wanted, len(gaps))
    chosen = np.argpartition(gaps, wanted - 1)[:wanted]
    width = float(gaps[chosen].max())
    return chosen, max(width, np.finfo(float).tiny)


def repair_plan(problem: DiscreteProblem, dual: Dual) -> tuple[Plan, Floats]:
    """Move samples near borders to their second atoms so that cells hold their weights.

    Returns the plan and, from the duals of the linear program, how the potentials should change.
    """
    cheapest = dual.cheapest
    count = len(problem.weights)
    everyone = np.arange(len(problem.masses))
    amounts = problem.masses.copy()
    plan, change = Plan(everyone, cheapest.first, amounts), np.zeros(count)
    if count > LARGEST_PROGRAM:
        return plan, change
    gaps = cheapest.second_values - cheapest.values
    lacks = problem.weights - np.bincount(cheapest.first, problem.masses, count)
    movable, width = _select_near_border(gaps, MOVABLE * count)
    for blocks in (np.arange(len(movable)), None):
        if blocks is None:
            # Where very many samples are alike, few of them are too little: move blocks of all.
            movable = np.lexsort((gaps, cheapest.second, cheapest.first))
            blocks = _cut_into_blocks(cheapest.first[movable], cheapest.second[movable])
            width = max(float(gaps.max()), np.finfo(float).tiny)
        solved = _solve_program(problem, cheapest, lacks, movable, blocks, width)
        if solved is None:
            return plan, change
        parts, unmoved, change = solved
        if unmoved <= UNMOVED or len(movable) == len(gaps):
            break
    moved = problem.masses[movable] * parts[blocks]
    amounts[movable] -= moved
    plan = Plan(
        np.concatenate((everyone, movable)),
        np.concatenate((cheapest.first, cheapest.second[movable])),
        np.concatenate((amounts, moved)),
    )
    return plan, change


def _cut_into_blocks(first: Integers, second: Integers) -> Integers:
    """Cut the samples between two atoms, in their order, into at most BLOCKS; number these."""
    new = np.append(True, (np.diff(first) != 0) | (np.diff(second) != 0))
    starts = np.flatnonzero(new)
    sizes = np.diff(starts, append=len(first))
    border = np.repeat(np.arange(len(starts)), sizes)
    rank = np.arange(len(first)) - starts[border]
    places = border * BLOCKS + rank * np.minimum(BLOCKS, sizes)[border] // sizes[border]
    return np.cumsum(np.append(0, np.diff(places) != 0))


def _solve_program(
    problem: DiscreteProblem,
    cheapest: TwoCheapest,
    lacks: Floats,
    movable: Integers,
    blocks: Integers,
    width: float,
) -> tuple[Floats, float, Floats] | None:
    """Find what part of blocks goes to the second atom, what is not moved, new potentials."""
    from scipy.optimize import linprog

    count, size = len(lacks), int(blocks[-1]) + 1
    masses = problem.masses[movable]
    most = np.bincount(blocks, masses)
    gaps = np.bincount(
        blocks, masses * (cheapest.second_values[movable] - cheapest.values[movable])
    )
    leaders = movable[np.flatnonzero(np.diff(blocks, prepend=-1))]
    columns, atoms = np.arange(size), np.arange(count)
    # Net inflow of each cell, with one more column for what it keeps too much, and one for lack.
    rows = sparse.csr_matrix(
        (
            np.concatenate((np.ones(size), -np.ones(size), -np.ones(count), np.ones(count))),
            (
                np.concatenate((cheapest.second[leaders], cheapest.first[leaders], atoms, atoms)),
                np.concatenate((columns, columns, size + np.arange(2 * count))),
            ),
        )
    )
    unit = float(problem.weights.mean())
    solved = linprog(
        np.concatenate((gaps / most / width, np.full(2 * count, PENALTY))),
        A_eq=rows,
        b_eq=lacks / unit,
        bounds=np.column_stack(
            (np.zeros(size + 2 * count), np.append(most / unit, np.full(2 * count, np.inf)))
        ),
        method="highs",
    )
    if solved.x is None:
        return None
    parts = np.clip(solved.x[:size] * unit / most, 0.0, 1.0)
    unmoved = float(solved.x[size:].sum()) * unit
    return parts, unmoved, solved.eqlin.marginals * width


def _reach_empty_cells(problem: DiscreteProblem, dual: Dual) -> Dual:
    """Raise the potentials of empty cells until they touch a sample, which costs nothing."""
    empty = np.bincount(dual.cheapest.first, minlength=len(problem.atoms)) == 0
    if not empty.any():
        return dual
    touched = problem.find_cheapest(
        np.ascontiguousarray(problem.atoms[empty]), problem.points, dual.cheapest.values
    )
    potentials = dual.potentials.copy()
    potentials[empty] = np.maximum(touched.values, potentials[empty])
    return problem.evaluate(potentials)


def _fill_parts(problem: DiscreteProblem, dual: Dual, parts: Integers) -> Dual:
    """Raise the potentials of whole parts of the atoms until they hold their weights.

    The exact best along each of these directions: Newton steps know nothing of samples that are far
    from the border of their part.
    """
    for part in range(parts.max() + 1):
        inside = parts == part
        outside = ~inside[dual.cheapest.first]
        lacking = problem.weights[inside].sum() - problem.masses[~outside].sum()
        if lacking <= PART_TOLERANCE:
            continue
        entering = problem.find_cheapest(
            np.ascontiguousarray(problem.points[outside]),
            np.ascontiguousarray(problem.atoms[inside]),
            dual.potentials[inside],
        )
        rises = entering.values - dual.cheapest.values[outside]
        ranked = np.argsort(rises)
        filled = np.cumsum(problem.masses[outside][ranked])
        last = min(int(np.searchsorted(filled, lacking)), len(ranked) - 1)
        following = problem.evaluate(dual.potentials + inside * rises[ranked[last]])
        if following.value > dual.value:
            dual = following
    return dual


def _add_up(places: Integers, amounts: Floats, count: int) -> Floats:
    # The sum of no amounts at all would be of integers.
    return np.bincount(places, amounts, count).astype(float)
