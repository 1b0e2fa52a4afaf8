"""What `stipple lloyd` writes of the end of a run: points and pictures."""

from pathlib import Path

import numpy as np
import pytest
from command import invoke, list_circles, list_layers, read_svg, save

import stipple

DARK = np.random.default_rng(0).integers(0, 200, (6, 9), np.uint8)
UNIFORM = ("lloyd", "uniform", "--pixels", 4, "--box", "1,2,3,4", "--start", "uniform")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "picture.png", DARK)


def run(*words):
    return invoke(*words, "-q")


def read_points(name):
    assert Path(name).read_text(encoding="utf-8").startswith("x,y\n")
    return np.loadtxt(name, delimiter=",", skiprows=1, ndmin=2)


def read_dots(name):
    layers = {key.split(" ", 1)[-1]: one for key, one in list_layers(read_svg(Path(name))).items()}
    return list_circles(layers["points"])


def test_points_of_an_image_are_those_of_the_library_in_pixels():
    words = "lloyd", "picture.png", "-n", 7, "--steps", 3, "--start", "uniform", "--seed", 2
    run(*words, "--last-points", "a.npy")
    run(*words, "--last-points", "a.csv", "-o", "a.svg")
    found = stipple.lloyd(stipple.read_image("picture.png"), 7, steps=3, start="uniform", seed=2)
    points = np.load("a.npy")
    np.testing.assert_allclose(points, 9 * found.points, rtol=1e-12)
    np.testing.assert_array_equal(read_points("a.csv"), points)
    # Pixels are as large on the page in x as in y, up to where the page begins.
    dots = read_dots("a.svg")[:, :2]
    shift, drawn = points - points[0], dots - dots[0]
    scale = (shift * drawn).sum() / (shift**2).sum()
    np.testing.assert_allclose(drawn, scale * shift, atol=0.01)
    assert len(dots) == 7


@pytest.mark.parametrize("source", [("picture.png",), ("uniform", "--box", "1,2,3,4")])
def test_a_run_goes_on_where_it_ended(source):
    run("lloyd", *source, "-n", 5, "--steps", 2, "--last-points", "half.csv")
    run("lloyd", *source, "--start", "half.csv", "--steps", 2, "--last-points", "two.csv")
    run("lloyd", *source, "-n", 5, "--steps", 4, "--last-points", "one.csv")
    np.testing.assert_allclose(read_points("two.csv"), read_points("one.csv"), rtol=1e-9)


def test_pictures_are_the_frames_of_the_last_step():
    for form in ("svg", "png"):
        names = "-o", f"last.{form}", "--frames", f"{{step}}.{form}"
        run(*UNIFORM, "-n", 4, "--steps", 2, *names)
        assert Path(f"last.{form}").read_bytes() == Path(f"2.{form}").read_bytes()
        assert Path(f"last.{form}").read_bytes() != Path(f"0.{form}").read_bytes()


def test_without_fields_the_first_run_is_written_and_with_them_each():
    words = *UNIFORM, "-n", "3,5", "--repeat", 2, "--steps", 1
    run(*words, "-o", "first.svg", "--last-points", "first.csv")
    run(*words, "-o", "{points}-{repeat}.svg", "--last-points", "{points}-{repeat}.csv")
    runs = [(count, repeat) for count in (3, 5) for repeat in (0, 1)]
    for count, repeat in runs:
        points = read_points(f"{count}-{repeat}.csv")
        assert len(points) == len(read_dots(f"{count}-{repeat}.svg")) == count
        assert ((points > (1, 2)) & (points < (3, 4))).all()
    texts = [Path(f"{count}-{repeat}.csv").read_bytes() for count, repeat in runs]
    assert len(set(texts)) == 4
    assert Path("first.csv").read_bytes() == texts[0]
    assert Path("first.svg").read_bytes() == Path("3-0.svg").read_bytes()


def test_the_theorem_says_where_a_run_ends():
    words = "-n", 2, "--start", "grid", "--step-size", 0.3, "--box", "0,0,8,8"
    words = "lloyd", "uniform", "--pixels", 1, *words
    run(*words, "--steps", "theorem", "--last-points", "a.csv", "-o", "a.svg")
    run(*words, "--steps", 3, "--last-points", "b.csv", "-o", "b.svg")
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    assert Path("a.svg").read_bytes() == Path("b.svg").read_bytes()


def test_a_dry_run_names_what_is_written_at_the_end():
    names = "-o", "{points}.png", "--last-points", "{points}-{repeat}.npy", "-o", "a.csv"
    told = run(*UNIFORM, "-n", "3,5", "--repeat", 2, *names, "--dry-run").stdout.splitlines()
    assert [line.removeprefix("write ") for line in told] == [
        "a.csv", "3.png", "5.png", "3-0.npy", "3-1.npy", "5-0.npy", "5-1.npy",
    ]  # fmt: skip


@pytest.mark.parametrize("shape", [(2, 90), (90, 2), (6, 9)])
def test_pictures_of_any_shape_are_as_long_as_a_square(shape):
    save(Path("any.png"), np.full(shape, 90, np.uint8))
    words = "lloyd any.png -n 2 --start uniform --steps 1 -o a.svg"
    run(*words.split())
    svg = read_svg(Path("a.svg"))
    sides = [float(svg.get(side).removesuffix("mm")) for side in ("width", "height")]
    # Files are written to the micrometre.
    assert sorted(sides) == pytest.approx([6 + 114 * min(shape) / max(shape), 120], abs=1e-3)
