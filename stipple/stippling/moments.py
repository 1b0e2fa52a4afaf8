"""From moving dots to drawings of every moment, and to dots that browsers move."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.drawing.html import Frame, Page
from stipple.drawing.look import Look
from stipple.drawing.marks import Dots, Drawing, Layer
from stipple.drawing.moving import MovingDots
from stipple.drawing.page import Placement
from stipple.stippling.morph import Morph


def stack_frames(
    ids: Sequence[Integers], points: Sequence[Floats], radii: Sequence[Floats]
) -> tuple[Floats, Floats]:
    """Stack the dots of frames by their ids: each is somewhere in every frame, if of radius 0.

    Parameters
    ----------
    ids : sequence of k ndarray of int
        Those of each frame; all from 1 to the largest, n, are in some of them.
    points, radii : sequences of k ndarray, shapes (m, 2) and (m,)
        Where its dots are and how large, in pixels, in the order of its ids.

    Returns
    -------
    points : ndarray, shape (k, n, 2)
        In pixels. A dot that is not born yet, or is dead, is where it was nearest in time.
    radii : ndarray, shape (k, n)
        In pixels; 0 where a frame has no such dot.
    """
    count = max(int(one.max()) for one in ids)
    places = np.full((len(ids), count, 2), np.nan)
    sizes = np.zeros((len(ids), count))
    for number, one in enumerate(ids):
        places[number, one - 1], sizes[number, one - 1] = points[number], radii[number]
    turns = range(len(ids))
    for here, there in [*pairwise(turns), *pairwise(reversed(turns))]:
        places[there] = np.where(np.isnan(places[there]), places[here], places[there])
    return places, sizes


def compose_moments(
    points: Floats, radii: Floats, placement: Placement, look: Look, colour: str
) -> list[Drawing]:
    """Compose a drawing of the dots of each frame.

    Parameters
    ----------
    points, radii : ndarray, shapes (frames, n, 2) and (frames, n)
        In pixels; dots of radius 0 are left out.
    placement : Placement
        Where the frame lies on the page.
    look : Look
        Radius and background are used.
    colour : str
        `#rrggbb` of the dots.
    """
    return [
        Drawing(
            placement.width,
            placement.height,
            look.background,
            (Layer("dots", colour, (_place_dots(at[size > 0], size[size > 0], placement, look),)),),
        )
        for at, size in zip(points, radii, strict=True)
    ]


def compose_page(morph: Morph, drawings: list[Drawing]) -> Page:
    """Compose a page with a slider over the frames, of which drawings are given."""
    starts = np.cumsum([0.0, *morph.durations[:-1]])
    return Page(
        title=f"{len(morph.pictures)} pictures",
        drawing=drawings[0],
        figures=[("dots", f"{morph.points.shape[1]:,}"), ("frames", f"{len(drawings):,}")],
        frames=tuple(
            Frame(f"{start:.2f} s", drawing.layers)
            for start, drawing in zip(starts, drawings, strict=True)
        ),
        slider="Time",
    )


def compose_moving_dots(morph: Morph, placement: Placement, look: Look, colour: str) -> MovingDots:
    """Compose the dots of a morph that rest at each picture, and travel to the next."""
    at = list(morph.pictures)
    arrivals = np.arange(len(at)) * (morph.hold + morph.seconds)
    times = np.column_stack([arrivals, arrivals + morph.hold]).ravel()
    stays = np.repeat(at, 2)
    if morph.hold == 0:
        times, stays = times[::2], stays[::2]
    return MovingDots(
        width=placement.width,
        height=placement.height,
        background=look.background,
        colour=colour,
        centres=np.array([placement.to_page(points) for points in morph.points[stays]]),
        radii=np.array([look.choose_radii(placement.scale * size) for size in morph.radii[stays]]),
        times=times,
        easing=morph.easing,
    )


def compose_steps(
    points: Floats,
    radii: Floats,
    placement: Placement,
    look: Look,
    colour: str,
    durations: Sequence[float],
) -> MovingDots:
    """Compose dots that go from frame to frame at one speed; the arguments are `compose_moments`'s.

    `durations` are the times in seconds from each frame to the next; in the last one dots rest.
    """
    centres = np.array([placement.to_page(at) for at in points])
    sizes = np.array([look.choose_radii(placement.scale * size) for size in radii]) * (radii > 0)
    return MovingDots(
        width=placement.width,
        height=placement.height,
        background=look.background,
        colour=colour,
        centres=np.concatenate([centres, centres[-1:]]),
        radii=np.concatenate([sizes, sizes[-1:]]),
        times=np.cumsum([0.0, *durations]),
        easing="linear",
    )


def _place_dots(points: Floats, radii: Floats, placement: Placement, look: Look) -> Dots:
    return Dots(placement.to_page(points), look.choose_radii(placement.scale * radii))
