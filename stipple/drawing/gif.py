"""Drawings that follow one another, as an animated GIF."""

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stipple.drawing.marks import Drawing
from stipple.drawing.raster import rasterise
from stipple.errors import StippleError


def render_gif(frames: Sequence[Drawing], dpi: float, seconds_per_frame: float) -> bytes:
    """Write drawings of one size as an animation that loops, and rests on the last one.

    A GIF has no partial transparency, so drawings without background are put on white.

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
        If there are no frames, their sizes differ, they follow each other too fast, or as
        `rasterise`.
    """
    sizes = {(frame.width, frame.height) for frame in frames}
    if len(sizes) != 1:
        raise StippleError(
            f"An animation came with frames of {len(sizes)} sizes: give frames of one size."
        )
    if not 0.02 <= seconds_per_frame < 600:
        raise StippleError(
            f"Frames came {seconds_per_frame:g} s apart: give at least 0.02 s, below 600 s."
        )
    pixels = [
        rasterise(replace(frame, background=frame.background or "#ffffff"), dpi) for frame in frames
    ]
    # One palette for all frames, from the first and the last: no flicker between frames.
    palette = Image.fromarray(np.concatenate((pixels[0], pixels[-1]))).quantize(256)
    return _save_frames(
        [
            Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
            for frame in pixels
        ],
        seconds_per_frame,
    )


def render_grey_gif(frames: Sequence[NDArray[np.uint8]], seconds_per_frame: float) -> bytes:
    """Write grey pictures of one shape (h, w) as an animation that rests on the last one."""
    return _save_frames([Image.fromarray(frame) for frame in frames], seconds_per_frame)


def _save_frames(frames: Sequence[Image.Image], seconds_per_frame: float) -> bytes:
    first, *others = frames
    duration = round(1000 * seconds_per_frame)
    file = io.BytesIO()
    first.save(
        file,
        "GIF",
        save_all=True,
        append_images=others,
        duration=[duration] * len(others) + [duration + 2000],
        loop=0,
    )
    return file.getvalue()
