"""Weighted discretisation as a Python call: samples in, atoms with weights and evidence out."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import ArrayLike

from stipple.arguments import read_masses, read_points
from stipple.arrays import Floats, PointsLike
from stipple.choices import (
    ATOM_RATE,
    MOMENTUM,
    WEIGHT_RATE,
    Algorithm,
    AtomStart,
    AtomWeights,
    CellRule,
    Device,
    Finish,
    KernelEngine,
    MetricName,
    Objective,
)
from stipple.discretisation.assess import assess
from stipple.discretisation.evidence import (
    refer_to_zador,
)
from stipple.discretisation.former import accept_former_call
from stipple.discretisation.lower_bound import bound_quantisation
from stipple.discretisation.medoids import discretise_by_medoids
from stipple.discretisation.result import Discretisation
from stipple.discretisation.settings import Settings
from stipple.discretisation.solution import OnStep
from stipple.discretisation.solve import place_samples, settle_count, solve
from stipple.errors import StippleError
from stipple.geometry.distances import Distances
from stipple.machine.notebook import show_steps
from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.measures.measure import Measure
from stipple.measures.samples import MOST_COORDINATES, Samples
from stipple.measures.solid import VolumeDomain
from stipple.measures.volume import VolumeDensity

if TYPE_CHECKING:
    from stipple.discretisation.entropic.adaptive import RunCells


@accept_former_call("source", "n", renamed={"atoms": "n", "order": "p"})
def edot(
    source: Measure | Density | VolumeDensity | Samples | PointsLike,
    n: int | None = None,
    *,
    objective: Objective = "exact",
    p: float = 2.0,
    zeta: float | None = None,
    weights: AtomWeights | PointsLike = "free",
    capacity: tuple[float, float] | None = None,
    start: AtomStart | PointsLike = "auto",
    restarts: int | None = None,
    algorithm: Algorithm = "auto",
    cells: CellRule = "bisect",
    cell_atoms: int | None = None,
    metric: MetricName = "euclidean",
    batch: int = 1000,
    momentum: float = MOMENTUM,
    atom_rate: float = ATOM_RATE,
    weight_rate: float = WEIGHT_RATE,
    finish: Finish = "lbfgs",
    steps: int | None = None,
    seed: int = 0,
    engine: KernelEngine = "auto",
    device: Device = "auto",
    threads: int | None = None,
    gap: bool = False,
    on_step: OnStep = None,
    run_cells: RunCells | None = None,
    distances: Distances | ArrayLike | None = None,
) -> Discretisation:
    """Discretise samples into a few weighted atoms; by default the best in W2.

    Parameters
    ----------
    source : Measure, Density, VolumeDensity, Samples or array_like, shape (samples, d)
        What is to be discretised; the longer side of a density is 1. An array is samples of equal
        mass, without those of which a coordinate is masked. One of more than 10 columns may be an
        image as well: say which by `Density` or `Samples`.
    n : int, optional
        Number of atoms, at most that of the samples; by default that of the weights given.
    objective : {"exact", "full", "sharp", "debiased"}
        What is minimised: W_p^p itself, or one of the entropic objectives.
    p : float
        Order, at least 1: costs are distances to this power.
    zeta : float, optional
        Entropic regularisation over diameter^p; by default that of the algorithm.
    weights : {"free", "equal"} or array_like, shape (n,)
        Whether atoms choose their weights, or what they weigh, in any scale: positive numbers, of
        the exact objective only.
    capacity : (float, float), optional
        The least and the most share of the whole mass that an atom with a free weight may have.
        Samples of equal mass go to one atom each: between ⌈least·samples⌉ and ⌊most·samples⌋.
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
    cell_atoms : int, optional
        Most atoms of a cell; by default 32, or half of all where there are no more than that.
    metric : {"euclidean", "sphere", "geodesic", "precomputed"}
        Straight lines, or arcs on the unit sphere; the others are those of `distances`.
    batch : int
        Samples of each stochastic step of the simple algorithm.
    momentum : float
        Part of their momentum that stochastic steps keep, from 0 to .999.
    atom_rate, weight_rate : float
        How far the first stochastic step goes, as a part of a Newton-like step for atoms, and of
        the mean cost for logarithms of weights; steps become shorter from there.
    finish : {"lbfgs", "none"}
        What follows the stochastic steps: a quasi-Newton descent on all samples, or nothing.
    steps : int, optional
        Maximum number of steps; by default as many as the algorithm usually needs.
    seed : int
        Of every random choice.
    engine : {"auto", "numpy", "keops"}
        What computes kernels.
    device : {"auto", "cpu", "cuda"}
        Where KeOps computes.
    threads : int, optional
        Processors to use; by default all.
    gap : bool
        Whether to prove how far W2² is from that of the best atoms at most; that takes seconds,
        often more than the atoms do. For p = 2 and straight lines, or for any p with `distances`,
        where the best atoms are samples too.
    on_step : callable, optional
        Receives the number of each step and the objective there, or the number of each cell and
        None.
    run_cells : callable, optional
        Solves the cells of the adaptive algorithm elsewhere, such as on a cluster: receives a
        function and tasks, both of which can be pickled, and yields each task with what the
        function makes of it, in any order.
    distances : array_like, shape (samples, samples), or Distances, optional
        Distances of any kind between the samples, such as `stipple.measure_geodesics` finds. Atoms
        are samples then, and the metric is precomputed.

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
    >>> path = stipple.measure_geodesics([[0, 1, 2.0], [1, 2, 1.0]], 3)
    >>> stipple.edot([[0, 0], [1, 1], [0, 1]], 1, distances=path).samples_of_atoms.tolist()
    [1]
    """
    if distances is not None and not isinstance(distances, Distances):
        distances = Distances(np.asarray(distances))
    if distances is not None and metric == "euclidean":
        metric = "precomputed"
    shares = None if isinstance(weights, str) else read_masses(weights, "weight", "atom")
    settings = Settings(
        objective=objective,
        zeta=zeta,
        order=p,
        weights="given" if shares is not None else cast(AtomWeights, weights),
        capacity=capacity,
        start=cast(AtomStart, start) if isinstance(start, str) else "auto",
        restarts=restarts,
        algorithm=algorithm,
        cells=cells,
        cell_atoms=cell_atoms,
        metric=metric,
        batch=batch,
        momentum=momentum,
        atom_rate=atom_rate,
        weight_rate=weight_rate,
        finish=finish,
        steps=steps,
        seed=seed,
        engine=engine,
        device=device,
        threads=threads,
        gap=gap,
    )
    places = None if isinstance(start, str) else read_points(start, "array of starts")
    measure = read_measure(source)
    with show_steps("edot", None, on_step) as told:
        return discretise(
            measure,
            n,
            settings,
            shares=shares,
            start=places,
            on_step=told,
            run_cells=run_cells,
            distances=distances,
        )


def discretise(
    measure: Measure,
    n: int | None,
    settings: Settings,
    *,
    shares: Floats | None = None,
    start: Floats | None = None,
    on_step: OnStep = None,
    run_cells: RunCells | None = None,
    distances: Distances | None = None,
) -> Discretisation:
    """Do what `edot` does, with settings that are collected already, and what else is given.

    That is the weights, with sum 1, and the places of a start.
    """
    n = settle_count(n, measure, settings, shares)
    if distances is not None:
        return discretise_by_medoids(measure.samples, n, settings, distances, start=start)
    settings = settings.choose_algorithm(n)
    settings.refuse_other_algorithm()
    measure = replace(measure, samples=place_samples(measure.samples, settings))
    began = time.perf_counter()
    solution = solve(
        measure, n, settings, shares=shares, start=start, on_step=on_step, run_cells=run_cells
    )
    solved = time.perf_counter() - began
    found = assess([measure.samples], [1.0], solution, settings, measure, solved)
    bound = bound_quantisation(measure.samples, found.atoms) if settings.gap else None
    return replace(found, zador=refer_to_zador(measure, n, settings), lower_bound=bound)


def read_measure(
    source: Measure | Density | VolumeDensity | Samples | PointsLike,
) -> Measure:
    """Make a measure of what callers give: an array is samples of equal mass.

    Raises
    ------
    StippleError
        For an array that the command line reads as an image.
    """
    if isinstance(source, Measure):
        return source
    if isinstance(source, Density):
        return Measure.from_domain(Domain.from_image(source))
    if isinstance(source, VolumeDensity):
        return Measure.from_volume(VolumeDomain(source))
    if not isinstance(source, Samples):
        points = read_points(source, "array of samples")
        if points.ndim == 2 and points.shape[1] > MOST_COORDINATES:
            rows, columns = points.shape
            raise StippleError(
                f"An array of {rows:,} × {columns:,} numbers may be an image, or {rows:,} samples"
                f" of {columns:,} coordinates: give stipple.Density(array), or"
                f" stipple.Samples(array, numpy.ones({rows}))."
            )
        source = Samples(points, np.ones(points.shape[:1]))
    return Measure.from_samples(source)
