"""Exact transport from samples to atoms of equal mass: the semi-dual, smoothed a little."""

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.spatial import cKDTree

from stipple.arrays import Floats, Integers
from stipple.geometry.metrics import Metric
from stipple.machine.compiled import compile_loop
from stipple.measures.samples import Samples
from stipple.transport.factorisation import factorise_symmetric

# Atoms that a sample may go to at first: the nearest ones.
CANDIDATES = 24
# ζ of the smoothed dual as parts of the mean cost: where it starts, and how it comes down.
FIRST_ZETA = 1.0
COOLING = 0.3
# No less than this part of the mean cost of candidates is taken for the scale of ζ to begin with,
# and in the end, unless rounding hides what is smaller.
SMALLEST_SCALE, RESOLVED_SCALE = 1e-3, 1e-9
# Σ_j |mass of atom j − 1/m| while ζ comes down; more than that at its end asks for candidates.
COOLING_ERROR = 1e-3
NEWTON_STEPS = 200
# Exponents this far below the largest are cut off.
LOWEST_EXPONENT = 40.0
# Levenberg's term, as a part of the error of an atom's mass.
DAMPING = 0.1
# Parts of a row below this are no part of the plan that Newton's matrix is made of.
NEGLIGIBLE = 1e-9


class SemiDual:
    """Σ_i a_i f_i + Σ_j g_j/m, concave in g, with f the smoothed minimum of C_ij − g_j over j.

    Parameters
    ----------
    samples : Samples
        Where the mass a is.
    count : int
        m atoms of mass 1/m each.
    order : float
        k ≥ 1: costs are k-th powers of distances.
    metric : Metric
        The distance, one that grows with that of the coordinates.
    candidates : int
        Nearest atoms that each sample may go to at first; more where these do not suffice.

    Attributes
    ----------
    potential : ndarray, shape (m,)
        g of the last solve, from which the next one starts.
    mass_error : float
        Σ_j |mass of atom j − 1/m| after the last solve.
    indices, distances, costs, plan : ndarray, shape (n, candidates)
        By sample and candidate, nearest first: the atom, how far and dear it is, and its mass.
    """

    def __init__(
        self,
        samples: Samples,
        count: int,
        order: float,
        metric: Metric,
        candidates: int = CANDIDATES,
    ) -> None:
        self.samples = samples
        self.potential = np.zeros(count)
        self.mass_error = np.inf
        self._count = count
        self._order = order
        self._metric = metric
        self._candidates = min(count, candidates)
        self._warm = False

    def solve(self, atoms: Floats, last_zeta: float, tolerance: float) -> float:
        """Solve for the potential; ⟨P, C⟩.

        Parameters
        ----------
        atoms : ndarray, shape (m, d)
            In units of the samples.
        last_zeta : float
            ζ at the end, as a part of the mean cost.
        tolerance : float
            The mass error to reach.
        """
        self._ascend_to(atoms, last_zeta, tolerance)
        # Nearest atoms may not suffice, where atoms are on one side of the samples.
        while self.mass_error > COOLING_ERROR and self._candidates < self._count:
            self._candidates = min(2 * self._candidates, self._count)
            # The potential has run off where no plan had the right masses.
            self.potential, self._warm = np.zeros(self._count), False
            self._ascend_to(atoms, last_zeta, tolerance)
        return float(np.vdot(self.plan, self.costs))

    def _ascend_to(self, atoms: Floats, last_zeta: float, tolerance: float) -> None:
        """Solve among the candidates, from the potential there is or from a ζ that comes down."""
        self._find_candidates(atoms)
        # Candidates come nearest first; samples that coincide with atoms tell no scale.
        nearest = float(self.samples.masses @ self.costs[:, 0])
        mean = float(self.costs.mean())
        scale = max(nearest, SMALLEST_SCALE * mean) or 1.0
        # Among clusters far apart ζ comes down to the scale of their own.
        end = last_zeta * (nearest if nearest > RESOLVED_SCALE * mean else scale)
        if self._warm:
            self._ascend(end, tolerance)
        if not self._warm or self.mass_error > tolerance:
            zeta = FIRST_ZETA * scale
            while zeta > end:
                self._ascend(zeta, COOLING_ERROR)
                zeta *= COOLING
            self._ascend(end, tolerance)
            self._warm = True

    def _find_candidates(self, atoms: Floats) -> None:
        points = self.samples.points
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
            self.costs, self.indices, potential, self.samples.masses, zeta, plan
        )
        return dual + float(potential.mean()), plan, received

    def _find_newton_step(self, plan: Floats, received: Floats, zeta: float) -> Floats:
        masses = self.samples.masses
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
        step: Floats = zeta * factorise_symmetric(hessian).solve(goal - received)
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
