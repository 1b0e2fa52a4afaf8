"""`stipple stipple --coherent`: dots keep their numbers, and how far they go is told."""

from pathlib import Path

import numpy as np
import pytest
from command import SVG, invoke, read_json, read_svg, save, stipple
from PIL import Image

from stipple.files.pictures import read_durations

MOVE = 40


@pytest.fixture(autouse=True)
def frames(tmp_path, monkeypatch):
    """A spot that goes to the right, quickly."""
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[:60, :150] + 0.5
    for number in range(3):
        spot = np.exp(-((x - 30 - MOVE * number) ** 2 + (y - 30) ** 2) / 128)
        save(tmp_path / f"{number}.png", np.uint8(255 - 255 * np.where(spot > 0.02, spot, 0)))
    save(tmp_path / "white.png", np.full((60, 150), 255, np.uint8))
    save(tmp_path / "small.png", np.zeros((5, 5), np.uint8))


def read_points(path):
    names = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    rows = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    assert names == ["x", "y", "mass", "radius", "id"]
    assert rows[:, 4].tolist() == list(range(1, len(rows) + 1))
    return rows[:, :2]


def test_dots_keep_their_numbers_and_their_ways_are_bounded():
    words = ("-n", 400, "-o", "{stem}.svg", "-o", "{stem}.csv", "--coherent", "-q")
    stipple("0.png", "1.png", "2.png", *words, "--report", "r.json")
    points = [read_points(Path(f"{number}.csv")) for number in range(3)]
    moves = read_json(Path("r.json"))["moves"]
    assert [(one["image"], one["next_image"]) for one in moves] == [
        ("0.png", "1.png"),
        ("1.png", "2.png"),
    ]
    for one, here, there in zip(moves, points[:-1], points[1:], strict=True):
        rms = ((there - here) ** 2).sum(axis=1).mean() ** 0.5
        assert one["rms"] == pytest.approx(rms)
        # The least way of all, of dots that may be anywhere, is the move of the spot.
        assert one["lower"] <= MOVE
        assert rms <= 1.3 * one["lower"]
        assert one["ratio"] == pytest.approx(rms / one["lower"])
    pages = [read_svg(Path(f"{number}.svg")) for number in range(3)]
    assert len({page.get("viewBox") for page in pages}) == 1
    for page in pages:
        names = [dot.get("id") for dot in page.iter(f"{SVG}circle")]
        assert names == [f"dot{number}" for number in range(1, 401)]


def test_a_frame_that_cannot_be_done_is_left_out():
    words = ("-n", 20, "-o", "{stem}.csv", "--coherent", "--report", "r.json")
    told = stipple("0.png", "white.png", "small.png", "1.png", *words, code=3).stderr
    assert "white.png: The density is zero everywhere" in told or "all white" in told
    assert "small.png: The frame has 5 × 5 pixels, and the one before 150 × 60" in told
    (move,) = read_json(Path("r.json"))["moves"]
    assert (move["image"], move["next_image"]) == ("0.png", "1.png")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["0.png"], "follows dots from frame to frame, and 0.png is one: give several."),
        (["0.png", "1.png", "--bleed"], "leave --bleed out."),
        (["0.png", "1.png", "--jobs", 2], "leave --jobs out."),
        (["0.png", "1.png", "--order", "tsp"], "give --order none."),
        (["0.png", "1.png", "--color", "cmyk"], "the dots of one ink"),
    ],
)
def test_what_does_not_go_together(words, sentence):
    told = stipple(*words, "--coherent", "-n", 9, "-o", "{stem}.svg", code=2).stderr
    assert sentence in " ".join(told.split())


@pytest.mark.parametrize("form", ["gif", "png", "webp"])
def test_frames_of_an_animation_are_those_of_files(form):
    pictures = [Image.open(f"{number}.png") for number in range(3)]
    settings = {"lossless": True} if form == "webp" else {}
    first, *others = pictures
    first.save(f"clip.{form}", save_all=True, append_images=others, duration=100, **settings)
    words = ("--coherent", "-n", 30, "-q", "-o")
    stipple(f"clip.{form}", *words, "clip-{number}.csv")
    stipple("0.png", "1.png", "2.png", *words, "{stem}.csv")
    for number in range(3):
        found = read_points(Path(f"clip-{number + 1}.csv"))
        np.testing.assert_allclose(found, read_points(Path(f"{number}.csv")), atol=0.5)
    told = stipple(f"clip.{form}", *words, "{stem}.csv", code=2).stderr
    assert "give a pattern that tells them apart" in " ".join(told.split())


def test_all_frames_as_one_animation():
    names = [f"a.{form}" for form in ("gif", "png", "webp", "svg")]
    for name in names:
        frames = ("0.png", "1.png", "2.png")
        stipple(*frames, "-n", 30, "--coherent", "--animate", name, "-q", "--radius", "1mm")
        if not name.endswith("svg"):
            with Image.open(name) as shown:
                assert (shown.n_frames, max(shown.size)) == (3, 800)
    assert sorted(path.name for path in Path().glob("*.svg")) == ["a.svg"]
    dots = list(read_svg(Path("a.svg")).iter(f"{SVG}circle"))
    assert [dot.get("id") for dot in dots] == [f"dot{number}" for number in range(1, 31)]
    ways = [way.get("values").split(";") for way in dots[0].iter(f"{SVG}animateTransform")]
    assert [len(way) for way in ways] == [4]  # in the last of the frames' times dots rest
    told = stipple("0.png", "1.png", "--coherent", "--animate", "a.avi", code=2).stderr
    assert "writes a .gif, .png, .webp, .svg, .mp4 or .webm file of frames, not 'a.avi'." in told


@pytest.mark.parametrize("form", ["gif", "png", "webp"])
def test_frames_of_an_animation_keep_their_times(form):
    times = [100, 500, 0]  # 0 is no time to be seen
    first, *others = [Image.open(f"{number}.png") for number in range(3)]
    settings = {"lossless": True} if form == "webp" else {}
    first.save(f"clip.{form}", save_all=True, append_images=others, duration=times, **settings)
    for name in (f"all.{form}", "all.svg"):
        stipple(f"clip.{form}", "0.png", "-n", 5, "--coherent", "--animate", name, "-q")
    with Image.open(f"all.{form}") as shown:
        found = []
        for frame in range(shown.n_frames):
            shown.seek(frame)
            shown.load()
            found.append(shown.info["duration"])
    assert found == [100, 500, 120, 120]
    way = next(read_svg(Path("all.svg")).iter(f"{SVG}animateTransform"))
    assert way.get("dur") == "0.84s"
    shares = np.array(way.get("keyTimes").split(";"), dtype=float)
    np.testing.assert_allclose(shares * 840, [0, 100, 600, 720, 840], atol=0.01)


def test_videos_in_and_out():
    pytest.importorskip("av", reason="PyAV reads and writes videos; it is an extra")
    invoke("morph", "0.png", "1.png", "-n", 5, "--frames", 3, "--hold", 0, "-o", "clip.mp4")
    words = ("--coherent", "--animate", "all.webm", "--report", "r.json", "-q")
    stipple("clip.mp4", "-n", 5, *words, "-o", "clip-{number}.csv")
    assert all(read_ids(f"clip-{number}.csv") == [1, 2, 3, 4, 5] for number in (1, 2, 3, 4))
    assert len(read_json(Path("r.json"))["moves"]) == 3
    assert read_durations("all.webm") == pytest.approx([2 / 3] * 4, abs=2e-3)


def read_ids(path):
    rows = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    return rows[:, 4].astype(int).tolist()


def test_dots_are_born_and_die_in_every_file(tmp_path):
    for number, tone in enumerate((0.8, 0.4, 0.6)):  # 0.2, 0.6 and 0.4 dark
        save(tmp_path / f"grey{number}.png", np.full((20, 30), round(255 * tone), np.uint8))
    names = [f"grey{number}.png" for number in range(3)]
    words = ("-n", 10, "--coherent", "--birth", "-q", "--radius", "1mm")
    outputs = ("-o", "{stem}.csv", "-o", "{stem}.svg", "--animate", "a.svg", "--report", "r.json")
    stipple(*names, *words, *outputs)
    ids = [read_ids(f"grey{number}.csv") for number in range(3)]
    assert ids[0] == list(range(1, 11))
    assert ids[1] == list(range(1, 31))
    assert len(ids[2]) == 20
    assert set(ids[2]) < set(ids[1])
    moves = read_json(Path("r.json"))["moves"]
    assert [(one["born"], one["died"]) for one in moves] == [(20, 0), (0, 10)]
    assert [(one["lower"], one["ratio"]) for one in moves] == [(None, None)] * 2
    for number in range(3):
        circles = read_svg(Path(f"grey{number}.svg")).iter(f"{SVG}circle")
        assert [dot.get("id") for dot in circles] == [f"dot{one}" for one in ids[number]]
    for dot in read_svg(Path("a.svg")).iter(f"{SVG}circle"):
        sizes = [way.get("values").split(";") for way in dot.iter(f"{SVG}animate")]
        seen = [str(int(int(dot.get("id")[3:]) in frame)) for frame in (*ids, ids[2])]
        assert sizes == ([seen] if "0" in seen else [])
    stipple(*names, *words, "--animate", "a.png")
    with Image.open("a.png") as shown:
        inks = []
        for frame in range(3):
            shown.seek(frame)
            inks.append((np.asarray(shown.convert("L")) < 128).sum())
    np.testing.assert_allclose(np.array(inks) / inks[0], [1, 3, 2], rtol=0.05)


def test_birth_is_for_frames_that_are_followed():
    told = stipple("0.png", "1.png", "--birth", "-n", 9, "-o", "{stem}.svg", code=2).stderr
    assert "follow the darkness of frames: give --coherent too." in " ".join(told.split())


@pytest.mark.parametrize(
    ("suffix", "things"), [("gif", "frames"), ("webp", "frames"), ("tif", "pages")]
)
def test_a_first_frame_alone_is_told_of(suffix, things):
    first, second, third = (Image.open(f"{number}.png") for number in range(3))
    first.save(f"film.{suffix}", save_all=True, append_images=[second, third])
    told = stipple(f"film.{suffix}", "-n", 9, "--iterations", 0, "-o", "a.csv").stderr
    assert f"film.{suffix} has 3 {things}: the first is read." in told
    assert "is read" not in stipple("0.png", "-n", 9, "--iterations", 0, "-o", "b.csv").stderr
    if things == "frames":
        words = ("-n", 9, "--coherent", "-o", "{number}.csv")
        assert "is read" not in stipple(f"film.{suffix}", *words).stderr
