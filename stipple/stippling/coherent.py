"""Frames that follow one another: the dots of each go on from those of the last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from stipple.arrays import Floats, ImageLike, Integers
from stipple.choices import LARGEST_COUNT, NeighbourEngine, Spacing, Strays
from stipple.errors import StippleError
from stipple.geometry.matching import match_clouds
from stipple.measures.density import Density
from stipple.stippling.births import find_survivors, place_births
from stipple.stippling.dots import make_dots
from stipple.stippling.frame_starts import begin_transport
from stipple.stippling.motion import Motion, observe_motion
from stipple.stippling.result import Stippling, describe_quantisation
from stipple.stippling.spreading import learn_quality, spread
from stipple.stippling.stippling import stipple
from stipple.transport.quantisation import Step
from stipple.transport.semi_discrete import TransportSolver


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
    good : float
        N·W2²/A of a new drawing, about.
    drawing : int
        How many diagrams the last new drawing took.
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
    good: float
    drawing: int
    number: int = 0
    motion: Motion | None = None

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
    return Film(
        density,
        numbered,
        first_total=density.total,
        first_count=count,
        given=count,
        good=stippling.quality,
        drawing=stippling.diagrams,
    )


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
    count = film.count_dots(density) if birth else len(film.stippling.points)
    points, potentials, ids = _begin_frame(film, density, count, seed)
    solver = TransportSolver(density, engine, threads)
    stippling = _go_on(film, solver, points, potentials, seed, on_step, strays, spacing)
    good, drawing = film.good, film.drawing
    if stippling is None:
        drawn = stipple(
            density,
            count,
            seed=seed,
            engine=engine,
            threads=threads,
            on_step=on_step,
            strays=strays,
            spacing=spacing,
        )
        good, drawing = drawn.quality, drawn.diagrams
        stippling = _match(drawn, points, solver)
    before = film.stippling.cells
    same = count == len(before.points)
    return replace(
        film,
        density=density,
        stippling=replace(stippling, ids=ids),
        given=max(film.given, int(ids.max())),
        good=learn_quality(good, stippling.quality, count),
        drawing=drawing,
        number=film.number + 1,
        motion=observe_motion(before, stippling.cells, film.motion) if same else None,
    )


def _go_on(
    film: Film,
    solver: TransportSolver,
    points: Floats,
    potentials: Floats,
    seed: int,
    on_step: Callable[[Step], None] | None,
    strays: Strays,
    spacing: Spacing,
) -> Stippling | None:
    """Spread the dots from where they begin; None if as much work as a drawing leads nowhere."""
    began = time.perf_counter()
    cells = film.stippling.cells
    motion = film.motion if len(points) == len(cells.points) else None
    near = begin_transport(solver, cells, motion, points, potentials, film.drawing)
    if near is None:
        return None
    placed = time.perf_counter()
    result = spread(solver, near, film.good, seed, on_step, number=film.number + 1)
    ended = time.perf_counter()
    dots = make_dots(solver.density, solver, result.transport, strays=strays, spacing=spacing)
    seconds = {
        "placement": placed - began,
        "steps": ended - placed,
        "dots": time.perf_counter() - ended,
    }
    return describe_quantisation(
        solver.density, solver, result, dots, method="lbfgs", seed=seed, seconds=seconds
    )


def _match(drawn: Stippling, points: Floats, solver: TransportSolver) -> Stippling:
    """List the dots of a new drawing as those go to them that were at other points, and not far."""
    order = match_clouds(points, drawn.points)
    return replace(
        drawn.reorder(order),
        cells=drawn.cells.reorder(order),
        diagrams=drawn.diagrams + solver.diagrams,
        newton_iterations=drawn.newton_iterations + solver.newton_iterations,
    )


def _begin_frame(
    film: Film, density: Density, count: int, seed: int
) -> tuple[Floats, Floats, Integers]:
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
        from scipy.spatial import cKDTree  # slow to import, and few films need it

        # A dot begins with a half of a cell near it.
        nearest = cKDTree(points).query(places)[1]
        return (
            np.concatenate([points, places]),
            np.concatenate([potentials, potentials[nearest]]),
            np.concatenate([ids, fresh]),
        )
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
