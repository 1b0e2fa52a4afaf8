"""Frames of an animation are the pictures of its steps, in order, and arrows point forwards."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command import list_circles, list_layers, list_paths, read_json, read_svg, save
from PIL import Image, ImageSequence

from stipple.cli import main

# The default size of a picture that lies across is that of a sheet of A4, in millimetres.
PAGE = 297
# The palette of a GIF has no exact white.
PALETTE = 5


def run(*arguments):
    words = list(map(str, arguments))
    result = CliRunner().invoke(main, [*words, "-q"], catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.fixture(autouse=True)
def picture(tmp_path, monkeypatch):
    """Not square, dark on the left, with a white part."""
    monkeypatch.chdir(tmp_path)
    pixels = np.tile(np.linspace(0, 200, 24).astype(np.uint8), (15, 1))
    pixels[9:, 14:] = 255
    return save(tmp_path / "picture.png", pixels)


def read_frames(path):
    """Return the frames as grey levels, and how long each is shown, in milliseconds."""
    with Image.open(path) as picture:
        frames = [frame.copy() for frame in ImageSequence.Iterator(picture)]
        durations = [frame.info["duration"] for frame in frames]
    return [np.asarray(frame.convert("L"), dtype=float) for frame in frames], durations


def read_grey(path, size):
    """Return the grey levels of a picture, brought to (height, width)."""
    with Image.open(path) as picture:
        grey = picture.convert("RGBA")
        paper = Image.new("RGBA", grey.size, "white")
        grey = Image.alpha_composite(paper, grey).convert("L")
        return np.asarray(grey.resize(size[::-1], Image.Resampling.BOX), dtype=float)


def match(frames, pictures):
    """Which picture each frame is nearest to, and the mean difference to it in grey levels."""
    apart = np.array([[np.abs(a - b).mean() for b in pictures] for a in frames])
    return apart.argmin(axis=1).tolist(), apart.min(axis=1)


def test_lloyd_frames_are_the_steps():
    run("lloyd", "picture.png", "-n", 6, "--start", "uniform", "--steps", 4, "--animate", "a.gif")

    steps = "--steps", 4, "--frames", "{step}.png", "--frame-steps", "0,1,2,3,4"
    run("lloyd", "picture.png", "-n", 6, "--start", "uniform", *steps)
    frames, durations = read_frames("a.gif")
    pictures = [read_grey(f"{step}.png", frames[0].shape) for step in range(5)]
    nearest, apart = match(frames, pictures)
    assert nearest == [0, 1, 2, 3, 4]
    assert apart.max() < PALETTE
    assert durations == [120] * 4 + [2120]


def test_stipple_frames_are_the_steps():
    # Dots keep their radii while they move; each step alone would have its own.
    words = "stipple", "picture.png", "-n", 7, "--start", "uniform", "--method", "lloyd"
    words += "--radius", "0.3mm"
    run(*words, "--iterations", 3, "--animate", "a.gif", "-o", "a.svg")
    frames, durations = read_frames("a.gif")
    for step in range(4):
        run(*words, "--iterations", step, "-o", f"{step}.png", "--dpi", 25.4 * 800 / PAGE)
    pictures = [read_grey(f"{step}.png", frames[0].shape) for step in range(4)]
    nearest, apart = match(frames, pictures)
    assert nearest == [0, 1, 2, 3]
    assert apart.max() < PALETTE
    assert durations == [120] * 3 + [2120]
    assert max(frames[0].shape) == 800


def test_sequence_frames_are_prefixes():
    # Dots of one size reach as far beyond the picture in each of them.
    words = "sequence", "--density", "picture.png", "--relaxation", 0, "--radius", "20mm"
    run(*words, "-n", 6, "--animate", "a.gif", "-o", "a.csv")
    frames, durations = read_frames("a.gif")
    counts = sorted({min(round(2 ** (k / 4)), 6) for k in range(12)})
    for count in counts:
        run(*words, "-n", count, "-o", f"{count}.png", "--dpi", 25.4 * 600 / PAGE)
    pictures = [read_grey(f"{count}.png", frames[0].shape) for count in counts]
    nearest, apart = match(frames, pictures)
    assert nearest == list(range(len(counts)))
    assert apart.max() < PALETTE
    assert durations == [250] * (len(counts) - 1) + [2250]
    assert max(frames[0].shape) == 600


def test_arrows_lead_from_points_to_where_lloyd_takes_them():
    steps = "--start", "uniform", "--steps", 1, "--frames", "{step}.svg"
    run("lloyd", "picture.png", "-n", 6, *steps)
    first, second = (list_layers(read_svg(Path(f"{step}.svg"))) for step in (0, 1))
    layers = {name.split(" ", 1)[-1]: layer for name, layer in first.items()}
    assert list(layers) == ["cells", "arrows", "points"]
    tails = list_circles(layers["points"])[:, :2]
    (points,) = (layer for name, layer in second.items() if name.endswith("points"))
    heads = list_circles(points)[:, :2]
    arrows = np.array([vertices for vertices, _ in list_paths(layers["arrows"])])
    assert arrows.shape == (6, 5, 2)
    np.testing.assert_allclose(arrows[:, 0], tails, atol=2e-3)
    for place in (1, 3):
        np.testing.assert_allclose(arrows[:, place], heads, atol=2e-3)
    lengths = np.linalg.norm(heads - tails, axis=1)
    for barbs in (arrows[:, 2], arrows[:, 4]):
        back = np.linalg.norm(barbs - heads, axis=1)
        np.testing.assert_allclose(back, lengths / 4, atol=4e-3)
        # Behind the head, not beyond it.
        assert (np.einsum("ij,ij->i", barbs - heads, heads - tails) < 0).all()
    assert (np.linalg.norm(arrows[:, 2] - arrows[:, 4], axis=1) > 0.1 * lengths).all()


def test_an_image_is_not_turned_or_mirrored(tmp_path):
    run("stipple", "picture.png", "-n", 40, "-o", "a.png", "-o", "a.svg", "-o", "a.csv")
    grey = read_grey("a.png", (30, 48))
    source = read_grey("picture.png", (30, 48))
    blurred = np.asarray(
        Image.fromarray(grey.astype(np.uint8)).resize((6, 4), Image.Resampling.BOX), dtype=float
    )
    wanted = np.asarray(
        Image.fromarray(source.astype(np.uint8)).resize((6, 4), Image.Resampling.BOX), dtype=float
    )
    likeness = {}
    for across, down in itertools.product((1, -1), repeat=2):
        likeness[across, down] = np.corrcoef(blurred[::down, ::across].ravel(), wanted.ravel())[
            0, 1
        ]
    assert max(likeness, key=likeness.get) == (1, 1)
    report = tmp_path / "a.json"
    run("stipple", "picture.png", "-n", 40, "-o", "a.svg", "--report", report)
    (circles,) = map(list_circles, list_layers(read_svg(tmp_path / "a.svg")).values())
    points = np.loadtxt("a.csv", delimiter=",", skiprows=1, usecols=(0, 1))
    scale = read_json(report)["millimetres_per_pixel"]
    radii = scale * np.loadtxt("a.csv", delimiter=",", skiprows=1, usecols=3)
    np.testing.assert_allclose(circles[:, :2], scale * points + 5 + radii.max(), atol=2e-3)
    np.testing.assert_allclose(circles[:, 2], radii, atol=2e-3)
