"""Which solver finds the atoms."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.density import Density
from stipple.discretisation.measure import Measure
from stipple.discretisation.settings import Settings, make_metric, make_sinkhorn
from stipple.samples import Samples
from stipple.solvers.bisection import start_from_bisection
from stipple.solvers.metrics import Metric
from stipple.solvers.parallel import Workers
from stipple.solvers.quantisation import quantise
from stipple.solvers.transport import TransportSolver

# From this number of atoms on, `auto` divides and conquers.
ADAPTIVE_COUNT = 50
# So many starts are worth their time for few atoms, or where samples times atoms are few.
STARTS, FEW_ATOMS, CHEAP_ENTRIES = 4, 20, 2_000_000
# Steps of the uniform quantisation that weighted atoms start from, and the pixels for each atom
# below which it does not pay.
EVEN_STEPS, FEWEST_PIXELS = 30, 4


@dataclass(frozen=True, eq=False)
class Solution:
    """What an algorithm found.

    `potentials`, shape (targets, m), prove the cost to each target, where they are known.
    """

    atoms: Floats
    weights: Floats
    history: Floats
    iterations: int
    converged: bool
    algorithm: str
    potentials: Floats | None = None


def find_atoms(
    measure: Measure,
    count: int,
    settings: Settings,
    zeta: float,
    on_step: Callable[[int, float], None] | None,
) -> Solution:
    """Run the algorithm that the settings ask for."""
    samples, metric = measure.samples, make_metric(settings.metric)
    if settings.objective == "exact":
        if settings.weights == "free":
            return _quantise(measure, count, settings, metric, on_step)
        return _quantise_evenly(samples, count, settings, metric, on_step)
    adaptive = settings.algorithm == "adaptive" or (
        settings.algorithm == "auto" and count >= ADAPTIVE_COUNT
    )
    solve = _solve_in_cells if adaptive else _descend
    return solve(samples, count, settings, metric, zeta, on_step)


def _quantise(
    measure: Measure,
    count: int,
    settings: Settings,
    metric: Metric,
    on_step: Callable[[int, float], None] | None,
) -> Solution:
    from stipple.solvers.weighted_quantisation import quantise_weighted

    limit = {} if settings.steps is None else {"iterations": settings.steps}
    samples = measure.samples
    # Few atoms have local minima that differ, and take no time.
    starts = STARTS if len(samples) * count <= CHEAP_ENTRIES else 1
    even = _place_evenly(measure, count, settings) if starts == 1 else None
    found = min(
        (
            quantise_weighted(
                samples,
                count,
                order=settings.order,
                metric=metric,
                seed=settings.seed + number,
                start=even,
                workers=Workers(settings.threads),
                on_step=on_step,
                **limit,
            )
            for number in range(starts)
        ),
        key=lambda one: one.cost,
    )
    name = "L-BFGS" if starts == 1 else f"L-BFGS, the best of {starts} starts"
    return Solution(
        found.atoms, found.weights, found.history, found.iterations, found.converged, name
    )


def _place_evenly(measure: Measure, count: int, settings: Settings) -> Floats | None:
    """Uniform quantisation of p^(d/(d + k)), the density of the best atoms, where p is on pixels.

    Pixels trap atoms that start at random in minima one per cent worse (Zador; Graf and Luschgy,
    Foundations of Quantization for Probability Distributions, 2000, theorem 7.5).
    """
    domain = measure.domain
    if (
        domain is None
        or settings.metric != "euclidean"
        or count * FEWEST_PIXELS > len(measure.samples)
    ):
        return None
    density = Density(domain.density.values ** (2 / (2 + settings.order)))
    solver = TransportSolver(density, threads=settings.threads)
    placed = quantise(solver, *start_from_bisection(density, count), iterations=EVEN_STEPS)
    return domain.to_domain(placed.transport.points)


def _quantise_evenly(
    samples: Samples,
    count: int,
    settings: Settings,
    metric: Metric,
    on_step: Callable[[int, float], None] | None,
) -> Solution:
    from stipple.solvers.entropic.equal import quantise_equally

    limit = {} if settings.steps is None else {"iterations": settings.steps}
    found = quantise_equally(
        samples,
        count,
        order=settings.order,
        metric=metric,
        on_step=on_step and (lambda step: on_step(step.number, step.cost)),
        **limit,
    )
    return Solution(
        found.atoms,
        found.weights,
        np.array(found.history),
        found.iterations,
        found.converged,
        "alternating transport and centres",
        found.potentials,
    )


def _descend(
    samples: Samples,
    count: int,
    settings: Settings,
    metric: Metric,
    zeta: float,
    on_step: Callable[[int, float], None] | None,
) -> Solution:
    from stipple.solvers.entropic.simple import discretise_simple

    assert settings.objective != "exact"
    limit = {} if settings.steps is None else {"iterations": settings.steps}
    found = discretise_simple(
        samples,
        count,
        zeta,
        objective=settings.objective,
        weights=settings.weights,
        batch=settings.batch,
        starts=STARTS if count <= FEW_ATOMS else 1,
        order=settings.order,
        metric=metric,
        settings=make_sinkhorn(settings),
        seed=settings.seed,
        on_step=on_step and (lambda step: on_step(step.number, step.estimate)),
        **limit,
    )
    history = np.array(found.history or found.estimates)
    return Solution(
        found.atoms, found.weights, history, found.iterations, found.converged, "simple"
    )


def _solve_in_cells(
    samples: Samples,
    count: int,
    settings: Settings,
    metric: Metric,
    _zeta: float,
    on_step: Callable[[int, float], None] | None,
) -> Solution:
    from stipple.solvers.entropic.adaptive import discretise_adaptive

    assert settings.objective != "exact"
    found = discretise_adaptive(
        samples,
        count,
        settings.zeta,
        objective=settings.objective,
        weights=settings.weights,
        rule=settings.cells,
        order=settings.order,
        metric=metric,
        settings=make_sinkhorn(settings),
        workers=settings.threads,
        on_cell=on_step and (lambda cell: on_step(cell.done, float(cell.cells))),
    )
    return Solution(
        found.atoms,
        found.weights,
        np.array([found.value]),
        found.iterations,
        found.converged,
        "adaptive",
    )
