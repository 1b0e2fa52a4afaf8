"""Saddles told from minima where barycentres are a known linear function of the points."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stipple.transport.stability import find_descent, is_critical

POINTS = np.array([[10.0, 10.0], [20.0, 12.0], [14.0, 21.0]])
RADII = np.array([1.0, 2.0, 3.0])


def make_transport(points: np.ndarray, barycentres: np.ndarray, converged: bool = True) -> Any:
    integrals = SimpleNamespace(masses=np.full(3, 1 / 3), second_moments=RADII**2 / 3)
    return SimpleNamespace(
        points=points,
        barycentres=barycentres,
        converged=converged,
        weights=np.full(3, 1 / 3),
        diagram=SimpleNamespace(integrals=integrals),
    )


def make_solver(largest: float, gradient: np.ndarray) -> tuple[Any, np.ndarray]:
    """Barycentres follow the points by .2, along one direction by the largest eigenvalue."""
    along = np.array([[1.0, 0.0], [0.0, -1.0], [0.5, 0.5]])
    along /= np.linalg.norm(along)

    def solve(points: np.ndarray, **_: Any) -> Any:
        move = points - POINTS
        answer = 0.2 * move + (largest - 0.2) * np.vdot(along, move) * along
        return make_transport(points, POINTS - gradient + answer)

    return SimpleNamespace(
        solve=solve, density=SimpleNamespace(width=40, height=30), periodic=False
    ), along


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_saddle_is_left_downhill(sign: float) -> None:
    _, along = make_solver(1.5, 0 * POINTS)
    gradient = sign * 1e-4 * along
    solver, _ = make_solver(1.5, gradient)
    base = make_transport(POINTS, POINTS - gradient)
    descent = find_descent(solver, base, np.random.default_rng(0))
    assert descent is not None
    assert np.vdot(descent, gradient) < 0
    assert abs(np.vdot(descent, along)) > 0.7 * np.linalg.norm(descent)
    # The longest move is .3 of the radius of its cell.
    assert (np.abs(descent) / RADII[:, None]).max() == pytest.approx(0.3)


@pytest.mark.parametrize("largest", [0.5, 1.0, 1.005])
def test_a_minimum_is_stable(largest: float) -> None:
    solver, _ = make_solver(largest, 0 * POINTS)
    assert find_descent(solver, make_transport(POINTS, POINTS), np.random.default_rng(0)) is None


def test_all_points_must_be_critical() -> None:
    assert is_critical(make_transport(POINTS, POINTS + 5e-4))
    assert not is_critical(make_transport(POINTS, POINTS, converged=False))
    one = POINTS.copy()
    one[1] += 0.01
    assert not is_critical(make_transport(POINTS, one))
