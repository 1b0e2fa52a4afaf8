"""Sharing atoms between halves, starts in cells, and what becomes of atoms in a mixture."""

import numpy as np
import pytest

from stipple.discretisation.entropic.adaptive import discretise_adaptive
from stipple.discretisation.entropic.cells import choose_largest, divide, place_start
from stipple.discretisation.entropic.expectation import Mixture, find_directions
from stipple.geometry.metrics import Euclidean
from stipple.measures.samples import Samples


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_no_half_gets_more_atoms_than_samples(side: float) -> None:
    """Nearly all mass is on one side, where one sample is: three atoms go to the other."""
    points = np.array([[0.0, 0.0], [8.0, 0.0], [9.0, 0.0], [10.0, 1.0]])
    samples = Samples(side * points, np.array([1e9, 1.0, 1.0, 1.0]))
    cells = divide(samples, 4, 1)
    assert sorted(cell.count for cell in cells) == [1, 1, 1, 1]
    assert sorted(int(cell.indices[0]) for cell in cells) == [0, 1, 2, 3]


def test_an_atom_starts_at_the_sample_nearest_to_the_barycentre() -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [10.0, 0.0]])
    # The barycentre is at 3.25 by number, and at 1.2 by mass.
    samples = Samples(points, np.array([4.0, 20.0, 6.0, 0.4]))
    assert place_start(samples, 1, exponent=0.5, order=2.0).tolist() == [[1.0, 0.0]]


def test_boxes_of_cells_reach_as_far_as_their_grid() -> None:
    grid = np.stack(np.meshgrid(np.arange(4.0), np.arange(3.0)), axis=-1).reshape(-1, 2)
    (cell,) = divide(Samples(grid, np.ones(12), 1.0), 5, 5)
    assert cell.diameter == 5.0
    assert (cell.count, len(cell.indices)) == (5, 12)


@pytest.mark.parametrize("rule", ["bisect", "occupied", "sparsest"])
def test_few_atoms_are_divided_too(rule: str) -> None:
    random = np.random.default_rng(1)
    samples = Samples(random.normal(size=(400, 2)), np.ones(400))
    for count in (2, 7, 32):
        found = discretise_adaptive(samples, count, 1e-3, rule=rule)
        assert len(found.counts) >= 2
        assert len(found.lower) == len(found.upper) == len(found.masses) == len(found.counts)
    assert [choose_largest(count) for count in (1, 2, 7, 32, 33, 4000)] == [1, 1, 4, 16, 32, 32]


def test_shares_are_by_the_volumes_of_boxes() -> None:
    """A gap at .7 of a square: halves of equal mass, whose volumes are as 7 to 3."""
    across = np.concatenate((np.linspace(0, 0.66, 40), np.linspace(0.74, 1, 40)))
    points = np.stack(np.meshgrid(across, np.linspace(0, 1, 40)), -1).reshape(-1, 2)
    cells = divide(Samples(points, np.ones(3200)), 1000, 800, rule="sparsest", exponent=1.0)
    left, right = sorted(cells, key=lambda cell: float(cell.lower[0]))
    assert left.mass == pytest.approx(0.5)
    assert left.upper[0] == right.lower[0] == pytest.approx(0.7, abs=0.04)
    assert left.count == round(1000 * left.upper[0])


def test_a_narrow_half_of_an_even_square_gets_its_part_of_the_atoms() -> None:
    """Cut at a line without samples at 3/10; the best atoms of an even density are even."""
    axis = (np.arange(40) + 0.5) / 40
    points = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    masses = np.where(abs(points[:, 0] - 0.3) < 0.02, 1e-9, 1.0)
    cells = divide(Samples(points, masses), 1000, 900, rule="sparsest")
    left = min(cells, key=lambda cell: float(cell.lower[0]))
    assert left.upper[0] == pytest.approx(0.3, abs=0.03)
    assert left.count / 1000 == pytest.approx(left.mass, abs=0.02)


def test_dead_atoms_and_those_that_coincide_are_lost() -> None:
    atoms = np.array([[0.0], [0.04], [0.03], [1.0], [5.0]])
    weights = np.array([0.2, 0.2, 0.2, 0.4 - 1e-5, 1e-5])
    mixture = Mixture(atoms, weights, 0.0, 1.0, 9, True)
    # The last has less than 1e-4 of the mean weight 1/5; no: 1e-5 is below 2e-5.
    assert mixture.count_lost(2.0) == 3
    alive = np.array([0.2, 0.2, 0.2, 0.4 - 3e-5, 3e-5])
    assert Mixture(atoms, alive, 0.0, 1.0, 9, True).count_lost(2.0) == 2


def test_steps_of_reweighting_in_closed_form() -> None:
    """From 0, samples at 1 and 4 with masses .25 and .75."""
    points, atoms, plan = np.array([[1.0], [4.0]]), np.zeros((1, 1)), np.array([[0.25], [0.75]])
    distances = np.array([[1.0], [4.0]])
    expected = {
        # Barycentre; Weiszfeld: Σ p·x/|x| over Σ p/|x|; and by 3·2·|x| for order 3.
        2.0: 3.25,
        1.0: 1 / (0.25 + 0.75 / 4),
        3.0: 3 * (0.25 + 0.75 * 16) / (6 * (0.25 + 0.75 * 4)),
    }
    for order, step in expected.items():
        found = find_directions(points, atoms, plan, distances, order, Euclidean())
        np.testing.assert_allclose(found, [[step]])


def test_a_heavy_sample_holds_its_atom() -> None:
    """Vardi and Zhang: the pull of .4 from elsewhere does not move what .6 hold."""
    points, atoms, plan = np.array([[0.0], [2.0]]), np.zeros((1, 1)), np.array([[0.6], [0.4]])
    distances = np.array([[0.0], [2.0]])
    held = find_directions(points, atoms, plan, distances, 1.0, Euclidean())
    np.testing.assert_array_equal(held, [[0.0]])
    # .25 hold back a third of a pull of .75.
    plan = np.array([[0.25], [0.75]])
    pulled = find_directions(points, atoms, plan, distances, 1.0, Euclidean())
    np.testing.assert_allclose(pulled, [[2 * 2 / 3]])
