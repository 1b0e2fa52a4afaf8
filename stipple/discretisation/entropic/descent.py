"""Deterministic descent of entropic objectives on all samples, over atoms and weights together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from scipy.special import softmax

from stipple.arrays import Floats
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.objectives import EntropicObjective, evaluate_objective
from stipple.errors import StippleError
from stipple.geometry.metrics import Metric, Sphere
from stipple.measures.samples import Samples

# Relative decrease of the objective at which the descent has converged.
TOLERANCE = 1e-11
# Weights start no lower, as a part of the mean: an atom without mass has no gradient.
SMALLEST_WEIGHT = 1e-6


@dataclass(frozen=True, eq=False)
class Target:
    """A measure to come near to, with its share λ of the objective."""

    samples: Samples
    share: float


@dataclass(frozen=True, eq=False)
class TotalEvaluation:
    """Σ_l λ_l·(objective, cost and gradients) of several targets.

    `potentials` are the g of each, from which the next solves start; `converged` tells whether all
    their transports did.
    """

    value: float
    cost: float
    atom_gradient: Floats
    weight_gradient: Floats
    potentials: list[Floats]
    converged: bool


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


def make_targets(measures: Sequence[Samples], shares: Floats) -> list[Target]:
    """Measures of positive share, with shares that add up to 1."""
    shares = np.asarray(shares, dtype=float)
    if shares.shape != (len(measures),) or len(measures) == 0:
        raise StippleError(
            f"A barycentre takes one share for each measure, not {shares.size} for {len(measures)}."
        )
    if not np.isfinite(shares).all() or (shares < 0).any() or not shares.any():
        raise StippleError(
            f"Shares must be finite, not negative and not all zero: {shares.tolist()}."
        )
    dimensions = sorted({measure.dimension for measure in measures})
    if len(dimensions) > 1:
        raise StippleError(f"Measures of different dimensions have no barycentre: {dimensions}.")
    shares = shares / shares.sum()
    return [
        Target(measure, float(share))
        for measure, share in zip(measures, shares, strict=True)
        if share > 0
    ]


def evaluate_total(
    targets: Sequence[Target],
    atoms: Floats,
    weights: Floats,
    zeta: float,
    *,
    objective: EntropicObjective,
    order: float,
    metric: Metric,
    settings: SinkhornSettings,
    starts: Sequence[Floats | None],
) -> TotalEvaluation:
    """Add up the objectives of all targets, each times its share; see `evaluate_objective`."""
    value = cost = 0.0
    atom_gradient, weight_gradient = np.zeros_like(atoms), np.zeros_like(weights)
    potentials, converged = [], True
    for target, start in zip(targets, starts, strict=True):
        one = evaluate_objective(
            target.samples,
            atoms,
            weights,
            zeta,
            objective=objective,
            order=order,
            metric=metric,
            settings=settings,
            start=start,
        )
        value += target.share * one.value
        cost += target.share * one.transport.cost
        atom_gradient += target.share * one.atom_gradient
        weight_gradient += target.share * one.weight_gradient
        potentials.append(one.transport.target_potential)
        converged &= one.transport.converged
    return TotalEvaluation(value, cost, atom_gradient, weight_gradient, potentials, converged)


def find_box(targets: Sequence[Target]) -> tuple[Floats, Floats]:
    """Opposite corners, shape (d,), of the box that bounds the samples of all targets."""
    lower = np.min([target.samples.points.min(axis=0) for target in targets], axis=0)
    upper = np.max([target.samples.points.max(axis=0) for target in targets], axis=0)
    return lower, upper


def descend(
    targets: Sequence[Target],
    atoms: Floats,
    weights: Floats,
    zeta: float,
    *,
    objective: EntropicObjective,
    free: bool,
    order: float,
    metric: Metric,
    settings: SinkhornSettings,
    iterations: int,
) -> Descent:
    """Minimise Σ_l λ_l·objective_l by L-BFGS-B over atoms and the logarithms of weights.

    Atoms stay in the box that bounds the samples, on the sphere they are the directions of free
    vectors.

    Parameters
    ----------
    targets : sequence of Target
        Measures of one dimension.
    atoms : ndarray, shape (m, d)
        The start.
    weights : ndarray, shape (m,)
        Their weights at the start, sum 1.
    zeta : float
        Regularisation ζ, in units of cost.
    objective : {"full", "sharp", "debiased"}
        As in `evaluate_objective`.
    free : bool
        Whether weights are free, or kept.
    order : float
        k.
    metric : Metric
        The distance.
    settings : SinkhornSettings
        Of the inner solves, whose errors limit how far the descent can go.
    iterations : int
        Most steps.
    """
    count, dimension = atoms.shape
    on_sphere = isinstance(metric, Sphere)
    lower, upper = find_box(targets)
    # In units of the box, steps and stopping do not depend on those of the samples.
    scale = 1.0 if on_sphere else float(np.linalg.norm(upper - lower)) or 1.0
    origin = np.zeros(dimension) if on_sphere else lower
    height = scale**order
    starts: list[Floats | None] = [None] * len(targets)
    history: list[float] = []
    solved = True

    def unpack(variables: Floats) -> tuple[Floats, Floats, Floats]:
        vectors = variables[: atoms.size].reshape(atoms.shape)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True) if on_sphere else np.ones(1)
        masses = softmax(variables[atoms.size :]) if free else weights
        return origin + vectors / lengths * scale, masses, lengths

    def evaluate(variables: Floats) -> tuple[float, Floats]:
        nonlocal starts, solved
        moved, masses, lengths = unpack(variables)
        total = evaluate_total(
            targets,
            moved,
            masses,
            zeta,
            objective=objective,
            order=order,
            metric=metric,
            settings=settings,
            starts=starts,
        )
        starts = list(total.potentials)
        solved = total.converged
        gradient = (total.atom_gradient / lengths * scale).ravel()
        if free:
            slopes = total.weight_gradient
            gradient = np.concatenate((gradient, masses * (slopes - masses @ slopes)))
        return total.value / height, gradient / height

    variables = ((atoms - origin) / scale).ravel()
    bounds = None
    if not on_sphere:
        bounds = list(zip(np.zeros(dimension), (upper - lower) / scale, strict=True)) * count
    if free:
        logits = np.log(np.maximum(weights, SMALLEST_WEIGHT / count))
        variables = np.concatenate((variables, logits))
        bounds = bounds and bounds + [(None, None)] * count
    history.append(evaluate(variables)[0] * height)
    best, solved_at_best = variables, solved

    def record(intermediate_result: OptimizeResult) -> None:
        nonlocal best, solved_at_best
        value = float(intermediate_result.fun) * height
        # Near the end, errors of the inner solves can make a step up look like one down.
        if value < history[-1]:
            history.append(value)
            best, solved_at_best = intermediate_result.x.copy(), solved

    result = minimize(
        evaluate,
        variables,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        callback=record,
        options={
            "maxiter": iterations,
            "maxcor": 20,
            "ftol": TOLERANCE,
            "gtol": 1e-10,
        },
    )
    moved, masses, _ = unpack(best)
    final = evaluate_total(
        targets,
        moved,
        masses,
        zeta,
        objective=objective,
        order=order,
        metric=metric,
        settings=settings,
        starts=starts,
    )
    converged = bool(result.success) and final.converged and solved_at_best
    return Descent(moved, masses, final.value, final.cost, tuple(history), converged)
