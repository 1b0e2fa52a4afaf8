"""Simple discretisation: stochastic descent on fresh samples, finished on all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stipple.arrays import Floats
from stipple.choices import AtomWeights, Finish
from stipple.discretisation.entropic.cells import check_count, choose_start, merge_duplicates
from stipple.discretisation.entropic.checks import check_cost
from stipple.discretisation.entropic.descent import descend
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.objectives import EntropicObjective
from stipple.discretisation.entropic.problem import EntropicProblem, Target, pool_targets
from stipple.discretisation.entropic.stochastic import Rates, StochasticDescent, draw_problem
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric
from stipple.measures.samples import Samples

# Largest number of samples times atoms whose descent on all samples takes seconds, not hours.
AFFORDABLE = 2**21
FINISH_ITERATIONS = 500


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
        it. Empty without a finish, and where all samples were too many.
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
    rates: Rates = Rates(),  # noqa: B008
    finish: Finish = "lbfgs",
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
    rates : Rates
        How far stochastic steps go.
    finish : {"lbfgs", "none"}
        Whether the descent on all samples follows.
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
    check_cost(zeta, order)
    schedule = _Schedule(batch, iterations, rates, finish, starts, seed, on_step)
    problem = EntropicProblem(
        [replace(target, samples=merge_duplicates(target.samples)) for target in targets],
        zeta,
        objective=objective,
        free=weights == "free",
        order=order,
        metric=metric or Euclidean(),
        settings=settings or SinkhornSettings(),
    )
    pool = pool_targets(problem.targets)
    check_count(pool, count)
    found = (_descend_once(problem, pool, count, schedule, start) for start in range(starts))
    return min(found, key=lambda one: one.value)


@dataclass(frozen=True)
class _Schedule:
    """How many samples, steps and starts, and how far steps go; see `discretise_simple`."""

    batch: int
    iterations: int
    rates: Rates
    finish: Finish
    starts: int
    seed: int
    on_step: Callable[[DescentStep], None] | None

    def __post_init__(self) -> None:
        for name, number, least in (
            ("samples in a minibatch", self.batch, 1),
            ("iterations", self.iterations, 0),
            ("starts", self.starts, 1),
        ):
            if number < least:
                raise StippleError(f"The number of {name} must be at least {least}, not {number}.")


def _descend_once(
    problem: EntropicProblem, pool: Samples, count: int, schedule: _Schedule, start: int
) -> Discretisation:
    """Descend from one start: stochastic steps, then all samples where that is affordable."""
    # Each start has its own stream, so that more starts never change the first ones.
    random = np.random.default_rng([schedule.seed, start])
    drawn = None if start == 0 else random
    descent = StochasticDescent(
        problem, choose_start(pool, count, problem.free, problem.order, drawn), schedule.rates
    )
    estimates = _take_steps(descent, schedule, start, random)
    affordable = sum(len(target.samples) for target in problem.targets) * count <= AFFORDABLE
    measured = problem if affordable else _draw_affordable(problem, count, schedule)
    finished = affordable and schedule.finish == "lbfgs"
    end = descend(
        measured,
        descent.atoms,
        descent.weights,
        iterations=FINISH_ITERATIONS if finished else 0,
    )
    history = end.history if finished else ()
    return Discretisation(
        atoms=end.atoms,
        weights=end.weights,
        value=end.value,
        cost=end.cost,
        objective=problem.objective,
        zeta=problem.zeta,
        estimates=estimates,
        history=history,
        evaluated=tuple(len(target.samples) for target in measured.targets),
        iterations=schedule.iterations + max(0, len(history) - 1),
        converged=finished and end.converged,
        starts=schedule.starts,
        seed=schedule.seed,
    )


def _take_steps(
    descent: StochasticDescent, schedule: _Schedule, start: int, random: np.random.Generator
) -> tuple[float, ...]:
    """Take all stochastic steps; the objective on the minibatch of each."""
    estimates = []
    for number in range(schedule.iterations):
        estimate, zeta = descent.take_step(random, schedule.batch, number / schedule.iterations)
        estimates.append(estimate)
        if schedule.on_step is not None:
            schedule.on_step(DescentStep(start, number, estimate, zeta))
    return tuple(estimates)


def _draw_affordable(problem: EntropicProblem, count: int, schedule: _Schedule) -> EntropicProblem:
    """Draw as many samples as are affordable: the same for all starts, which are compared."""
    size = max(schedule.batch, AFFORDABLE // (count * len(problem.targets)))
    return draw_problem(problem, size, np.random.default_rng([schedule.seed]))
