"""Integrals over cells against a walk over every pixel square, in fractions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles import (
    cut_exact_cells,
    integrate_polygon,
    integrate_segment,
    make_rectangle,
    to_corners,
)

from stipple.arrays import Floats
from stipple.geometry.cell_integrals import CellIntegrals, integrate_boxes, integrate_cells
from stipple.geometry.power_cells import PowerCells, build_power_cells
from stipple.machine import threads
from stipple.machine.threads import Workers
from stipple.measures.density import Density

RANDOM = np.random.default_rng(2)
ROUNDING = 1e-12

PICTURES = {
    "one pixel": [[3.0]],
    "one row": RANDOM.random((1, 9)),
    "one column": RANDOM.random((9, 1)),
    "noise": RANDOM.random((5, 7)),
    "uniform": np.ones((4, 6)),
    "mostly white": np.where(RANDOM.random((6, 6)) < 0.8, 0.0, 1.0),
    "one black pixel": np.eye(1, 30, 17).reshape(5, 6),
    "wide range": 10.0 ** RANDOM.integers(-200, 200, (4, 5)),
}

every_picture = pytest.mark.parametrize("name", PICTURES)

VALUES = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: arrays(float, shape, elements=st.sampled_from([0.0, 0.0, 0.25, 1.0, 3.0]))
)


def cut(density: Density, points: object, potentials: object = None) -> PowerCells:
    y = np.array(points, dtype=float)
    phi = np.zeros(len(y)) if potentials is None else np.array(potentials, dtype=float)
    return build_power_cells(y, phi, density.width, density.height)


def measure(values: object, points: object, potentials: object = None) -> CellIntegrals:
    density = Density(values)
    return integrate_cells(density, cut(density, points, potentials))


def check_exactly(values: object, points: object, potentials: object = None) -> None:
    density = Density(values)
    cells = cut(density, points, potentials)
    found = integrate_cells(density, cells)
    exact = cut_exact_cells(cells.points, cells.potentials, cells.width, cells.height)
    for i, polygon in enumerate(exact):
        mass, first, second = integrate_polygon(density.values, polygon, cells.points[i].tolist())
        assert found.masses[i] == pytest.approx(mass, rel=0, abs=ROUNDING)
        assert found.first_moments[i] == pytest.approx(first, rel=0, abs=ROUNDING)
        assert found.second_moments[i] == pytest.approx(second, rel=0, abs=ROUNDING)
        # Exact on the corners found: ∫ρ ds jumps when rounding moves an edge off a pixel border.
        corners = to_corners(cells.polygon(i))
        edges = found.edge_masses[slice(*cells.adjacency.offsets[i : i + 2])]
        for p, q, edge in zip(corners, corners[1:] + corners[:1], edges, strict=True):
            assert edge == pytest.approx(
                integrate_segment(density.values, p, q), rel=0, abs=ROUNDING
            )


@every_picture
@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_cells_at_random_are_exact(name: str, spread: float) -> None:
    values = np.array(PICTURES[name])
    size = values.shape[::-1]
    points = np.random.default_rng(0).random((7, 2)) * size
    check_exactly(values, points, spread * np.arange(7) / 3)


@every_picture
def test_tiny_cells_are_exact(name: str) -> None:
    values = np.array(PICTURES[name])
    points = np.array(values.shape[::-1]) / 2 + 1e-3 * RANDOM.standard_normal((6, 2))
    check_exactly(values, points)


@every_picture
def test_cells_along_pixel_borders_are_exact(name: str) -> None:
    values = np.array(PICTURES[name])
    height, width = values.shape
    points = [(x + 0.5, y + 0.5) for x in range(width) for y in range(height)]
    check_exactly(values, points)


def test_diagonals_through_pixel_corners_are_exact() -> None:
    check_exactly(PICTURES["noise"], [(1.0, 2.0), (2.0, 1.0), (4.0, 3.0), (5.0, 4.0)])


def test_points_far_outside_are_exact() -> None:
    check_exactly(PICTURES["noise"], [(-10.0, -7.0), (1.0, 20.0), (15.0, 2.0)])


@settings(deadline=None, max_examples=60)
@given(
    values=VALUES.filter(np.any),
    points=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=4),
    potentials=arrays(float, 4, elements=st.floats(-2, 2)),
)
def test_any_integrals_are_exact(
    values: Floats, points: list[tuple[float, float]], potentials: Floats
) -> None:
    check_exactly(values, np.array(points) * values.shape[::-1], potentials[: len(points)])


@every_picture
def test_the_whole_has_mass_one(name: str) -> None:
    values = np.array(PICTURES[name])
    points = RANDOM.random((50, 2)) * values.shape[::-1]
    assert measure(values, points).masses.sum() == pytest.approx(1, rel=0, abs=ROUNDING)


def test_white_around_the_picture_changes_nothing() -> None:
    values = np.array(PICTURES["noise"])
    points = RANDOM.random((30, 2)) * values.shape[::-1]
    plain = measure(values, points)
    padded = measure(np.pad(values, ((3, 11), (20, 2))), points + np.array([20, 3]))
    np.testing.assert_allclose(padded.masses, plain.masses, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(padded.first_moments, plain.first_moments, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(padded.second_moments, plain.second_moments, rtol=0, atol=1e-11)


@pytest.mark.parametrize("scale", [1e-300, 1e-5, 255.0, 1e300])
def test_the_scale_of_the_values_changes_nothing(scale: float) -> None:
    values = np.array(PICTURES["noise"])
    points = RANDOM.random((30, 2)) * values.shape[::-1]
    plain, scaled = measure(values, points), measure(scale * values, points)
    np.testing.assert_allclose(scaled.masses, plain.masses, rtol=1e-12)
    np.testing.assert_allclose(scaled.edge_masses, plain.edge_masses, rtol=1e-12)
    np.testing.assert_allclose(scaled.second_moments, plain.second_moments, rtol=1e-10)


def test_cells_of_a_photograph_sized_picture_agree_with_boxes() -> None:
    """Cells of a regular grid are boxes, whose sums NumPy knows; moments far from the origin."""
    values = RANDOM.random((400, 600))
    points = np.stack(np.meshgrid(np.arange(5, 600, 10), np.arange(5, 400, 10)), -1).reshape(-1, 2)
    found = measure(values, points)
    blocks = values.reshape(40, 10, 60, 10).transpose(0, 2, 1, 3).reshape(-1, 10, 10) / values.sum()
    across = np.arange(10) - 4.5
    np.testing.assert_allclose(found.masses, blocks.sum(axis=(1, 2)), rtol=0, atol=ROUNDING)
    first = np.column_stack([blocks.sum(axis=1) @ across, blocks.sum(axis=2) @ across])
    np.testing.assert_allclose(found.first_moments, first, rtol=0, atol=ROUNDING)
    second = (blocks * (across**2 + across[:, None] ** 2 + 1 / 6)).sum(axis=(1, 2))
    # Differences of prefix sums of x², which reach the square of the width.
    np.testing.assert_allclose(found.second_moments, second, rtol=0, atol=1e-16 * 600**2)


def test_pysdot_integrates_the_same() -> None:
    pysdot = pytest.importorskip("pysdot", reason="pysdot has no wheel for this platform")
    from pysdot.domain_types import ScaledImage

    values = RANDOM.random((8, 11))
    rho = values / values.sum()
    points = RANDOM.random((40, 2)) * (11, 8)
    potentials = 0.2 * RANDOM.standard_normal(40)
    # Its densities are per unit of area, its rows go upwards from the first: y as ours.
    diagram = pysdot.PowerDiagram(points, potentials, ScaledImage([0, 0], [11, 8], rho))
    found = measure(values, points, potentials)
    np.testing.assert_allclose(found.masses, diagram.integrals(), rtol=0, atol=ROUNDING)
    second = diagram.second_order_moments()
    np.testing.assert_allclose(found.second_moments, second, rtol=0, atol=ROUNDING)
    barycentres = points + found.first_moments / np.maximum(found.masses[:, None], 1e-300)
    seen = found.masses > 1e-9
    np.testing.assert_allclose(barycentres[seen], diagram.centroids()[seen], rtol=0, atol=1e-9)


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "SMALLEST_RANGE", 10)
    density = Density(PICTURES["noise"])
    cells = cut(density, RANDOM.random((100, 2)) * (7, 5))
    alone = integrate_cells(density, cells, Workers(1))
    shared = integrate_cells(density, cells, Workers(3))
    np.testing.assert_array_equal(alone.masses, shared.masses)
    np.testing.assert_array_equal(alone.first_moments, shared.first_moments)
    np.testing.assert_array_equal(alone.second_moments, shared.second_moments)
    np.testing.assert_array_equal(alone.edge_masses, shared.edge_masses)


@every_picture
def test_boxes_are_exact(name: str) -> None:
    values = np.array(PICTURES[name])
    height, width = values.shape
    low = RANDOM.random((10, 2)) * (width, height)
    high = low + RANDOM.random((10, 2)) * ((width, height) - low)
    boxes = np.vstack([np.hstack([low, high]), [(0, 0, width, height)]])
    barycentres, spreads = integrate_boxes(Density(values), boxes)
    for box, barycentre, spread in zip(boxes, barycentres, spreads, strict=True):
        mass, first, second = integrate_polygon(values, make_rectangle(*box))
        if mass < 1e-9:
            continue
        mean = first / mass
        assert barycentre == pytest.approx(mean, rel=0, abs=1e-9)
        assert spread.sum() == pytest.approx(second / mass - mean @ mean, rel=0, abs=1e-8)


def test_spreads_are_told_apart_by_axis() -> None:
    _, spreads = integrate_boxes(Density(np.ones((8, 8))), np.array([(1.0, 2.0, 7.0, 4.5)]))
    assert spreads[0] == pytest.approx([6**2 / 12, 2.5**2 / 12])


def test_a_box_without_mass_has_its_centre() -> None:
    values = np.zeros((4, 4))
    values[0, 0] = 1
    barycentres, spreads = integrate_boxes(Density(values), np.array([(2.0, 1.0, 4.0, 2.0)]))
    assert barycentres.tolist() == [[3.0, 1.5]]
    assert spreads.tolist() == [[0.0, 0.0]]
