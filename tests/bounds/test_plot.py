"""The plot of `stipple bound`, inspected as a figure."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

import stipple
from stipple.bounds.displacement import measure_displacement
from stipple.bounds.plot import render_bounds
from stipple.bounds.results import LevelRecord
from stipple.interval import Interval


def make_pair():
    """A blot that goes two right and one up; not square, and mostly white."""
    first = np.zeros((6, 9))
    first[3:5, 1:3] = [[1, 2], [3, 4]]
    second = np.zeros((6, 9))
    second[2:4, 3:5] = [[1, 2], [3, 4]]
    return first, second


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


@pytest.mark.parametrize(("form", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_the_figure(figures, form, start):
    masses = make_pair()
    result = stipple.bound(*masses)
    coarse = LevelRecord((3, 5), Interval(2.0, 3.0), 0.1)
    result = replace(result, levels=(coarse, *result.levels))
    data = render_bounds(masses, result, ("2.2360", "2.2361"), form, 77)
    assert data.startswith(start)
    ((figure, options),) = figures
    assert options["format"] == form
    assert options["dpi"] == 77
    images, levels = figure.subfigs
    for axes, image in zip(images.axes, masses, strict=True):
        (shown,) = axes.images
        np.testing.assert_array_equal(shown.get_array(), image)
        # Row 0 is at the top, and y points down, as in the picture.
        assert shown.get_extent() == [0, 9, 6, 0]
        assert shown.origin == "upper"
        assert axes.get_ylim() == (6, 0)
        assert shown.get_cmap()(0.0)[:3] == (1, 1, 1)  # no mass is white
    first, second = images.axes
    assert [axes.get_title(loc="left") for axes in (first, second)] == [
        "first, and where its mass goes",
        "second",
    ]
    (arrows,) = first.collections
    assert not second.collections
    assert arrows.pivot == "tail"
    assert (arrows.angles, arrows.scale_units, arrows.scale) == ("xy", "xy", 1)
    # From the centres of the pixels with mass, two to the right and one up.
    places = sorted(map(tuple, arrows.get_offsets().round(9).tolist()))
    assert places == [(1.5, 3.5), (1.5, 4.5), (2.5, 3.5), (2.5, 4.5)]
    np.testing.assert_allclose(arrows.U, 2)
    np.testing.assert_allclose(arrows.V, -1)
    (axes,) = levels.axes
    lower, upper = axes.lines
    np.testing.assert_array_equal(lower.get_ydata(), [level.lower for level in result.levels])
    np.testing.assert_array_equal(upper.get_ydata(), [level.upper for level in result.levels])
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == [f"{level.shape[1]} × {level.shape[0]}" for level in result.levels]
    assert names[-1] == "9 × 6"
    assert "W_{2}$ in pixels" in axes.get_title(loc="left")
    places = {text.get_text(): text.xy[1] for text in axes.texts}
    last = result.levels[-1]
    assert places == {"lower 2.2360": last.lower, "upper 2.2361": last.upper}


def test_parts_of_a_picture_that_is_not_square():
    first = np.zeros((4, 8))
    first[0, 6] = first[3, 1] = first[3, 0] = 1
    second = np.zeros((4, 8))
    second[1, 7] = second[3, 2] = second[3, 1] = 1
    result = stipple.bound(first, second, gap=0)
    moved = measure_displacement(result.plan, result.shape, 4)
    # Four parts along the longer side: pixels (0, 3) and (1, 3) share one.
    np.testing.assert_allclose(moved.starts, [(6.5, 0.5), (1, 3.5)])
    np.testing.assert_allclose(moved.shifts, [(1, 1), (1, 0)])
    assert moved.masses[1] == pytest.approx(2 * moved.masses[0])


def test_faint_parts_have_no_arrow(figures):
    first, second = make_pair()
    first[0, 8] = second[0, 7] = 1e-3
    result = stipple.bound(first, second)
    render_bounds((first, second), result, ("1", "2"), "png", 50)
    arrows = figures[0][0].subfigs[0].axes[0].collections[0]
    assert len(arrows.get_offsets()) == 4


def test_sides_are_the_longer_side(figures):
    first, second = make_pair()
    pixels = stipple.bound(first, second)
    sides = stipple.bound(first, second, unit="side")
    assert sides.upper == pytest.approx(pixels.upper / 9)
    assert sides.levels[-1].lower == pytest.approx(pixels.levels[-1].lower / 9)
    render_bounds((first, second), sides, ("1", "2"), "png", 50)
    # One resolution has no picture of its own.
    assert not figures[0][0].subfigs[1].axes
    (told,) = figures[0][0].subfigs[1].texts
    assert told.get_text() == "$W_{2}$ in sides within [1, 2], certified"
    turned = stipple.bound(first.T, second.T, unit="side")
    assert turned.upper == pytest.approx(pixels.upper / 9)


def test_the_summary_of_a_plan_weighs_its_entries():
    # Three parts go one pixel right, one part goes two down.
    first = np.zeros((4, 7))
    first[0, 0], first[1, 5] = 3, 1
    second = np.zeros((4, 7))
    second[0, 1], second[3, 5] = 3, 1
    plan = stipple.bound(first, second, gap=0).summarise_plan()
    assert plan.entries == 2
    assert plan.shift == pytest.approx((3 / 4, 2 / 4))
    assert plan.mean_distance == pytest.approx((3 * 1 + 1 * 2) / 4)
    assert plan.largest_distance == 2
