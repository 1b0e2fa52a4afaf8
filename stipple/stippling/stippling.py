"""The main job as a Python call: a density in, points with evidence out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from stipple.arguments import accept_former_name, read_choice, read_count, read_number, read_threads
from stipple.arrays import ImageLike, Integers, PointsLike
from stipple.choices import Method, NeighbourEngine, Spacing, Start, Strays, Texture
from stipple.errors import StippleError
from stipple.machine.notebook import show_steps
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.stippling.beginnings import DEFAULT_COUNT, begin, read_number_of_points
from stipple.stippling.bleed import Bleed, mirror_margin
from stipple.stippling.dots import crop_dots, flatten_tone, make_dots
from stipple.stippling.result import Stippling, describe_quantisation
from stipple.stippling.texture import BLUE_QUALITY, LastStep, weaken_waves
from stipple.transport.quantisation import Step, quantise_best
from stipple.transport.semi_discrete import TransportSolver


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
    periodic: bool = False,
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
        Maximum number of steps; 0 solves the transport of the start and moves nothing.
    tolerance : float
        Stop when a step lowers W2² by less than this part of it, and small perturbations do not
        help.
    quality : float, optional
        Stop at the first step of which N·W2²/A is not above this.
    texture : {"hexagonal", "blue"}
        Blue begins with points at random, by the density, and stops before they form grains: at
        the quality .173 unless another is given, or as little before it as no wave has a power
        above 20.
    start : {"bisection", "uniform", "grid"} or array_like, shape (n, 2)
        Where points begin: near the equal-mass bisection, random, a grid, or given positions in
        pixels, without those of which a coordinate is masked. Points that are to move from the
        bisection begin in staggered rows where the density is flat, and elsewhere are shifted at
        random by up to half a cell, for the bisection itself can be a saddle; other starts are
        taken as they are.
    masses : array_like, shape (n,), optional
        Mass of each point, relative to others; by default all are equal.
    fixed : array_like, optional
        Points that stay where they are and count among the n: a boolean for each point of a start
        given as an array; or else their positions in pixels, shape (k, 2), which come first.
    seed : int
        Seed of all that is random: rows mirrored, that shift, the random start, perturbations.
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
    periodic : bool
        Whether opposite sides of the picture are one: distances go to the nearest copy of a point,
        so that copies of the picture side by side show no seam. Not with bleed.

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
    threads = read_threads(threads)
    quantised = flatten_tone(density, size_variation)
    began = time.perf_counter()
    wide = _mirror(quantised, n, start, masses, fixed, periodic) if bleed else None
    source, count = (wide.density, wide.points) if wide else (quantised, n)
    moving = iterations > 0
    workers = Workers(threads)
    place = partial(begin, masses=masses, fixed=fixed, texture=texture, workers=workers)
    # Rows along the border are what a bleed is to avoid, and seldom go on across a seam.
    beginning = place(source, count, start, seed, moving=moving, in_rows=not (bleed or periodic))
    placed = time.perf_counter() - began
    solver = TransportSolver(source, engine, threads, beginning.masses, periodic=periodic)
    with show_steps("stipple", iterations + 1, on_step) as told:
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
            on_step=(last := LastStep(_tell_in_order(told, beginning.order))),
        )
    if texture == "blue" and quality is None:
        result = weaken_waves(solver, result, last)
    ended = time.perf_counter()
    treated = strays if moving else "keep"
    if wide:
        alone = TransportSolver(quantised, engine, threads)
        alone.diagrams, alone.newton_iterations = solver.diagrams, solver.newton_iterations
        dots = crop_dots(wide, density, alone, result.transport, strays=treated, spacing=spacing)
        solver, result = alone, replace(result, settled=False, saddle=False, reached=False)
    else:
        stay = beginning.fixed
        dots = make_dots(
            density, solver, result.transport, strays=treated, spacing=spacing, fixed=stay
        )
    seconds = {"placement": placed, **result.seconds, "dots": time.perf_counter() - ended}
    found = describe_quantisation(
        density, solver, result, dots, method=method, seed=seed, seconds=seconds
    )
    return _restore_order(found, beginning.order)


def _tell_in_order(
    on_step: Callable[[Step], None] | None, order: Integers | None
) -> Callable[[Step], None] | None:
    """Tell of steps with the points in the caller's order."""
    if on_step is None or order is None:
        return on_step
    back = np.argsort(order)
    return lambda step: on_step(replace(step, points=step.points[back]))


def _restore_order(found: Stippling, order: Integers | None) -> Stippling:
    if order is None:
        return found
    back = np.argsort(order)
    return replace(found.reorder(back), cells=found.cells.reorder(back))


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
    periodic: bool,
) -> Bleed:
    if periodic:
        raise StippleError("A periodic picture has no border to bleed over: leave bleed out.")
    if not isinstance(start, str) or masses is not None or fixed is not None:
        raise StippleError(
            "A picture with bleed needs a start by name, without given positions or masses."
        )
    return mirror_margin(density, read_number_of_points(DEFAULT_COUNT if n is None else n))
