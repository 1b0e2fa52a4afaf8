"""Which solver finds the atoms."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.bounded_methods import CHEAP_ENTRIES, bound_masses, quantise_within
from stipple.discretisation.coinciding import merge_coinciding
from stipple.discretisation.histogram import FEWEST_PIXELS, count_samples
from stipple.discretisation.line import quantise_line
from stipple.discretisation.settings import Settings, make_metric, make_sinkhorn
from stipple.discretisation.solution import AtomCell, OnStep, Solution
from stipple.errors import StippleError
from stipple.geometry.bisection import start_from_bisection
from stipple.geometry.bricks import place_near_bisection
from stipple.geometry.metrics import Metric
from stipple.geometry.shares import place_shares
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples
from stipple.transport.mass_bounds import MassBounds
from stipple.transport.quantisation import Quantisation, Step, quantise_best
from stipple.transport.semi_discrete import TransportSolver

if TYPE_CHECKING:
    from stipple.discretisation.entropic.adaptive import RunCells

# So many starts of the descent are worth their time for few atoms.
STARTS, FEW_ATOMS = 4, 20
# The descent takes as many samples as keep its kernel matrix below this size.
DESCENT_ENTRIES = 2**18
# Steps of the uniform quantisation that weighted atoms start from.
EVEN_STEPS = 30


def find_atoms(
    measure: Measure,
    n: int,
    settings: Settings,
    zeta: float | None,
    on_step: OnStep,
    run_cells: "RunCells | None" = None,
    start: Floats | None = None,
    shares: Floats | None = None,
) -> Solution:
    """Run the algorithm that the settings ask for; the adaptive one lets `run_cells` do cells.

    Free atoms of the exact objective may begin at a start, shape (m, d), and others weigh their
    shares, shape (m,), of sum 1.
    """
    samples, metric = measure.samples, make_metric(settings.metric)
    if settings.objective == "exact":
        if settings.weights == "free" and settings.capacity is None:
            return _quantise(measure, n, settings, start, on_step)
        bounds = bound_masses(n, settings, shares)
        if settings.capacity is not None:
            return quantise_within(samples, bounds, settings, start, None, on_step)
        return _quantise_fixed(measure, bounds, settings, on_step)
    if settings.algorithm == "adaptive":
        return _solve_in_cells(samples, n, settings, metric, on_step, run_cells)
    assert zeta is not None
    return descend([samples], np.ones(1), n, settings, zeta, on_step)


def takes_steps(dimension: int, settings: Settings) -> bool:
    """Whether atoms are moved step by step; else a number of steps would be refused."""
    line = dimension == 1 and settings.objective == "exact" and settings.weights == "free"
    return not line and settings.metric not in ("geodesic", "precomputed")


def _limit_steps(settings: Settings) -> dict[str, int]:
    """Most iterations, as an argument; without any, solvers know how many they usually need."""
    return {} if settings.steps is None else {"iterations": settings.steps}


def _quantise(
    measure: Measure, n: int, settings: Settings, start: Floats | None, on_step: OnStep
) -> Solution:
    from stipple.discretisation.weighted_search import search_weighted

    samples = measure.samples
    if start is None and settings.start == "auto" and settings.restarts is None:
        best = None
        if samples.dimension == 1:
            best = quantise_line(samples.points[:, 0], samples.masses, n, settings.order)
        if best is not None and best[1]:
            if settings.steps is not None:
                raise StippleError(
                    "A number of steps was given, and the best atoms of all on a line are found"
                    " without steps: leave it out, or give a start."
                )
            return _weigh_line(samples, best[0], settings)
        if best is not None:
            start = best[0][:, None]
        elif len(samples) * n > CHEAP_ENTRIES:
            start = _place_evenly(measure, n, settings)
    found, starts = search_weighted(
        samples,
        n,
        order=settings.order,
        metric=make_metric(settings.metric),
        seed=settings.seed,
        start=settings.start if start is None else start,
        restarts=settings.restarts,
        workers=Workers(settings.threads),
        on_step=on_step,
        **_limit_steps(settings),
    )
    name = "L-BFGS" if starts == 1 else f"L-BFGS, the best of {starts} starts"
    return Solution(
        found.atoms, found.weights, found.history, found.iterations, found.converged, name
    )


def _weigh_line(samples: Samples, atoms: Floats, settings: Settings) -> Solution:
    """Give weights to the best atoms of all on a line; there is no step to take."""
    from stipple.discretisation.weighted_quantisation import quantise_weighted

    found = quantise_weighted(
        samples,
        len(atoms),
        order=settings.order,
        iterations=0,
        start=atoms[:, None],
        workers=Workers(settings.threads),
    )
    name = "dynamic programming"
    return Solution(found.atoms, found.weights, found.history, 0, True, name, optimal=True)


def _place_evenly(measure: Measure, n: int, settings: Settings) -> Floats | None:
    """Uniform quantisation of p^(d/(d + k)), the density of the best atoms, where p is on pixels.

    Pixels trap atoms that start at random in minima one per cent worse (Zador; Graf and Luschgy,
    Foundations of Quantization for Probability Distributions, 2000, theorem 7.5).
    """
    domain = _find_pixels(measure, n, settings)
    if domain is None:
        return None
    density = Density(domain.density.values ** (2 / (2 + settings.order)))
    return domain.to_domain(_quantise_pixels(density, n, settings).transport.points)


def _quantise_fixed(
    measure: Measure, bounds: MassBounds, settings: Settings, on_step: OnStep
) -> Solution:
    """Find atoms of given weights."""
    domain = _find_pixels(measure, len(bounds), settings)
    if domain is not None and settings.order == 2:
        return _quantise_by_cells(domain, bounds, settings, on_step)
    start = _start_in_histogram(measure.samples, bounds, settings)
    return quantise_within(measure.samples, bounds, settings, *start, on_step)


def _start_in_histogram(
    samples: Samples, bounds: MassBounds, settings: Settings
) -> tuple[Floats | None, Floats | None]:
    """Uniform quantisation of the histogram of many samples in the plane, with its potentials.

    It is near that of the samples, and takes a small part of the time.
    """
    n = len(bounds)
    planar = samples.dimension == 2 and settings.metric == "euclidean" and settings.steps != 0
    if not (planar and bounds.equal) or len(samples) * n <= CHEAP_ENTRIES:
        return None, None
    histogram = count_samples(samples, n)
    if histogram is None:
        return None, None
    found = _quantise_pixels(histogram.density, n, settings).transport
    potentials = found.potentials * histogram.unit**2 if settings.order == 2 else None
    return histogram.to_domain(found.points), potentials


def _quantise_by_cells(
    domain: Domain, bounds: MassBounds, settings: Settings, on_step: OnStep
) -> Solution:
    """Quantisation of the pixels as squares by atoms of given weights, by power cells."""
    history: list[float] = []
    area = domain.unit**2

    def note(step: Step) -> None:
        history.append(step.w2_squared * area)
        if on_step is not None:
            on_step(step.number, history[-1])

    weights = None if bounds.equal else bounds.least
    found = _quantise_pixels(domain.density, len(bounds), settings, settings.steps, note, weights)
    return Solution(
        domain.to_domain(found.transport.points),
        bounds.least,
        np.array(history),
        found.iterations,
        found.settled,
        "power cells",
        found.transport.potentials[None] * area,
    )


def _find_pixels(measure: Measure, n: int, settings: Settings) -> Domain | None:
    """Pixels that the measure comes from, enough of them for each atom to have cells."""
    enough = n * FEWEST_PIXELS <= len(measure.samples)
    return measure.domain if enough and settings.metric == "euclidean" else None


def _quantise_pixels(
    density: Density,
    n: int,
    settings: Settings,
    steps: int | None = None,
    on_step: Callable[[Step], None] | None = None,
    weights: Floats | None = None,
) -> Quantisation:
    starts: Sequence[tuple[Floats, Floats | None]]
    if weights is not None:
        anywhere = np.full((n, 2), np.nan)
        random = np.random.default_rng(settings.seed)
        starts = [place_shares(density, weights, anywhere, random)]
    elif steps != 0:
        starts = place_near_bisection(density, n, settings.seed)
    else:
        starts = [start_from_bisection(density, n)]
    return quantise_best(
        TransportSolver(density, threads=settings.threads, masses=weights),
        starts,
        iterations=EVEN_STEPS if steps is None else steps,
        seed=settings.seed,
        on_step=on_step,
    )


def descend(
    targets: Sequence[Samples],
    shares: Floats,
    n: int,
    settings: Settings,
    zeta: float,
    on_step: OnStep,
) -> Solution:
    """Minimise the sum of entropic objectives of targets, each times its share."""
    from stipple.discretisation.entropic.problem import make_targets
    from stipple.discretisation.entropic.simple import discretise_simple
    from stipple.discretisation.entropic.stochastic import Rates

    assert settings.objective != "exact"
    limit = _limit_steps(settings)
    most = max(n, DESCENT_ENTRIES // (n * len(targets)))
    found = discretise_simple(
        make_targets([target.thin(most) for target in targets], shares),
        n,
        zeta,
        objective=settings.objective,
        weights=settings.weights,
        batch=settings.batch,
        rates=Rates(settings.momentum, settings.atom_rate, settings.weight_rate),
        finish=settings.finish,
        starts=STARTS if n <= FEW_ATOMS else 1,
        order=settings.order,
        metric=make_metric(settings.metric),
        settings=make_sinkhorn(settings),
        seed=settings.seed,
        on_step=on_step and (lambda step: on_step(step.number, step.estimate)),
        **limit,
    )
    history = np.array(found.history or found.estimates)
    thinned = any(len(target) > most for target in targets)
    name = f"simple, on {most:,} of the samples" if thinned else "simple"
    solution = Solution(
        found.atoms,
        found.weights,
        history,
        found.iterations,
        found.converged,
        name,
        losses=np.array(found.estimates),
    )
    return merge_coinciding(solution, zeta, settings)


def _solve_in_cells(
    samples: Samples,
    n: int,
    settings: Settings,
    metric: Metric,
    on_step: OnStep,
    run_cells: "RunCells | None",
) -> Solution:
    from stipple.discretisation.entropic.adaptive import discretise_adaptive

    assert settings.objective != "exact"
    assert settings.zeta is not None
    found = discretise_adaptive(
        samples,
        n,
        settings.zeta,
        objective=settings.objective,
        weights=settings.weights,
        rule=settings.cells,
        largest=settings.cell_atoms,
        order=settings.order,
        metric=metric,
        settings=make_sinkhorn(settings),
        workers=settings.threads,
        run_cells=run_cells,
        on_cell=on_step and (lambda cell: on_step(cell.done, None)),
    )
    return Solution(
        found.atoms,
        found.weights,
        np.array([found.value]),
        found.iterations,
        found.converged,
        "adaptive",
        cells=tuple(
            AtomCell(lower, upper, float(mass), int(count), float(zeta))
            for lower, upper, mass, count, zeta in zip(
                found.lower, found.upper, found.masses, found.counts, found.zetas, strict=True
            )
        ),
    )
