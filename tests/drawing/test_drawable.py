"""Results that show and save themselves."""

import base64
import re
from functools import cache
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from command import list_circles
from PIL import Image

import stipple
from stipple.drawing import drawable
from stipple.drawing.drawable import Savable

FLAT = np.ones((6, 9))
CLOUD = np.random.default_rng(0).random((60, 2)) * [3, 1]


@cache
def solve() -> dict[str, Savable]:
    return {
        "stippling": stipple.stipple(FLAT, 12, iterations=2),
        "inks": stipple.stipple_inks([FLAT, FLAT / 2], 12, iterations=2),
        "run": stipple.lloyd(FLAT, 12, steps=1),
        "atoms": stipple.edot(CLOUD, 12),
    }


NAMES = ("stippling", "inks", "run", "atoms")


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_shows_each_dot_and_the_figures(name: str) -> None:
    result = solve()[name]
    svg = result._repr_svg_()
    assert svg is not None
    assert len(list_circles(ElementTree.fromstring(svg))) == 12
    assert result._repr_png_() is None
    html = result._repr_html_()
    shown = re.search(r'src="data:image/svg\+xml;base64,([^"]*)"', html)
    assert shown is not None
    assert base64.b64decode(shown[1]).decode() == svg
    assert ElementTree.fromstring(f"<p>{html}</p>").find("details") is not None


def test_the_figures_are_those_of_the_result() -> None:
    result = solve()["stippling"]
    assert isinstance(result, stipple.Stippling)
    table = re.findall(r"<tr><th>(.*?)</th><td>(.*?)</td></tr>", result._repr_html_())
    figures = dict(table)
    assert float(figures["w2 squared"]) == pytest.approx(result.w2_squared, rel=1e-7)
    assert figures["settled"] == str(result.settled)
    assert "points" not in figures


def test_many_dots_are_shown_as_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawable, "MOST_DOTS", 11)
    assert solve()["inks"]._repr_svg_() is None
    assert "data:image/png;base64," in solve()["inks"]._repr_html_()
    png = solve()["inks"]._repr_png_()
    assert png is not None
    with Image.open(BytesIO(png)) as picture:
        assert np.asarray(picture.convert("L")).min() < 50
    monkeypatch.setattr(drawable, "MOST_DOTS", 12)
    assert solve()["inks"]._repr_svg_() is not None


@pytest.mark.parametrize("name", NAMES)
def test_saved_by_itself_as_by_the_function(name: str, tmp_path) -> None:
    result = solve()[name]
    look = {"page": "a6", "margin": "1cm"}
    result.save(tmp_path / "a.svg", **look)
    stipple.save_svg(result, tmp_path / "b.svg", **look)
    result.save(tmp_path / "a.PNG", dpi=72, **look)
    stipple.save_png(result, tmp_path / "b.PNG", dpi=72, **look)
    result.save(tmp_path / "a.csv")
    stipple.save_csv(result, tmp_path / "b.csv")
    for suffix in ("svg", "PNG", "csv"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    result.save(tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_bounds_are_shown_and_saved_where_they_have_a_plan(tmp_path) -> None:
    bounds = stipple.bound(np.arange(9.0).reshape(3, 3), np.eye(3))
    assert bounds.plan is not None
    assert "data:image/svg+xml;base64," in bounds._repr_html_()
    bounds.save(tmp_path / "plan.csv")
    mass = np.loadtxt(tmp_path / "plan.csv", delimiter=",", skiprows=1)[:, -1].sum()
    assert mass == pytest.approx(1)
    bounds.save(tmp_path / "plan.png")
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")


def test_morphs_play_and_certificates_are_pages(tmp_path) -> None:
    morph = stipple.morph([FLAT, np.triu(FLAT)], 5, frames=3)
    assert morph._repr_svg_().count("<animate") >= 5
    morph.save(tmp_path / "a.gif", page="a6")
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == len(morph.points) == 4
    for pace in (1e-3, 900.0):
        with pytest.raises(stipple.StippleError, match=r"at least 0\.02 s, below 600 s"):
            stipple.morph(morph.stipplings, seconds=pace, frames=1, hold=0).save(tmp_path / "b.gif")
    morph.save(tmp_path / "a.csv")
    rows = np.loadtxt(tmp_path / "a.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows[:, 2:4].reshape(4, 5, 2), morph.points)
    assert rows[:, 0].tolist() == [frame for frame in range(1, 5) for _ in range(5)]
    with pytest.raises(stipple.StippleError, match=r"use \.svg, \.gif, .*, \.html, \.csv"):
        morph.save(tmp_path / "a.avi")
    judged = stipple.certify([[0.5, 0.5]])
    judged.save(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    judged.save(tmp_path / "row.csv")
    (names, row) = (tmp_path / "row.csv").read_text().splitlines()
    figures = dict(zip(names.split(","), row.split(","), strict=True))
    assert float(figures["w2_squared_upper"]) == judged.w2_squared_upper


def test_on_axes_of_ones_own() -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2)
    assert solve()["run"].plot(right) is right
    assert len(right.images) == 1
    assert not left.images
    plt.close(figure)


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("a.gif", {}, r"Cannot tell the format of .*a\.gif: use \.svg, \.png"),
        ("a", {}, "Cannot tell the format"),
        ("a.png", {"dpi": 0}, "resolution in dpi"),
        ("a.svg", {"page": 4}, "write it as text"),
        ("a.svg", {"dots": "square"}, "style of the dots"),
        ("none/a.svg", {}, "its folder does not exist"),
    ],
)
def test_what_cannot_be_saved_is_said(name, options, sentence, tmp_path) -> None:
    with pytest.raises(stipple.StippleError, match=sentence):
        solve()["stippling"].save(tmp_path / name, **options)
