"""Samples with the few atoms that each may go to, and smoothed plans between them."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.metrics import Metric
from stipple.geometry.morton import order_along_curve
from stipple.geometry.nearest import assign_nearest, find_cost
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples
from stipple.transport.pulls import Pulls, add_pull

# Exponents this far below the largest are cut off.
LOWEST_EXPONENT = 40.0
# Parts of a row below this are no part of the plan that Newton's matrix is made of.
NEGLIGIBLE = 1e-9


class Smoothed(NamedTuple):
    """The smoothed plan at some potential, its rows exact.

    Attributes
    ----------
    dual : float
        Σ_i a_i times the smoothed minimum of C_ij − g_j over j.
    cost : float
        ⟨P, C⟩.
    received : ndarray, shape (m,)
        Masses of the atoms.
    rows, columns, links : ndarray, shape (pairs,)
        Pairs of atoms, some several times, with Σ_i P_ij P_ik / a_i: ζ times what one loses when
        the potential of the other grows.
    """

    dual: float
    cost: float
    received: Floats
    rows: Integers
    columns: Integers
    links: Floats


class Candidates:
    """For each sample, the atom nearest to it and the atoms nearest to that one.

    Parameters
    ----------
    samples : Samples
        Where the mass is.
    order : float
        k ≥ 1: costs are k-th powers of distances.
    metric : Metric
        The distance, one that grows with that of the coordinates.

    Attributes
    ----------
    points, masses, costs : ndarray, shapes (n, d), (n,) and (n, candidates)
        After `choose`: samples grouped by their nearest atoms, and what candidates cost.
    """

    def __init__(self, samples: Samples, order: float, metric: Metric) -> None:
        curve = order_along_curve(samples.points)
        self._all_points, self._all_masses = samples.points[curve], samples.masses[curve]
        self._nearest: Integers | None = None
        self._order = order
        self._arcs = metric.name == "sphere"
        self._workers = Workers(1)

    def choose(self, atoms: Floats, number: int, potential: Floats | None = None) -> None:
        """Let each sample go to so many of the atoms, and measure what that costs.

        Near atoms are those of least distance, and for squared distances of least C − g: an atom
        between two clusters is near the samples of neither.
        """
        lifts = np.zeros(len(atoms))
        if potential is not None and self._order == 2 and not self._arcs:
            lifts = np.sqrt(potential.max() - potential)
        lifted = np.column_stack((atoms, lifts))
        points = np.column_stack((self._all_points, np.zeros(len(self._all_points))))
        # Whatever the atoms were before, they are a guess as good as any.
        self._nearest = assign_nearest(points, lifted, self._workers, self._nearest)
        grouped = np.argsort(self._nearest, kind="stable")
        self.points, self.masses = self._all_points[grouped], self._all_masses[grouped]
        sizes = np.bincount(self._nearest, minlength=len(atoms))
        self._starts = np.concatenate(([0], np.cumsum(sizes)))
        self._atoms = atoms
        places = np.column_stack((atoms, np.zeros(len(atoms))))
        neighbours = cKDTree(lifted).query(places, k=np.arange(1, number + 1))[1]
        absent = np.flatnonzero((neighbours != np.arange(len(atoms))[:, None]).all(axis=1))
        neighbours[absent, -1] = absent
        self._neighbours: Integers = neighbours
        self.costs = _measure_costs(
            self.points, self._starts, atoms, self._neighbours, self._order, self._arcs
        )

    def measure_scale(self) -> tuple[float, float]:
        """Mean cost at the nearest atoms, and that of all candidates."""
        return float(self.masses @ self.costs.min(axis=1)), float(self.costs.mean())

    def smooth(self, potential: Floats, zeta: float) -> Smoothed:
        """Make the plan that a potential gives."""
        return Smoothed(
            *_smooth(self.costs, self.masses, self._starts, self._neighbours, potential, zeta)
        )

    def pull(self, potential: Floats, zeta: float) -> Pulls:
        """Add up where that plan pulls the atoms."""
        return Pulls(
            *_pull(
                self.costs, self.masses, self._starts, self._neighbours, potential, zeta,
                self.points, self._atoms, self._order, self._arcs,
            )
        )  # fmt: skip


@compile_loop
def _measure_costs(
    points: Floats,
    starts: Integers,
    atoms: Floats,
    neighbours: Integers,
    order: float,
    arcs: bool,
) -> Floats:
    """Cost of each sample at each of its candidates, shape (n, candidates)."""
    count, width = neighbours.shape
    dimension = points.shape[1]
    costs = np.zeros((len(points), width))
    for cell in range(count):
        for i in range(starts[cell], starts[cell + 1]):
            if arcs or order != 2:
                for k in range(width):
                    costs[i, k] = find_cost(points, i, atoms, neighbours[cell, k], order, arcs)
                continue
            for axis in range(dimension):
                for k in range(width):
                    costs[i, k] += (points[i, axis] - atoms[neighbours[cell, k], axis]) ** 2
    return costs


@compile_loop
def _spread(
    costs: Floats, i: int, potential: Floats, zeta: float, chosen: Integers, parts: Floats
) -> tuple[int, float, float]:
    """List the candidates that a sample goes to, with their parts before these are divided.

    Returns their number, the largest g − C, and the sum of the parts.
    """
    width = costs.shape[1]
    peak = -np.inf
    for k in range(width):
        parts[k] = potential[k] - costs[i, k]
        peak = max(peak, parts[k])
    # What is so small changes nothing, and exponentials cost most of the time.
    floor = peak - LOWEST_EXPONENT * zeta
    total = 0.0
    number = 0
    for k in range(width):
        if parts[k] > floor or parts[k] == peak:
            chosen[number] = k
            parts[number] = np.exp((parts[k] - peak) / zeta)
            total += parts[number]
            number += 1
    return number, peak, total


@compile_loop
def _smooth(
    costs: Floats,
    masses: Floats,
    starts: Integers,
    neighbours: Integers,
    potential: Floats,
    zeta: float,
) -> tuple[float, float, Floats, Integers, Integers, Floats]:
    """Value, cost, masses and the matrix of the plan, in one pass; see `Smoothed`."""
    count, width = neighbours.shape
    received = np.zeros(count)
    dual = 0.0
    cost = 0.0
    chosen = np.empty(width, np.int64)
    parts = np.empty(width)
    # Pairs of candidates of one cell, and which of them any sample went to.
    shared = np.zeros((width, width))
    met = np.zeros(width, np.bool_)
    size = 0
    pairs = np.empty((2, 16 * count), np.int64)
    links = np.empty(16 * count)
    for cell in range(count):
        local = potential[neighbours[cell]]
        for i in range(starts[cell], starts[cell + 1]):
            number, peak, total = _spread(costs, i, local, zeta, chosen, parts)
            dual -= masses[i] * (peak + zeta * np.log(total))
            for a in range(number):
                k = chosen[a]
                parts[a] /= total
                received[neighbours[cell, k]] += masses[i] * parts[a]
                cost += masses[i] * parts[a] * costs[i, k]
                if number > 1 and parts[a] > NEGLIGIBLE:
                    met[k] = True
                    for b in range(a):
                        # Candidates are listed in order, so that b comes before.
                        shared[k, chosen[b]] += masses[i] * parts[a] * parts[b]
        size, pairs, links = _list_pairs(neighbours[cell], shared, met, size, pairs, links)
    return dual, cost, received, pairs[0, :size].copy(), pairs[1, :size].copy(), links[:size].copy()


@compile_loop
def _list_pairs(
    atoms: Integers, shared: Floats, met: Booleans, size: int, pairs: Integers, links: Floats
) -> tuple[int, Integers, Floats]:
    """Add the pairs of a cell to the list, which grows, and clear them."""
    found = np.flatnonzero(met)
    needed = size + len(found) * (len(found) - 1) // 2
    if needed > len(links):
        longer = np.empty((2, 2 * needed), np.int64)
        fill(longer[0], pairs[0, :size])
        fill(longer[1], pairs[1, :size])
        more = np.empty(2 * needed)
        fill(more, links[:size])
        pairs, links = longer, more
    for k in found:
        met[k] = False
        for other in found:
            if other < k and shared[k, other] > 0:
                pairs[0, size] = atoms[k]
                pairs[1, size] = atoms[other]
                links[size] = shared[k, other]
                shared[k, other] = 0.0
                size += 1
    return size, pairs, links


@compile_loop
def _pull(
    costs: Floats,
    masses: Floats,
    starts: Integers,
    neighbours: Integers,
    potential: Floats,
    zeta: float,
    points: Floats,
    atoms: Floats,
    order: float,
    arcs: bool,
) -> tuple[Floats, Floats, Floats]:
    """See `Pulls`."""
    count, width = neighbours.shape
    dimension = points.shape[1]
    gradients = np.zeros((count, dimension))
    curvatures = np.zeros(count)
    held = np.zeros(count)
    chosen = np.empty(width, np.int64)
    parts = np.empty(width)
    for cell in range(count):
        local = potential[neighbours[cell]]
        for i in range(starts[cell], starts[cell + 1]):
            number, _, total = _spread(costs, i, local, zeta, chosen, parts)
            for a in range(number):
                j = neighbours[cell, chosen[a]]
                amount = masses[i] * parts[a] / total
                add_pull(points, i, atoms, j, amount, order, arcs, gradients, curvatures, held)
    return gradients, curvatures, held
