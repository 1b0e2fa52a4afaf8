"""Videos: written, read frame by frame, turned, damaged, and without PyAV."""

import io
import struct
import sys

import numpy as np
import pytest
from PIL import Image

from stipple.drawing.video import render_video
from stipple.errors import StippleError
from stipple.files.pictures import count_frames, read_durations, read_picture, read_source

PYAV = "PyAV reads and writes videos; it is an extra"
TIMES = [0.1, 0.7, 0.1, 0.05, 0.4]
WHOLE = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
QUARTER = struct.pack(">9i", 0, -1 << 16, 0, 1 << 16, 0, 0, 0, 0, 1 << 30)


def draw_frames(width=30, height=19):
    """Grey pictures, each with a dark bar further to the right."""
    frames = []
    for number in range(len(TIMES)):
        grey = np.full((height, width), 230, np.uint8)
        grey[:, 5 * number : 5 * number + 5] = 20
        frames.append(Image.fromarray(grey))
    return frames


def encode(form, frames=None, times=TIMES):
    pytest.importorskip("av", reason=PYAV)
    return render_video(frames or draw_frames(), form, times, "#ffffff")


@pytest.mark.parametrize("form", ["mp4", "webm"])
def test_frames_come_back_with_their_times_in_any_order(form):
    data = encode(form)
    assert count_frames(io.BytesIO(data)) == len(TIMES)
    assert read_durations(io.BytesIO(data)) == pytest.approx(TIMES, abs=1e-3)
    for number in (4, 0, 3, 1, 2):
        picture = read_source(io.BytesIO(data), frame=number)
        assert picture.colour.shape == (20, 30, 3)
        assert picture.alpha is None
        shown = picture.colour[:19].mean(axis=2)
        apart = np.abs(shown - np.asarray(draw_frames()[number]) / 255)
        assert (apart.max() < 0.3, apart.mean() < 0.01) == (True, True)
        assert picture.colour[19].min() > 0.85  # odd sizes are filled up


def test_a_video_is_a_picture_of_its_first_frame():
    picture = read_picture(io.BytesIO(encode("mp4")))
    assert picture.colour[:18, :4].max() < 0.2 < 0.8 < picture.colour[:18, 6:].min()


def test_frames_are_turned_as_phones_hold_them():
    data = encode("mp4")
    assert data.count(WHOLE) == 2  # of the film and of its track
    end = data.rindex(WHOLE)
    turned = data[:end] + QUARTER + data[end + len(WHOLE) :]
    here, there = (read_picture(io.BytesIO(one)).colour for one in (data, turned))
    np.testing.assert_array_equal(there, np.rot90(here))


@pytest.mark.parametrize(
    ("form", "kept"), [("mp4", 0.02), ("mp4", 0.3), ("mp4", 0.9), ("webm", 0.02), ("webm", 0.3)]
)
def test_damaged_videos_are_refused_in_a_sentence(form, kept):
    data = encode(form)
    part = data[: int(kept * len(data))]
    with pytest.raises(StippleError, match=r"(damaged|not an image).*\.$"):
        read_picture(io.BytesIO(part))
    assert count_frames(io.BytesIO(part)) == 1


def test_sound_alone_is_no_video():
    av = pytest.importorskip("av", reason=PYAV)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.rate = 8000
        for packet in [*stream.encode(silence), *stream.encode()]:
            container.mux(packet)
    with pytest.raises(StippleError, match="damaged or truncated"):
        read_picture(io.BytesIO(file.getvalue()))


def test_large_videos_are_refused_by_their_size():
    with pytest.raises(StippleError, match="30×20 pixels, more than the 500 allowed"):
        read_picture(io.BytesIO(encode("mp4")), max_pixels=500)


def test_without_pyav(monkeypatch):
    data = b"\0\0\0\x14ftypisom\0\0\0\0mp42"
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(StippleError) as caught:
        read_picture(io.BytesIO(data))
    assert str(caught.value) == (
        "the input stream is a video, and PyAV, which reads them, is not installed: install"
        " stipple-ot[video], or export its frames as PNG."
    )
    with pytest.raises(StippleError, match=r"stipple-ot\[video\], or write .gif or .webp."):
        render_video(draw_frames(), "mp4", TIMES, "#ffffff")
