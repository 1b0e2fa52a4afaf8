"""Simple discretisation: stochastic descent on fresh samples, finished on all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax

from stipple.arrays import Floats
from stipple.choices import AtomWeights
from stipple.discretisation.entropic.cells import check_count, merge_duplicates, place_start
from stipple.discretisation.entropic.descent import (
    Target,
    descend,
    evaluate_total,
    find_box,
)
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.objectives import EntropicObjective
from stipple.discretisation.entropic.sinkhorn import check_cost
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric, Sphere
from stipple.measures.samples import Samples

# Largest number of samples times atoms whose descent on all samples takes seconds, not hours.
AFFORDABLE = 2**21
FINISH_ITERATIONS = 500
# Minibatches are noisier than this marginal error.
BATCH_TOLERANCE = 1e-4
MOMENTUM = 0.8
# Parts of a Newton-like step for atoms, and of the mean cost for logarithms of weights.
ATOM_RATE = 0.5
WEIGHT_RATE = 0.2
# Logarithm of the least weight, as a part of the largest.
LEAST_LOGIT = -200.0
# ζ comes down from the cost of the start over this part of the steps.
ANNEALED = 0.5


@dataclass(frozen=True)
class DescentStep:
    """One stochastic step: an estimate of the objective at its ζ, from one minibatch."""

    start: int
    number: int
    estimate: float
    zeta: float


@dataclass(frozen=True, eq=False)
class Discretisation:
    """Atoms and weights that are near one measure, or several, and how near.

    Attributes
    ----------
    atoms : ndarray, shape (m, d)
        y, in units of the samples.
    weights : ndarray, shape (m,)
        w > 0, sum 1.
    value : float
        The objective, Σ_l λ_l·objective_l for several measures.
    cost : float
        Σ_l λ_l⟨P_l, C_l⟩, the sharp objective.
    objective : {"full", "sharp", "debiased"}
        What was minimised.
    zeta : float
        Its ζ, in units of cost.
    estimates : tuple of float
        The objective on the minibatch of each stochastic step, noisy, at the ζ of the step.
    history : tuple of float
        The objective on all samples at the start of the finish and after each step that lowered
        it. Empty where all samples were too many.
    evaluated : tuple of int
        Distinct samples of each measure that value and cost are from: all, or those of as many
        draws as were affordable.
    iterations : int
        Steps of both kinds of the best start.
    converged : bool
        Whether the finish converged; stochastic steps alone never say so.
    starts : int
        Starts that were tried; the best is told.
    seed : int
        Of everything random.
    """

    atoms: Floats
    weights: Floats
    value: float
    cost: float
    objective: EntropicObjective
    zeta: float
    estimates: tuple[float, ...]
    history: tuple[float, ...]
    evaluated: tuple[int, ...]
    iterations: int
    converged: bool
    starts: int
    seed: int


def discretise_simple(
    targets: Sequence[Target],
    count: int,
    zeta: float,
    *,
    objective: EntropicObjective = "full",
    weights: AtomWeights = "free",
    batch: int = 256,
    iterations: int = 200,
    starts: int = 1,
    order: float = 2.0,
    metric: Metric | None = None,
    settings: SinkhornSettings | None = None,
    seed: int = 0,
    on_step: Callable[[DescentStep], None] | None = None,
) -> Discretisation:
    """Discretise measures by entropic transport: minimise Σ_l λ_l·objective(μ^l, Σ_j w_j δ_{y_j}).

    Stochastic descent with momentum: each step draws a fresh minibatch, solves the transport to
    the atoms, and moves atoms and logarithms of weights. Gradients of atoms are divided by mass
    and curvature, those of weights by the mean cost, so that rates have no units; both rates fall
    to zero. ζ is annealed from the cost of the start. Where n·m is at most 2^21 a quasi-Newton
    descent on all samples follows, which is not random.

    Parameters
    ----------
    targets : sequence of Target
        μ^l with shares λ_l, from `make_targets`; starts are from their mixture.
    count : int
        m, at most as many as there are distinct samples.
    zeta : float
        Regularisation ζ, in units of cost.
    objective : {"full", "sharp", "debiased"}
        As in `evaluate_objective`.
    weights : {"free", "equal"}
        "equal" keeps 1/m.
    batch : int
        Samples of a minibatch; all take part where there are no more.
    iterations : int
        Stochastic steps of each start; 0 leaves the finish alone.
    starts : int
        The first start is a division of the samples, others are drawn; the best end is kept.
    order : float
        k ≥ 1: costs are k-th powers of distances.
    metric : Metric, optional
        The distance; Euclidean by default. Atoms stay in the box of the samples, or on the sphere.
    settings : SinkhornSettings, optional
        Of the finish; minibatches are solved to a marginal error of 1e-4.
    seed : int
        Of minibatches and starts.
    on_step : callable, optional
        Told after each stochastic step.

    Raises
    ------
    StippleError
        For counts, orders or regularisations that make no sense.
    """
    metric = metric or Euclidean()
    settings = settings or SinkhornSettings()
    check_cost(zeta, order)
    for name, number, least in (
        ("samples in a minibatch", batch, 1),
        ("iterations", iterations, 0),
        ("starts", starts, 1),
    ):
        if number < least:
            raise StippleError(f"The number of {name} must be at least {least}, not {number}.")
    merged = [replace(target, samples=merge_duplicates(target.samples)) for target in targets]
    pool = pool_targets(merged)
    check_count(pool, count)
    free = weights == "free"
    best: Discretisation | None = None
    for number in range(starts):
        # Each start has its own stream, so that more starts never change the first ones.
        random = np.random.default_rng([seed, number])
        atoms = choose_start(pool, count, free, order, None if number == 0 else random)
        descender = _StochasticDescent(
            merged, atoms, zeta, objective, free, order, metric, settings
        )
        estimates = []
        for step in range(iterations):
            estimate, step_zeta = descender.take_step(random, batch, step / iterations)
            estimates.append(estimate)
            if on_step is not None:
                on_step(DescentStep(number, step, estimate, step_zeta))
        affordable = sum(len(target.samples) for target in merged) * count <= AFFORDABLE
        measured = merged
        if not affordable:
            size = max(batch, AFFORDABLE // (count * len(merged)))
            # One stream for all starts, which are compared on the same samples.
            judge = np.random.default_rng([seed])
            measured = [replace(t, samples=draw(t.samples, size, judge)) for t in merged]
        end = descend(
            measured,
            descender.atoms,
            descender.weights,
            zeta,
            objective=objective,
            free=free,
            order=order,
            metric=metric,
            settings=settings,
            iterations=FINISH_ITERATIONS if affordable else 0,
        )
        history = end.history if affordable else ()
        found = Discretisation(
            atoms=end.atoms,
            weights=end.weights,
            value=end.value,
            cost=end.cost,
            objective=objective,
            zeta=zeta,
            estimates=tuple(estimates),
            history=history,
            evaluated=tuple(len(target.samples) for target in measured),
            iterations=iterations + max(0, len(history) - 1),
            converged=affordable and end.converged,
            starts=starts,
            seed=seed,
        )
        if best is None or found.value < best.value:
            best = found
    assert best is not None
    return best


def pool_targets(targets: Sequence[Target]) -> Samples:
    """Mix the samples of all targets by their shares into one measure, which starts are from."""
    points = np.concatenate([target.samples.points for target in targets])
    masses = np.concatenate([target.share * target.samples.masses for target in targets])
    volume = targets[0].samples.volume if len(targets) == 1 else None
    return merge_duplicates(Samples(points, masses, volume))


def choose_start(
    samples: Samples, count: int, free: bool, order: float, random: np.random.Generator | None
) -> Floats:
    """Choose distinct samples: by division, or drawn by mass."""
    exponent = samples.dimension / (samples.dimension + order) if free else 1.0
    if random is None:
        return place_start(samples, count, exponent=exponent, order=order if free else 0.0)
    # Exponential clocks: a draw without repetition that no tiny mass can break.
    clocks = np.log(random.exponential(size=len(samples))) - np.log(samples.masses)
    return samples.points[np.argpartition(clocks, count - 1)[:count]]


def draw(samples: Samples, size: int, random: np.random.Generator) -> Samples:
    """Draw a minibatch of that many samples by mass, or take all where there are no more."""
    if len(samples) <= size:
        return samples
    ends = np.cumsum(samples.masses)
    chosen = np.searchsorted(ends, random.random(size) * ends[-1], side="right")
    number, repeats = np.unique(np.minimum(chosen, len(samples) - 1), return_counts=True)
    return Samples(samples.points[number], repeats.astype(float))


class _StochasticDescent:
    """Atoms, logarithms of weights and their momentum."""

    def __init__(
        self,
        targets: Sequence[Target],
        atoms: Floats,
        zeta: float,
        objective: EntropicObjective,
        free: bool,
        order: float,
        metric: Metric,
        settings: SinkhornSettings,
    ) -> None:
        self.atoms = atoms
        self._logits = np.zeros(len(atoms))
        self._targets = targets
        self._zeta = zeta
        self._objective = objective
        self._free = free
        self._order = order
        self._metric = metric
        self._settings = replace(
            settings, tolerance=max(BATCH_TOLERANCE, settings.reached_tolerance)
        )
        self._box = find_box(targets)
        self._potentials: list[Floats | None] = [None] * len(targets)
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
        targets = [replace(t, samples=draw(t.samples, batch, random)) for t in self._targets]
        zeta = self._zeta
        if self._first_cost is not None and passed < ANNEALED:
            zeta *= max(1.0, self._first_cost / zeta) ** (1 - passed / ANNEALED)
        weights = self.weights
        total = evaluate_total(
            targets,
            self.atoms,
            weights,
            zeta,
            objective=self._objective,
            order=self._order,
            metric=self._metric,
            settings=self._settings,
            starts=self._potentials,
        )
        if self._first_cost is None:
            self._first_cost = total.cost
        self._potentials = list(total.potentials)
        # The curvature of the costs, w_j·k(k − 1)·dist^{k−2}, at the typical distance; no less
        # than that of order 2, for no step may be longer than the typical distance.
        order = self._order
        curvature = 0.0
        if total.cost > 0:
            curvature = order * max(1.0, order - 1) * total.cost ** (1 - 2 / order)
        rate = 1 - passed
        scale = np.broadcast_to(weights[:, None] * curvature, self.atoms.shape)
        slope = np.divide(
            total.atom_gradient, scale, out=np.zeros_like(self.atoms), where=scale > 0
        )
        self._atom_momentum = MOMENTUM * self._atom_momentum + (1 - MOMENTUM) * slope
        moved = self._metric.move(self.atoms, -ATOM_RATE * rate * self._atom_momentum)
        self.atoms = moved if isinstance(self._metric, Sphere) else np.clip(moved, *self._box)
        if self._free and total.cost > 0:
            slopes = (total.weight_gradient - weights @ total.weight_gradient) / total.cost
            self._weight_momentum = MOMENTUM * self._weight_momentum + (1 - MOMENTUM) * slopes
            logits = self._logits - WEIGHT_RATE * rate * self._weight_momentum
            # Gradients of the sharp cost grow like 1/ζ; weights must not become zero.
            self._logits = np.maximum(logits, logits.max() + LEAST_LOGIT)
        return total.value, zeta
