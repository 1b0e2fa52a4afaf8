"""Drawings that follow one another, as animated GIF, PNG and WebP, or as a video."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from stipple.drawing.marks import Drawing
from stipple.drawing.raster import rasterise
from stipple.drawing.video import ENCODERS, render_video
from stipple.errors import StippleError

# Pillow's names of the formats, by suffix.
PILLOW_NAMES = {"gif": "GIF", "png": "PNG", "webp": "WEBP"}
FORMATS = (*PILLOW_NAMES, *ENCODERS)
# Seconds: the shortest that browsers respect, and what all the formats can hold.
SHORTEST, LONGEST = 0.02, 600.0
# WebP holds no larger pictures.
LARGEST_SIDE = 16383
WHITE = "#ffffff"


def check_pace(seconds: float) -> None:
    """Refuse frames that follow each other faster than is shown.

    Raises
    ------
    StippleError
        If the time from one frame to the next is too short, or too long.
    """
    if not SHORTEST <= seconds < LONGEST:
        raise StippleError(
            f"Frames came {seconds:g} s apart: give at least {SHORTEST:g} s, below {LONGEST:g} s."
        )


def render_animation(
    frames: Sequence[Drawing], form: str, dpi: float, durations: Sequence[float]
) -> bytes:
    """Write drawings of one size as an animation that loops, or as a video.

    Drawings without background are put on white in a GIF, which has no partial transparency, and in
    a video, which has none.

    Parameters
    ----------
    frames : sequence of Drawing
    form : {"gif", "png", "webp", "mp4", "webm"}
        PNG is APNG, WebP is lossless; videos need PyAV.
    dpi : float
        Pixels per inch.
    durations : sequence of float
        How long each frame is shown, in seconds.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    StippleError
        If there are no frames, their sizes differ, they are too large for the format, those of a
        GIF come too fast or stay too long, PyAV is not installed, or as `rasterise`.
    """
    sizes = {(frame.width, frame.height) for frame in frames}
    if len(sizes) != 1:
        raise StippleError(
            f"An animation came with frames of {len(sizes)} sizes: give frames of one size."
        )
    if form == "gif":
        # It counts in hundredths of a second, up to some ten minutes.
        for seconds in durations:
            check_pace(seconds)
    if form in ("gif", *ENCODERS):
        frames = [replace(frame, background=frame.background or WHITE) for frame in frames]
    pixels = [Image.fromarray(rasterise(frame, dpi)) for frame in frames]
    if form == "webp" and max(pixels[0].size) > LARGEST_SIDE:
        raise StippleError(
            f"The frames have {pixels[0].width:,} x {pixels[0].height:,} pixels, and WebP holds"
            f" {LARGEST_SIDE:,} a side: lower --dpi, or write another format."
        )
    if form in ENCODERS:
        return render_video(pixels, form, durations, frames[0].background or WHITE)
    return save_frames(_share_palette(pixels) if form == "gif" else pixels, form, durations)


def save_frames(frames: Sequence[Image.Image], form: str, durations: Sequence[float]) -> bytes:
    """Write pictures of one size as an animation that loops; see `render_animation`."""
    first, *others = frames
    file = io.BytesIO()
    first.save(
        file,
        PILLOW_NAMES[form],
        save_all=True,
        append_images=others,
        duration=[round(1000 * seconds) for seconds in durations],
        loop=0,
        **_choose_settings(form, first),
    )
    return file.getvalue()


def _share_palette(pixels: Sequence[Image.Image]) -> list[Image.Image]:
    """Bring frames to one palette, from the first and the last: no flicker between frames."""
    ends = np.concatenate([np.asarray(pixels[0]), np.asarray(pixels[-1])])
    palette = Image.fromarray(ends).quantize(256)
    return [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in pixels]


def _choose_settings(form: str, first: Image.Image) -> dict[str, Any]:
    """Choose settings of a format: what is transparent in a frame shows no frame before it."""
    if form == "webp":
        return {"lossless": True, "quality": 50}
    if form == "png":
        return {"blend": 0, "disposal": 1 if first.mode == "RGBA" else 0}
    return {}
