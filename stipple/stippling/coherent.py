"""Frames that follow one another: the dots of each go on from those of the last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from stipple.arrays import Floats, ImageLike, Integers
from stipple.choices import LARGEST_COUNT, NeighbourEngine, Spacing, Strays
from stipple.errors import StippleError
from stipple.measures.density import Density
from stipple.stippling.births import find_survivors, place_births
from stipple.stippling.dots import make_dots
from stipple.stippling.frame_starts import begin_transport
from stipple.stippling.motion import Motion, observe_motion
from stipple.stippling.result import Stippling, describe_quantisation
from stipple.stippling.stippling import stipple
from stipple.transport.quantisation import (
    Quantisation,
    Step,
    quantise,
)
from stipple.transport.semi_discrete import Transport, TransportSolver

# Relative errors of masses when a frame begins, and between steps: finer ones cost diagrams, and
# lower W2² by less than 1 in 1,000.
START_TOLERANCE, STEP_TOLERANCE = 0.1, 0.4
# Steps end once three lower W2² by less than that part of it each, which leaves less than 1 % to
# gain by new dots: measured on photographs, noise and shapes that move, turn and fade.
FLAT = 1e-3
# Steps of a frame at most; and at least of one frame of so many: flaws that a few leave add up.
MOST, PERIOD, THOROUGH = 27, 6, 16


@dataclass(frozen=True, eq=False)
class Film:
    """The last frame of a film, and what the next one needs to know of those before.

    Attributes
    ----------
    density : Density
        The frame.
    stippling : Stippling
        Its dots in the order of their cells, with ids.
    first_total : float
        Darkness of the first frame.
    first_count : int
        How many dots that had.
    given : int
        How many ids were given so far.
    number : int
        How many frames there were before it.
    motion : Motion, optional
        What its dots did since the frame before, if they are the same.
    """

    density: Density
    stippling: Stippling
    first_total: float
    first_count: int
    given: int
    number: int = 0
    motion: Motion | None = None
    cost: float = np.inf

    def count_dots(self, density: Density) -> int:
        """Count the dots of the next frame if their number follows its darkness; at least 1.

        Raises
        ------
        StippleError
            If they are too many.
        """
        wanted = self.first_count * (density.total / self.first_total)
        if not wanted <= LARGEST_COUNT:
            raise StippleError(
                f"The frame is so much darker than the first that it has {wanted:,.0f} dots: begin"
                f" with fewer of them, or with a darker frame, for {LARGEST_COUNT:,} at most."
            )
        return max(1, round(wanted))


def list_ids(stippling: Stippling) -> Integers:
    """List the ids of dots; those that have none yet are numbered from 1."""
    ids = stippling.ids
    return np.arange(1, len(stippling.points) + 1) if ids is None else ids


def begin_film(density: Density, stippling: Stippling) -> Film:
    """Give the dots of the first frame ids from 1."""
    count = len(stippling.points)
    numbered = replace(stippling, ids=list_ids(stippling))
    return Film(density, numbered, density.total, count, count)


def follow_frame(
    film: Film,
    density: Density,
    *,
    birth: bool = False,
    seed: int = 0,
    engine: NeighbourEngine = "auto",
    threads: int | None = None,
    on_step: Callable[[Step], None] | None = None,
    strays: Strays = "move",
    spacing: Spacing = "touch",
) -> Film:
    """Move the dots of a frame to the next, by optimal transport; every dot keeps its id.

    The first step takes each point to the barycentre of its cell in the optimal transport from
    the new density to the points of the last frame, or to where they would be had they gone on as
    they did before, if that is nearer. A few more spread them well.

    Parameters
    ----------
    film : Film
        The last frame.
    density : Density
        The next frame, of the same shape.
    birth : bool
        Whether the number of dots follows the darkness: see `stipple_frames`.
    seed, engine, threads, on_step, strays, spacing
        As in `stipple.stipple`.

    Returns
    -------
    Film

    Raises
    ------
    StippleError
        If the frames have different shapes, or so many dots would be born.
    """
    width, height = film.density.width, film.density.height
    if (density.width, density.height) != (width, height):
        raise StippleError(
            f"The frame has {density.width} × {density.height} pixels, and the one before"
            f" {width} × {height}: give frames of one size, or --resize them."
        )
    began = time.perf_counter()
    count = film.count_dots(density) if birth else len(film.stippling.points)
    points, potentials, ids = _begin_frame(film, density, count, seed)
    placed = time.perf_counter()
    solver = TransportSolver(density, engine, threads)
    number = film.number + 1
    cells, motion = film.stippling.cells, film.motion
    if len(points) != len(cells.points): motion=None
    near = begin_transport(solver, cells, motion, points, potentials, film.cost)
    if near is None:
        print("REDRAW",solver.diagrams)
        raise SystemExit
    result = _spread(solver, near, seed, on_step, thorough=number % PERIOD == 0)
    ended = time.perf_counter()
    dots = make_dots(density, solver, result.transport, strays=strays, spacing=spacing)
    seconds = {
        "placement": placed - began,
        "steps": ended - placed,
        "dots": time.perf_counter() - ended,
    }
    stippling = describe_quantisation(
        density, solver, result, dots, method="lbfgs", seed=seed, seconds=seconds
    )
    given = max(film.given, int(ids.max()))
    numbered = replace(stippling, ids=ids)
    same = count == len(film.stippling.points)
    motion = observe_motion(film.stippling.cells, stippling.cells) if same else None
    return replace(
        film, density=density, stippling=numbered, given=given, number=number, motion=motion
    )


def _spread(
    solver: TransportSolver,
    near: Transport,
    seed: int,
    on_step: Callable[[Step], None] | None,
    *,
    thorough: bool,
) -> Quantisation:
    """Spread points of the last frame in the next one; row k of what comes is the same dot."""
    values: list[float] = []

    def is_enough(step: Step) -> bool:
        values.append(step.w2_squared)
        if step.number < (THOROUGH if thorough else 3):
            return False
        return values[-4] - values[-1] <= 3 * FLAT * values[-1]

    return quantise(
        solver,
        near.points,
        iterations=MOST,
        tolerance=0.0,
        seed=seed,
        near=near,
        step_tolerance=STEP_TOLERANCE,
        is_enough=is_enough,
        on_step=on_step,
    )


def _begin_frame(
    film: Film, density: Density, count: int, seed: int
) -> tuple[Floats, Floats | None, Integers]:
    """Points that so many dots begin from, potentials for them, and their ids."""
    before, cells = film.stippling, film.stippling.cells
    points, potentials, ids = before.points, cells.potentials, list_ids(before)
    born = count - len(points)
    if born < 0:
        stay = find_survivors(film.density, density, cells, count)
        return points[stay], potentials[stay], ids[stay]
    if born > 0:
        places = place_births(film.density, density, born, np.random.default_rng(seed))
        fresh = np.arange(film.given + 1, film.given + born + 1)
        from scipy.spatial import cKDTree
        nearest = cKDTree(points).query(places)[1]
        return np.concatenate([points, places]), np.concatenate([potentials, potentials[nearest]]), np.concatenate([ids, fresh])
    return points, potentials, ids


def stipple_frames(
    densities: Iterable[ImageLike | Density],
    n: int | None = None,
    *,
    birth: bool = False,
    seed: int = 0,
    engine: NeighbourEngine = "auto",
    threads: int | None = None,
    strays: Strays = "move",
    spacing: Spacing = "touch",
) -> Iterator[Stippling]:
    """Stipple the frames of a film, in which every dot keeps its id.

    Each frame begins from the dots of the last, which flow by optimal transport.

    Parameters
    ----------
    densities : iterable of array_like of shape (h, w), or of Density
        The frames, all of one shape; each is asked for when its turn comes.
    n : int, optional
        How many dots the first frame has: 5000.
    birth : bool
        Whether the number of dots follows the darkness: a frame has n·total/total of the first,
        rounded, and at least 1. If it is darker than the last, dots are born where darkness
        appeared, with ids that no dot had before; if it is lighter, dots die where it vanished.
    seed, engine, threads, strays, spacing
        As in `stipple.stipple`.

    Yields
    ------
    Stippling
        The dots of each frame, with `ids`, which rise.

    Raises
    ------
    StippleError
        When a frame's turn comes: if it is no density, has another shape than the first, or too
        many dots would be born; or if a setting makes no sense.

    Examples
    --------
    >>> import numpy, stipple
    >>> grey = numpy.ones((8, 8))
    >>> frames = stipple.stipple_frames([grey, 1.5 * grey, grey / 2], 4, birth=True)
    >>> [len(frame.ids) for frame in frames]
    [4, 6, 2]
    """
    film: Film | None = None
    for one in densities:
        density = one if isinstance(one, Density) else Density(one)
        if film is None:
            first = stipple(
                density,
                n,
                seed=seed,
                engine=engine,
                threads=threads,
                strays=strays,
                spacing=spacing,
            )
            film = begin_film(density, first)
        else:
            film = follow_frame(
                film,
                density,
                birth=birth,
                seed=seed,
                engine=engine,
                threads=threads,
                strays=strays,
                spacing=spacing,
            )
        yield film.stippling
