"""Pictures that follow one another as a video, through PyAV, an extra."""

import io
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from PIL import Image

from stipple.errors import StippleError

# Encoders by suffix, that every browser and phone plays, and settings without visible loss.
ENCODERS = {"mp4": ("libx264", {"crf": "18"}), "webm": ("libvpx-vp9", {"crf": "24", "b": "0"})}
# Times are in milliseconds.
TICK = Fraction(1, 1000)


def check_encoder() -> None:
    """Refuse to go on where videos cannot be written.

    Raises
    ------
    StippleError
        When PyAV is not installed.
    """
    try:
        import av  # noqa: F401 (what `render_video` needs)
    except ImportError:
        raise StippleError(
            "PyAV, which writes videos, is not installed: install stipple-ot[video], or write"
            " .gif or .webp."
        ) from None


def render_video(
    frames: Sequence[Image.Image], form: str, durations: Sequence[float], background: str
) -> bytes:
    """Write pictures of one size as a video.

    Parameters
    ----------
    frames : sequence of PIL.Image.Image
    form : {"mp4", "webm"}
        H.264 in MP4, or VP9 in WebM.
    durations : sequence of float
        How long each frame is shown, in seconds.
    background : str
        `#rrggbb` of the row and column that make odd sizes even.

    Raises
    ------
    StippleError
        When PyAV is not installed.
    """
    check_encoder()
    import av

    width, height = (side + side % 2 for side in frames[0].size)
    encoder, settings = ENCODERS[form]
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(encoder, rate=1 / TICK, options=settings)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        shown: dict[int | None, int] = {}  # how long, by when
        now = 0

        def mux(packets: Iterable[Any]) -> None:
            for packet in packets:
                packet.duration = shown[packet.pts]
                container.mux(packet)

        for picture, seconds in zip(frames, durations, strict=True):
            whole = Image.new("RGB", (width, height), background)
            whole.paste(picture)
            frame = av.VideoFrame.from_image(whole)
            frame.pts, frame.time_base = now, TICK
            shown[now] = round(seconds / TICK)
            now += shown[now]
            mux(stream.encode(frame))
        mux(stream.encode())  # what the encoder held back
    return file.getvalue()
