"""Voronoi cells of weighted quantisation: what samples cost at their nearest atoms, and slopes."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.metrics import Euclidean, Metric
from stipple.geometry.morton import order_along_curve
from stipple.geometry.nearest import assign_nearest, find_cheapest, find_cost, has_few_atoms
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples

EUCLIDEAN = Euclidean()


@dataclass(frozen=True, eq=False)
class VoronoiCells:
    """What samples cost when each goes to its nearest atom: exactly W_k^k for these masses.

    Attributes
    ----------
    assignment : ndarray, shape (n,)
        The nearest atom of each sample.
    masses, costs : ndarray, shape (m,)
        Mass of each cell and Σ a_i dist(x_i, y_j)^k over it.
    """

    assignment: Integers
    masses: Floats
    costs: Floats

    @property
    def cost(self) -> float:
        """W_k^k."""
        return float(self.costs.sum())


def measure_voronoi(
    samples: Samples,
    atoms: Floats,
    *,
    order: float = 2.0,
    metric: Metric = EUCLIDEAN,
    workers: Workers | None = None,
) -> VoronoiCells:
    """Send each sample to its nearest atom: the masses that suit these atoms best, and W_k^k.

    Parameters
    ----------
    samples : Samples
        Unit vectors if the metric is that of the sphere.
    atoms : ndarray, shape (m, d)
        May coincide; the first of equally near ones gets the sample.
    order : float
        k ≥ 1.
    metric : Metric
        Distance.
    workers : Workers, optional
        Threads to use; by default all processors.
    """
    problem = CellProblem(samples, order, metric, workers or Workers())
    state = problem.evaluate(np.ascontiguousarray(atoms, dtype=float))
    assignment = np.empty_like(state.assignment)
    assignment[problem.curve] = state.assignment
    return VoronoiCells(assignment, state.masses, state.costs)


@dataclass(frozen=True, eq=False)
class CellState:
    """Atoms with what their cells hold; samples are listed along the curve.

    `gradient` is that of W_k^k, `farthest` the sample of each cell that costs most (−1: none).
    """

    atoms: Floats
    assignment: Integers
    masses: Floats
    costs: Floats
    gradient: Floats
    farthest: Integers
    cost: float


class CellProblem:
    """Samples in an order that keeps neighbours together, and the cost of atoms."""

    def __init__(self, samples: Samples, order: float, metric: Metric, workers: Workers) -> None:
        self.curve = order_along_curve(samples.points)
        self.points = samples.points[self.curve]
        self.masses = samples.masses[self.curve]
        self.order = order
        self.metric = metric
        self._workers = workers

    def evaluate(self, atoms: Floats, guess: Integers | None = None) -> CellState:
        """Assign the samples to the nearest atoms and add up what they cost."""
        assignment = assign_nearest(self.points, atoms, self._workers, guess)
        masses, costs, gradient, farthest = _add_up(
            self.points, self.masses, atoms, assignment, self.order, self.metric.name == "sphere"
        )
        return CellState(atoms, assignment, masses, costs, gradient, farthest, float(costs.sum()))

    def find_losses(self, state: CellState) -> tuple[Integers, Floats]:
        """Find the second nearest atom of each sample, and what each atom saves against those.

        For a single atom there is none: −1, and its loss is infinite.
        """
        atoms, assignment = state.atoms, state.assignment
        if len(atoms) == 1:
            return np.full(len(self.points), -1), np.array([np.inf])
        if has_few_atoms(atoms):
            second = _find_second(self.points, np.ascontiguousarray(atoms.T), assignment)
        else:
            # Chords and arcs order alike.
            two = find_cheapest(self.points, atoms, np.zeros(len(atoms)), self._workers)
            second = np.where(two.first == assignment, two.second, two.first)
        arcs = self.metric.name == "sphere"
        losses = _add_up_losses(
            self.points, self.masses, atoms, second, assignment, state.costs, self.order, arcs
        )
        return second, losses

    def scale(self, state: CellState) -> Floats:
        """Inverse of a diagonal Hessian: 1/(2 w_j) for k = 2, where it gives Lloyd's step."""
        k = self.order
        with np.errstate(over="ignore", invalid="ignore"):  # of orders beyond all use
            curvature = k * max(1.0, k - 1) * state.masses * self.measure_radii(state) ** (k - 2)
        normal = curvature >= np.finfo(float).tiny  # others have no inverse
        inverse = np.divide(1.0, curvature, out=np.zeros_like(curvature), where=normal)
        return inverse[:, None]

    def measure_radii(self, state: CellState) -> Floats:
        """Mean distance, of order k, between the atoms and their samples; tiny for none."""
        mean = np.divide(
            state.costs, state.masses, out=np.zeros_like(state.costs), where=state.masses > 0
        )
        return np.maximum(mean ** (1 / self.order), np.finfo(float).tiny ** 0.25)


@compile_loop
def _add_up(
    points: Floats,
    sample_masses: Floats,
    atoms: Floats,
    assignment: Integers,
    order: float,
    arcs: bool,
) -> tuple[Floats, Floats, Floats, Integers]:
    """Masses, costs, gradients of the costs, and costliest samples of the cells.

    One loop, and so long, since calls in it would pass half a dozen numbers for each sample.
    """
    count, dimension = atoms.shape
    masses = np.zeros(count)
    costs = np.zeros(count)
    largest = np.zeros(count)
    held = np.zeros(count)
    farthest = np.full(count, -1)
    gradient = np.zeros((count, dimension))
    for i in range(len(points)):
        j = assignment[i]
        near = 0.0
        far = 0.0
        for axis in range(dimension):
            near += (points[i, axis] - atoms[j, axis]) ** 2
            far += (points[i, axis] + atoms[j, axis]) ** 2
        mass = sample_masses[i]
        masses[j] += mass
        # ∂_y |y − x|^k = k|y − x|^(k−2) (y − x); ∂_y θ^k = kθ^(k−1)/sin θ · (cos θ·y − x).
        along = 1.0
        if arcs:
            angle = 2 * np.arctan2(np.sqrt(near), np.sqrt(far))
            along = np.cos(angle)
            sine = np.sin(angle)
            cost = mass * angle**order
            factor = mass * order * angle ** (order - 1) / sine if sine > 1e-12 else 0.0
        elif order == 2:
            cost = mass * near
            factor = 2 * mass
        else:
            cost = mass * near ** (order / 2)
            factor = mass * order * near ** (order / 2 - 1) if near > 0 else 0.0
        if near == 0:
            held[j] += mass
        costs[j] += cost
        if cost > largest[j]:
            largest[j] = cost
            farthest[j] = i
        for axis in range(dimension):
            gradient[j, axis] += factor * (along * atoms[j, axis] - points[i, axis])
    if order == 1:
        # Samples at an atom hold it back with their mass: the subgradient of least norm.
        for j in range(count):
            if held[j] > 0:
                norm = np.sqrt((gradient[j] ** 2).sum())
                kept = max(0.0, 1 - held[j] / norm) if norm > 0 else 0.0
                for axis in range(dimension):
                    gradient[j, axis] *= kept
    return masses, costs, gradient, farthest


@compile_loop
def _find_second(points: Floats, columns: Floats, assignment: Integers) -> Integers:
    """Nearest of the atoms, coordinates (d, m), but for the one assigned, for each point."""
    dimension, count = columns.shape
    second = np.empty(len(points), dtype=np.int64)
    squared = np.empty(count)
    for i in range(len(points)):
        squared[:] = 0.0
        for axis in range(dimension):
            x = points[i, axis]
            for atom in range(count):
                squared[atom] += (columns[axis, atom] - x) ** 2
        squared[assignment[i]] = np.inf
        second[i] = np.argmin(squared)
    return second


@compile_loop
def _add_up_losses(
    points: Floats,
    masses: Floats,
    atoms: Floats,
    second: Integers,
    assignment: Integers,
    costs: Floats,
    order: float,
    arcs: bool,
) -> Floats:
    """Find what the samples of each atom cost more at their second nearest, shape (m,)."""
    losses = -costs
    for i in range(len(points)):
        losses[assignment[i]] += masses[i] * find_cost(points, i, atoms, second[i], order, arcs)
    return losses
