"""Pictures of a displacement interpolation: a GIF, or a strip of times."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats
from stipple.bounds.morph import interpolate_plan
from stipple.bounds.plans import Plan
from stipple.drawing.gif import render_grey_gif
from stipple.drawing.plots import open_figure, save_figure

# Exact in binary, as the intervals at these times are. A strip has few of them.
TIMES = {"gif": tuple(k / 32 for k in range(33)), "png": (0.0, 0.25, 0.5, 0.75, 1.0)}
SECONDS_PER_FRAME = 0.06
GIF_SIDE = 480  # pixels at least, along the longer side
PANEL = 2.4  # inches


def render_morph_gif(plan: Plan, shape: tuple[int, int]) -> bytes:
    """Draw the interpolation of a plan at `TIMES` as an animation; mass is dark.

    Parameters
    ----------
    plan : Plan
    shape : (h, w)
        Pixels of the images, each of which is drawn as a square of whole pixels.
    """
    scale = -(-GIF_SIDE // max(shape))
    square = np.ones((scale, scale), np.uint8)
    frames = [
        np.kron(_find_greys(frame), square) for frame in _draw_frames(plan, shape, TIMES["gif"])
    ]
    return render_grey_gif(frames, SECONDS_PER_FRAME)


def render_morph_strip(
    plan: Plan, shape: tuple[int, int], labels: Sequence[str], dpi: float
) -> bytes:
    """Draw the interpolation of a plan at `TIMES`, side by side, as PNG; mass is dark.

    Parameters
    ----------
    plan : Plan
    shape : (h, w)
    labels : sequence of str
        What is written below each time.
    dpi : float
        Pixels per inch.
    """
    times = TIMES["png"]
    height = PANEL * min(max(shape[0] / shape[1], 0.25), 2.0) + 0.7
    with open_figure((PANEL * len(times), height)) as figure:
        frames = _draw_frames(plan, shape, times)
        panels = zip(figure.subplots(1, len(times)), times, frames, labels, strict=True)
        for axes, time, frame, label in panels:
            axes.imshow(frame, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
            axes.set_title(f"$t$ = {time:g}", loc="left")
            axes.set_xlabel(label, loc="left")
            axes.set_xticks([])
            axes.set_yticks([])
        return save_figure(figure, "png", dpi)


def _draw_frames(plan: Plan, shape: tuple[int, int], times: Sequence[float]) -> list[Floats]:
    """Darkness at each time, from 0 to 1, shape (h, w).

    Black is the most that a pixel has of the first image at first and of the second at last, and
    in between their weighted geometric mean: both ends look like the images.
    """
    first, last = (interpolate_plan(plan, shape, time).max() for time in (0.0, 1.0))
    return [
        np.minimum(interpolate_plan(plan, shape, time) / (first ** (1 - time) * last**time), 1.0)
        for time in times
    ]


def _find_greys(darkness: Floats) -> NDArray[np.uint8]:
    return np.rint(255 * (1 - darkness)).astype(np.uint8)
