"""Runs on a domain that is not square: starts, jitter, step sizes, and what reaches the solver."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from stipple.lloyd_steps import paths
from stipple.lloyd_steps.experiment import Experiment, run_experiment
from stipple.lloyd_steps.figures import collect_figures, tabulate
from stipple.lloyd_steps.presets import list_presets
from stipple.lloyd_steps.starts import make_start, start_at
from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.transport.starts import place_on_koch_curve

# 6 by 4 pixels of a third from (1, -2): 2 by 4/3.
WIDE = Domain(Density(np.arange(1.0, 25.0).reshape(4, 6)), (1.0, -2.0), 1 / 3)
POINTS = np.array([[1.2, -1.8], [2.7, -1.1], [1.9, -0.9]])


def follow(start=None, **settings):
    return list(
        run_experiment(Experiment(lambda _n: WIDE, start or start_at(POINTS), (3,), **settings))
    )


def test_figures_are_those_of_their_rows():
    for one in follow(steps=2):
        figures, row = collect_figures(one), one.row
        assert figures.w2_squared_upper == row.upper > row.lower == figures.w2_squared_lower
        assert figures.epsilon == row.separation.epsilon
        assert figures.minimum_distance == row.separation.minimum != figures.epsilon
        assert (figures.one_step_left, figures.one_step_right) == (
            row.one_step.left,
            row.one_step.right,
        )
        assert figures.one_step_vacuous == row.one_step.vacuous
        assert figures.polyak_lojasiewicz_left == row.polyak_lojasiewicz.left
        assert figures.polyak_lojasiewicz_vacuous == row.polyak_lojasiewicz.vacuous
    assert tabulate(replace(figures, epsilon=np.inf, w2_squared=np.nan)) == {
        **tabulate(figures),
        "epsilon": None,
        "w2_squared": None,
    }


def test_rows_recomputed_from_their_transport():
    rows = [one.row for one in follow(steps=2)]
    for row in rows:
        shifts = (row.transport.points - row.transport.barycentres) / 3
        assert row.gradient_norm == pytest.approx(np.sqrt((shifts**2).sum()) / 3)
        interval = row.transport.interval
        square = Fraction(WIDE.unit) ** 2
        assert Fraction(row.lower) <= Fraction(interval.lower) * square
        assert Fraction(row.upper) >= Fraction(interval.upper) * square
        assert row.lower <= row.w2_squared <= row.upper
    for before, after in pairwise(rows):
        assert after.decrease == before.w2_squared - after.w2_squared > 0


def test_curves_are_stretched_to_the_domain():
    places = make_start("koch")(WIDE, 5, np.random.default_rng(0))
    expected = place_on_koch_curve(5) * [2, 4 / 3] + [1, -2]
    np.testing.assert_allclose(places, expected)


def test_jitter_goes_both_ways_and_stays_inside():
    corners = np.array([[1.0, -2.0], [3.0, -2.0], [1.0, -2 / 3], [3.0, -2 / 3], [2.0, -1.3]])
    runs = follow(start_at(corners), steps=0, perturbation=0.2, repeats=20)
    starts = np.array([one.row.transport.points for one in runs])
    moves = starts / 3 + [1, -2] - corners
    assert np.abs(moves).max() <= 0.2 + 1e-12
    # A corner moves inwards or stays; the point inside moves either way.
    assert ((starts >= 0) & (starts <= [6, 4])).all()
    assert (moves[:, 4] > 0).any(axis=0).all()
    assert (moves[:, 4] < 0).any(axis=0).all()
    for corner, inwards in zip(range(4), [(1, 1), (-1, 1), (1, -1), (-1, -1)], strict=True):
        assert (moves[:, corner] * inwards >= -1e-12).all()
        assert (moves[:, corner] * inwards > 0.01).any(axis=0).all()


def test_the_last_step_size_enters_the_theorem():
    (theorem,) = {one.theorem for one in follow(steps=None, step_sizes=(1.0, 0.25))}
    assert theorem.step_size == 0.25
    assert theorem.count == 3


def test_each_repeat_has_its_number_and_its_steps():
    found = [(one.repeat, one.row.step) for one in follow(make_start("uniform"), repeats=3)]
    assert found == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]


def test_engine_and_threads_reach_the_solver(monkeypatch):
    asked, solver = [], paths.TransportSolver

    def spy(*words, **settings):
        asked.append(words)
        return solver(*words, **settings)

    monkeypatch.setattr(paths, "TransportSolver", spy)
    experiment = Experiment(lambda _n: WIDE, start_at(POINTS), (3,), steps=0)
    list(run_experiment(experiment, engine="qhull", threads=2))
    assert asked == [(WIDE.density, "qhull", 2)]


def test_presets_are_what_their_titles_say():
    presets = list_presets()
    assert presets["gaussian-random"].experiment.repeats == 100
    disc = presets["critical-limits-disc"].experiment.domain(100)
    values, middles = disc.density.values, (np.arange(256) + 0.5) / 128 - 1
    outside = np.hypot(middles, middles[:, None]) > 1.01
    assert (values[outside] == 0).all()
    assert (values[~outside & (np.hypot(middles, middles[:, None]) < 0.99)] > 0).all()
    square = presets["gaussian-grid"].experiment.domain(400).density.values
    # exp(−16·|x − ½|²) at a corner and at the middle.
    assert square[0, 0] / square[255, 255] == pytest.approx(np.exp(-8), rel=0.07)
    split = presets["tight"].experiment.domain(256).density.values
    np.testing.assert_allclose(split / split.sum(), np.outer([1, 15], [1, 15]) / 256)
