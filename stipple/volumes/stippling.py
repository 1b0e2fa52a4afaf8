"""A volume as points, as a Python call: a density in, points with evidence out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stipple.arguments import read_count, read_masses, read_number, read_threads
from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.geometry.periodic_polyhedra import wrap_cells
from stipple.geometry.power_polyhedra import PowerPolyhedra
from stipple.machine.notebook import show_steps
from stipple.measures.volume import VolumeDensity
from stipple.transport.quantisation import Step
from stipple.version import __version__
from stipple.volumes.quantisation import (
    BODY_CENTRED_QUALITY,
    Quantisation,
    measure_quality,
    quantise,
)
from stipple.volumes.start import start_in_boxes
from stipple.volumes.transport import VolumeSolver

DEFAULT_COUNT = 1000


@dataclass(frozen=True, eq=False)
class VolumeStippling:
    """Points that stipple a volume, and the evidence of how well.

    Attributes
    ----------
    points : ndarray, shape (n, 3)
        x along columns, y along rows, z along slices, in the unit of the spacing; the centre of
        the first voxel is half the spacing.
    weights : ndarray, shape (n,)
        Mass of each point's power cell; 1/n, or the mass given, up to `mass_error`.
    w2_squared, w2_squared_lower, w2_squared_upper : float
        Squared Wasserstein distance to the density in squares of that unit, and bounds of it.
    quality : float
        W2²/(Σν^(5/3)·∫ρ^(1/3)), the lower the better: n^(2/3)·W2²/A^(2/3) for equal masses ν and a
        density that is constant on a volume A. `BODY_CENTRED_QUALITY` for the best lattice, in the
        limit of many points; no bound.
    mass_error : float
        Largest relative error of a cell's mass.
    converged : bool
        Whether the last transport solve met its tolerance.
    iterations : int
        Steps taken.
    settled : bool
        Whether the steps ended because W2² hardly fell any more.
    support_volume : float
        Volume A of {density > 0}.
    diagrams, newton_iterations : int
        Power diagrams computed, and linear systems solved.
    density : VolumeDensity
        What they stipple.
    cells : PowerPolyhedra
        The power cells; those of a periodic box are whole, and reach beyond it.
    seconds : dict
        Time by stage.
    seed : int
        Seed of all that was random.
    version : str
        Version of this package.

    Examples
    --------
    >>> import numpy, stipple
    >>> stipple.stipple_volume(numpy.ones((4, 4, 4)), 1)
    VolumeStippling(1 point, W2² = 4, quality 0.25000)
    """

    points: Floats
    weights: Floats
    w2_squared: float
    w2_squared_lower: float
    w2_squared_upper: float
    quality: float
    mass_error: float
    converged: bool
    iterations: int
    settled: bool
    support_volume: float
    diagrams: int
    newton_iterations: int
    density: VolumeDensity
    cells: PowerPolyhedra
    seconds: dict[str, float]
    seed: int
    version: str

    def __repr__(self) -> str:
        count = len(self.points)
        return (
            f"VolumeStippling({count:,} point{'s' * (count != 1)}, W2² = {self.w2_squared:.7g},"
            f" quality {self.quality:.5f})"
        )

    @property
    def periodic(self) -> bool:
        """Whether opposite sides of the box are one."""
        return self.cells.laps is not None

    @property
    def quality_body_centred(self) -> float:
        """The limit of `quality` for the best lattice, no bound: 3·19/(192·2^(1/3)) = 0.235630."""
        return BODY_CENTRED_QUALITY


def stipple_volume(
    density: ArrayLike | VolumeDensity,
    n: int | None = None,
    *,
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    masses: ArrayLike | None = None,
    periodic: bool = False,
    iterations: int = 30,
    tolerance: float = 1e-5,
    mass_tolerance: float = 1e-6,
    seed: int = 0,
    threads: int | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> VolumeStippling:
    """Turn a volume into points by exact optimal quantisation with power cells in space.

    Parameters
    ----------
    density : array_like, shape (slices, rows, columns), or VolumeDensity
        What each voxel holds per volume, not negative; masked voxels are empty.
    n : int, optional
        How many points: 1000, or as many as there are masses.
    spacing : sequence of 3 floats
        Sides of a voxel along x, y and z, if the density is given as an array.
    masses : array_like, shape (n,), optional
        Mass of each point, relative to others; by default all are equal.
    periodic : bool
        Whether opposite sides of the box are one: distances go to the nearest copy of a point, so
        that copies of the box side by side show no seam.
    iterations : int
        Maximum number of steps; 0 solves the transport of the start and moves nothing.
    tolerance : float
        Stop when a step lowers W2² by less than this part of it.
    mass_tolerance : float
        Largest relative error of a cell's mass in the result.
    seed : int
        Seed of the start: points begin near the barycentres of boxes of their masses; where the
        density is even in a periodic box, or points are many, in body-centred cubic lattices.
    threads : int, optional
        Threads for cutting and integrating cells; by default one per processor.
    on_step : callable, optional
        Receives a `Step` for the start and for each step.

    Returns
    -------
    VolumeStippling

    Raises
    ------
    StippleError
        If the density is not one, or a setting makes no sense.

    Examples
    --------
    >>> import numpy, stipple
    >>> stipple.stipple_volume(numpy.ones((2, 4, 4)), 1, spacing=(1, 1, 3)).points.round(6)
    array([[2., 2., 3.]])
    """
    if not isinstance(density, VolumeDensity):
        density = VolumeDensity(density, spacing)
    weights = _read_weights(n, masses)
    iterations = read_count(iterations, "number of iterations", 0)
    tolerance = read_number(tolerance, "tolerance", 0, finite=False)
    mass_tolerance = read_number(mass_tolerance, "tolerance of masses", 0, above=True)
    seed = read_count(seed, "seed", 0)
    threads = read_threads(threads)
    began = time.perf_counter()
    solver = VolumeSolver(density, weights, threads, periodic=periodic)
    start = start_in_boxes(
        density, weights, seed, solver.workers, moving=iterations > 0, periodic=periodic
    )
    placed = time.perf_counter()
    with show_steps("volume", iterations + 1, on_step) as told:
        found = quantise(
            solver,
            *start,
            iterations=iterations,
            tolerance=tolerance,
            mass_tolerance=mass_tolerance,
            on_step=told,
        )
    seconds = {"placement": placed - began, "steps": time.perf_counter() - placed}
    return _describe(solver, found, seconds, seed)


def _read_weights(n: int | None, masses: ArrayLike | None) -> Floats:
    """Read how many points there are, and their masses with sum 1."""
    if masses is None:
        count = read_count(DEFAULT_COUNT if n is None else n, "number of points", 1)
        return np.full(count, 1.0 / count)
    weights = read_masses(masses)
    if n is not None and n != len(weights):
        raise StippleError(f"There are {len(weights):,} masses for {n:,} points: leave n out.")
    return weights


def _describe(
    solver: VolumeSolver, found: Quantisation, seconds: dict[str, float], seed: int
) -> VolumeStippling:
    transport = found.transport
    cells = wrap_cells(transport.diagram.cells)
    interval = transport.interval
    # The dual of a transport that is not solved may be less than what is proved of W2².
    w2_squared = min(max(transport.w2_squared, interval.lower), interval.upper)
    return VolumeStippling(
        points=cells.points,
        weights=transport.diagram.integrals.masses,
        w2_squared=w2_squared,
        w2_squared_lower=interval.lower,
        w2_squared_upper=interval.upper,
        quality=measure_quality(transport),
        mass_error=transport.mass_error,
        converged=transport.converged,
        iterations=found.iterations,
        settled=found.settled,
        support_volume=solver.density.support_volume,
        diagrams=solver.diagrams,
        newton_iterations=solver.newton_iterations,
        density=solver.density,
        cells=cells,
        seconds=seconds,
        seed=seed,
        version=__version__,
    )
