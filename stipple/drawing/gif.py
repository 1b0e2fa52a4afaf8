"""Drawings that follow one another, as an animated GIF."""

from collections.abc import Sequence

from stipple.drawing.animation import check_pace, render_animation
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
    durations = [seconds_per_frame] * max(len(frames) - 1, 0) + [seconds_per_frame + REST]
    return render_animation(frames, "gif", dpi, durations)
