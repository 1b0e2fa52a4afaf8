"""The main job as a Python call: a density in, points with evidence out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from numpy.typing import ArrayLike

from stipple.arguments import accept_former_name, read_choice, read_count, read_number
from stipple.arrays import Floats, ImageLike, Integers, PointsLike
from stipple.choices import Method, NeighbourEngine, Spacing, Start, Strays, Texture
from stipple.errors import StippleError
from stipple.geometry.power_cells import PowerCells
from stipple.measures.density import Density
from stipple.stippling.beginnings import DEFAULT_COUNT, begin, read_number_of_points
from stipple.stippling.bleed import Bleed, mirror_margin
from stipple.stippling.dots import Dots, crop_dots, flatten_tone, make_dots
from stipple.stippling.sizes import measure_radius
from stipple.stippling.texture import Regularity, measure_regularity
from stipple.transport.quantisation import HEXAGONAL_QUALITY, Quantisation, Step, quantise_best
from stipple.transport.semi_discrete import TransportSolver
from stipple.version import __version__

# The quality at which the texture blue stops: a step or two before grains of a lattice show.
BLUE_QUALITY = 0.173


@dataclass(frozen=True, eq=False)
class Stippling:
    """Points that stipple a density, and the evidence of how well.

    Attributes
    ----------
    points : ndarray, shape (n, 2)
        x right and y down, in pixels; the centre of the top left pixel is (0.5, 0.5).
    weights : ndarray, shape (n,)
        Mass of each point's power cell; 1/n, or the mass given, up to `mass_error`.
    radius : float
        Radius, in pixels, of equal dots whose total area is the total darkness.
    radii : ndarray, shape (n,)
        Radius, in pixels, of the dot of each point: so that it covers as much of its power cell as
        there is darkness in it. All are `radius` where sizes do not vary and no dot leaves its
        cell; where dots touch they are larger, so that their union keeps the tone.
    w2_squared, w2_squared_lower, w2_squared_upper : float
        Squared Wasserstein distance to the density in square pixels, and its certified bounds.
    quality : float
        n·W2²/A, A the area of {density > 0}, the lower the better; `HEXAGONAL_QUALITY` in the
        limit of many points. Of points of given masses ν, with sum 1, n is 1/Σν² here: as many
        equal ones would have hexagonal cells of the same mean cost.
    mass_error : float
        Largest relative error of a cell's mass.
    converged : bool
        Whether the last transport solve met its tolerance.
    iterations : int
        Steps taken.
    settled : bool
        Whether the steps ended because the tolerance was met, at points that small perturbations
        do not better either.
    strays : int
        How many points were moved off white after that; figures are those of the points as they
        are.
    saddle : bool
        Whether the points are critical, but no minimum: steps towards the barycentres end, and yet
        a small perturbation lowers W2². Only starts other than the bisection are left there.
    reached : bool
        Whether the steps ended because the quality asked for was reached.
    support_area : int
        A, in square pixels.
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
    strays: int
    saddle: bool
    reached: bool
    support_area: int
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

    @cached_property
    def regularity(self) -> Regularity:
        """How regular the points are: the largest power of a wave, and how many have six sides."""
        return measure_regularity(self.points, self.cells, self.support_area)

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
    n: int | None = None,
    *,
    method: Method = "lbfgs",
    iterations: int = 30,
    tolerance: float = 1e-5,
    quality: float | None = None,
    texture: Texture = "hexagonal",
    start: Start | PointsLike = "bisection",
    masses: ArrayLike | None = None,
    fixed: ArrayLike | None = None,
    seed: int = 0,
    engine: NeighbourEngine = "auto",
    threads: int | None = None,
    on_step: Callable[[Step], None] | None = None,
    strays: Strays = "move",
    size_variation: float = 0.0,
    spacing: Spacing = "touch",
    bleed: bool = False,
) -> Stippling:
    """Turn a density into points by exact uniform optimal quantisation with power cells.

    Parameters
    ----------
    density : array_like, shape (h, w), or Density
        Darkness of each pixel, not negative; masked pixels are white. For `radius`, 1 is full ink;
        if values go beyond 1, the largest is.
    n : int, optional
        How many points: 5000, or as many as there are masses. A start given as an array brings its
        own number.
    method : {"lbfgs", "relaxed", "lloyd"}
        How points move: quasi-Newton, over-relaxed Lloyd, or Lloyd.
    iterations : int
        Most steps; 0 solves the transport of the start and moves nothing.
    tolerance : float
        Stop when a step lowers W2² by less than this part of it, and small perturbations do not
        help.
    quality : float, optional
        Stop at the first step of which N·W2²/A is not above this.
    texture : {"hexagonal", "blue"}
        Blue begins with points at random, by the density, and stops before they form grains: at
        the quality .173 unless another is given.
    start : {"bisection", "uniform", "grid"} or array_like, shape (n, 2)
        Where points begin: near the equal-mass bisection, random, a grid, or given positions in
        pixels, without those of which a coordinate is masked. Points that are to move from the
        bisection are first shifted at random by up to half a cell, for the bisection itself can be
        a saddle; other starts are taken as they are.
    masses : array_like, shape (n,), optional
        Mass of each point, relative to others; by default all are equal.
    fixed : array_like, optional
        Points that stay where they are and count among the n: a boolean for each point of a start
        given as an array; or else their positions in pixels, shape (k, 2), which come first.
    seed : int
        Seed of all that is random: that shift, the random start, and perturbations.
    engine : {"auto", "pysdot", "qhull"}
        Backend for neighbours of power cells; the result does not depend on it.
    threads : int, optional
        Threads for cutting and integrating cells; by default one per processor.
    on_step : callable, optional
        Receives a `Step` for the start and for each step.
    strays : {"move", "keep"}
        Whether points off the ink, where a cell serves two dark shapes, move to the nearest ink of
        their own cells after the steps; W2² is then a little larger. Without steps nothing moves.
    size_variation : float
        From 0, dots of one size, to below 1, dots that are nearly as dense in light parts as in
        dark ones, but smaller. Points quantise ρ^(1 − size_variation), and W2², quality and
        weights are about that density; each dot has the area of the darkness ρ of its cell.
    spacing : {"touch", "apart"}
        Apart, no two dots overlap: dark parts are then lighter than they should be.
    bleed : bool
        Stipple the picture with a mirrored margin and crop it, so that no row of dots runs along
        the border. Figures are those of the points kept, which are not settled; there may be
        fewer or more than n where the picture is white near its border. Needs a start by name.

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
    _check_choices(method, engine, texture, strays, spacing)
    iterations = read_count(iterations, "number of iterations", 0)
    tolerance = read_number(tolerance, "tolerance", 0, finite=False)
    seed = read_count(seed, "seed", 0)
    if threads is not None:
        threads = read_count(threads, "number of threads", 1)
    quantised = flatten_tone(density, size_variation)
    began = time.perf_counter()
    wide = _mirror(quantised, n, start, masses, fixed) if bleed else None
    source, count = (wide.density, wide.points) if wide else (quantised, n)
    moving = iterations > 0
    beginning = begin(
        source, count, start, seed, masses=masses, fixed=fixed, texture=texture, moving=moving
    )
    placed = time.perf_counter() - began
    solver = TransportSolver(source, engine, threads, beginning.masses)
    result = quantise_best(
        solver,
        beginning.starts,
        method=method,
        iterations=iterations,
        tolerance=tolerance,
        quality=_choose_quality(quality, texture),
        fixed=beginning.fixed,
        leave_saddles=isinstance(start, str) and start == "bisection",
        seed=seed,
        on_step=on_step,
    )
    ended = time.perf_counter()
    treated = strays if moving else "keep"
    if wide:
        alone = TransportSolver(quantised, engine, threads)
        alone.diagrams, alone.newton_iterations = solver.diagrams, solver.newton_iterations
        dots = crop_dots(wide, density, alone, result.transport, strays=treated, spacing=spacing)
        solver, result = alone, replace(result, settled=False, saddle=False, reached=False)
    else:
        dots = make_dots(
            density,
            solver,
            result.transport,
            strays=treated,
            spacing=spacing,
            fixed=beginning.fixed,
        )
    seconds = {"placement": placed, **result.seconds, "dots": time.perf_counter() - ended}
    return describe_quantisation(
        density, solver, result, dots, method=method, seed=seed, seconds=seconds
    )


def describe_quantisation(
    density: Density,
    solver: TransportSolver,
    result: Quantisation,
    dots: Dots,
    *,
    method: Method,
    seed: int,
    seconds: dict[str, float],
) -> Stippling:
    """Collect the figures of a result whose points have become dots."""
    transport = dots.transport
    count = len(transport.points)
    return Stippling(
        points=transport.points,
        weights=transport.masses,
        radius=measure_radius(density, count),
        radii=dots.radii,
        w2_squared=transport.w2_squared,
        w2_squared_lower=transport.interval.lower,
        w2_squared_upper=transport.interval.upper,
        quality=solver.count_equal(count) * transport.w2_squared / density.support_area,
        mass_error=transport.mass_error,
        converged=transport.converged,
        iterations=result.iterations,
        settled=result.settled,
        strays=dots.strays,
        saddle=result.saddle,
        reached=result.reached,
        support_area=density.support_area,
        diagrams=solver.diagrams,
        newton_iterations=solver.newton_iterations,
        cells=transport.diagram.cells,
        seconds=seconds,
        method=method,
        engine=solver.engine,
        seed=seed,
        version=__version__,
    )


def _check_choices(
    method: Method, engine: NeighbourEngine, texture: Texture, strays: Strays, spacing: Spacing
) -> None:
    read_choice(method, "method", Method)
    read_choice(engine, "engine", NeighbourEngine)
    read_choice(texture, "texture", Texture)
    read_choice(strays, "treatment of strays", Strays)
    read_choice(spacing, "spacing", Spacing)


def _choose_quality(quality: float | None, texture: Texture) -> float:
    """Find the quality to stop at; 0 for none."""
    if quality is not None:
        return read_number(quality, "quality", 0, above=True)
    return BLUE_QUALITY if texture == "blue" else 0.0


def _mirror(
    density: Density,
    n: int | None,
    start: Start | PointsLike,
    masses: ArrayLike | None,
    fixed: ArrayLike | None,
) -> Bleed:
    if not isinstance(start, str) or masses is not None or fixed is not None:
        raise StippleError(
            "A picture with bleed needs a start by name, without given positions or masses."
        )
    return mirror_margin(density, read_number_of_points(DEFAULT_COUNT if n is None else n))
