"""Frames for `stipple stipple --coherent`: each goes on from the last, and how far dots went."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.cli.shared.outputs import find_format
from stipple.cli.stipple.figures import ImageFigures
from stipple.cli.stipple.plan import ImageJob
from stipple.cli.stipple.run import Frame, run_frame
from stipple.cli.stipple.show import ANIMATION_PIXELS, SECONDS_PER_FRAME
from stipple.drawing.animation import LONGEST, SHORTEST, render_animation
from stipple.drawing.moving import render_moving_svg
from stipple.files.pictures import read_durations
from stipple.machine.rounding import take_root
from stipple.stippling.coherent import Film, list_ids
from stipple.stippling.moments import compose_moments, compose_steps, stack_frames

# The bound on the way from frame to frame is as good as it gets in this time.
SECONDS_FOR_BOUND = 1.0


@dataclass(frozen=True)
class Move:
    """How far dots went from a frame to the next, in pixels.

    Attributes
    ----------
    image, next_image : str
        The two frames.
    rms : float
        Root of the mean squared way of a dot that is in both.
    lower : float or None
        Proved: dots as good as these in both frames cannot go less far. It is
        W2(ρ, ρ') − W2(ρ, Y) − W2(ρ', Y'), of densities ρ and dots Y, or 0; None where dots were
        born or died.
    ratio : float or None
        `rms` over `lower`; None where that is 0 or None.
    born, died : int
        How many dots are in the next frame only, and how many in this one only.
    """

    image: str
    next_image: str
    rms: float
    lower: float | None
    ratio: float | None
    born: int
    died: int


class FrameRunner:
    """Runs images in turn, and remembers the last one.

    Parameters
    ----------
    measured : bool
        Whether ways of dots are measured, which takes time.
    animated : bool
        Whether the dots of all images are kept, to be rendered together.

    Attributes
    ----------
    moves : list of Move
        From each image that was done to the next.
    """

    def __init__(self, *, measured: bool, animated: bool) -> None:
        self._measured = measured
        self._animated = animated
        self._last: tuple[str, Frame] | None = None
        self.moves: list[Move] = []
        # Without cells, which take most of the memory.
        self._kept: list[tuple[ImageJob, Integers, Floats, Floats]] = []

    def __call__(self, job: ImageJob) -> ImageFigures:
        """Run an image as `run_image` does, from the points of the last one that was done."""
        before = self._last[1] if self._last else None
        figures, frame = run_frame(job, before)
        if before and self._last and self._measured:
            self.moves.append(_measure_move(self._last[0], before.film, job.name, frame.film))
        self._last = (job.name, frame)
        if self._animated:
            dots = frame.film.stippling
            self._kept.append((job, list_ids(dots), dots.points, dots.radii))
        return figures

    def render(self, path: str) -> bytes | None:
        """Render the frames that were done as an animation by the suffix; None of less than two."""
        if self._last is None or len(self._kept) < 2:
            return None
        frame = self._last[1]
        places = frame.placement, frame.look, frame.colour
        jobs, *dots = zip(*self._kept, strict=True)
        points, radii = stack_frames(*dots)
        form, durations = find_format(path), _choose_durations(jobs)
        if form == "svg":
            return render_moving_svg(compose_steps(points, radii, *places, durations))
        dpi = 25.4 * ANIMATION_PIXELS / max(frame.placement.width, frame.placement.height)
        drawings = compose_moments(points, radii, *places)
        return render_animation(drawings, form, dpi, durations)


def _choose_durations(jobs: Sequence[ImageJob]) -> list[float]:
    """Choose how long each frame is shown: as in its animation, where that is a time to be seen."""
    animations = {
        job.image: read_durations(job.image) for job in jobs if job.reading.frame is not None
    }
    durations = []
    for job in jobs:
        told = animations.get(job.image, [])[job.reading.frame :]
        shown = bool(told) and SHORTEST <= told[0] < LONGEST
        durations.append(told[0] if shown else SECONDS_PER_FRAME)
    return durations


def _measure_move(image: str, before: Film, next_image: str, film: Film) -> Move:
    here, there = before.stippling, film.stippling
    _, leaving, coming = np.intersect1d(
        list_ids(here), list_ids(there), assume_unique=True, return_indices=True
    )
    ways = there.points[coming] - here.points[leaving]
    rms = math.sqrt((ways**2).sum() / len(ways))
    born, died = len(there.points) - len(ways), len(here.points) - len(ways)
    lower = None if born or died else _bound_move(before, film)
    return Move(image, next_image, rms, lower, rms / lower if lower else None, born, died)


def _bound_move(before: Film, film: Film) -> float:
    """Bound from below how far dots go, by the triangle inequality."""
    from stipple.bounds.bound import bound

    frames = before.density.values, film.density.values
    apart = bound(*frames, pixels="squares", time_limit=SECONDS_FOR_BOUND).lower
    for one in (before, film):
        away = take_root(one.stippling.w2_squared_upper, 2, down=False)
        apart = math.nextafter(apart - away, -math.inf)
    return max(0.0, apart)


def describe_moves(moves: Sequence[Move]) -> list[dict[str, Any]]:
    """Describe moves for the report."""
    return [asdict(move) for move in moves]
