"""The main job as a Python call: a density in, points with evidence out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stipple.arguments import (
    accept_former_name,
    read_choice,
    read_count,
    read_number,
    read_points,
)
from stipple.arrays import Floats, ImageLike, Integers, PointsLike
from stipple.choices import LARGEST_COUNT, Method, NeighbourEngine, Start
from stipple.errors import StippleError
from stipple.geometry.bisection import place_near_bisection, start_from_bisection
from stipple.geometry.power_cells import PowerCells
from stipple.measures.density import Density
from stipple.transport.quantisation import HEXAGONAL_QUALITY, Quantisation, Step, quantise_best
from stipple.transport.semi_discrete import TransportSolver
from stipple.transport.starts import place_on_grid, place_uniformly
from stipple.version import __version__


@dataclass(frozen=True, eq=False)
class Stippling:
    """Points that stipple a density, and the evidence of how well.

    Attributes
    ----------
    points : ndarray, shape (n, 2)
        x right and y down, in pixels; the centre of the top left pixel is (0.5, 0.5).
    weights : ndarray, shape (n,)
        Mass of each point's power cell; 1/n up to `mass_error`.
    radius : float
        Radius, in pixels, of equal dots whose total area is the total darkness.
    radii : ndarray, shape (n,)
        Radius, in pixels, of the dot of each point.
    w2_squared, w2_squared_lower, w2_squared_upper : float
        Squared Wasserstein distance to the density in square pixels, and its certified bounds.
    quality : float
        n·W2²/A, A the area of {density > 0}, the lower the better; `HEXAGONAL_QUALITY` in the
        limit of many points.
    mass_error : float
        Largest relative error of a cell's mass.
    converged : bool
        Whether the last transport solve met its tolerance.
    iterations : int
        Steps taken.
    settled : bool
        Whether the steps ended because the tolerance was met, at points that small perturbations
        do not better either.
    saddle : bool
        Whether the points are critical, but no minimum: steps towards the barycentres end, and yet
        a small perturbation lowers W2². Only starts other than the bisection are left there.
    diagrams, newton_iterations : int
        Power diagrams computed, and linear systems solved.
    cells : PowerCells
        The power cells, for drawing.
    seconds : dict
        Time by stage.
    method, engine : str
        As used.
    seed : int
        Seed of all that was random.
    version : str
        Version of this package.

    Examples
    --------
    >>> import numpy, stipple
    >>> stipple.stipple(numpy.ones((8, 8)), 1)  # doctest: +ELLIPSIS
    Stippling(1 point, W2² = 10.666..., quality 0.166..., settled)
    """

    points: Floats
    weights: Floats
    radius: float
    radii: Floats
    w2_squared: float
    w2_squared_lower: float
    w2_squared_upper: float
    quality: float
    mass_error: float
    converged: bool
    iterations: int
    settled: bool
    saddle: bool
    diagrams: int
    newton_iterations: int
    cells: PowerCells
    seconds: dict[str, float]
    method: Method
    engine: str
    seed: int
    version: str

    def __repr__(self) -> str:
        count = len(self.points)
        return (
            f"Stippling({count:,} point{'s' * (count != 1)}, W2² = {self.w2_squared:.7g}, quality"
            f" {self.quality:.5f}, {'settled' if self.settled else 'not settled'})"
        )

    @property
    def quality_hexagonal(self) -> float:
        """The limit of `quality` for the best many points, no bound: 5/(18·√3) = 0.160375."""
        return HEXAGONAL_QUALITY

    def reorder(self, order: Integers) -> Stippling:
        """Return the same stippling with its points (not its cells) listed in another order."""
        return replace(
            self,
            points=self.points[order],
            weights=self.weights[order],
            radii=self.radii[order],
        )


@accept_former_name("points", "n")
def stipple(
    density: ImageLike | Density,
    n: int = 5000,
    *,
    method: Method = "lbfgs",
    iterations: int = 30,
    tolerance: float = 1e-5,
    start: Start | PointsLike = "bisection",
    seed: int = 0,
    engine: NeighbourEngine = "auto",
    threads: int | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> Stippling:
    """Turn a density into points by exact uniform optimal quantisation with power cells.

    Parameters
    ----------
    density : array_like, shape (h, w), or Density
        Darkness of each pixel, not negative; masked pixels are white. For `radius`, 1 is full ink;
        if values go beyond 1, the largest is.
    n : int
        How many points. A start given as an array brings its own number.
    method : {"lbfgs", "relaxed", "lloyd"}
        How points move: quasi-Newton, over-relaxed Lloyd, or Lloyd.
    iterations : int
        Most steps; 0 solves the transport of the start and moves nothing.
    tolerance : float
        Stop when a step lowers W2² by less than this part of it, and small perturbations do not
        help.
    start : {"bisection", "uniform", "grid"} or array_like, shape (n, 2)
        Where points begin: near the equal-mass bisection, random, a grid, or given positions in
        pixels, without those of which a coordinate is masked. Points that are to move from the
        bisection are first shifted at random by up to half a cell, for the bisection itself can be
        a saddle; other starts are taken as they are.
    seed : int
        Seed of all that is random: that shift, the random start, and perturbations.
    engine : {"auto", "pysdot", "qhull"}
        Backend for neighbours of power cells; the result does not depend on it.
    threads : int, optional
        Threads for cutting and integrating cells; by default one per processor.
    on_step : callable, optional
        Receives a `Step` for the start and for each step.

    Returns
    -------
    Stippling

    Raises
    ------
    StippleError
        If the density is not one, or a setting or the positions of points make no sense.

    Examples
    --------
    >>> import numpy, stipple
    >>> stipple.stipple(numpy.ones((8, 8)), 1).points.round(6)
    array([[4., 4.]])
    """
    if not isinstance(density, Density):
        density = Density(density)
    read_choice(method, "method", Method)
    read_choice(engine, "engine", NeighbourEngine)
    iterations = read_count(iterations, "number of iterations", 0)
    tolerance = read_number(tolerance, "tolerance", 0, finite=False)
    seed = read_count(seed, "seed", 0)
    if threads is not None:
        threads = read_count(threads, "number of threads", 1)
    began = time.perf_counter()
    starts = _place(density, n, start, seed, moving=iterations > 0)
    placed = time.perf_counter() - began
    solver = TransportSolver(density, engine, threads)
    result = quantise_best(
        solver,
        starts,
        method=method,
        iterations=iterations,
        tolerance=tolerance,
        leave_saddles=isinstance(start, str) and start == "bisection",
        seed=seed,
        on_step=on_step,
    )
    return describe_quantisation(density, solver, result, method=method, seed=seed, placed=placed)


def describe_quantisation(
    density: Density,
    solver: TransportSolver,
    result: Quantisation,
    *,
    method: Method,
    seed: int,
    placed: float,
) -> Stippling:
    """Collect the figures of a result whose start took so many seconds to place."""
    transport = result.transport
    count = len(transport.points)
    radius = measure_radius(density, count)
    return Stippling(
        points=transport.points,
        weights=transport.masses,
        radius=radius,
        radii=np.full(count, radius),
        w2_squared=transport.w2_squared,
        w2_squared_lower=transport.interval.lower,
        w2_squared_upper=transport.interval.upper,
        quality=count * transport.w2_squared / density.support_area,
        mass_error=transport.mass_error,
        converged=transport.converged,
        iterations=result.iterations,
        settled=result.settled,
        saddle=result.saddle,
        diagrams=solver.diagrams,
        newton_iterations=solver.newton_iterations,
        cells=transport.diagram.cells,
        seconds={"placement": placed, **result.seconds},
        method=method,
        engine=solver.engine,
        seed=seed,
        version=__version__,
    )


def measure_radius(density: Density, n: int) -> float:
    """Radius in pixels of n dots with the area of the darkness; 1, or the largest, is full ink."""
    full = max(1.0, float(density.values.max()))
    return float(np.sqrt(density.total / full / (np.pi * n)))


def _place(
    density: Density, count: int, start: Start | PointsLike, seed: int, *, moving: bool
) -> Sequence[tuple[Floats, Floats | None]]:
    if not isinstance(start, str):
        return [(_check_start(density, start), None)]
    count = read_count(count, "number of points")
    if not 1 <= count <= LARGEST_COUNT:
        raise StippleError(
            f"{count} points were asked for: give a number from 1 to {LARGEST_COUNT:,}."
        )
    if start == "bisection":
        if moving:
            return place_near_bisection(density, count, seed)
        return [start_from_bisection(density, count)]
    if start == "uniform":
        return [(place_uniformly(density, count, np.random.default_rng(seed)), None)]
    if start == "grid":
        return [(place_on_grid(density, count), None)]
    raise StippleError(
        f"The start is {start!r}: give bisection, uniform, grid or an array of positions."
    )


def _check_start(density: Density, start: PointsLike) -> Floats:
    positions = np.array(read_points(start, "start"))
    if positions.ndim != 2 or positions.shape[1] != 2 or len(positions) == 0:
        raise StippleError(
            f"The start has shape {positions.shape}: give at least one point as (n, 2)."
        )
    size = (density.width, density.height)
    outside = ~((positions >= 0) & (positions <= size)).all(axis=1)
    if outside.any():
        first = positions[outside][0]
        raise StippleError(
            f"{int(outside.sum())} of the {len(positions)} start points lie outside the picture of"
            f" {size[0]}×{size[1]} pixels, the first at ({first[0]:g}, {first[1]:g}):"
            " give positions in pixels, x right and y down."
        )
    return positions
