"""Weighted discretisation as a Python call: samples in, atoms with weights and evidence out."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from stipple.arguments import read_count, read_points
from stipple.arrays import Floats
from stipple.discretisation.certificate.certify import put_on_sphere
from stipple.discretisation.evidence import (
    RegularisedCost,
    certify_cost,
    measure_regularised,
    name_smallest_zeta,
    refer_to_zador,
    scale_zeta,
)
from stipple.discretisation.methods import OnStep, Solution, find_atoms
from stipple.discretisation.scale import (
    choose_exponent,
    expand_cost,
    expand_solution,
    expand_steps,
    shrink_measure,
)
from stipple.discretisation.settings import Settings
from stipple.errors import StippleError
from stipple.interval import Interval
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples
from stipple.version import __version__

if TYPE_CHECKING:
    from stipple.discretisation.entropic.adaptive import RunCells


@dataclass(frozen=True, eq=False)
class Discretisation:
    """Atoms with weights that stand for samples, and the evidence of how well.

    Attributes
    ----------
    atoms : ndarray, shape (m, d)
        y, in the units of the samples.
    weights : ndarray, shape (m,)
        w ≥ 0, sum 1.
    cost : Interval
        W_k^k between the samples and the atoms with these weights, each divided by its exact sum.
        Narrow where the weights are the masses of the Voronoi cells; both ends are equal only where
        W_k^k is proved to be that number.
    regularised : RegularisedCost
        The costs that entropic methods print.
    zador : float or None
        What W2² of the best atoms comes near to for large m; for densities and pictures only.
    zeta : float or None
        Absolute ζ, in units of the cost; None beyond floating-point numbers.
    diameter : float
        By which ζ was scaled.
    history : ndarray
        The objective, step by step.
    iterations : int
        Steps taken.
    converged : bool
        Whether the algorithm stopped by itself, at a local optimum of the stated objective.
    algorithm : str
        What found the atoms.
    settings : Settings
        As given.
    seconds : dict
        Time by stage.
    version : str
        Version of this package.
    """

    atoms: Floats
    weights: Floats
    cost: Interval
    regularised: RegularisedCost
    zador: float | None
    zeta: float | None
    diameter: float
    history: Floats
    iterations: int
    converged: bool
    algorithm: str
    settings: Settings
    seconds: dict[str, float]
    version: str

    @property
    def exact(self) -> bool:
        """Whether W_k^k is proved to be one floating-point number."""
        return self.cost.lower == self.cost.upper


def edot(
    source: Measure | Samples | ArrayLike,
    atoms: int,
    settings: Settings | None = None,
    *,
    on_step: OnStep = None,
    run_cells: "RunCells | None" = None,
) -> Discretisation:
    """Discretise samples into a few weighted atoms.

    Parameters
    ----------
    source : Measure, Samples or array_like, shape (n, d)
        What is to be discretised; an array is samples of equal mass, without those of which a
        coordinate is masked.
    atoms : int
        m, at most the number of samples.
    settings : Settings, optional
        How; by default exact weighted quantisation, the best in W2.
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
        If the source is no measure, there are more atoms than samples, points are off the sphere,
        ζ is too small for an entropic objective, or W_k^k is beyond floating-point numbers.

    Examples
    --------
    >>> import numpy, stipple
    >>> stipple.edot(numpy.linspace(0, 1, 101)[:, None], 1).atoms.round(9).tolist()
    [[0.5]]
    """
    measure = _read_measure(source)
    count = _check_count(atoms, measure.samples)
    settings = _check_settings(settings).choose_algorithm(count)
    samples = put_on_sphere(measure.samples) if settings.metric == "sphere" else measure.samples
    measure = replace(measure, samples=samples)
    began = time.perf_counter()
    exponent = choose_exponent([samples], settings)
    small = shrink_measure(measure, exponent)
    show = expand_steps(on_step, exponent, settings.order)
    with name_smallest_zeta(settings):
        zeta = measure_zeta(small, settings)
        solution = find_atoms(small, count, settings, zeta, show, run_cells)
    solved = time.perf_counter() - began
    solution = expand_solution(solution, exponent, settings.order)
    found = assess([samples], [1.0], solution, settings, measure, solved)
    return replace(found, zador=refer_to_zador(measure, count, settings))


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
        cost=_add_intervals(costs, shares),
        regularised=RegularisedCost(
            _add_known([one.sharp for one in regularised], shares),
            _add_known([one.full for one in regularised], shares),
            sum(one.samples for one in regularised),
        ),
        zador=None,
        zeta=None if zeta is None else expand_cost(zeta, exponent, settings.order),
        diameter=diameter,
        history=solution.history,
        iterations=solution.iterations,
        converged=solution.converged,
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


def _add_intervals(costs: Sequence[Interval], shares: Sequence[float]) -> Interval:
    """Σ share · cost, rounded outwards."""
    if list(shares) == [1.0]:
        return costs[0]
    # Shares err by a unit of rounding, and so do their products.
    room = 8 * np.finfo(float).eps
    lower = math.fsum(share * cost.lower for share, cost in zip(shares, costs, strict=True))
    upper = math.fsum(share * cost.upper for share, cost in zip(shares, costs, strict=True))
    return Interval(lower * (1 - room), upper * (1 + room))


def _add_known(costs: Sequence[float | None], shares: Sequence[float]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(costs):
        return None
    return math.fsum(share * cost for share, cost in zip(shares, known, strict=True))


def _read_measure(source: Measure | Samples | ArrayLike) -> Measure:
    if isinstance(source, Measure):
        return source
    if not isinstance(source, Samples):
        points = read_points(source, "array of samples")
        source = Samples(points, np.ones(points.shape[:1]))
    return Measure.from_samples(source)


def _check_settings(settings: Settings | None) -> Settings:
    if not isinstance(settings, Settings | None):
        raise StippleError(
            f"The settings are a {type(settings).__name__}: give stipple.Settings(...)."
        )
    return settings or Settings()


def _check_count(count: int, samples: Samples) -> int:
    count = read_count(count, "number of atoms")
    if not 1 <= count <= len(samples):
        raise StippleError(
            f"{count:,} atoms were asked for, and there are {len(samples):,} samples: give a number"
            f" from 1 to {len(samples):,}."
        )
    return count
