"""`stipple morph`: its files, what it tells, and what it refuses."""

import re
from pathlib import Path

import numpy as np
import pytest
from command import SVG, invoke, list_circles, read_json, read_svg, save
from PIL import Image, ImageSequence


@pytest.fixture(autouse=True)
def pictures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    greys = np.tile(np.linspace(0, 200, 24).astype(np.uint8), (15, 1))
    save(tmp_path / "wide.png", greys)
    save(tmp_path / "tall ü.png", greys.T[::-1])
    save(tmp_path / "white.png", 0 * greys + 255)


def read_frames(path):
    with Image.open(path) as picture:
        frames = [
            np.asarray(frame.convert("L"), float) for frame in ImageSequence.Iterator(picture)
        ]
        return frames, picture.info.get("loop")


def test_all_formats_show_the_same_frames():
    names = [f"a.{form}" for form in ("gif", "png", "webp", "svg")]
    outputs = [word for name in names for word in ("-o", name)]
    words = ("-n", 12, "--frames", 3, "--dpi", 30, "--report", "r.json")
    told = invoke("morph", "wide.png", "tall ü.png", *words, *outputs).stderr
    report = read_json(Path("r.json"))
    assert (report["points"], report["frames"], report["frame_px"]) == (12, 4, [24, 24])
    (passage,) = report["passages"]
    said = re.search(r"no other matching saves more than ([\d.e-]+) % of it", told)
    assert float(said[1]) / 100 >= 1 - passage["rms_lower_px"] / passage["rms_px"]
    assert 0 < passage["rms_lower_px"] <= passage["rms_px"]
    frames = {name: read_frames(name) for name in names[:3]}
    for shown, loop in frames.values():
        assert (len(shown), loop) == (4, 0)
        for frame, same in zip(shown, frames["a.png"][0], strict=True):
            assert np.abs(frame - same).mean() < 5  # the palette of a GIF
        assert np.abs(shown[0] - shown[3]).mean() > 5
    circles = list_circles(read_svg(Path("a.svg")))
    scale = report["millimetres_per_pixel"]
    assert len(circles) == 12
    ways = read_svg(Path("a.svg")).iter(f"{SVG}animateTransform")
    ends = np.array([way.get("values").split(";")[-1].split() for way in ways], dtype=float)
    assert (ends**2).sum(axis=1).mean() ** 0.5 == pytest.approx(scale * passage["rms_px"], rel=1e-3)


def test_what_has_no_frames_of_pixels_has_any_resolution_and_pace():
    words = ("wide.png", "tall ü.png", "-n", 3, "--dpi", 60000, "--frames", 500)
    invoke("morph", *words, "-o", "a.svg", "-o", "a.html")
    assert "pixels" in invoke("morph", *words[:-2], code=1).stderr


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["wide.png"], 2, "wide.png is one picture: a morph needs two or more"),
        (["wide.png", "white.png"], 1, "all white"),
        (["wide.png", "none.png"], 1, "none.png does not exist"),
        (["wide.png", "tall ü.png", "-n", 0], 2, "-n"),
        (["wide.png", "tall ü.png", "--frames", 0], 2, "--frames"),
        (["wide.png", "tall ü.png", "--frames", 500], 2, "500 frames in 2 s are 0.004 s each"),
        (["wide.png", "tall ü.png", "--frames", 6, "--travel", 3600], 2, "stays for 600.5 s"),
        (["wide.png", "tall ü.png", "-o", "a.avi"], 2, "use one of .gif, .svg, .png"),
        (["wide.png", "tall ü.png", "-o", "a"], 2, "Cannot tell the format of 'a'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(words, code, sentence):
    assert sentence in invoke("morph", *words, "-q", code=code).stderr
