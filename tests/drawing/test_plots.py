"""Plots, inspected as figures."""

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from PIL import Image

import stipple
from stipple.drawing.panels import Band, Curve, Panel
from stipple.drawing.plots import COLOURS, render_heat_map, render_plot


@pytest.fixture
def figures(monkeypatch):
    """Figures, and how they are saved."""
    saved = []
    original = Figure.savefig

    def save(figure, file, **options):
        saved.append((figure, options))
        original(figure, file, **options)

    monkeypatch.setattr(Figure, "savefig", save)
    return saved


def make_panel(last=3.0, **more):
    x = np.array([1.0, 2.0, last])
    curves = Curve("first", x, x**2), Curve("second", x, 1 / x)
    return Panel("what", curves, {"level": 0.7}, **more)


def test_curves_levels_and_bands(figures):
    band = Band("between", np.array([1.0, 2.0]), np.array([0.1, 0.2]), np.array([3.0, 4.0]))
    render_plot([make_panel(bands=(band,)), make_panel()], "number", "png", 41)
    ((figure, options),) = figures
    assert (options["format"], options["dpi"]) == ("png", 41)
    top, bottom = figure.axes
    for axes in (top, bottom):
        first, second, level = axes.lines
        x = np.array([1.0, 2.0, 3.0])
        for line, y in ((first, x**2), (second, 1 / x)):
            np.testing.assert_array_equal(line.get_xdata(), x)
            np.testing.assert_array_equal(line.get_ydata(), y)
        assert [line.get_color() for line in (first, second)] == list(COLOURS[:2])
        assert set(level.get_ydata()) == {0.7}
        assert axes.get_title(loc="left") == "what"
        names = [text.get_text() for text in axes.get_legend().get_texts()]
        assert names[-3:] == ["first", "second", "level"]
        assert axes.get_xscale() == axes.get_yscale() == "linear"
    (area,) = top.collections
    corners = area.get_paths()[0].vertices
    assert {(1.0, 0.1), (2.0, 0.2), (1.0, 3.0), (2.0, 4.0)} <= set(map(tuple, corners))
    assert top.get_legend().get_texts()[0].get_text() == "between"
    assert not bottom.collections
    assert [axes.get_xlabel() for axes in (top, bottom)] == ["", "number"]


def test_no_place_for_a_legend_is_sought_among_many(monkeypatch, tmp_path):
    def seek(*_):
        raise AssertionError

    monkeypatch.setattr(Legend, "_find_best_position", seek)
    x = np.arange(20_000.0)
    assert render_plot([Panel("long", (Curve("line", x, x),), {})], "number", "png", 20)
    rows = np.random.default_rng(0).random((60, 2))
    stipple.certify(rows).save(tmp_path / "page.png")
    with pytest.raises(AssertionError):
        render_plot([make_panel()], "number", "png", 20)


@pytest.mark.parametrize(
    ("panel", "scales"),
    [
        (make_panel(16.0), ("linear", "linear")),
        (make_panel(16.5), ("log", "linear")),
        (make_panel(3.0, logarithmic=True), ("log", "log")),
    ],
)
def test_scales(figures, panel, scales):
    render_plot([panel], "number", "svg", 100)
    (axes,) = figures[0][0].axes
    assert (axes.get_xscale(), axes.get_yscale()) == scales


def test_a_heat_map_has_row_0_at_the_top(figures):
    matrix = np.array([[0.0, 1, 2], [3, 4, 5]])
    render_heat_map(matrix, "title", ("down", "across"), "png", 50)
    ((figure, options),) = figures
    assert options["dpi"] == 50
    axes = figure.axes[0]
    (image,) = axes.images
    np.testing.assert_array_equal(image.get_array(), matrix)
    assert image.origin == "upper"
    assert image.get_extent() == [-0.5, 2.5, 1.5, -0.5]
    assert image.get_clim() == (0, 5)
    darkness = [sum(image.get_cmap()(part)[:3]) for part in (0.0, 0.5, 1.0)]
    assert darkness == sorted(darkness, reverse=True)
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("down", "across")
    assert axes.get_title(loc="left") == "title"


@pytest.mark.parametrize("dpi", [1.0, 2.5, 10.0])
def test_coarse_plots_have_room_for_their_letters(dpi):
    drawn = Image.open(io.BytesIO(render_plot([make_panel()], "number", "png", dpi)))
    assert drawn.size == (70, 34)
