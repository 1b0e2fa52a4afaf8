"""Equal weights without regularisation: every atom stands for the same mass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from stipple.arrays import Floats, Integers
from stipple.discretisation.entropic.cells import check_count, merge_duplicates
from stipple.discretisation.entropic.descent import Target
from stipple.discretisation.entropic.expectation import find_directions
from stipple.discretisation.entropic.simple import choose_start, pool_targets
from stipple.discretisation.entropic.sinkhorn import check_cost
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric
from stipple.machine.compiled import compile_loop
from stipple.transport.quasi_newton import QuasiNewton, limit_shift

# Atoms that a sample may go to at first: the nearest ones.
CANDIDATES = 24
# Shifted atoms start this far off along each axis, at most, in distances to the nearest.
START_SHIFT = 0.25
# ζ of the smoothed dual as parts of the mean cost: where it starts, for moves, and at the end.
FIRST_ZETA = 1.0
MOVING_ZETA = 1e-2
LAST_ZETA = 1e-3
COOLING = 0.3
# No atom moves by more than this part of the mean distance that mass goes, or than a plain step.
LONGEST_STEP = 0.7
# No less than this part of the mean cost of candidates is taken for the scale of ζ.
SMALLEST_SCALE = 1e-3
# Σ_j |mass of atom j − 1/m| of solves between moves, and of the last one.
MOVING_ERROR = 1e-3
LAST_ERROR = 1e-8
NEWTON_STEPS = 200
# Exponents this far below the largest are cut off.
LOWEST_EXPONENT = 40.0
# Levenberg's term, as a part of the error of an atom's mass.
DAMPING = 0.1
# Parts of a row below this are no part of the plan that Newton's matrix is made of.
NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class EqualStep:
    """One move of the atoms: `number` 0 is the start; cost as in `EqualQuantisation`."""

    number: int
    cost: float


@dataclass(frozen=True, eq=False)
class EqualQuantisation:
    """Atoms of equal weight near one measure, or several.

    Attributes
    ----------
    atoms : ndarray, shape (m, d)
        y, in units of the samples.
    weights : ndarray, shape (m,)
        1/m each.
    cost : float
        Σ_l λ_l⟨P_l, C_l⟩ for plans whose rows are exact, near W_k^k up to the mass error and
        LAST_ZETA of itself times the logarithm of the candidates of a sample.
    potentials : ndarray, shape (measures, m)
        g of each measure, in units of cost: they certify the cost (`certify_discrete`).
    mass_error : float
        Largest Σ_j |Σ_i P_ij − 1/m| of a measure.
    history : tuple of float
        The cost of the start and after each move, for plans of MOVING_ZETA.
    iterations : int
        Moves.
    converged : bool
        Whether a move lowered the cost by less than the tolerance, and the masses are right.
    """

    atoms: Floats
    weights: Floats
    cost: float
    potentials: Floats
    mass_error: float
    history: tuple[float, ...]
    iterations: int
    converged: bool


def quantise_equally(
    targets: Sequence[Target],
    count: int,
    *,
    order: float = 2.0,
    metric: Metric | None = None,
    iterations: int = 100,
    tolerance: float = 1e-4,
    seed: int | None = None,
    shifted: bool = False,
    on_step: Callable[[EqualStep], None] | None = None,
) -> EqualQuantisation:
    """Minimise Σ_l λ_l·W_k^k(μ^l, Σ_j δ_{y_j}/m) over atoms, to a local minimum.

    In turn, atoms move towards the centres of what they are for, by quasi-Newton steps that fall
    back on plain ones where these are no better, and the transport is solved anew: Newton's method
    on the semi-dual, smoothed by a ζ far below the mean cost, between each sample and its nearest
    atoms only. For several targets that is the free-support barycentre of Cuturi and Doucet (ICML
    2014) with fixed weights.

    Parameters
    ----------
    targets : sequence of Target
        μ^l with shares λ_l, from `make_targets`.
    count : int
        m, at most as many as there are distinct samples.
    order : float
        k ≥ 1: costs are k-th powers of distances.
    metric : Metric, optional
        The distance, one that grows with that of the coordinates; Euclidean by default.
    iterations : int
        Most moves.
    tolerance : float
        Stop when a move lowers the cost by less than this part of it.
    seed : int, optional
        Start from samples drawn by it; by default from a division of the samples, not random.
    shifted : bool
        Whether atoms start a little off that, always in the same way: a division of samples on a
        lattice is critical, but may be no minimum.
    on_step : callable, optional
        Told of the start and of each move.

    Raises
    ------
    StippleError
        For counts or orders that make no sense.
    """
    metric = metric or Euclidean()
    check_cost(1.0, order)
    if iterations < 0:
        raise StippleError(f"The number of iterations must be at least 0, not {iterations}.")
    targets = [replace(target, samples=merge_duplicates(target.samples)) for target in targets]
    pool = pool_targets(targets)
    check_count(pool, count)
    random = None if seed is None else np.random.default_rng(seed)
    atoms = choose_start(pool, count, False, order, random)
    if shifted and count > 1:
        atoms = metric.move(atoms, _draw_shifts(atoms))
    duals = [SemiDual(target, count, order, metric) for target in targets]
    quasi_newton = QuasiNewton()
    accuracy = MOVING_ERROR

    def solve(atoms: Floats) -> float:
        return sum(dual.solve(atoms, MOVING_ZETA, accuracy) for dual in duals)

    cost = solve(atoms)
    history = [cost]
    best = (cost, atoms, [dual.potential for dual in duals])
    settled = False
    while True:
        if on_step is not None:
            on_step(EqualStep(len(history) - 1, cost))
        if settled or len(history) > iterations:
            break
        directions = _find_directions(duals, atoms, order, metric)
        shift = quasi_newton.find_shift(atoms, -directions)
        shift = limit_shift(shift, directions, LONGEST_STEP * cost ** (1 / order))
        moved = metric.move(atoms, shift)
        cost = solve(moved)
        if cost > history[-1]:
            quasi_newton.forget()
            moved = metric.move(atoms, directions)
            cost = solve(moved)
        atoms = moved
        decrease = history[-1] - cost
        settled = abs(decrease) <= tolerance * cost or (decrease < 0 and accuracy <= LAST_ERROR)
        if decrease < 0:
            # Only inexact masses can make a step towards the centres a step up.
            accuracy = max(accuracy / 10, LAST_ERROR)
        history.append(cost)
        if cost < best[0]:
            best = (cost, atoms, [dual.potential for dual in duals])
    _, atoms, potentials = best
    for dual, potential in zip(duals, potentials, strict=True):
        dual.potential = potential
    cost = sum(dual.solve(atoms, LAST_ZETA, LAST_ERROR) for dual in duals)
    error = max(dual.mass_error for dual in duals)
    return EqualQuantisation(
        atoms=atoms,
        weights=np.full(count, 1 / count),
        cost=cost,
        potentials=np.array([dual.potential for dual in duals]),
        mass_error=error,
        history=tuple(history),
        iterations=len(history) - 1,
        converged=settled and error <= MOVING_ERROR,
    )


def _draw_shifts(atoms: Floats) -> Floats:
    """Shifts, always the same, off what may be a saddle: a division of lattices is one."""
    nearest = cKDTree(atoms).query(atoms, k=2)[0][:, 1:]
    random = np.random.default_rng(0)
    return np.asarray(START_SHIFT * nearest * random.uniform(-1, 1, atoms.shape))


class SemiDual:
    """The smoothed semi-dual of one target: Σ_i a_i f_i + Σ_j g_j/m, concave in g."""

    def __init__(
        self,
        target: Target,
        count: int,
        order: float,
        metric: Metric,
        candidates: int = CANDIDATES,
    ) -> None:
        self.target = target
        self.potential = np.zeros(count)
        self.mass_error = np.inf
        self._count = count
        self._order = order
        self._metric = metric
        self._candidates = min(count, candidates)
        self._warm = False

    def solve(self, atoms: Floats, last_zeta: float, tolerance: float) -> float:
        """Solve for the potential; share·⟨P, C⟩, with ζ as a part of the mean cost."""
        self._ascend_to(atoms, last_zeta, tolerance)
        # Nearest atoms may not suffice, where atoms are on one side of the samples.
        while self.mass_error > MOVING_ERROR and self._candidates < self._count:
            self._candidates = min(2 * self._candidates, self._count)
            self._warm = False
            self._ascend_to(atoms, last_zeta, tolerance)
        return self.target.share * float(np.vdot(self.plan, self.costs))

    def _ascend_to(self, atoms: Floats, last_zeta: float, tolerance: float) -> None:
        """Solve among the candidates, from the potential there is or from a ζ that comes down."""
        self._find_candidates(atoms)
        # Candidates come nearest first; samples that coincide with atoms tell no scale.
        nearest = float(self.target.samples.masses @ self.costs[:, 0])
        scale = max(nearest, SMALLEST_SCALE * float(self.costs.mean())) or 1.0
        end = last_zeta * scale
        if self._warm:
            self._ascend(end, tolerance)
        if not self._warm or self.mass_error > tolerance:
            zeta = FIRST_ZETA * scale
            while zeta > end:
                self._ascend(zeta, MOVING_ERROR)
                zeta *= COOLING
            self._ascend(end, tolerance)
            self._warm = True

    def _find_candidates(self, atoms: Floats) -> None:
        points = self.target.samples.points
        number = self._candidates
        _, indices = cKDTree(atoms).query(points, k=np.arange(1, number + 1))
        self.indices: Integers = indices
        self.distances = np.empty(indices.shape)
        for rows, columns, atom in self.list_columns():
            self.distances[rows, columns] = self._metric.measure_distances(
                points[rows], atoms[atom : atom + 1]
            )[:, 0]
        self.costs = self.distances**self._order

    def list_columns(self) -> list[tuple[Integers, Integers, int]]:
        """For each atom that is a candidate: rows, places in the rows, atom."""
        flat = self.indices.ravel()
        entries = np.argsort(flat, kind="stable")
        ends = np.cumsum(np.bincount(flat, minlength=self._count))
        groups = np.split(entries, ends[:-1])
        width = self.indices.shape[1]
        return [
            (group // width, group % width, atom) for atom, group in enumerate(groups) if len(group)
        ]

    def _ascend(self, zeta: float, tolerance: float) -> None:
        """Newton's method with step halving; Sinkhorn's step, which always ascends, instead."""
        goal = 1 / self._count
        potential = self.potential
        value, plan, masses = self._evaluate(potential, zeta)
        for _ in range(NEWTON_STEPS):
            if np.abs(masses - goal).sum() <= tolerance:
                break
            direction = self._find_newton_step(plan, masses, zeta)
            slope = float(direction @ (goal - masses))
            step = 1.0
            while step > 1e-3:
                trial = self._evaluate(potential + step * direction, zeta)
                if trial[0] >= value + 0.1 * step * slope:
                    break
                step /= 2
            else:
                smallest = np.finfo(float).tiny
                direction = zeta * np.log(goal / np.maximum(masses, smallest))
                step = 1.0
                trial = self._evaluate(potential + direction, zeta)
            potential = potential + step * direction
            value, plan, masses = trial
        self.potential = potential - potential.mean()
        self.plan = plan
        self.mass_error = float(np.abs(masses - goal).sum())

    def _evaluate(self, potential: Floats, zeta: float) -> tuple[float, Floats, Floats]:
        """Value, plan in the shape of the candidates, and masses of the atoms."""
        plan = np.empty_like(self.costs)
        dual, received = _smooth_minima(
            self.costs, self.indices, potential, self.target.samples.masses, zeta, plan
        )
        return dual + float(potential.mean()), plan, received

    def _find_newton_step(self, plan: Floats, received: Floats, zeta: float) -> Floats:
        masses = self.target.samples.masses
        rows, columns = np.nonzero(plan > NEGLIGIBLE * masses[:, None])
        parts = csr_array(
            (plan[rows, columns] / np.sqrt(masses[rows]), (rows, self.indices[rows, columns])),
            shape=(len(masses), self._count),
        )
        # The constants are in the kernel, and far from the solution so are atoms that receive
        # next to nothing: what lacks bounds their step by about ζ.
        goal = 1 / self._count
        diagonal = received + DAMPING * np.abs(received - goal) + 1e-9 * goal
        hessian = (diags_array(diagonal) - parts.T @ parts).tocsc()
        step: Floats = zeta * splu(
            hessian,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        ).solve(goal - received)
        return step


@compile_loop
def _smooth_minima(
    costs: Floats,
    indices: Integers,
    potential: Floats,
    masses: Floats,
    zeta: float,
    plan: Floats,
) -> tuple[float, Floats]:
    """Σ_i a_i·(smoothed min_j C_ij − g_j) and the masses of atoms; the plan is filled in."""
    received = np.zeros(len(potential))
    dual = 0.0
    rows, width = costs.shape
    for i in range(rows):
        peak = -np.inf
        for k in range(width):
            plan[i, k] = (potential[indices[i, k]] - costs[i, k]) / zeta
            peak = max(peak, plan[i, k])
        total = 0.0
        for k in range(width):
            # What is so small changes nothing, and exponentials cost most of the time.
            plan[i, k] = np.exp(plan[i, k] - peak) if plan[i, k] > peak - LOWEST_EXPONENT else 0.0
            total += plan[i, k]
        for k in range(width):
            if plan[i, k] > 0.0:
                plan[i, k] *= masses[i] / total
                received[indices[i, k]] += plan[i, k]
        dual -= zeta * masses[i] * (peak + np.log(total))
    return dual, received


def _find_directions(
    duals: Sequence[SemiDual], atoms: Floats, order: float, metric: Metric
) -> Floats:
    """From each atom towards the centre of what it receives from all targets."""
    received: list[list[tuple[Floats, Floats, Floats]]] = [[] for _ in atoms]
    for dual in duals:
        for rows, columns, atom in dual.list_columns():
            amounts = dual.target.share * dual.plan[rows, columns]
            received[atom].append(
                (dual.target.samples.points[rows], amounts, dual.distances[rows, columns])
            )
    directions = np.zeros_like(atoms)
    for atom, parts in enumerate(received):
        if parts:
            points, amounts, distances = (
                np.concatenate(arrays) for arrays in zip(*parts, strict=True)
            )
            directions[atom] = find_directions(
                points, atoms[atom : atom + 1], amounts[:, None], distances[:, None], order, metric
            )[0]
    return directions
