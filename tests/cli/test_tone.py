"""Tone on the command line: levels, sharpening, percents, advice, and formats of others."""

import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command import read_csv, read_json, save, stipple
from PIL import Image

from stipple.cli import main

OUTPUTS = ("-o", "out.csv", "--report", "out.json")
QUICK = ("-n", 40, "--iterations", 2)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with a dull photograph of greys 90 to 180, and a white logo on nothing."""
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[0:30, 0:40]
    save(tmp_path / "dull.png", (90 + 90 * (x + y) / 68).astype(np.uint8))
    logo = np.full((30, 40, 4), 255, dtype=np.uint8)
    logo[..., 3] = 255 * (np.hypot(x - 19.5, y - 14.5) < 9)
    save(tmp_path / "logo.png", logo)
    return tmp_path


def solve(*options, code=0):
    """Return the points, the report, and what was told."""
    result = stipple(*QUICK, *options, *OUTPUTS, code=code)
    return read_csv("out.csv")[:, :2], read_json(Path("out.json")), result.stderr


# --- levels, sharpening, percents ---------------------------------------------------------------


def test_levels_are_told_and_reported():
    points, report, told = solve("dull.png", "--levels", "auto")
    levels = report["levels"]
    assert 90 <= levels["black"] < 110
    assert 165 < levels["white"] <= 180
    black, white = levels.values()
    sentence = f"The levels of dull.png are black from {black:g}, white from {white:g} of 255."
    assert told.count(sentence) == 1
    assert "advice" not in told
    assert report["notes"] == [sentence]
    # The figures themselves, given as levels, draw the same.
    same, _, _ = solve("dull.png", "--levels", f"{black},{white}")
    np.testing.assert_array_equal(same, points)
    plain, report, _ = solve("dull.png")
    assert report["levels"] is None
    assert plain[:, 0].mean() > points[:, 0].mean() + 1  # the light side has fewer dots now


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("--threshold", "45%"), ("--threshold", "0.45")),
        (("--sharpen", "80%"), ("--sharpen", "0.8")),
    ],
)
def test_percents_are_hundredths(one, other):
    first, second, plain = (solve("dull.png", *words)[0] for words in (one, other, ()))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, plain)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--levels", "best"), "write auto, or BLACK,WHITE such as 10,240 or 2%,98%"),
        (("--levels", "10"), "write auto, or BLACK,WHITE"),
        (("--levels", "10,x"), "The level is 'x'"),
        (("--levels", "2%,101%"), "The level is '101%'"),
        (("--levels", "240,10"), "black comes first and is the smaller"),
        (("--threshold", "101%"), "1.01"),
        (("--threshold", "%"), "'%' is not a number of percents."),
        (("--sharpen", "-1%"), "-0.01"),
        (("--sharpen", "nan%"), "not a finite number"),
    ],
)
def test_what_is_refused(words, message):
    assert message in stipple("dull.png", *words, code=2).stderr


def test_a_batch_reports_what_was_noted():
    save(Path("other.png"), np.full((9, 9), 99, np.uint8))
    words = ("--levels", "auto", "-o", "{stem}.csv", "--report", "r.json")
    stipple("dull.png", "other.png", *QUICK, *words)
    first, second = read_json(Path("r.json"))["images"]
    assert first["levels"]["white"] > 165
    assert second["levels"] is None
    assert second["notes"] == [
        "The tones of other.png are too few to stretch: they stay as they are."
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("sequence", "--density", "dull.png", "-n", "4"),
        ("edot", "dull.png", "-m", "2"),
        ("edot", "dull.png", "-m", "2", "--color", "rgb"),
        ("lloyd", "dull.png", "-n", "4", "--steps", "1"),
        ("bound", "dull.png", "dull.png"),
    ],
    ids=" ".join,
)
def test_other_commands_tell_levels_too(words):
    for quiet in ((), ("-q",)):
        options = ["--levels", "2%,98%", "-o", "a.csv", *quiet]
        result = CliRunner().invoke(main, [*words, *options], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert ("The levels of dull.png are" in result.stderr) == (not quiet)


# --- advice -------------------------------------------------------------------------------------


def test_a_dull_picture_is_advised_levels_once():
    _, report, told = solve("dull.png")
    assert told.count("--levels auto") == 1
    assert "the lightest tenth begins at grey 16" in told
    assert report["advice"] in told
    assert solve("dull.png", "-q")[2] == ""
    for words in (("--levels", "90,180"), ("--invert",), ("--color", "rgb")):
        _, report, told = solve("dull.png", *words)
        assert ("--levels auto" in told) == (report["advice"] is not None) == ("--invert" in words)
    words = ["sequence", "--density", "dull.png", "-n", "4", "-o", "a.csv"]
    assert CliRunner().invoke(main, words).stderr.count("--levels auto") == 1


def test_a_white_logo_is_drawn_as_the_message_advises():
    message = stipple("logo.png", code=1).stderr
    assert "--alpha mask --invert for dots inside it" in message
    assert "--alpha black for dots around it" in message
    shape = np.asarray(Image.open("logo.png"))[..., 3] > 0
    for words, inside in ((("--alpha", "mask", "--invert"), True), (("--alpha", "black"), False)):
        points, report, _ = solve("logo.png", "-n", 300, "--iterations", 20, *words)
        column, row = np.floor(points).astype(int).T
        assert (shape[row, column] == inside).mean() >= 0.99
        # All of it is covered evenly: left of the middle as many dots as right of it.
        assert (points[:, 0] < 20).mean() == pytest.approx(0.5, abs=0.03)
        assert report["points"] == 300


@pytest.mark.parametrize(
    "words",
    [
        ["edot", "logo.png", "-m", "3"],
        ["lloyd", "logo.png", "-n", "3", "--steps", "1"],
        ["sequence", "--density", "logo.png", "-n", "3"],
        ["bound", "logo.png", "logo.png"],
    ],
    ids=lambda words: words[0],
)
def test_other_commands_advise_the_same_on_a_white_logo(words):
    words = [*words, "-o", "a.csv"]
    message = CliRunner().invoke(main, words).stderr
    assert "--alpha mask --invert" in message
    result = CliRunner().invoke(main, [*words, "--alpha", "mask", "--invert"])
    assert result.exit_code == 0, result.output


# --- formats and profiles -----------------------------------------------------------------------

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30">'
    b'<circle cx="20" cy="15" r="9" fill="white"/></svg>'
)


@pytest.mark.parametrize("place", ["file", "standard input"])
def test_svg_logos(folder, place, monkeypatch):
    pytest.importorskip("resvg_py", reason="resvg_py draws SVG; it is an extra")
    monkeypatch.setattr("stipple.files.svg.LONGER_SIDE", 160)
    (folder / "drawn.svg").write_bytes(SVG)
    image, data = ("drawn.svg", None) if place == "file" else ("-", SVG)
    assert "--alpha mask --invert" in stipple(image, "-o", "a.csv", code=1, data=data).stderr
    words = ("--alpha", "mask", "--invert", "-o", "a.csv")
    stipple(image, *QUICK, *words, data=data)
    points = read_csv("a.csv")[:, :2] / 4
    assert (np.hypot(*(points - [20, 15]).T) < 9.1).all()


def test_a_profile_that_is_left_out_is_told_once(folder):
    file = io.BytesIO()
    Image.open("dull.png").save(file, "PNG", icc_profile=b"nonsense")
    (folder / "odd.png").write_bytes(file.getvalue())
    plain, _, _ = solve("dull.png")
    points, report, told = solve("odd.png")
    np.testing.assert_array_equal(points, plain)
    assert told.count("odd.png has a colour profile that cannot be used") == 1
    (note,) = report["notes"]
    assert note in told
    assert solve("odd.png", "-q")[2] == ""
