"""Dots of one picture that travel to the next on straight lines, matched by optimal transport."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from stipple.arguments import read_choice, read_count, read_number
from stipple.arrays import Floats, ImageLike
from stipple.choices import Easing, NeighbourEngine
from stipple.drawing import animation
from stipple.drawing.drawable import Savable
from stipple.drawing.layout import BLACK, Layout, lay_out
from stipple.errors import StippleError
from stipple.measures.density import Density
from stipple.stippling.beginnings import DEFAULT_COUNT
from stipple.stippling.result import Stippling
from stipple.stippling.stippling import stipple
from stipple.transport.assignment import assign_points

if TYPE_CHECKING:
    from stipple.arrays import Integers

MOST_FRAMES = 100_000
LONGEST = 3600.0  # seconds


@dataclass(frozen=True)
class Passage:
    """How the dots of one picture go to those of the next.

    Attributes
    ----------
    rms : float
        Root of the mean squared way of a dot, in pixels of the frame.
    lower : float
        No way to match the dots of the two pictures has less: proved.
    """

    rms: float
    lower: float

    @property
    def gap(self) -> float:
        """How much more than the least the dots may travel at most, as a part of `rms`."""
        return (self.rms - self.lower) / self.rms if self.rms else 0.0


@dataclass(frozen=True, eq=False)
class Morph(Savable):
    """Dots that go from picture to picture; dot k is the same one in all frames.

    Attributes
    ----------
    points : ndarray, shape (frames, n, 2)
        x right and y down, in pixels of the frame.
    radii : ndarray, shape (frames, n)
        Radius of each dot, in these pixels.
    durations : ndarray, shape (frames,)
        How long each frame is shown, in seconds.
    pictures : tuple of int
        The frames that show the pictures.
    shape : tuple of int
        Height and width of the frame in pixels: pictures have their longer sides alike, that of
        the largest, and lie in its middle.
    passages : tuple of Passage
        From each picture to the next: how far dots go, and the least possible.
    stipplings : tuple of Stippling
        The pictures as they were stippled, with their own order of points.
    easing : {"smooth", "linear"}
        How dots go on their lines.
    seconds, hold : float
        How long they travel to the next picture, and rest at each.

    Examples
    --------
    >>> import numpy, stipple
    >>> morph = stipple.morph([numpy.eye(8), numpy.ones((8, 8))], n=4, frames=10)
    >>> morph
    Morph(2 pictures, 4 dots, 11 frames of 8 × 8 pixels)
    """

    points: Floats
    radii: Floats
    durations: Floats
    pictures: tuple[int, ...]
    shape: tuple[int, int]
    passages: tuple[Passage, ...]
    stipplings: tuple[Stippling, ...]
    easing: Easing
    seconds: float
    hold: float

    FORMATS: ClassVar[tuple[str, ...]] = ("svg", *animation.FORMATS, "html")
    DPI: ClassVar[float] = 72.0

    def render(self, form: str, layout: Layout) -> bytes:
        """Draw the moving dots: an SVG that browsers play, an animation, a video, or a page."""
        from stipple.drawing.html import render_page
        from stipple.drawing.moving import render_moving_svg
        from stipple.stippling.moments import compose_moments, compose_moving_dots, compose_page

        reach = layout.find_reach(float(self.radii.max()))
        placement, look = lay_out(layout, self.shape, reach=reach)
        ink = layout.ink or BLACK
        if form == "svg":
            return render_moving_svg(compose_moving_dots(self, placement, look, ink))
        frames = compose_moments(self.points, self.radii, placement, look, ink)
        if form == "html":
            return render_page(compose_page(self, frames))
        return animation.render_animation(frames, form, layout.dpi, self.durations.tolist())

    def render_csv(self) -> bytes:
        """Write frame, id, x, y and radius of each dot in each frame, in pixels of the frame."""
        from stipple.files.tables import render_columns_csv

        frames, count, _ = self.points.shape
        x, y = self.points.reshape(-1, 2).T
        columns = {
            "frame": np.repeat(np.arange(1, frames + 1), count),
            "id": np.tile(np.arange(1, count + 1), frames),
        }
        return render_columns_csv({**columns, "x": x, "y": y, "radius": self.radii.ravel()})

    def _count_dots(self) -> int:
        return len(self.points[0])

    def __repr__(self) -> str:
        frames, count, _ = self.points.shape
        height, width = self.shape
        return (
            f"Morph({len(self.pictures)} pictures, {count:,} dot{'s' * (count != 1)},"
            f" {frames:,} frames of {width} × {height} pixels)"
        )


def morph(
    pictures: Sequence[ImageLike | Density | Stippling],
    n: int | None = None,
    *,
    frames: int = 48,
    easing: Easing = "smooth",
    seconds: float = 2.0,
    hold: float = 0.5,
    seed: int = 0,
    engine: NeighbourEngine = "auto",
    threads: int | None = None,
) -> Morph:
    """Let the dots of each picture travel to the next, on straight lines and not far.

    Dots of two pictures are matched so that the mean squared way is the least, up to 0.1 %: as
    optimal transport moves one distribution of dots to the other.

    Parameters
    ----------
    pictures : sequence of array_like of shape (h, w), Density or Stippling
        Two or more, of any shapes. Densities are stippled; a `Stippling` is taken as it is.
    n : int, optional
        How many dots: 5000, or as many as the stipplings given have.
    frames : int
        How many it takes to come from each picture to the next.
    easing : {"smooth", "linear"}
        Dots start and end slowly, 3t² − 2t³, or go at one speed.
    seconds : float
        How long dots travel from each picture to the next.
    hold : float
        How long they rest at each picture, in seconds.
    seed : int
        Seed of the stipplings.
    engine, threads
        As in `stipple.stipple`.

    Returns
    -------
    Morph

    Raises
    ------
    StippleError
        If there is one picture only, one has no darkness, stipplings have different numbers of
        dots, or a setting makes no sense.

    Examples
    --------
    >>> import numpy, stipple
    >>> stipple.morph([[[1, 0, 0]], [[0, 0, 1]]], n=1, frames=2).points[:, 0, 0].round(6)
    array([0.5, 1.5, 2.5])
    """
    frames = read_count(frames, "number of frames", 1)
    if frames > MOST_FRAMES:
        raise StippleError(f"{frames:,} frames were asked for: give at most {MOST_FRAMES:,}.")
    read_choice(easing, "easing", Easing)
    seconds = read_number(seconds, "time to travel", 0, most=LONGEST)
    hold = read_number(hold, "time to rest", 0, most=LONGEST)
    if seconds / frames == 0:
        raise StippleError(f"The time to travel is {seconds:g} s: give a number above zero.")
    pictures = list(pictures)
    if len(pictures) < 2:
        raise StippleError(f"A morph needs two pictures or more, but {len(pictures)} came.")
    count = _agree_on_count(pictures, n)
    drawn = tuple(
        one
        if isinstance(one, Stippling)
        else stipple(one, count, seed=seed, engine=engine, threads=threads)
        for one in pictures
    )
    shape = _find_frame([(one.cells.height, one.cells.width) for one in drawn])
    places, radii, passages = _match_in_turn(drawn, shape)
    shares = _ease(np.arange(frames + 1) / frames, easing)
    durations = np.full(frames * (len(drawn) - 1) + 1, seconds / frames)
    at = tuple(range(0, len(durations), frames))
    durations[list(at)] += hold
    # The last one goes nowhere, but is seen.
    durations[-1] = max(hold, seconds / frames)
    return Morph(
        points=_move(places, shares),
        radii=_move(radii, shares),
        durations=durations,
        pictures=at,
        shape=shape,
        passages=tuple(passages),
        stipplings=drawn,
        easing=easing,
        seconds=seconds,
        hold=hold,
    )


def _agree_on_count(pictures: Sequence[ImageLike | Density | Stippling], n: int | None) -> int:
    """Find how many dots all pictures are to have."""
    counts = {len(one.points) for one in pictures if isinstance(one, Stippling)}
    if len(counts) > 1:
        raise StippleError(
            f"The stipplings have {' and '.join(map(str, sorted(counts)))} dots: give as many"
            " to each."
        )
    given = next(iter(counts), None)
    if n is not None and given is not None and n != given:
        raise StippleError(f"{n} dots were asked for, but a stippling has {given}: leave n out.")
    count = given or n
    return DEFAULT_COUNT if count is None else count


def _find_frame(shapes: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """Find the smallest frame around pictures whose longer sides are made alike."""
    side = max(max(shape) for shape in shapes)
    sizes = [[math.ceil(side * length / max(shape)) for length in shape] for shape in shapes]
    height, width = np.max(sizes, axis=0)
    return int(height), int(width)


def _match_in_turn(
    drawn: Sequence[Stippling], shape: tuple[int, int]
) -> tuple[list[Floats], list[Floats], list[Passage]]:
    """Place pictures in the frame, and list the dots of each as those of the first go to them."""
    side = max(shape)
    places: list[Floats] = []
    radii: list[Floats] = []
    passages: list[Passage] = []
    for one in drawn:
        size = np.array([one.cells.width, one.cells.height])
        scale = side / size.max()
        points = scale * one.points + (np.array(shape[::-1]) - scale * size) / 2
        order: Integers = np.arange(len(points))
        if places:
            found = assign_points(places[-1], points)
            order = found.matched
            # Roots are rounded apart.
            lower = math.nextafter(math.sqrt(found.lower), 0.0)
            passages.append(Passage(math.sqrt(found.cost), lower))
        places.append(points[order])
        radii.append(scale * one.radii[order])
    return places, radii, passages


def _ease(shares: Floats, easing: Easing) -> Floats:
    """Part of the way that is done at a part of the time."""
    return shares if easing == "linear" else shares**2 * (3 - 2 * shares)


def _move(stops: Sequence[Floats], shares: Floats) -> Floats:
    """Go from each stop to the next by parts of the way, shape (frames, …)."""
    weights = shares[1:].reshape(-1, *(1,) * stops[0].ndim)
    parts = [stops[0][None]]
    parts += [(1 - weights) * here + weights * there for here, there in pairwise(stops)]
    return np.concatenate(parts)
