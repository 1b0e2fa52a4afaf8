"""What is plotted, compared with the figures that it shows."""

from types import SimpleNamespace

import numpy as np
import pytest

from stipple.discretisation.plot import plot_convergence, plot_counts
from stipple.interval import Interval
from stipple.lloyd_steps.slope import Slope, plot_slope
from stipple.sequences.prefixes import plot_prefixes, plot_stippling, tabulate_prefixes


def test_the_fitted_slope_goes_through_the_middle():
    slope = Slope((10, 40, 160), (0.2, 0.06, 0.01), -1.08, None)
    panel = plot_slope(slope, "title", "slope −1")
    assert panel.title == "title\npublished: slope −1"
    assert panel.logarithmic
    points, fitted, reference = panel.curves
    np.testing.assert_array_equal(points.x, [10, 40, 160])
    np.testing.assert_array_equal(points.y, slope.w2_squared)
    for curve, exponent in ((fitted, -1.08), (reference, -1)):
        np.testing.assert_array_equal(curve.x, points.x)
        steepness = np.polyfit(np.log(curve.x), np.log(curve.y), 1)[0]
        assert steepness == pytest.approx(exponent)
        assert np.log(curve.y).mean() == pytest.approx(np.log(points.y).mean())


def test_prefixes_are_scaled_by_their_number():
    rows = list(tabulate_prefixes(range(2, 7), 2, exact=True))
    radii, proved, distances = plot_prefixes(rows, 2)
    counts = np.arange(2.0, 7.0)
    (radius,) = radii.curves
    np.testing.assert_array_equal(radius.x, counts)
    np.testing.assert_allclose(radius.y, [row["radius"] * row["n"] ** 0.5 for row in rows])
    (level,) = radii.levels.values()
    for row in rows:
        assert level == pytest.approx(row["lower_bound"] * row["n"] ** 0.5)
    assert "10·√2" in radii.title
    assert proved.title == "W_2 · √N  (proved by the boxes)"
    (curve,) = proved.curves
    np.testing.assert_allclose(curve.y, [row["wp_upper"] * row["n"] ** 0.5 for row in rows])
    assert (curve.y > distances.curves[0].y).all()
    (curve,) = distances.curves
    np.testing.assert_allclose(curve.y, [row["w2"] * row["n"] ** 0.5 for row in rows])


def test_qualities_of_prefixes():
    rows = [
        {"n": 3, "quality": 0.2, "stipple_quality": 0.17},
        {"n": 5, "quality": 0.19, "stipple_quality": 0.165},
    ]
    (panel,) = plot_stippling(rows)
    prefix, free = panel.curves
    assert (prefix.label, free.label) == ("prefix", "stipple stipple")
    np.testing.assert_array_equal(prefix.x, [3, 5])
    np.testing.assert_array_equal(prefix.y, [0.2, 0.19])
    np.testing.assert_array_equal(free.y, [0.17, 0.165])
    assert list(panel.levels.values()) == [pytest.approx(5 / (18 * 3**0.5))]


def make_run(count, weights, lower, zador=None, sharp=None):
    return SimpleNamespace(
        atoms=np.zeros((count, 2)),
        settings=SimpleNamespace(order=2.0, weights=weights, objective="exact"),
        cost=Interval(lower, lower + 2),
        zador=zador,
        regularised=SimpleNamespace(sharp=sharp),
        history=np.array([5.0, 4.0, float(count)]),
        losses=np.empty(0),
    )


def test_costs_are_plotted_by_number_of_atoms_and_kind():
    runs = [
        make_run(9, "free", 1.0, zador=0.5, sharp=0.9),
        make_run(3, "free", 4.0, zador=1.5, sharp=2.9),
        make_run(3, "equal", 6.0),
    ]
    samplings = np.arange(101.0)
    naive = [
        SimpleNamespace(size=9, cost=samplings, sharp=samplings / 2),
        SimpleNamespace(size=3, cost=samplings + 10, sharp=samplings),
    ]
    true, sharp = plot_counts(runs, naive)
    assert true.logarithmic
    assert sharp.logarithmic
    assert "W_2^2" in true.title
    curves = {curve.label: (curve.x.tolist(), curve.y.tolist()) for curve in true.curves}
    assert curves == {
        "free weights": ([3, 9], [5, 2]),
        "equal weights": ([3], [7]),
        "Zador, for large m": ([3, 9], [1.5, 0.5]),
    }
    band, inner = true.bands
    np.testing.assert_allclose(inner.lower, [35, 25])
    np.testing.assert_allclose(inner.upper, [85, 75])
    assert "25% to 75%" in inner.label
    assert band.x.tolist() == [3, 9]
    np.testing.assert_allclose(band.lower, [15, 5])
    np.testing.assert_allclose(band.upper, [105, 95])
    (curve,) = sharp.curves
    assert (curve.x.tolist(), curve.y.tolist()) == ([3, 9], [2.9, 0.9])
    np.testing.assert_allclose(sharp.bands[0].upper, [95, 47.5])


def test_convergence_is_plotted_by_step():
    panel = plot_convergence([("a", make_run(3, "free", 1.0)), ("b", make_run(2, "free", 1.0))])
    assert [curve.label for curve in panel.curves] == ["a", "b"]
    for curve, last in zip(panel.curves, (3, 2), strict=True):
        assert curve.x.tolist() == [0, 1, 2]
        assert curve.y.tolist() == [5, 4, last]
    assert "exact" in panel.title


def test_stochastic_steps_are_plotted_before_their_finish():
    def make(finish):
        run = make_run(3, "free", 1.0)
        run.losses = np.array([9.0, 7.0])
        run.settings.finish = finish
        return run

    panel = plot_convergence([("a", make("lbfgs")), ("b", make("none"))])
    with_finish, without = panel.curves
    assert with_finish.x.tolist() == [1, 2, 2, 3, 4]
    assert with_finish.y.tolist() == [9, 7, 5, 4, 3]
    assert (without.x.tolist(), without.y.tolist()) == ([1, 2], [9, 7])
    assert panel.logarithmic is False
    assert "minibatches" in panel.title
