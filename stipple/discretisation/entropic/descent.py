"""Deterministic descent of entropic objectives on all samples, over atoms and weights together."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from scipy.special import softmax

from stipple.arrays import Floats
from stipple.discretisation.entropic.problem import EntropicProblem, TotalEvaluation

# Relative decrease of the objective at which the descent has converged.
TOLERANCE = 1e-11
# Weights start no lower, as a part of the mean: an atom without mass has no gradient.
SMALLEST_WEIGHT = 1e-6


@dataclass(frozen=True, eq=False)
class Descent:
    """Where a descent ended.

    Attributes
    ----------
    atoms : ndarray, shape (m, d)
        y, in units of the samples.
    weights : ndarray, shape (m,)
        w > 0, sum 1.
    value : float
        The objective.
    cost : float
        Σ_l λ_l⟨P_l, C_l⟩.
    history : tuple of float
        The objective at the start and after each step that lowered it.
    converged : bool
        Whether no step lowered the objective any more, and the last transports converged: those of
        clusters far apart, as measured by ζ, may not, and then values are good to their errors.
    """

    atoms: Floats
    weights: Floats
    value: float
    cost: float
    history: tuple[float, ...]
    converged: bool


def descend(
    problem: EntropicProblem, atoms: Floats, weights: Floats, *, iterations: int
) -> Descent:
    """Minimise Σ_l λ_l·objective_l by L-BFGS-B over atoms and the logarithms of weights.

    Atoms stay in the box that bounds the samples, on the sphere they are the directions of free
    vectors. The method is that of Byrd, Lu, Nocedal and Zhu (SIAM J. Scientific Computing 1995).

    Parameters
    ----------
    problem : EntropicProblem
        What is minimised.
    atoms : ndarray, shape (m, d)
        The start.
    weights : ndarray, shape (m,)
        Their weights at the start, sum 1.
    iterations : int
        Maximum number of steps; 0 leaves the start where it is.
    """
    variables = _Variables(problem, atoms, weights)
    search = _Search(problem, variables)
    start = variables.pack(atoms)
    search.begin(start)
    if iterations == 0:  # SciPy would take a step
        return search.conclude(False)
    result = minimize(
        search.evaluate,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=variables.list_bounds(),
        callback=search.record,
        options={"maxiter": iterations, "maxcor": 20, "ftol": TOLERANCE, "gtol": 1e-10},
    )
    return search.conclude(bool(result.success))


class _Variables:
    """Atoms and weights as the variables of L-BFGS-B.

    In units of the box that bounds the samples, steps and stopping do not depend on those of the
    samples. Weights w = softmax(v) stay positive with sum 1 for any logarithms v.
    """

    def __init__(self, problem: EntropicProblem, atoms: Floats, weights: Floats) -> None:
        lower, upper = problem.find_box()
        self._on_sphere = problem.is_on_sphere
        self._free = problem.free
        self._weights = weights
        self._shape = atoms.shape
        self._sides = upper - lower
        self._scale = 1.0 if self._on_sphere else float(np.linalg.norm(self._sides)) or 1.0
        self._origin = np.zeros(atoms.shape[1]) if self._on_sphere else lower
        # The unit of the objective.
        self.height = self._scale**problem.order

    def pack(self, atoms: Floats) -> Floats:
        """Variables of the start, shape (m·d,) or (m·d + m,) with free weights."""
        places: Floats = ((atoms - self._origin) / self._scale).ravel()
        if not self._free:
            return places
        logits = np.log(np.maximum(self._weights, SMALLEST_WEIGHT / len(atoms)))
        return np.concatenate((places, logits))

    def list_bounds(self) -> list[tuple[float | None, float | None]] | None:
        """Least and largest value of each variable: the box limits atoms that are on no sphere."""
        if self._on_sphere:
            return None
        atoms, unbounded = self._shape[0], (None, None)
        box = [(0.0, float(side)) for side in self._sides / self._scale]
        return [*(box * atoms), *([unbounded] * atoms if self._free else [])]

    def unpack(self, variables: Floats) -> tuple[Floats, Floats]:
        """Atoms, shape (m, d), and weights, shape (m,)."""
        vectors, lengths = self._find_vectors(variables)
        atoms = self._origin + vectors / lengths * self._scale
        return atoms, softmax(variables[vectors.size :]) if self._free else self._weights

    def pull_back(self, total: TotalEvaluation, variables: Floats, weights: Floats) -> Floats:
        """Gradient of the objective, in its unit, along the variables."""
        _, lengths = self._find_vectors(variables)
        gradient = (total.atom_gradient / lengths * self._scale).ravel()
        if self._free:
            slopes = total.weight_gradient
            gradient = np.concatenate((gradient, weights * (slopes - weights @ slopes)))
        scaled: Floats = gradient / self.height
        return scaled

    def _find_vectors(self, variables: Floats) -> tuple[Floats, Floats]:
        """Vectors of the atoms, and what they are divided by: their lengths on the sphere."""
        vectors = variables[: self._shape[0] * self._shape[1]].reshape(self._shape)
        if self._on_sphere:
            return vectors, np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors, np.ones(1)


class _Search:
    """The objective as L-BFGS-B asks for it, and the best variables so far."""

    def __init__(self, problem: EntropicProblem, variables: _Variables) -> None:
        self._problem = problem
        self._variables = variables
        # Each solve begins with the potentials of the one before.
        self._potentials: list[Floats | None] = [None] * len(problem.targets)
        # Whether the transports of the last evaluation converged, and those of the best one.
        self._solved = self._best_solved = True
        self._best = np.empty(0)
        self._history: list[float] = []

    def begin(self, variables: Floats) -> None:
        """Take the start as the best so far."""
        self._history.append(self.evaluate(variables)[0] * self._variables.height)
        self._best, self._best_solved = variables, self._solved

    def evaluate(self, variables: Floats) -> tuple[float, Floats]:
        """Objective and gradient, in units of the box."""
        atoms, weights = self._variables.unpack(variables)
        total = self._problem.evaluate(atoms, weights, self._potentials)
        self._potentials = list(total.potentials)
        self._solved = total.converged
        gradient = self._variables.pull_back(total, variables, weights)
        return total.value / self._variables.height, gradient

    def record(self, intermediate_result: OptimizeResult) -> None:
        """Keep a step that lowered the objective; SciPy passes it by this name."""
        value = float(intermediate_result.fun) * self._variables.height
        # Near the end, errors of the inner solves can make a step up look like one down.
        if value < self._history[-1]:
            self._history.append(value)
            self._best, self._best_solved = intermediate_result.x.copy(), self._solved

    def conclude(self, success: bool) -> Descent:
        """Evaluate the best once more; `success` tells whether L-BFGS-B saw no lower one."""
        atoms, weights = self._variables.unpack(self._best)
        final = self._problem.evaluate(atoms, weights, self._potentials)
        converged = success and final.converged and self._best_solved
        return Descent(atoms, weights, final.value, final.cost, tuple(self._history), converged)
