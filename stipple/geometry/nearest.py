"""Exact search of the atom nearest to each sample, with or without potentials."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.box_tree import DEEPEST, LEAF_SIZE, NOWHERE, BoxTree, build_box_tree
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers

# Nearest atoms that are tried before a tree is: times 2^d they are enough for nearly all samples.
NEIGHBOURS = 4
MOST_NEIGHBOURS = 64
# In more dimensions a tree prunes so little that trying all atoms is faster.
MOST_TREE_DIMENSIONS = 5
# Times 2^d, so few atoms are all tried at once faster than neighbours are one after the other.
FEW_ATOMS = 16
# Bounds are compared with this much room, so that rounding cannot hide an equally near atom.
ROOM = 1e-12


@dataclass(frozen=True, eq=False)
class TwoCheapest:
    """The atoms with the least c(x_i, y_j) − g_j for each sample.

    Attributes
    ----------
    first, second : ndarray, shape (n,)
        Atoms; the second is −1 if there is only one.
    values, second_values : ndarray, shape (n,)
        What they cost less their potentials; infinite where there is no second.
    """

    first: Integers
    second: Integers
    values: Floats
    second_values: Floats


def assign_nearest(
    points: Floats, atoms: Floats, workers: Workers, guess: Integers | None = None
) -> Integers:
    """Find the nearest atom of each point; among equally near ones mostly the first.

    Atoms near the guess are tried in the order of their distance to it. By the triangle inequality
    that ends the search as soon as they are too far; for points near their atom a few trials do.
    The rest go through a tree. Fast when neighbours in the list of points are neighbours in space.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        Chords and arcs order alike, so this serves the sphere too.
    atoms : ndarray, shape (m, d)
        May coincide.
    workers : Workers
        Threads that share the points. The result does not depend on how many they are.
    guess : ndarray, shape (n,), optional
        An assignment from which to start; by default each point starts from the one before.

    Returns
    -------
    ndarray, shape (n,)
    """
    if has_few_atoms(atoms):
        assignment = np.empty(len(points), dtype=np.int64)
        _share_trials(points, atoms, np.arange(len(points)), assignment, workers)
        return assignment
    count = min(len(atoms), NEIGHBOURS * 2 ** min(atoms.shape[1], 8), MOST_NEIGHBOURS)
    tree = cKDTree(atoms)
    spacings, neighbours = tree.query(atoms, k=np.arange(1, count + 1), workers=workers.threads)
    neighbours = neighbours.astype(np.int32)
    assignment = np.full(len(points), NOWHERE) if guess is None else guess.copy()
    proven = np.empty(len(points), dtype=np.bool_)
    workers.map_ranges(
        lambda start, stop: _walk(
            points, atoms, neighbours, spacings, assignment, proven, start, stop
        ),
        len(points),
    )
    lost = np.flatnonzero(~proven)
    if len(lost):
        if atoms.shape[1] <= MOST_TREE_DIMENSIONS:
            assignment[lost] = tree.query(points[lost], workers=workers.threads)[1]
        else:
            _share_trials(points, atoms, lost, assignment, workers)
    return assignment


def has_few_atoms(atoms: Floats) -> bool:
    """Whether trying all atoms for each point is faster than any search."""
    count, dimension = atoms.shape
    return bool(count <= FEW_ATOMS * 2.0**dimension)


def _share_trials(
    points: Floats, atoms: Floats, lost: Integers, assignment: Integers, workers: Workers
) -> None:
    columns = np.ascontiguousarray(atoms.T)
    workers.map_ranges(
        lambda start, stop: _try_all(points, columns, lost[start:stop], assignment), len(lost)
    )


def find_cheapest(
    points: Floats,
    atoms: Floats,
    potentials: Floats,
    workers: Workers,
    *,
    order: float = 2.0,
    arcs: bool = False,
) -> TwoCheapest:
    """Find the two atoms with the least c(x, y_j) − g_j for each point, c = distance^order.

    Branch and bound in a tree of boxes that know their largest potential.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        Unit vectors if `arcs`.
    atoms : ndarray, shape (m, d)
        May coincide.
    potentials : ndarray, shape (m,)
        g, finite.
    workers : Workers
        Threads that share the points.
    order : float
        k ≥ 1.
    arcs : bool
        Measure along the unit sphere instead of straight.
    """
    tree = build_box_tree(atoms, potentials)
    first, second = np.empty((2, len(points)), dtype=np.int64)
    values, second_values = np.empty((2, len(points)))

    def search(start: int, stop: int) -> None:
        _search(
            points, atoms, potentials, order, arcs, tree,
            first, second, values, second_values, start, stop,
        )  # fmt: skip

    workers.map_ranges(search, len(points))
    return TwoCheapest(first, second, values, second_values)


@compile_loop
def _find_squared_distance(points: Floats, i: int, atoms: Floats, j: int) -> float:
    total = 0.0
    for axis in range(points.shape[1]):
        total += (points[i, axis] - atoms[j, axis]) ** 2
    return total


@compile_loop
def find_angle(points: Floats, i: int, atoms: Floats, j: int) -> float:
    """Find the angle between two unit vectors."""
    # The arc cosine loses half of the digits of small angles; chords do not.
    near = 0.0
    far = 0.0
    for axis in range(points.shape[1]):
        near += (points[i, axis] - atoms[j, axis]) ** 2
        far += (points[i, axis] + atoms[j, axis]) ** 2
    return float(2 * np.arctan2(np.sqrt(near), np.sqrt(far)))


@compile_loop
def find_cost(points: Floats, i: int, atoms: Floats, j: int, order: float, arcs: bool) -> float:
    """Raise the distance of two points to a power."""
    if arcs:
        return float(find_angle(points, i, atoms, j) ** order)
    squared = _find_squared_distance(points, i, atoms, j)
    return squared if order == 2 else float(squared ** (order / 2))


@compile_loop
def _walk(
    points: Floats,
    atoms: Floats,
    neighbours: Integers,
    spacings: Floats,
    assignment: Integers,
    proven: Booleans,
    start: int,
    stop: int,
) -> None:
    """Improve the assignment from neighbour to neighbour; tell where the nearest atom is proven."""
    last = 0
    count = neighbours.shape[1]
    for i in range(start, stop):
        best = assignment[i] if assignment[i] >= 0 else last
        least = _find_squared_distance(points, i, atoms, best)
        while True:
            centre = best
            radius = np.sqrt(least)
            reach = 2 * radius
            done = count == len(atoms)
            for k in range(count):
                # |x − y_l| ≥ |y_l − y_centre| − |x − y_centre|, no less for those that follow.
                if spacings[centre, k] > reach * (1 + ROOM):
                    done = True
                    break
                other = neighbours[centre, k]
                squared = _find_squared_distance(points, i, atoms, other)
                if squared < least or (squared == least and other < best):
                    least = squared
                    best = other
                    reach = radius + np.sqrt(squared)
            if done or best == centre:
                break
        assignment[i] = best
        proven[i] = done
        last = best


@compile_loop
def _try_all(points: Floats, columns: Floats, lost: Integers, assignment: Integers) -> None:
    """Assign the points listed in `lost` to the nearest of the atoms with coordinates (d, m)."""
    dimension, count = columns.shape
    squared = np.empty(count)
    for i in lost:
        squared[:] = 0.0
        for axis in range(dimension):
            x = points[i, axis]
            for atom in range(count):
                squared[atom] += (columns[axis, atom] - x) ** 2
        assignment[i] = np.argmin(squared)


@compile_loop
def _search(
    points: Floats,
    atoms: Floats,
    potentials: Floats,
    order: float,
    arcs: bool,
    tree: BoxTree,
    first: Integers,
    second: Integers,
    values: Floats,
    second_values: Floats,
    start: int,
    stop: int,
) -> None:
    slots = tree.slots
    first_leaf = len(tree.highest) // 2
    waiting = np.empty(DEEPEST, dtype=np.int64)
    bounds = np.empty(DEEPEST)
    one = NOWHERE
    two = NOWHERE
    for i in range(start, stop):
        # The atoms of the point before say beyond what it is no use to look.
        ceiling = np.inf
        if two != NOWHERE:
            ceiling = max(
                find_cost(points, i, atoms, one, order, arcs) - potentials[one],
                find_cost(points, i, atoms, two, order, arcs) - potentials[two],
            )
        one = NOWHERE
        two = NOWHERE
        least = np.inf
        next_least = np.inf
        waiting[0] = 0
        bounds[0] = -np.inf
        depth = 1
        while depth > 0:
            depth -= 1
            limit = min(ceiling, next_least)
            if bounds[depth] > limit + ROOM * abs(limit):
                continue
            node = waiting[depth]
            if node >= first_leaf:
                base = (node - first_leaf) * LEAF_SIZE
                for slot in range(base, base + LEAF_SIZE):
                    atom = slots[slot]
                    if atom == NOWHERE:
                        break
                    value = find_cost(points, i, atoms, atom, order, arcs) - potentials[atom]
                    if value < least or (value == least and atom < one):
                        next_least, two = least, one
                        least, one = value, atom
                    elif value < next_least or (value == next_least and atom < two):
                        next_least, two = value, atom
                continue
            left = 2 * node + 1
            left_bound = _bound_below(points, i, tree, left, order, arcs)
            right_bound = _bound_below(points, i, tree, left + 1, order, arcs)
            # The nearer one is taken off the stack first.
            swap = int(left_bound < right_bound)
            waiting[depth + swap] = left
            bounds[depth + swap] = left_bound
            waiting[depth + 1 - swap] = left + 1
            bounds[depth + 1 - swap] = right_bound
            depth += 2
        first[i] = one
        second[i] = two
        values[i] = least
        second_values[i] = next_least


@compile_loop
def _bound_below(
    points: Floats, i: int, tree: BoxTree, node: int, order: float, arcs: bool
) -> float:
    """Least cost less potential that an atom in the box of a node can have; infinite if empty."""
    if tree.highest[node] == -np.inf:
        return np.inf
    squared = 0.0
    for axis in range(points.shape[1]):
        x = points[i, axis]
        gap = max(tree.lower[node, axis] - x, x - tree.upper[node, axis], 0.0)
        squared += gap * gap
    if arcs:
        # Rounding must not lift the bound above the true arc.
        half = min(1.0, np.sqrt(squared) / 2) * (1 - 1e-14)
        return float((2 * np.arcsin(half)) ** order - tree.highest[node])
    return float((squared if order == 2 else squared ** (order / 2)) - tree.highest[node])
