"""Starts by name: where the points lie, on pictures that are not square."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command import save

from stipple import stipple
from stipple.errors import StippleError
from stipple.measures.density import Density
from stipple.transport.starts import (
    begin_on_ink,
    place_on_grid,
    place_on_koch_curve,
    place_on_line,
    place_uniformly,
)

WIDE = Density(np.ones((10, 40)))


def draw_lines(size: int) -> Density:
    """Slanted lines of one pixel, and a circle through them."""
    values = np.zeros((size, size))
    columns = np.arange(size // 30, size - size // 30)
    for start in range(size // 30, size - size // 10, size // 9):
        values[start + columns // 14, columns] = 1.0
    angles = np.linspace(0, 2 * np.pi, 8 * size)
    around = np.round(size * (0.5 + 0.25 * np.array([np.sin(angles), np.cos(angles)])))
    values[around[0].astype(int), around[1].astype(int)] = 1.0
    return Density(values)


def test_points_on_white_begin_on_the_nearest_ink() -> None:
    density = draw_lines(200)
    points = np.random.default_rng(3).random((300, 2)) * 200
    points[:2] = 200.0, 0.0  # corners twice: points stay apart
    moved, potentials = begin_on_ink(density, (points, np.ones(300)), np.random.default_rng(0))
    column, row = moved.astype(int).T
    assert (density.values[row, column] > 0).all()
    assert (potentials == 0).all()
    assert len(np.unique(moved, axis=0)) == 300
    ink = np.argwhere(density.values > 0)[:, ::-1]
    away = np.abs(points[:, None] - ink - 0.5) - 0.5
    nearest = np.linalg.norm(np.maximum(away, 0), axis=2).min(axis=1)
    # The nearest pixel by its centre, and what insets and jitter add.
    assert (np.linalg.norm(moved - points, axis=1) <= nearest + 0.8).all()


def test_points_on_ink_are_left_alone() -> None:
    start = np.random.default_rng(1).random((300, 2)) * (40, 10), np.ones(300)
    assert begin_on_ink(WIDE, start, np.random.default_rng(0)) is start


@pytest.mark.parametrize(
    ("size", "count", "diagrams", "quality"),
    [(300, 400, 260, 0.76), pytest.param(600, 3000, 300, 0.441, marks=pytest.mark.slow)],
)
def test_line_art_needs_few_diagrams(size: int, count: int, diagrams: int, quality: float) -> None:
    found = stipple(draw_lines(size), count, strays="keep")
    # From points between the lines 296 diagrams and .7734, 1,093 and .4400.
    assert found.diagrams <= diagrams
    assert found.quality <= quality
    assert found.mass_error <= 1e-6


def measure_run(path: Path, output: Path) -> float:
    """User seconds of a whole run of the command, the least of three."""
    command = [sys.executable, "-m", "stipple", "stipple", path, "-n", "3000", "-q", "-o", output]
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([*command, "--threads", "1", "--force"], check=True)
        seconds.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return min(seconds)


@pytest.mark.slow
def test_line_art_costs_at_most_twice_a_flat_picture(tmp_path: Path) -> None:
    flat, lines = tmp_path / "flat.png", tmp_path / "lines.png"
    save(flat, np.full((600, 600), 128, dtype=np.uint8))
    save(lines, np.where(draw_lines(600).values > 0, 0, 255).astype(np.uint8))
    assert measure_run(lines, tmp_path / "a.svg") < 2 * measure_run(flat, tmp_path / "b.svg")


def test_uniform_points_fill_the_width_and_the_height() -> None:
    points = place_uniformly(WIDE, 2000, np.random.default_rng(0))
    assert (points >= 0).all()
    assert points.max(axis=0) == pytest.approx([40, 10], rel=0.01)
    assert points.mean(axis=0) == pytest.approx([20, 5], rel=0.05)


def test_grids_have_square_spacing() -> None:
    points = place_on_grid(WIDE, 16)
    expected = [(5 * x + 2.5, 5 * y + 2.5) for y in range(2) for x in range(8)]
    np.testing.assert_allclose(points, expected, rtol=1e-15)


def test_rows_of_a_grid_share_what_is_left() -> None:
    points = place_on_grid(WIDE, 17)
    heights, counts = np.unique(points[:, 1], return_counts=True)
    assert (heights.tolist(), sorted(counts)) == ([2.5, 7.5], [8, 9])
    assert points[:, 0].max() < 40


def test_points_on_a_line_are_the_middles_of_equal_parts() -> None:
    np.testing.assert_allclose(place_on_line(2), [[0.25, 0.5], [0.75, 0.5]])


def test_the_koch_curve_rises_upwards() -> None:
    """Its top is drawn above its ends, hence at a smaller y, and both are equally far from 1/2."""
    rise = np.sqrt(3) / 6
    points = place_on_koch_curve(5)
    low, top = 0.5 + rise / 2, 0.5 - rise / 2
    expected = [[0, low], [1 / 3, low], [0.5, top], [2 / 3, low], [1, low]]
    np.testing.assert_allclose(points, expected, atol=1e-15)
    assert len(place_on_koch_curve(17)) == 17
    steps = np.hypot(*np.diff(place_on_koch_curve(65), axis=0).T)
    np.testing.assert_allclose(steps, 1 / 27, rtol=1e-12)
    with pytest.raises(StippleError, match="give 17, 65"):
        place_on_koch_curve(18)
