"""Weighted discretisation as a Python call: samples in, atoms with weights and evidence out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from stipple import __version__
from stipple.arrays import Floats
from stipple.border import read_count, read_points
from stipple.discretisation.evidence import (
    RegularisedCost,
    certify_cost,
    measure_regularised,
    refer_to_zador,
)
from stipple.discretisation.measure import Measure
from stipple.discretisation.methods import OnStep, Solution, find_atoms
from stipple.discretisation.settings import Settings
from stipple.errors import StippleError
from stipple.samples import Samples
from stipple.solvers.certificate import Interval

if TYPE_CHECKING:
    from stipple.solvers.entropic.adaptive import RunCells
    from stipple.solvers.zador import ZadorReference

# An interval no wider than this, relatively, is rounding.
EXACT = 1e-9
# Vectors off the unit sphere by less than this are put on it; beyond it they are refused.
SPHERE_TOLERANCE = 1e-6


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
        W_k^k between the samples and the atoms; both ends are equal where it is known exactly,
        which is so when the weights are the masses of the Voronoi cells.
    regularised : RegularisedCost
        The costs that entropic methods print.
    zador : ZadorReference or None
        The least W_k^k of so many atoms for large m: in two dimensions with k = 2 and free weights.
    zeta : float
        Absolute ζ, in units of the cost.
    diameter : float
        By which ζ was scaled.
    history : ndarray
        The objective, step by step.
    iterations : int
        Steps taken.
    converged : bool
        Whether the algorithm stopped by itself.
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
    zador: "ZadorReference | None"
    zeta: float
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
        """Whether W_k^k is known exactly (up to rounding)."""
        return self.cost.upper - self.cost.lower <= EXACT * self.cost.upper


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
        or ζ is too small for floating-point numbers.

    Examples
    --------
    >>> import numpy, stipple
    >>> stipple.edot(numpy.linspace(0, 1, 101)[:, None], 1).atoms.round(9).tolist()
    [[0.5]]
    """
    measure = _read_measure(source)
    count = _check_count(atoms, measure.samples)
    settings = _check_settings(settings).choose_algorithm(count)
    samples = check_sphere(measure.samples, settings)
    measure = replace(measure, samples=samples)
    diameter, zeta = scale_zeta(measure, settings)
    began = time.perf_counter()
    solution = find_atoms(measure, count, settings, zeta, on_step, run_cells)
    solved = time.perf_counter() - began
    zador = refer_to_zador(samples, count, settings)
    found = assess([samples], [1.0], solution, settings, zeta, diameter, solved)
    return replace(found, zador=zador)


def assess(
    targets: Sequence[Samples],
    shares: Sequence[float],
    solution: Solution,
    settings: Settings,
    zeta: float,
    diameter: float,
    seconds: float,
) -> Discretisation:
    """Gather the evidence on atoms: sums of costs to several targets, each times its share."""
    began = time.perf_counter()
    lower = upper = sharp = full = 0.0
    samples = 0
    for number, (target, share) in enumerate(zip(targets, shares, strict=True)):
        found = (target, solution.atoms, solution.weights, settings)
        potential = None if solution.potentials is None else solution.potentials[number]
        cost = certify_cost(*found, potential)
        regularised = measure_regularised(*found, zeta)
        lower, upper = lower + share * cost.lower, upper + share * cost.upper
        sharp, full = sharp + share * regularised.sharp, full + share * regularised.full
        samples += regularised.samples
    return Discretisation(
        atoms=solution.atoms,
        weights=solution.weights,
        cost=Interval(lower, upper),
        regularised=RegularisedCost(sharp, full, samples),
        zador=None,
        zeta=zeta,
        diameter=diameter,
        history=solution.history,
        iterations=solution.iterations,
        converged=solution.converged,
        algorithm=solution.algorithm,
        settings=settings,
        seconds={"solve": seconds, "evidence": time.perf_counter() - began},
        version=__version__,
    )


def scale_zeta(measure: Measure, settings: Settings) -> tuple[float, float]:
    """Diameter of a measure, and ζ in units of its cost.

    Raises
    ------
    StippleError
        If ζ is beyond floating-point numbers.
    """
    diameter = float(np.pi) if settings.metric == "sphere" else measure.diameter
    # Samples at one place have no scale.
    assert settings.zeta is not None
    with np.errstate(over="ignore", under="ignore"):
        zeta = float(settings.zeta * np.float64(diameter or 1.0) ** settings.order)
    if not np.finfo(float).tiny <= zeta < np.inf:
        raise StippleError(
            f"ζ = {settings.zeta:g}·{diameter:g}^{settings.order:g} is beyond the range of"
            " floating-point numbers: give a larger or smaller ζ, or scale the samples."
        )
    return diameter, zeta


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


def check_sphere(samples: Samples, settings: Settings) -> Samples:
    """Put samples that are on the unit sphere but for rounding exactly on it, if it is the metric.

    Raises
    ------
    StippleError
        If a sample is off the sphere.
    """
    if settings.metric != "sphere":
        return samples
    lengths = np.linalg.norm(samples.points, axis=1)
    off = np.abs(lengths - 1) > SPHERE_TOLERANCE
    if samples.dimension < 2 or off.any():
        row = int(np.argmax(off))
        raise StippleError(
            f"Sample {row + 1} has length {lengths[row]:g}: the metric sphere takes unit vectors of"
            " at least two coordinates."
        )
    return Samples(samples.points / lengths[:, None], samples.masses)
