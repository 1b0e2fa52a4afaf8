"""Areas of discs cut by power cells, against areas known in closed form and counted ones."""

import numpy as np
import pytest

from stipple.geometry.discs import cut_discs
from stipple.geometry.power_cells import build_power_cells
from stipple.machine.threads import Workers


def count_union(points, radii, width, height, fine=20):
    """Part of the rectangle that discs cover, counted at the middles of small squares."""
    x, y = np.meshgrid(
        (np.arange(width * fine) + 0.5) / fine, (np.arange(height * fine) + 0.5) / fine
    )
    covered = np.zeros(x.shape, dtype=bool)
    for (a, b), radius in zip(points, radii, strict=True):
        covered |= (x - a) ** 2 + (y - b) ** 2 <= radius**2
    return covered.mean()


def test_a_disc_in_its_cell_is_whole_and_one_beyond_it_is_the_cell():
    cells = build_power_cells(np.array([[3.0, 2.0]]), np.zeros(1), 8, 4)
    inside = cut_discs(cells, np.array([1.5]))
    assert inside.areas[0] == pytest.approx(np.pi * 1.5**2, rel=1e-14)
    assert inside.arcs[0] == pytest.approx(2 * np.pi, rel=1e-14)
    assert not inside.chords.any()
    beyond = cut_discs(cells, np.array([9.0]))
    assert beyond.areas[0] == pytest.approx(32, rel=1e-14)
    assert beyond.arcs[0] == pytest.approx(0, abs=1e-12)
    assert sorted(beyond.chords) == pytest.approx([4, 4, 8, 8])
    assert beyond.reaches[0] == pytest.approx(29**0.5)


def test_a_border_cuts_a_segment_off():
    cells = build_power_cells(np.array([[1.0, 4.0]]), np.zeros(1), 8, 8)
    found = cut_discs(cells, np.array([2.0]))
    # The segment beyond a line one away from the centre of a disc of radius two: 60° on each side.
    segment = 4 * np.pi / 3 - 3**0.5
    assert found.areas[0] == pytest.approx(4 * np.pi - segment, rel=1e-14)
    assert found.arcs[0] == pytest.approx(2 * np.pi * 2 / 3, rel=1e-14)
    assert found.chords.max() == pytest.approx(2 * 3**0.5)


@pytest.mark.parametrize("spread", [0.1, 1.5])
def test_the_parts_in_the_cells_make_up_the_union(spread):
    generator = np.random.default_rng(3)
    points = generator.uniform(0, 1, (15, 2)) * (9, 6)
    radii = generator.uniform(0.5, 0.5 + spread, 15)
    cells = build_power_cells(points, radii**2, 9, 6)
    covered = cut_discs(cells, radii).areas.sum() / 54
    assert covered == pytest.approx(count_union(points, radii, 9, 6), abs=1e-3)


def test_areas_grow_with_the_arcs():
    generator = np.random.default_rng(4)
    cells = build_power_cells(generator.uniform(0, 1, (20, 2)) * (9, 6), np.zeros(20), 9, 6)
    radii = generator.uniform(0.3, 1.5, 20)
    step = 1e-6
    less, more = (cut_discs(cells, radii + shift).areas for shift in (-step, step))
    arcs = cut_discs(cells, radii).arcs
    np.testing.assert_allclose((more - less) / (2 * step), arcs * radii, atol=1e-5)


def test_threads_change_nothing():
    points = np.random.default_rng(6).uniform(0, 1, (2100, 2)) * (90, 60)
    cells = build_power_cells(points, np.zeros(2100), 90, 60)
    radii = np.full(2100, 0.9)
    alone, shared = cut_discs(cells, radii), cut_discs(cells, radii, Workers(2))
    for name in ("areas", "arcs", "chords", "reaches"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(shared, name))
