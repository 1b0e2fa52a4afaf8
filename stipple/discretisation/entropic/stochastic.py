"""Stochastic descent of entropic objectives: each step sees a fresh minibatch of samples."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax

from stipple.arrays import Floats
from stipple.choices import ATOM_RATE, MOMENTUM, WEIGHT_RATE
from stipple.discretisation.entropic.problem import EntropicProblem, TotalEvaluation
from stipple.measures.samples import Samples

# Minibatches are noisier than this marginal error.
BATCH_TOLERANCE = 1e-4
# Logarithm of the least weight, as a part of the largest.
LEAST_LOGIT = -200.0
# ζ comes down from the cost of the start over this part of the steps.
ANNEALED = 0.5


@dataclass(frozen=True)
class Rates:
    """How far stochastic steps go.

    Attributes
    ----------
    momentum : float
        M, the part of the momentum that each step keeps, from 0 to below 1.
    atoms : float
        Part of a Newton-like step that the first one takes.
    weights : float
        Shift of logarithms of weights at the first step, for a slope of the mean cost.
    """

    momentum: float = MOMENTUM
    atoms: float = ATOM_RATE
    weights: float = WEIGHT_RATE


class StochasticDescent:
    """Atoms, logarithms of weights and their momentum.

    A step is x ← x − r·m, m ← M·m + (1 − M)·slope (Polyak, USSR Computational Mathematics 1964),
    where slopes are gradients without units and the rate r falls to zero.

    Parameters
    ----------
    problem : EntropicProblem
        What is minimised; minibatches are solved to a marginal error of 1e-4.
    atoms : ndarray, shape (m, d)
        The start, of equal weights.
    rates : Rates
        How far steps go.

    Attributes
    ----------
    atoms : ndarray, shape (m, d)
        After the last step.
    """

    def __init__(self, problem: EntropicProblem, atoms: Floats, rates: Rates) -> None:
        self.atoms = atoms
        self._rates = rates
        self._logits = np.zeros(len(atoms))
        tolerance = max(BATCH_TOLERANCE, problem.settings.reached_tolerance)
        self._problem = replace(problem, settings=replace(problem.settings, tolerance=tolerance))
        self._box = problem.find_box()
        self._potentials: list[Floats | None] = [None] * len(problem.targets)
        self._atom_momentum = np.zeros_like(atoms)
        self._weight_momentum = np.zeros(len(atoms))
        self._first_cost: float | None = None

    @property
    def weights(self) -> Floats:
        """Shape (m,), sum 1."""
        weights: Floats = softmax(self._logits)
        return weights

    def take_step(
        self, random: np.random.Generator, batch: int, passed: float
    ) -> tuple[float, float]:
        """Step on a fresh minibatch after that part of all steps; its value and ζ."""
        problem = draw_problem(self._problem, batch, random)
        problem = replace(problem, zeta=self._anneal(passed))
        weights = self.weights
        total = problem.evaluate(self.atoms, weights, self._potentials)
        if self._first_cost is None:
            self._first_cost = total.cost
        self._potentials = list(total.potentials)
        rate = 1 - passed
        self._move_atoms(total, weights, rate)
        if problem.free and total.cost > 0:
            self._shift_weights(total, weights, rate)
        return total.value, problem.zeta

    def _anneal(self, passed: float) -> float:
        """ζ after that part of all steps: from the cost of the start down to that asked for."""
        zeta = self._problem.zeta
        if self._first_cost is None or passed >= ANNEALED:
            return zeta
        return float(zeta * max(1.0, self._first_cost / zeta) ** (1 - passed / ANNEALED))

    def _move_atoms(self, total: TotalEvaluation, weights: Floats, rate: float) -> None:
        """Move against the gradient divided by mass and curvature, which is a distance."""
        # The curvature of the costs, w_j·k(k − 1)·dist^{k−2}, at the typical distance; no less
        # than that of order 2, for no step may be longer than the typical distance.
        order = self._problem.order
        curvature = 0.0
        if total.cost > 0:
            curvature = order * max(1.0, order - 1) * total.cost ** (1 - 2 / order)
        scale = np.broadcast_to(weights[:, None] * curvature, self.atoms.shape)
        slope = np.divide(
            total.atom_gradient, scale, out=np.zeros_like(self.atoms), where=scale > 0
        )
        self._atom_momentum = self._mix(self._atom_momentum, slope)
        moved = self._problem.metric.move(
            self.atoms, -self._rates.atoms * rate * self._atom_momentum
        )
        self.atoms = moved if self._problem.is_on_sphere else np.clip(moved, *self._box)

    def _shift_weights(self, total: TotalEvaluation, weights: Floats, rate: float) -> None:
        """Shift logarithms of weights against the gradient divided by the mean cost."""
        slopes = (total.weight_gradient - weights @ total.weight_gradient) / total.cost
        self._weight_momentum = self._mix(self._weight_momentum, slopes)
        logits = self._logits - self._rates.weights * rate * self._weight_momentum
        # Gradients of the sharp cost grow like 1/ζ; weights must not become zero.
        self._logits = np.maximum(logits, logits.max() + LEAST_LOGIT)

    def _mix(self, momentum: Floats, slope: Floats) -> Floats:
        kept = self._rates.momentum
        return kept * momentum + (1 - kept) * slope


def draw_problem(
    problem: EntropicProblem, size: int, random: np.random.Generator
) -> EntropicProblem:
    """Put a minibatch of that many samples in the place of each target."""
    targets = [replace(one, samples=_draw(one.samples, size, random)) for one in problem.targets]
    return replace(problem, targets=targets)


def _draw(samples: Samples, size: int, random: np.random.Generator) -> Samples:
    """Draw a minibatch of that many samples by mass, or take all where there are no more."""
    if len(samples) <= size:
        return samples
    ends = np.cumsum(samples.masses)
    chosen = np.searchsorted(ends, random.random(size) * ends[-1], side="right")
    number, repeats = np.unique(np.minimum(chosen, len(samples) - 1), return_counts=True)
    return Samples(samples.points[number], repeats.astype(float))
