"""Drawings that follow one another, as an animated GIF."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stipple.drawing.animation import check_pace, render_animation, save_frames
from stipple.drawing.marks import Drawing

# How much longer the last frame stays, in seconds.
REST = 2.0


def render_gif(frames: Sequence[Drawing], dpi: float, seconds_per_frame: float) -> bytes:
    """Write drawings of one size as an animation that loops, and rests on the last one.

    Parameters
    ----------
    frames : sequence of Drawing
    dpi : float
        Pixels per inch.
    seconds_per_frame : float
        At least 0.02, the shortest that browsers respect. The last frame stays 2 s longer.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    StippleError
        As `render_animation`.
    """
    check_pace(seconds_per_frame)
    return render_animation(frames, "gif", dpi, _rest(len(frames), seconds_per_frame))


def render_grey_gif(frames: Sequence[NDArray[np.uint8]], seconds_per_frame: float) -> bytes:
    """Write grey pictures of one shape (h, w) as an animation that rests on the last one."""
    return save_frames(
        [Image.fromarray(frame) for frame in frames], "gif", _rest(len(frames), seconds_per_frame)
    )


def _rest(count: int, seconds_per_frame: float) -> list[float]:
    """Find how long each frame is shown."""
    return [seconds_per_frame] * max(count - 1, 0) + [seconds_per_frame + REST]
