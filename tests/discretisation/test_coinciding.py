"""Atoms that coincide become one, with their weight together."""

import numpy as np
import pytest

from stipple.discretisation.coinciding import merge_coinciding
from stipple.discretisation.discretise import edot
from stipple.discretisation.settings import Settings
from stipple.discretisation.solution import Solution


def solve(atoms: list[list[float]], weights: list[float]) -> Solution:
    return Solution(np.array(atoms), np.array(weights), np.zeros(1), 1, True, "some")


def test_atoms_at_one_place_are_one() -> None:
    found = solve([[0, 0], [4, 0], [0.004, 0], [4, 0.003], [4, 0.006]], [0.1, 0.2, 0.3, 0.4, 0.0])
    merged = merge_coinciding(found, 0.25, Settings(objective="full"))
    np.testing.assert_allclose(merged.atoms, [[0.003, 0], [4, 0.002]], atol=1e-12)
    np.testing.assert_allclose(merged.weights, [0.4, 0.6])
    assert merged.merged == 3
    assert merge_coinciding(found, 0.25, Settings(objective="full", weights="equal")) is found
    assert merge_coinciding(found, 1e-9, Settings(objective="full")) is found


def test_atoms_on_the_sphere_stay_there() -> None:
    places = np.array([[1.0, 0, 0], [np.cos(1e-3), np.sin(1e-3), 0], [0, 0, 1]])
    found = solve(places.tolist(), [0.5, 0.25, 0.25])
    merged = merge_coinciding(found, 1.0, Settings(objective="full", metric="sphere"))
    np.testing.assert_allclose(np.linalg.norm(merged.atoms, axis=1), 1, rtol=1e-15)
    assert len(merged.atoms) == 2


def test_a_sharp_objective_tells_how_many_coincide() -> None:
    points = np.random.default_rng(0).normal(size=(100, 2))
    result = edot(points, 30, objective="sharp", algorithm="simple", zeta=0.1, steps=60)
    assert len(result.atoms) + result.merged == 30
    assert result.merged > 0
    assert result.weights.sum() == pytest.approx(1)
