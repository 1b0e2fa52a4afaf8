"""Weighted optimal quantisation: atoms with free weights that minimise W_k^k to samples."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.discretisation.weighted_start import draw_start
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric
from stipple.geometry.morton import order_along_curve
from stipple.geometry.nearest import assign_nearest
from stipple.machine.compiled import compile_loop
from stipple.machine.double_doubles import sum_groups
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples
from stipple.transport.quasi_newton import QuasiNewton, limit_shift

EUCLIDEAN = Euclidean()
LLOYD_STEPS = 5
# A quasi-Newton step moves no atom by more than this part of the mean radius of its cell.
LONGEST_STEP = 0.7
# Shortest step tried, as a part of the one towards the centres, before the atoms are left alone.
SHORTEST_STEP = 2.0**-10


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


@dataclass(frozen=True, eq=False)
class WeightedQuantisation:
    """Atoms that stand for samples, with the masses of their Voronoi cells.

    Attributes
    ----------
    atoms : ndarray, shape (m, d)
        y, in the units of the samples.
    weights : ndarray, shape (m,)
        The best for these atoms: the masses of the Voronoi cells, > 0, sum 1.
    cost : float
        W_k^k between samples and weighted atoms, rounded: `certify_discrete` gives an interval.
    history : ndarray
        W_k^k at the start and after each step; it does not increase.
    iterations : int
        Steps taken.
    converged : bool
        Whether a step changed W_k^k by less than the tolerance: a local minimum.
    """

    atoms: Floats
    weights: Floats
    cost: float
    history: Floats
    iterations: int
    converged: bool


def quantise_weighted(
    samples: Samples,
    count: int,
    *,
    order: float = 2.0,
    metric: Metric = EUCLIDEAN,
    iterations: int = 100,
    tolerance: float = 1e-5,
    seed: int = 0,
    start: Floats | None = None,
    workers: Workers | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> WeightedQuantisation:
    """Find atoms, with weights of their own choice, of small W_k^k to the samples.

    With free weights each sample goes to its nearest atom, so that W_k^k is the quantisation error
    (Graf and Luschgy, 2000, lemma 3.1). A few Lloyd steps from `draw_start`, then L-BFGS with the
    masses of the cells as first Hessian; a step up is replaced by one towards the centres. Atoms
    whose cells lose all samples start again where others cost most. The end is a local minimum.

    Parameters
    ----------
    samples : Samples
        Unit vectors if the metric is that of the sphere.
    count : int
        m, at most the number of different samples.
    order : float
        k ≥ 1.
    metric : Metric
        Distance.
    iterations : int
        Most steps; 0 returns the start.
    tolerance : float
        Stop when a step lowers W_k^k by less than this part of it; 0 never stops before the atoms
        are where no step lowers it.
    seed : int
        Of the start, where none is given.
    start : ndarray, shape (m, d), optional
        Where atoms begin.
    workers : Workers, optional
        Threads to use; the result does not depend on how many. By default all processors.
    on_step : callable, optional
        Receives the number of each step and W_k^k, from the start (0) on.

    Raises
    ------
    StippleError
        For less than one atom, or more than there are different samples.
    """
    _check_count(samples, count)
    problem = _Problem(samples, order, metric, workers or Workers())
    if start is None:
        start = draw_start(samples, count, order, seed)
    elif start.shape != (count, samples.dimension) or not np.isfinite(start).all():
        raise StippleError(
            f"The start has the shape {start.shape}: give {count} finite points of"
            f" {samples.dimension} coordinates."
        )
    current = problem.evaluate(start)
    history: list[float] = []

    def report() -> None:
        history.append(current.cost)
        if on_step is not None:
            on_step(len(history) - 1, current.cost)

    report()
    direction = _Direction(problem)
    converged = False
    while len(history) <= iterations and not converged:
        following, converged = _advance(problem, direction, current)
        change = current.cost - following.cost
        settled = change <= tolerance * current.cost and current.masses.all()
        current = following
        converged = converged or bool(settled)
        report()
    current = _fill_empty_cells(problem, current)
    # Plain sums would drift with the number of samples.
    nothing = np.zeros_like(problem.masses)
    weights, _ = sum_groups(current.assignment, problem.masses, nothing, count)
    return WeightedQuantisation(
        current.atoms,
        weights,
        current.cost,
        np.array(history),
        len(history) - 1,
        converged,
    )


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
    problem = _Problem(samples, order, metric, workers or Workers())
    state = problem.evaluate(np.ascontiguousarray(atoms, dtype=float))
    assignment = np.empty_like(state.assignment)
    assignment[problem.curve] = state.assignment
    return VoronoiCells(assignment, state.masses, state.costs)


@dataclass(frozen=True, eq=False)
class _State:
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


class _Problem:
    """Samples in an order that keeps neighbours together, and the cost of atoms."""

    def __init__(self, samples: Samples, order: float, metric: Metric, workers: Workers) -> None:
        self.curve = order_along_curve(samples.points)
        self.points = samples.points[self.curve]
        self.masses = samples.masses[self.curve]
        self.order = order
        self.metric = metric
        self._workers = workers

    def evaluate(self, atoms: Floats, guess: Integers | None = None) -> _State:
        """Assign the samples to the nearest atoms and add up what they cost."""
        assignment = assign_nearest(self.points, atoms, self._workers, guess)
        masses, costs, gradient, farthest = _add_up(
            self.points, self.masses, atoms, assignment, self.order, self.metric.name == "sphere"
        )
        return _State(atoms, assignment, masses, costs, gradient, farthest, float(costs.sum()))

    def scale(self, state: _State) -> Floats:
        """Inverse of a diagonal Hessian: 1/(2 w_j) for k = 2, where it gives Lloyd's step."""
        k = self.order
        curvature = k * max(1.0, k - 1) * state.masses * self.measure_radii(state) ** (k - 2)
        inverse = np.divide(1.0, curvature, out=np.zeros_like(curvature), where=curvature > 0)
        return inverse[:, None]

    def measure_radii(self, state: _State) -> Floats:
        """Mean distance, of order k, between the atoms and their samples; tiny for none."""
        mean = np.divide(
            state.costs, state.masses, out=np.zeros_like(state.costs), where=state.masses > 0
        )
        return np.maximum(mean ** (1 / self.order), np.finfo(float).tiny ** 0.25)


def _advance(problem: _Problem, direction: "_Direction", current: _State) -> tuple[_State, bool]:
    """Take one step that does not raise the cost; tell whether none lowers it."""
    if not current.masses.all():
        direction.forget()
        return _revive(problem, current), False
    following = problem.evaluate(
        problem.metric.move(current.atoms, direction.find(current)), current.assignment
    )
    if following.cost < current.cost:
        return following, False
    direction.forget()
    towards = -problem.scale(current) * current.gradient
    part = 1.0
    while part >= SHORTEST_STEP:
        moved = problem.metric.move(current.atoms, part * towards)
        following = problem.evaluate(moved, current.assignment)
        if following.cost < current.cost:
            return following, False
        part /= 2
    return current, True


def _revive(problem: _Problem, state: _State) -> _State:
    """Put atoms without samples where others cost most: at the sample that costs most there."""
    empty = np.flatnonzero(state.masses == 0)
    costly = np.argsort(-state.costs, kind="stable")[: len(empty)]
    costly = costly[state.costs[costly] > 0]
    atoms = state.atoms.copy()
    atoms[empty[: len(costly)]] = problem.points[state.farthest[costly]]
    return problem.evaluate(atoms, state.assignment)


def _fill_empty_cells(problem: _Problem, state: _State) -> _State:
    # Each round fills a cell at least, since there are no fewer different samples than atoms.
    while not state.masses.all():
        state = _revive(problem, state)
    return state


class _Direction:
    """The shift of the atoms that comes next: Lloyd's first, then that of L-BFGS."""

    def __init__(self, problem: _Problem) -> None:
        self._problem = problem
        self._quasi_newton = QuasiNewton()
        self._number = 0

    def forget(self) -> None:
        """Drop the curvature learnt."""
        self._quasi_newton.forget()

    def find(self, current: _State) -> Floats:
        """Shift of each atom, shape (m, d)."""
        scale = self._problem.scale(current)
        lloyd = -scale * current.gradient
        self._number += 1
        if self._number <= LLOYD_STEPS:
            return lloyd
        shift = self._quasi_newton.find_shift(current.atoms, current.gradient, scale)
        return limit_shift(shift, lloyd, LONGEST_STEP * self._problem.measure_radii(current))


def _check_count(samples: Samples, count: int) -> None:
    if count < 1:
        raise StippleError(f"{count} atoms were asked for: give at least 1.")
    different = len(samples)
    if count <= different:
        # Sorting rows takes long; most often one coordinate tells enough.
        different = len(np.unique(samples.points[:, 0]))
        if count > different:
            different = len(np.unique(samples.points, axis=0))
    if count > different:
        raise StippleError(
            f"{count} atoms were asked for, but there are only {different} different samples:"
            " ask for no more than that."
        )


@compile_loop
def _add_up(
    points: Floats,
    sample_masses: Floats,
    atoms: Floats,
    assignment: Integers,
    order: float,
    arcs: bool,
) -> tuple[Floats, Floats, Floats, Integers]:
    """Masses, costs, gradients of the costs, and costliest samples of the cells."""
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
                gradient[j] *= max(0.0, 1 - held[j] / norm) if norm > 0 else 0.0
    return masses, costs, gradient, farthest
