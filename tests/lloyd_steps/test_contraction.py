"""Inequality (21): no two points come nearer than 1 − τ of their distance in a step."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from stipple.lloyd_steps.contraction import check_contraction
from stipple.lloyd_steps.experiment import Experiment, run_experiment
from stipple.lloyd_steps.starts import make_start
from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.transport.semi_discrete import TransportSolver


def measure_least_part(points, barycentres):
    """The least (b_i − b_j)·(y_i − y_j)/|y_i − y_j|² of all pairs, one by one."""
    parts = []
    for i in range(len(points)):
        for j in range(i):
            apart = points[i] - points[j]
            parts.append((barycentres[i] - barycentres[j]) @ apart / (apart @ apart))
    return min(parts)


@pytest.mark.parametrize("count", [2, 3, 6, 7])
def test_every_pair_is_looked_at(count):
    generator = np.random.default_rng(count)
    for _ in range(50):
        points, barycentres = generator.random((2, count, 2))
        found = check_contraction(points, barycentres, 0.25, 2.0)
        least = 0.75 + 0.25 * measure_least_part(points, barycentres)
        assert found.left == 0.75
        assert found.right < least
        assert found.right == pytest.approx(least, abs=1e-6)
        assert found.holds == (least > 0.75)


def test_nothing_is_claimed_of_whole_steps_and_single_points():
    points = np.array([[0.0, 0.0], [1.0, 0.0]])
    whole = check_contraction(points, points[::-1], 1.0, 2.0)
    assert whole.vacuous
    assert whole.holds
    assert not check_contraction(points, points[::-1], 0.5, 2.0).holds
    assert check_contraction(points[:1], points[:1], 0.5, 2.0).right == np.inf


@pytest.mark.parametrize("size", [0.02, 0.3, 0.9])
def test_steps_shrink_distances_by_no_more_than_is_said(size):
    # Most of the mass on one pixel, so that the points crowd there.
    values = np.ones((3, 6))
    values[1, 4] = 1000
    domain = Domain(Density(values), (1.0, -2.0), 1 / 3)
    experiment = Experiment(
        lambda _n: domain, make_start("uniform"), (25,), steps=4, step_sizes=(size,)
    )
    rows = [one.row for one in run_experiment(experiment)]
    distances = [pdist(row.transport.points) for row in rows]
    for k, row in enumerate(rows[:-1]):
        assert row.contraction.left == 1 - size <= row.contraction.right
        assert (distances[k + 1] / distances[k]).min() >= row.contraction.right
    assert rows[0].contraction.right < 1 - size / 2


def test_cells_of_any_potentials_keep_their_barycentres_in_order():
    """What is used of power cells, where masses are far from equal."""
    solver = TransportSolver(Density(np.arange(1.0, 25.0).reshape(4, 6)))
    points = np.random.default_rng(1).random((12, 2)) * (6, 4)
    transport = solver.solve(points, tolerance=0.5)
    assert transport.mass_error > 1e-3
    assert check_contraction(points, transport.barycentres, 0.5, 7.3).holds
