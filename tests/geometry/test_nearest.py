"""Searches of nearest and cheapest atoms against all distances."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from stipple.geometry.nearest import assign_nearest, find_cheapest
from stipple.machine.threads import Workers


@pytest.mark.parametrize("dimension", [1, 2, 3, 7])
def test_nearest_are_those_of_all_distances(dimension: int) -> None:
    generator = np.random.default_rng(dimension)
    points, atoms = generator.random((400, dimension)), generator.random((150, dimension)) ** 2
    expected = cdist(points, atoms).argmin(axis=1)
    np.testing.assert_array_equal(assign_nearest(points, atoms, Workers(1)), expected)
    guess = generator.integers(0, 150, 400)
    np.testing.assert_array_equal(assign_nearest(points, atoms, Workers(1), guess), expected)


@pytest.mark.parametrize(("order", "arcs"), [(1.0, False), (2.0, False), (3.0, False), (2.0, True)])
def test_cheapest_are_those_of_all_costs(order: float, arcs: bool) -> None:
    generator = np.random.default_rng(3)
    points, atoms = generator.standard_normal((300, 3)), generator.standard_normal((90, 3))
    if arcs:
        points /= np.linalg.norm(points, axis=1)[:, None]
        atoms /= np.linalg.norm(atoms, axis=1)[:, None]
    distances = np.arccos(np.clip(points @ atoms.T, -1, 1)) if arcs else cdist(points, atoms)
    potentials = 0.3 * generator.standard_normal(90)
    values = distances**order - potentials
    ranks = values.argsort(axis=1)
    found = find_cheapest(points, atoms, potentials, Workers(1), order=order, arcs=arcs)
    np.testing.assert_array_equal(found.first, ranks[:, 0])
    np.testing.assert_array_equal(found.second, ranks[:, 1])
    values.sort(axis=1)
    np.testing.assert_allclose(found.values, values[:, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.second_values, values[:, 1], rtol=0, atol=1e-12)
