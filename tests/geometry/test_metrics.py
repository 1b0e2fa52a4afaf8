"""Distances and their gradients against finite differences and closed forms."""

import numpy as np
import pytest

from stipple.geometry.metrics import Euclidean, Sphere


def draw(metric, count, dimension, seed):
    points = np.random.default_rng(seed).standard_normal((count, dimension))
    if metric.name == "sphere":
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points


CASES = [
    (metric, dimension, order)
    for metric, dimensions in ((Euclidean(), (1, 2, 3)), (Sphere(), (2, 3, 4)))
    for dimension in dimensions
    for order in (1, 1.5, 2, 3)
]


@pytest.mark.parametrize(("metric", "dimension", "order"), CASES)
def test_gradients_agree_with_finite_differences(metric, dimension, order):
    points, atoms = draw(metric, 7, dimension, 0), draw(metric, 3, dimension, 1)
    generator = np.random.default_rng(2)
    amounts = generator.random((7, 3))
    directions = generator.standard_normal(atoms.shape)
    if metric.name == "sphere":
        directions -= (directions * atoms).sum(axis=1, keepdims=True) * atoms

    def cost(step):
        moved = metric.move(atoms, step * directions)
        return (amounts * metric.measure_distances(points, moved) ** order).sum()

    slope = (cost(1e-5) - cost(-1e-5)) / 2e-5
    gradients = metric.sum_gradients(points, atoms, amounts, order)
    assert (gradients * directions).sum() == pytest.approx(slope, rel=1e-7, abs=1e-9)
    if metric.name == "sphere":
        np.testing.assert_allclose((gradients * atoms).sum(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("order", [1, 1.5, 2, 3])
@pytest.mark.parametrize("metric", [Euclidean(), Sphere()])
def test_gradients_are_finite_where_there_is_no_derivative(metric, order):
    atoms = draw(metric, 2, 3, 0)
    points = np.concatenate((atoms, -atoms))
    gradients = metric.sum_gradients(points, atoms, np.ones((4, 2)), order)
    assert np.isfinite(gradients).all()


def test_arcs_are_exact_where_cosines_are_not():
    angles = np.array([1e-9, 1e-3, 1.0, np.pi - 1e-9, np.pi])
    points = np.column_stack((np.cos(angles), np.sin(angles)))
    measured = Sphere().measure_distances(points, np.array([[1.0, 0.0]]))[:, 0]
    np.testing.assert_allclose(measured, angles, rtol=1e-12)


def test_moves_on_the_sphere_follow_great_circles():
    sphere = Sphere()
    atoms = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    directions = np.array([[0.0, np.pi / 2, 0.0], [0.0, 0.0, 5.0]])  # the second has no tangent
    moved = sphere.move(atoms, directions)
    np.testing.assert_allclose(moved, [[0, 1, 0], [0, 0, 1]], atol=1e-15)
    assert sphere.measure_distances(atoms, moved)[0, 0] == pytest.approx(np.pi / 2)


@pytest.mark.parametrize("angle", [1e-6, 1e-3, 0.05, np.pi - 0.05])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_gradients_on_the_sphere_hold_for_near_and_opposite_points(angle, order):
    """Along a meridian the cost is the angle's power: its slope is order * angle^(order - 1)."""
    point = np.array([[np.cos(angle), np.sin(angle), 0.0]])
    atom = np.array([[1.0, 0.0, 0.0]])
    gradient = Sphere().sum_gradients(point, atom, np.ones((1, 1)), order)
    np.testing.assert_allclose(gradient, [[0.0, -order * angle ** (order - 1), 0.0]], rtol=1e-9)
