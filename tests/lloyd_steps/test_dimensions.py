"""Cells of critical points, counted by their dimension: E_0, E_1 and E_2."""

import numpy as np
import pytest

from stipple.lloyd_steps.dimensions import count_dimensions
from stipple.lloyd_steps.experiment import is_near_plateau, run_experiment
from stipple.lloyd_steps.presets import list_presets
from stipple.measures.density import Density
from stipple.transport.semi_discrete import TransportSolver
from stipple.transport.starts import place_on_grid


def end(name, count):
    experiment = list_presets()[name].experiment
    solver = TransportSolver(experiment.domain(count).density)
    points = experiment.start(experiment.domain(count), count, np.random.default_rng(0))
    domain = experiment.domain(count)
    return domain, solver.solve(domain.to_grid(points), tolerance=1e-9)


@pytest.mark.parametrize("side", [8, 16])
def test_the_tight_example_has_all_three(side):
    """A corner, two rows of strips, and small squares."""
    domain, transport = end("tight", side**2)
    found = count_dimensions(domain.density, transport)
    assert found.counts == ((side - 1) ** 2, 2 * (side - 1), 1)


def test_strips_and_squares():
    domain, transport = end("line", 40)
    assert count_dimensions(domain.density, transport).counts == (0, 40, 0)
    density = Density(np.ones((4, 9)))
    transport = TransportSolver(density).solve(place_on_grid(density, 36), tolerance=1e-9)
    assert count_dimensions(density, transport).counts == (36, 0, 0)


def test_only_the_ink_of_a_cell_counts():
    """Two lines of ink far apart: cells are long through the white, and hold little ink."""
    values = np.zeros((64, 2))
    values[0] = values[-1] = 1
    density = Density(values)
    points = np.array([[0.5, 0.5], [1.5, 0.5], [0.5, 63.5], [1.5, 63.5]])
    transport = TransportSolver(density).solve(points, tolerance=1e-9)
    assert count_dimensions(density, transport).counts == (4, 0, 0)


@pytest.mark.parametrize(
    ("name", "limit"), [("critical-diagonal", 1 / 12), ("critical-ring", 1 / 18)]
)
def test_plateaus_are_critical_and_left_afterwards(name, limit):
    experiment = list_presets()[name].experiment
    rows = []
    for one in run_experiment(experiment):
        if one.count > experiment.counts[0]:
            break
        rows.append(one)
    last = rows[-1]
    assert [one.is_last for one in rows] == [False] * (len(rows) - 1) + [True]
    assert is_near_plateau(last.row, last.domain)
    assert last.row.w2_squared == pytest.approx(limit, rel=0.02)
    assert not is_near_plateau(rows[0].row, rows[0].domain)
    strips = count_dimensions(last.domain.density, last.row.transport).counts[1]
    assert strips >= 36
