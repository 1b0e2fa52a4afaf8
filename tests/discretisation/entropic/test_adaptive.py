"""Adaptive discretisation: cells, expectation-maximisation, merged atoms of a picture."""

import pickle
from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import load_sample
from scipy.spatial import cKDTree

from stipple.arrays import Floats
from stipple.discretisation.entropic.adaptive import (
    CellProgress,
    CellSolution,
    CellTask,
    discretise_adaptive,
)
from stipple.discretisation.entropic.cells import divide, merge_duplicates, place_start
from stipple.discretisation.entropic.expectation import fit_mixture
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Sphere
from stipple.measures.samples import Samples

RANDOM = np.random.default_rng(6)
CLOUD = Samples(RANDOM.normal(size=(2000, 2)), RANDOM.random(2000) + 0.1)
every_rule = pytest.mark.parametrize("rule", ["bisect", "occupied", "sparsest"])
small_clouds = st.lists(
    st.tuples(*[st.integers(-3, 3)] * 3, st.sampled_from([1e-9, 1.0, 1e6])),
    min_size=1,
    max_size=12,
)


def read_picture() -> Samples:
    values = load_sample("chelsea.png").values
    height, width = values.shape
    y, x = np.mgrid[:height, :width] + 0.5
    points = np.column_stack((x.ravel(), y.ravel())) / width
    return Samples(points, values.ravel(), width**-2)


def measure_exactly(samples: Samples, atoms: Floats) -> float:
    distances, _ = cKDTree(atoms).query(samples.points)
    return float(samples.masses @ distances**2)


# --- cells ---------------------------------------------------------------------------------------


@every_rule
@settings(deadline=None, max_examples=60)
@given(rows=small_clouds, data=st.data())
def test_cells_part_samples_and_atoms(
    rule: str, rows: list[tuple[float, ...]], data: st.DataObject
) -> None:
    table = np.array(rows)
    samples = merge_duplicates(Samples(table[:, :3], table[:, 3]))
    assert len(samples) == len({row[:3] for row in rows})
    count = data.draw(st.integers(1, len(samples)))
    largest = data.draw(st.integers(1, 4))
    cells = divide(samples, count, largest, rule=rule)
    indices = np.sort(np.concatenate([cell.indices for cell in cells]))
    np.testing.assert_array_equal(indices, np.arange(len(samples)))
    assert sum(cell.count for cell in cells) == count
    assert all(1 <= cell.count <= min(largest, len(cell.indices)) for cell in cells)
    assert sum(cell.mass for cell in cells) == pytest.approx(1)


def test_atoms_are_shared_by_the_power_of_mass() -> None:
    # Densities 8 : 1 on halves of the line; e = 1/3 gives atoms 2 : 1.
    points = (np.arange(900) + 0.5) / 900
    samples = Samples(points[:, None], np.where(points < 0.5, 8.0, 1.0))
    cells = divide(samples, 30, 20, exponent=1 / 3)
    assert [cell.count for cell in cells] == [10, 20]
    assert cells[0].diameter == pytest.approx(0.5, abs=0.01)


def test_sparsest_cuts_in_the_gap() -> None:
    points = np.concatenate((np.linspace(0, 0.6, 500), np.linspace(0.7, 1, 500)))
    cells = divide(Samples(points[:, None], np.ones(1000)), 10, 9, rule="sparsest")
    assert sorted(len(cell.indices) for cell in cells) == [500, 500]


def test_occupied_volume_gives_no_atoms_for_emptiness() -> None:
    # Equal masses, on a disc that fills its half and on a thin line.
    line = np.column_stack((np.linspace(1.01, 2, 1000), np.full(1000, 0.5)))
    square = np.stack(np.meshgrid(np.linspace(0, 0.99, 32), np.linspace(0, 1, 32)), -1)
    points = np.concatenate((square.reshape(-1, 2), line))
    samples = Samples(points, np.ones(len(points)))
    shares = {
        rule: max(
            divide(samples, 100, 90, rule=rule),
            key=lambda cell: samples.points[cell.indices, 0].min(),
        ).count
        for rule in ("bisect", "occupied")
    }
    assert 45 <= shares["bisect"] <= 55
    assert shares["occupied"] < 30


def test_starts_are_distinct_samples() -> None:
    start = place_start(CLOUD, 300, exponent=0.5, order=2.0)
    assert len(np.unique(start, axis=0)) == 300
    assert cKDTree(CLOUD.points).query(start)[0].max() == 0


# --- expectation-maximisation --------------------------------------------------------------------


def test_fixed_points_are_barycentres_of_their_plan() -> None:
    start = place_start(CLOUD, 8, exponent=0.5, order=2.0)
    zeta = 0.05
    fitted = fit_mixture(
        CLOUD, start, zeta, order=2.0, metric=Euclidean(), tolerance=1e-13, iterations=2000
    )
    costs = ((CLOUD.points[:, None] - fitted.atoms) ** 2).sum(axis=2)
    plan = fitted.weights * np.exp(-costs / zeta)
    value = -zeta * CLOUD.masses @ np.log(plan.sum(axis=1))
    plan *= (CLOUD.masses / plan.sum(axis=1))[:, None]
    np.testing.assert_allclose(plan.sum(axis=0), fitted.weights, atol=1e-5)
    np.testing.assert_allclose(
        plan.T @ CLOUD.points / plan.sum(axis=0)[:, None], fitted.atoms, atol=1e-4
    )
    assert fitted.value == pytest.approx(value, rel=1e-9)
    assert fitted.cost == pytest.approx(np.vdot(plan, costs), rel=1e-6)


def test_order_one_finds_the_median() -> None:
    points = np.array([[0.0], [1.0], [5.0], [6.0], [40.0]])
    fitted = fit_mixture(
        Samples(points, np.ones(5)),
        np.array([[20.0]]),
        0.1,
        order=1.0,
        metric=Euclidean(),
        tolerance=1e-12,
        iterations=5000,
    )
    assert fitted.atoms[0, 0] == pytest.approx(5.0, abs=1e-3)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0])
def test_mixtures_on_the_sphere_stay_there(order: float) -> None:
    points = RANDOM.normal(size=(500, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    samples = Samples(points, np.ones(500))
    result = discretise_adaptive(samples, 40, 1e-3, order=order, metric=Sphere(), largest=10)
    np.testing.assert_allclose(np.linalg.norm(result.atoms, axis=1), 1, rtol=1e-12)
    assert result.lost == 0


def test_cells_that_would_lose_atoms_are_cooled() -> None:
    hot = discretise_adaptive(CLOUD, 64, 0.5, largest=16)
    assert hot.cooled == len(hot.counts)
    assert hot.lost == 0
    assert (hot.zetas > 0).all()
    assert discretise_adaptive(CLOUD, 64, 1e-4, largest=16).cooled == 0


# --- merged atoms --------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["full", "sharp", "debiased"])
def test_merged_atoms_are_a_measure(objective: str) -> None:
    result = discretise_adaptive(CLOUD, 24, 0.02, objective=objective, largest=6)
    assert result.weights.sum() == pytest.approx(1, abs=1e-12)
    assert (result.weights > 0).all()
    assert (result.atoms >= CLOUD.points.min(axis=0)).all()
    assert (result.atoms <= CLOUD.points.max(axis=0)).all()
    assert result.counts.sum() == 24
    assert result.cost >= measure_exactly(CLOUD, result.atoms)


def test_equal_weights_are_one_over_m() -> None:
    result = discretise_adaptive(CLOUD, 24, 0.02, weights="equal", largest=6)
    np.testing.assert_array_equal(result.weights, np.full(24, 1 / 24))


@every_rule
def test_workers_do_not_change_the_result(rule: str) -> None:
    one, three = (
        discretise_adaptive(CLOUD, 100, 1e-3, rule=rule, largest=8, workers=workers)
        for workers in (1, 3)
    )
    np.testing.assert_array_equal(one.atoms, three.atoms)
    np.testing.assert_array_equal(one.weights, three.weights)
    assert one.value == three.value


def test_cells_are_told_and_interruptible() -> None:
    told: list[CellProgress] = []
    result = discretise_adaptive(CLOUD, 100, 1e-3, largest=8, on_cell=told.append)
    cells = len(result.counts)
    assert told == [CellProgress(done, cells) for done in range(1, cells + 1)]

    def interrupt(_: CellProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        discretise_adaptive(CLOUD, 100, 1e-3, largest=8, on_cell=interrupt)


def run_elsewhere(
    work: Callable[[CellTask], CellSolution], tasks: Sequence[CellTask]
) -> Generator[tuple[CellTask, CellSolution], None, None]:
    """Send all through bytes, as to another machine, and finish in another order."""
    for task in reversed(tasks):
        function, sent = pickle.loads(pickle.dumps((work, task)))
        yield task, pickle.loads(pickle.dumps(function(sent)))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weights": "equal"},
        {"objective": "sharp"},
        {"objective": "debiased", "order": 3.0},
    ],
)
def test_cells_solved_elsewhere_give_the_same(options: dict[str, Any]) -> None:
    told: list[CellProgress] = []
    here, elsewhere = (
        discretise_adaptive(CLOUD, 24, 0.02, largest=6, **options, **how)
        for how in ({}, {"run_cells": run_elsewhere, "on_cell": told.append})
    )
    assert len(told) == len(here.counts) > 3
    for name, value in vars(here).items():
        np.testing.assert_array_equal(getattr(elsewhere, name), value, err_msg=name)


def test_what_runs_cells_elsewhere_is_closed() -> None:
    closed: list[int] = []

    def run(
        work: Callable[[CellTask], CellSolution], tasks: Sequence[CellTask]
    ) -> Generator[tuple[CellTask, CellSolution], None, None]:
        done = 0
        try:
            for task in tasks:
                done += 1
                yield task, work(task)
        finally:
            closed.append(done)

    def interrupt(progress: CellProgress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        discretise_adaptive(CLOUD, 100, 1e-3, largest=8, run_cells=run, on_cell=interrupt)
    assert closed == [2]


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["bisect", "occupied", "sparsest"])
def test_picture_reaches_the_published_accuracy(rule: str) -> None:
    samples = read_picture()
    result = discretise_adaptive(samples, 2000, 1e-4, rule=rule)
    assert result.lost == 0
    exact = measure_exactly(samples, result.atoms)
    assert exact <= 55e-6
    assert exact <= result.cost <= 1.02 * exact


@settings(deadline=None, max_examples=20)
@given(rows=small_clouds, data=st.data())
def test_tiny_clouds(rows: list[tuple[float, ...]], data: st.DataObject) -> None:
    table = np.array(rows)
    samples = Samples(table[:, :3], table[:, 3])
    count = data.draw(st.integers(1, len({row[:3] for row in rows})))
    result = discretise_adaptive(samples, count, 1e-3, largest=3, workers=1)
    assert result.atoms.shape == (count, 3)
    assert np.isfinite(result.atoms).all()
    assert result.weights.sum() == pytest.approx(1)


def test_foreseeable_errors() -> None:
    for count in (0, 2001):
        with pytest.raises(StippleError, match="2000 distinct samples"):
            discretise_adaptive(CLOUD, count, 0.01)
    with pytest.raises(StippleError, match="regularisation"):
        discretise_adaptive(CLOUD, 5, -1.0)
