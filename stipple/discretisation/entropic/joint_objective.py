"""Two discretisations for the sake of their plan: the joint objective of the EDOT paper.

Ω = W(μ, μ_m) + W(ν, ν_n) + W(γ_λ(μ, ν), γ_λ(μ_m, ν_n)), where W is an entropic cost at ζ, γ_λ the
entropic plan of two measures at λ, and the cost between pairs is the sum of those of their parts
("Efficient Discretizations of Optimal Transport", section 2). Costs are squared distances here:
then the cost between pairs is one in the space of pairs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from scipy.special import softmax

from stipple.arrays import Floats
from stipple.discretisation.entropic.descent import SMALLEST_WEIGHT
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.objectives import (
    EntropicObjective,
    Evaluation,
    evaluate_objective,
)
from stipple.discretisation.entropic.plan_slopes import pull_back_plan
from stipple.discretisation.entropic.sinkhorn import solve_plan
from stipple.geometry.metrics import Euclidean
from stipple.measures.samples import Samples

TOLERANCE = 1e-9
# Pairs of less mass than this part of the mean take no part: their weight is far below rounding.
LEAST_MASS = 1e-12


@dataclass(frozen=True, eq=False)
class Side:
    """Atoms of one of the two discretisations, shape (m, d), and their weights, shape (m,)."""

    atoms: Floats
    weights: Floats


@dataclass(frozen=True, eq=False)
class JointEvaluation:
    """The joint objective with its gradients; those of weights are along the simplex.

    `parts` are W of the first, of the second and of the plans.
    """

    parts: tuple[float, float, float]
    atom_gradients: tuple[Floats, Floats]
    weight_gradients: tuple[Floats, Floats]

    @property
    def value(self) -> float:
        """Ω."""
        return sum(self.parts)


class JointObjective:
    """Ω of two measures, as a function of two discretisations.

    Parameters
    ----------
    first, second : Samples
        μ and ν, of one dimension.
    plan_zeta : float
        λ, in units of cost.
    zeta : float
        ζ, in units of cost.
    objective : {"full", "sharp", "debiased"}
        What W is.
    settings : SinkhornSettings
        Of the solves.

    Attributes
    ----------
    plan : ndarray, shape (samples of the first, samples of the second)
        γ_λ(μ, ν).
    pairs : Samples
        The same, as samples in the space of pairs.
    """

    def __init__(
        self,
        first: Samples,
        second: Samples,
        plan_zeta: float,
        zeta: float,
        objective: EntropicObjective,
        settings: SinkhornSettings,
    ) -> None:
        self.measures = (first, second)
        self.plan_zeta, self.zeta = plan_zeta, zeta
        self.plan = self.solve(Side(first.points, first.masses), Side(second.points, second.masses))
        self.pairs = pair_up(
            Side(first.points, first.masses), Side(second.points, second.masses), self.plan
        )
        self._objective: EntropicObjective = objective
        self._settings = settings
        self._starts: list[Floats | None] = [None, None, None]

    def solve(self, first: Side, second: Side) -> Floats:
        """γ_λ of two discrete measures."""
        costs = Euclidean().measure_distances(first.atoms, second.atoms) ** 2
        return solve_plan(costs, first.weights, second.weights, self.plan_zeta).plan

    def evaluate(self, first: Side, second: Side) -> JointEvaluation:
        """Ω and its gradients."""
        plan = self.solve(first, second)
        m, n = plan.shape
        pairs = np.hstack((np.repeat(first.atoms, n, axis=0), np.tile(second.atoms, (m, 1))))
        alone = [
            self._evaluate_one(number, samples, side.atoms, side.weights)
            for number, (samples, side) in enumerate(
                zip(self.measures, (first, second), strict=True)
            )
        ]
        both = self._evaluate_one(2, self.pairs, pairs, plan.ravel() / plan.sum())
        slopes = pull_back_plan(
            plan,
            first.weights,
            second.weights,
            self.plan_zeta,
            both.weight_gradient.reshape(m, n),
        )
        moved = both.atom_gradient.reshape(m, n, 2, -1)
        # Costs of the plan are |y_i − z_j|².
        pull = 2 * slopes.costs[:, :, None] * (first.atoms[:, None] - second.atoms)
        return JointEvaluation(
            (alone[0].value, alone[1].value, both.value),
            (
                alone[0].atom_gradient + moved[:, :, 0].sum(axis=1) + pull.sum(axis=1),
                alone[1].atom_gradient + moved[:, :, 1].sum(axis=0) - pull.sum(axis=0),
            ),
            (
                alone[0].weight_gradient + slopes.source,
                alone[1].weight_gradient + slopes.target,
            ),
        )

    def _evaluate_one(
        self, number: int, samples: Samples, atoms: Floats, weights: Floats
    ) -> Evaluation:
        found = evaluate_objective(
            samples,
            atoms,
            weights,
            self.zeta,
            objective=self._objective,
            settings=self._settings,
            start=self._starts[number],
        )
        self._starts[number] = found.transport.target_potential
        return found


@dataclass(frozen=True, eq=False)
class JointDescent:
    """Where the descent of Ω ended, and its values at the start and after each step."""

    first: Side
    second: Side
    history: tuple[float, ...]
    converged: bool


def descend_jointly(
    joint: JointObjective,
    first: Side,
    second: Side,
    *,
    free: bool,
    iterations: int,
    on_step: Callable[[int, float], None] | None = None,
) -> JointDescent:
    """Minimise Ω by L-BFGS-B over atoms, in the boxes of the samples, and logarithms of weights."""
    sides = (first, second)
    sizes = [side.atoms.size for side in sides]
    counts = [len(side.weights) if free else 0 for side in sides]
    ends = np.cumsum([sizes[0], counts[0], sizes[1], counts[1]])

    def unpack(variables: Floats) -> list[Side]:
        parts = np.split(variables, ends[:-1])
        return [
            Side(places.reshape(side.atoms.shape), softmax(logits) if free else side.weights)
            for side, places, logits in zip(sides, parts[::2], parts[1::2], strict=True)
        ]

    def evaluate(variables: Floats) -> tuple[float, Floats]:
        now = unpack(variables)
        found = joint.evaluate(*now)
        slopes = []
        for side, along, by_weight in zip(
            now, found.atom_gradients, found.weight_gradients, strict=True
        ):
            slopes.append(along.ravel())
            if free:
                slopes.append(side.weights * (by_weight - side.weights @ by_weight))
        return found.value / joint.zeta, np.concatenate(slopes) / joint.zeta

    def note(intermediate_result: OptimizeResult) -> None:
        history.append(float(intermediate_result.fun) * joint.zeta)
        if on_step is not None:
            on_step(len(history) - 1, history[-1])

    begin = np.concatenate([part for side in sides for part in _pack(side, free)])
    history = [evaluate(begin)[0] * joint.zeta]
    found = minimize(
        evaluate,
        begin,
        jac=True,
        method="L-BFGS-B",
        bounds=_list_bounds(joint, sides, counts),
        callback=note,
        options={"maxiter": iterations, "ftol": TOLERANCE, "gtol": 1e-9},
    )
    end = unpack(found.x)
    return JointDescent(end[0], end[1], tuple(history), bool(found.success))


def _pack(side: Side, free: bool) -> list[Floats]:
    if not free:
        return [side.atoms.ravel()]
    least = SMALLEST_WEIGHT / len(side.weights)
    return [side.atoms.ravel(), np.log(np.maximum(side.weights, least))]


def _list_bounds(
    joint: JointObjective, sides: tuple[Side, Side], counts: list[int]
) -> list[tuple[float | None, float | None]]:
    """Least and largest value of each variable."""
    bounds: list[tuple[float | None, float | None]] = []
    for samples, side, count in zip(joint.measures, sides, counts, strict=True):
        lower, upper = samples.points.min(axis=0), samples.points.max(axis=0)
        box = list(zip(lower.tolist(), upper.tolist(), strict=True))
        bounds += [*(box * len(side.atoms)), *([(None, None)] * count)]
    return bounds


def pair_up(first: Side, second: Side, plan: Floats) -> Samples:
    """Make samples in the space of pairs of a plan, without pairs of hardly any mass."""
    rows, columns = np.nonzero(plan > LEAST_MASS / plan.size)
    points = np.hstack((first.atoms[rows], second.atoms[columns]))
    return Samples(points, plan[rows, columns])
