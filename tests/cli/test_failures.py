"""Bad input to `stipple stipple`: an exit code, one sentence, and nothing touched."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from command import save, stipple

OLD = b"what was there before\n"

as_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="root may read and write everything"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with pictures good and bad, and an output that must survive."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    save(tmp_path / "good.png", noise)
    save(tmp_path / "white.png", np.full((5, 5), 255, dtype=np.uint8))
    save(tmp_path / "black.png", np.zeros((5, 5), dtype=np.uint8))
    good = (tmp_path / "good.png").read_bytes()
    texts = {
        "truncated.png": good[: len(good) // 2],
        "empty.png": b"",
        "prose.png": b"This is not an image.",
        "nan.csv": b"1,2\nnan,3\n",
        "ragged.csv": b"1,2\n3\n",
        "negative.csv": b"1,2\n-3,1\n",
        "zero.csv": b"0,0\n0,0\n",
        "twice.csv": b"x,y\n1,2\n1,2\n3,4\n3,4\n3,4\n",
        "outside.csv": b"x,y\n1,2\n100,2\n",
        "header.csv": b"x,y\n",
        "columns.csv": b"a,b\n1,2\n",
        "three.csv": b"x,y\n1,2\n3,4\n5,6\n",
        "old.svg": OLD,
    }
    for name, content in texts.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "folder").mkdir()
    return tmp_path


def refuse(*arguments, code=1):
    """Run a command that must fail; return its sentence."""
    before = sorted(Path().iterdir())
    result = stipple(*arguments, code=code)
    *usage, sentence = result.stderr.splitlines()
    if code == 2:
        assert usage[0].startswith("Usage: stipple stipple")
        assert len(usage) == 3
    else:
        # What was begun before it failed may have been told.
        assert all(line.endswith(("points ...", "dots ...")) for line in usage)
    assert sentence.startswith("Error: ")
    assert result.stdout == ""
    assert sorted(Path().iterdir()) == before
    assert Path("old.svg").read_bytes() == OLD
    return sentence


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("missing.png", "missing.png does not exist"),
        ("good.png/inside", "good.png/inside could not be read"),
        ("folder", "folder has no images"),
        ("prose.png", "prose.png is not an image"),
        ("truncated.png", "truncated.png is damaged or truncated"),
        ("empty.png", "empty.png is empty (0 bytes)"),
        ("white.png", "all white"),
        ("zero.csv", "all white"),
        ("nan.csv", "nan.csv holds nan in row 2, column 1"),
        ("ragged.csv", "ragged.csv, line 2, has 1 values where the first row has 2"),
        ("negative.csv", "negative.csv holds -3.0 in row 2, column 1"),
        ("x" * 300 + ".png", "File name too long"),
    ],
)
def test_images(image, words):
    assert words in refuse(image, "-o", "old.svg")


@pytest.mark.parametrize("image", ["/", "..", "missing.png"])
def test_images_without_a_default_output(image):
    refuse(image)


def test_standard_input():
    result = stipple("-", "-o", "old.svg", code=1, data=b"")
    assert result.stderr == "Error: standard input is empty (0 bytes): give an image or a matrix.\n"
    result = stipple("-", "-n", 5, code=2, data=b"")
    assert "-o PATH" in result.stderr


@as_root
def test_unreadable_image(folder):
    (folder / "good.png").chmod(0)
    assert "may not be read" in refuse("good.png", "-o", "old.svg")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("good.png", "--max-pixels", 383), "24×16 pixels, more than the 383 allowed"),
        (("good.png", "--max-pixels", 10), "--max-pixels"),  # found by Pillow itself
        (("good.png", "--resize", 100_000), "--max-pixels"),
        (("good.png", "--resize", "0x10"), "at least one pixel"),
        (("black.png", "--invert"), "all black, so there is nothing to draw under --invert"),
        (("black.png", "--color", "rgb"), "all black, so there is nothing to draw: try --invert"),
        (("white.png", "--color", "rgb", "--invert"), "all white"),
        (("white.png", "--color", "cmyk"), "all white"),
        (("zero.csv", "--color", "cmyk"), "matrix has no colours"),
        (("good.png", "--threshold", 1), "--threshold"),
        (("good.png", "--page", "a4", "--margin", "105mm"), "leaves no room"),
        (("good.png", "--start", "twice.csv"), "3 of the 5 points coincide"),
        (("good.png", "--start", "outside.csv"), "1 of the 2 start points lie outside"),
        (("good.png", "--start", "header.csv"), "holds no points"),
        (("good.png", "--start", "columns.csv"), "name two of them x and y"),
        (("good.png", "--start", "good.png"), "not UTF-8 text"),
        (("good.png", "--start", "folder"), "folder"),
    ],
)
def test_what_cannot_be_done(arguments, words):
    assert words in refuse(*arguments, "-o", "old.svg")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-n", 0), "--points"),
        (("-n", -5), "--points"),
        (("-n", 2.5), "--points"),
        (("-n", 10**7 + 1), "10000001 is not in the range"),
        (("-n", 10**40), "is not in the range"),
        (("-n", 4, "--start", "three.csv"), "--points is 4, but the start has 3"),
        (("--start", "bisect"), "give bisection, uniform, grid, or an existing CSV file"),
        (("--start", "three.csv", "--color", "cmyk"), "--color mono"),
        (("--iterations", -1), "--iterations"),
        (("--tolerance", -1), "--tolerance"),
        (("--tolerance", "nan"), "not a finite number"),
        (("--tolerance", "inf"), "not a finite number"),
        (("--method", "newton"), "--method"),
        (("--engine", "cgal"), "--engine"),
        (("--threads", 0), "--threads"),
        (("--seed", -1), "--seed"),
        (("--gamma", 0), "--gamma"),
        (("--gamma", "nan"), "--gamma"),
        (("--gamma", "x"), "--gamma"),
        (("--contrast", 0), "--contrast"),
        (("--contrast", "inf"), "--contrast"),
        (("--threshold", 2), "--threshold"),
        (("--threshold", "nan"), "--threshold"),
        (("--alpha", "grey"), "--alpha"),
        (("--resize", "-3"), "is not a size"),
        (("--resize", "10x10x10"), "is not a size"),
        (("--max-pixels", 0), "--max-pixels"),
        (("--color", "hsv"), "--color"),
        (("--color", "cmyk", "--ink", "red"), "--ink needs --color mono"),
        (("--page", "a9"), "is not a page"),
        (("--page", "10x20"), "is not a page"),
        (("--page", "0x20mm"), "no area"),
        (("--dots", "stroke", "--pen", "1mm", "--radius", "1mm"), "not both"),
        (("--preset", "cubist"), "plotter-a4"),
        (("--config", "nowhere.toml"), "Cannot read nowhere.toml"),
        (("--margin", "5"), "write for instance 5mm"),
        (("--margin", "-5mm"), "is not a length"),
        (("--margin", "5parsec"), "is not a length"),
        (("--margin", "1e999mm"), "too large"),
        (("--radius", "0mm"), "above zero, or auto"),
        (("--radius", "round"), "is not a length"),
        (("--pen-width", "0mm"), "above zero"),
        (("--dots", "square"), "--dots"),
        (("--ink", "blurple"), "'blurple' is not a colour"),
        (("--ink", "#ff000080"), "is not a colour"),
        (("--ink", "none"), "is not a colour"),
        (("--background", "#12"), "is not a colour"),
        (("--draw", "stars"), "Unknown mark 'stars'"),
        (("--draw", ""), "Unknown mark"),
        (("--draw", "tour"), "--draw tour needs --order tsp"),
        (("--draw", "tour", "--order", "nearest"), "--draw tour needs --order tsp"),
        (("--order", "random"), "--order"),
        (("--dpi", 0), "--dpi"),
        (("--dpi", "inf"), "--dpi"),
        (("--animate", "film.png"), "--animate writes a .gif file"),
        (("--format", "svg"), "--format is for -o -"),
        (("-o", "-"), "needs --format"),
        (("-o", "-", "-o", "-", "--format", "csv"), "once"),
        (("-o", "-", "--report", "-", "--format", "csv"), "once"),
        (("-o", "out.eps"), ".svg, .png, .pdf, .html, .csv, .json"),
        (("-o", "out"), ".svg, .png, .pdf, .html, .csv, .json"),
        (("-o", "./old.svg"), "twice"),
        (("--report", "old.svg"), "twice"),
        (("second.png",), "would both be written to old.svg"),
        (("--bogus",), "--bogus"),
    ],
)
def test_usage(options, words):
    assert words in refuse("good.png", "-o", "old.svg", *options, code=2)


def test_no_image():
    assert "IMAGE" in refuse("-o", "old.svg", code=2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-o", "good.png/out.svg"), "good.png is not a folder"),
        (("-o", "good.png"), "is read as well"),
        (("-o", "folder/../good.png"), "is read as well"),
        (("--report", "good.png"), "is read as well"),
        (("--report", "good.png/out.json"), "good.png is not a folder"),
        (("--animate", "good.png/out.gif"), "good.png is not a folder"),
        (("-o", "x" * 300 + ".svg"), "File name too long"),
        (("-o", "out.png", "--dpi", 1_000_000), "lower --dpi to"),
    ],
)
def test_outputs_are_refused_before_any_work(options, words):
    sentence = refuse("good.png", "-o", "old.svg", *options)
    assert words in sentence


def test_an_output_may_not_be_the_image_by_another_name(folder):
    (folder / "link.png").symlink_to("good.png")
    assert "is read as well" in refuse("good.png", "-o", "link.png")
    assert "is read as well" in refuse("link.png", "-o", "good.png")


@as_root
def test_folder_or_file_without_permission(folder):
    (folder / "folder").chmod(0o500)
    assert "no permission" in refuse("good.png", "-o", "old.svg", "-o", "folder/out.svg")
    (folder / "old.svg").chmod(0o400)
    assert "no permission" in refuse("good.png", "-o", "old.svg")


def test_no_space(monkeypatch):
    def fill_up(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", fill_up)
    sentence = refuse("good.png", "-n", 5, "-o", "old.svg", "-o", "new.png")
    assert "no space left on the device" in sentence


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_no_space_on_a_device(folder):
    (folder / "full.svg").symlink_to("/dev/full")
    assert "no space left" in refuse("good.png", "-n", 5, "-o", "full.svg", "-o", "old.svg")


def test_what_cannot_be_rendered_leaves_every_output_as_it_was(monkeypatch):
    """Files are rendered before the first one is written."""

    def fail(*_arguments):
        raise MemoryError

    monkeypatch.setattr("stipple.drawing.raster.render_png", fail)
    assert "memory" in refuse("good.png", "-n", 5, "-o", "old.svg", "-o", "new.png")


@pytest.mark.skipif(os.name != "posix", reason="names of files are bytes on POSIX only")
def test_names_that_are_not_unicode(folder):
    name = os.fsdecode(b"\xff.png")
    (folder / "good.png").rename(folder / name)
    stipple(name, "-n", 5, "-o", "out.svg", "--report", "out.json")
    assert r"\udcff.png" in (folder / "out.json").read_text(encoding="utf-8")
    assert "does not exist" in refuse(os.fsdecode(b"\xfe.png"))
