"""Weighted discretisation as a Python call: samples in, atoms with weights and evidence out."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from stipple.arguments import read_count, read_points
from stipple.arrays import Floats, PointsLike
from stipple.choices import (
    Algorithm,
    AtomStart,
    AtomWeights,
    CellRule,
    Device,
    KernelEngine,
    MetricName,
    Objective,
    Optimum,
)
from stipple.discretisation.certificate.certify import put_on_sphere
from stipple.discretisation.evidence import (
    RegularisedCost,
    add_intervals,
    add_known,
    certify_cost,
    measure_regularised,
    name_smallest_zeta,
    refer_to_zador,
    scale_zeta,
)
from stipple.discretisation.former import accept_former_call
from stipple.discretisation.methods import OnStep, find_atoms
from stipple.discretisation.result import Discretisation
from stipple.discretisation.scale import (
    choose_exponent,
    expand_cost,
    expand_solution,
    expand_steps,
    shrink_measure,
)
from stipple.discretisation.settings import Settings
from stipple.discretisation.solution import Solution
from stipple.errors import StippleError
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples
from stipple.version import __version__

if TYPE_CHECKING:
    from stipple.discretisation.entropic.adaptive import RunCells


@accept_former_call("source", "n", renamed={"atoms": "n", "order": "p"})
def edot(
    source: Measure | Samples | PointsLike,
    n: int,
    *,
    objective: Objective = "exact",
    p: float = 2.0,
    zeta: float | None = None,
    weights: AtomWeights = "free",
    start: AtomStart | PointsLike = "auto",
    restarts: int | None = None,
    algorithm: Algorithm = "auto",
    cells: CellRule = "bisect",
    metric: MetricName = "euclidean",
    batch: int = 1000,
    steps: int | None = None,
    seed: int = 0,
    engine: KernelEngine = "auto",
    device: Device = "auto",
    threads: int | None = None,
    on_step: OnStep = None,
    run_cells: RunCells | None = None,
) -> Discretisation:
    """Discretise samples into a few weighted atoms; by default the best in W2.

    Parameters
    ----------
    source : Measure, Samples or array_like, shape (samples, d)
        What is to be discretised; an array is samples of equal mass, without those of which a
        coordinate is masked.
    n : int
        Number of atoms, at most that of the samples.
    objective : {"exact", "full", "sharp", "debiased"}
        What is minimised: W_p^p itself, or one of the entropic objectives.
    p : float
        Order, at least 1: costs are distances to this power.
    zeta : float, optional
        Entropic regularisation over diameter^p; by default that of the algorithm.
    weights : {"free", "equal"}
        Whether atoms choose their weights.
    start : {"auto", "kmeans++", "density"} or array_like, shape (n, d)
        Where free atoms of the exact objective begin: drawn one after the other by what samples
        cost so far, spread by density, the best of both, or at these places. A start that is drawn
        is repaired: atoms go from where they save least to where they save most. On a line auto
        needs none.
    restarts : int, optional
        How many starts to draw; by default a few, until two of them end alike.
    algorithm : {"auto", "simple", "adaptive"}
        For entropic objectives: all atoms at once, or cell by cell; auto by their number.
    cells : {"bisect", "occupied", "sparsest"}
        How the adaptive algorithm shares atoms and cuts cells.
    metric : {"euclidean", "sphere"}
        Straight lines, or arcs on the unit sphere.
    batch : int
        Samples of each stochastic step of the simple algorithm.
    steps : int, optional
        Most steps; by default as many as the algorithm usually needs.
    seed : int
        Of every random choice.
    engine : {"auto", "numpy", "keops"}
        What computes kernels.
    device : {"auto", "cpu", "cuda"}
        Where KeOps computes.
    threads : int, optional
        Processors to use; by default all.
    on_step : callable, optional
        Receives the number of each step and the objective there, or the number of each cell and
        None.
    run_cells : callable, optional
        Solves the cells of the adaptive algorithm elsewhere, such as on a cluster: receives a
        function and tasks, both of which can be pickled, and yields each task with what the
        function makes of it, in any order.

    Returns
    -------
    Discretisation

    Raises
    ------
    StippleError
        If the source is no measure, a setting makes no sense, there are more atoms than samples,
        points are off the sphere, ζ is too small for an entropic objective, or W_p^p is beyond
        floating-point numbers.

    Examples
    --------
    >>> import numpy, stipple
    >>> stipple.edot(numpy.linspace(0, 1, 101)[:, None], 1).atoms.round(9).tolist()
    [[0.5]]
    >>> stipple.edot([[0], [1], [5]], 1, p=1).atoms.tolist()  # the median
    [[1.0]]
    """
    settings = Settings(
        objective=objective,
        zeta=zeta,
        order=p,
        weights=weights,
        start=cast(AtomStart, start) if isinstance(start, str) else "auto",
        restarts=restarts,
        algorithm=algorithm,
        cells=cells,
        metric=metric,
        batch=batch,
        steps=steps,
        seed=seed,
        engine=engine,
        device=device,
        threads=threads,
    )
    places = None if isinstance(start, str) else read_points(start, "array of starts")
    measure = read_measure(source)
    return discretise(measure, n, settings, start=places, on_step=on_step, run_cells=run_cells)


def discretise(
    measure: Measure,
    n: int,
    settings: Settings,
    *,
    start: Floats | None = None,
    on_step: OnStep = None,
    run_cells: RunCells | None = None,
) -> Discretisation:
    """Do what `edot` does, with settings that are collected already, and the places of a start."""
    settings = settings.choose_algorithm(_check_count(n, measure.samples))
    measure = replace(measure, samples=_place(measure.samples, settings))
    began = time.perf_counter()
    solution = solve(measure, n, settings, start=start, on_step=on_step, run_cells=run_cells)
    solved = time.perf_counter() - began
    found = assess([measure.samples], [1.0], solution, settings, measure, solved)
    return replace(found, zador=refer_to_zador(measure, n, settings))


def solve(
    measure: Measure,
    n: int,
    settings: Settings,
    *,
    start: Floats | None = None,
    on_step: OnStep = None,
    run_cells: RunCells | None = None,
) -> Solution:
    """Find atoms as `discretise` does, without evidence of how good they are."""
    n = _check_count(n, measure.samples)
    _check_start(start, n, measure.samples, settings)
    settings = settings.choose_algorithm(n)
    samples = _place(measure.samples, settings)
    if start is not None and settings.metric == "sphere":
        start = put_on_sphere(Samples(start, np.ones(n)), "Start").points
    exponent = choose_exponent([samples], settings)
    small = shrink_measure(replace(measure, samples=samples), exponent)
    show = expand_steps(on_step, exponent, settings.order)
    with name_smallest_zeta(settings):
        zeta = measure_zeta(small, settings)
        begin = None if start is None else np.ldexp(start, -exponent)
        solution = find_atoms(small, n, settings, zeta, show, run_cells, begin)
    return expand_solution(solution, exponent, settings.order)


def _place(samples: Samples, settings: Settings) -> Samples:
    """Put samples on the sphere where distances are arcs."""
    return put_on_sphere(samples) if settings.metric == "sphere" else samples


def read_measure(source: Measure | Samples | PointsLike) -> Measure:
    """Make a measure of what callers give: an array is samples of equal mass."""
    if isinstance(source, Measure):
        return source
    if not isinstance(source, Samples):
        points = read_points(source, "array of samples")
        source = Samples(points, np.ones(points.shape[:1]))
    return Measure.from_samples(source)


def assess(
    targets: Sequence[Samples],
    shares: Sequence[float],
    solution: Solution,
    settings: Settings,
    mixture: Measure,
    seconds: float,
) -> Discretisation:
    """Gather the evidence on atoms: sums of costs to several targets, each times its share."""
    began = time.perf_counter()
    diameter = measure_diameter(mixture, settings)
    costs, regularised = [], []
    for number, target in enumerate(targets):
        found = (target, solution.atoms, solution.weights, settings)
        potential = None if solution.potentials is None else solution.potentials[number]
        costs.append(certify_cost(*found, potential))
        regularised.append(measure_regularised(*found, diameter))
    exponent = choose_exponent([mixture.samples], settings)
    zeta = measure_zeta(shrink_measure(mixture, exponent), settings)
    return Discretisation(
        atoms=solution.atoms,
        weights=solution.weights,
        cost=add_intervals(costs, shares),
        regularised=RegularisedCost(
            add_known([one.sharp for one in regularised], shares),
            add_known([one.full for one in regularised], shares),
            sum(one.samples for one in regularised),
        ),
        zador=None,
        zeta=None if zeta is None else expand_cost(zeta, exponent, settings.order),
        diameter=diameter,
        history=solution.history,
        iterations=solution.iterations,
        converged=solution.converged,
        optimum=_name_optimum(solution),
        merged=solution.merged,
        algorithm=solution.algorithm,
        settings=settings,
        seconds={"solve": seconds, "evidence": time.perf_counter() - began},
        version=__version__,
    )


def measure_diameter(measure: Measure, settings: Settings) -> float:
    """By what ζ is scaled: the diagonal of the box, or half of a great circle."""
    return math.pi if settings.metric == "sphere" else measure.diameter


def measure_zeta(measure: Measure, settings: Settings) -> float | None:
    """ζ in units of the cost; None where it only informs, and is beyond floating-point numbers.

    Raises
    ------
    StippleError
        If ζ is beyond floating-point numbers and the objective needs it.
    """
    try:
        return scale_zeta(measure_diameter(measure, settings), settings)
    except StippleError:
        if settings.objective != "exact":
            raise
        return None


def _check_count(n: int, samples: Samples) -> int:
    n = read_count(n, "number of atoms")
    if not 1 <= n <= len(samples):
        raise StippleError(
            f"{n:,} atoms were asked for, and there are {len(samples):,} samples: give a number"
            f" from 1 to {len(samples):,}."
        )
    return n


def _check_start(start: Floats | None, n: int, samples: Samples, settings: Settings) -> None:
    """Refuse a start that is no place for each atom, or that nothing begins from."""
    drawn = settings.start != "auto" or settings.restarts is not None
    if start is None and not drawn:
        return
    if settings.objective != "exact" or settings.weights != "free":
        raise StippleError(
            "A start was given, and is for free weights of the exact objective only: leave it out."
        )
    if start is None:
        return
    if settings.restarts is not None:
        raise StippleError("A start was given at places: leave the number of restarts out.")
    if start.shape != (n, samples.dimension) or not np.isfinite(start).all():
        raise StippleError(
            f"The start has the shape {start.shape}: give {n} finite points of"
            f" {samples.dimension} coordinates."
        )


def _name_optimum(solution: Solution) -> Optimum | None:
    if not solution.converged:
        return None
    return "global" if solution.optimal else "local"
