"""Tables and plots of prefixes, and the points that the dyadic sequence is compared with."""

import io
from fractions import Fraction
from math import isqrt
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from scipy.optimize import brentq
from scipy.stats import qmc

from stipple.drawing.panels import Curve, Panel
from stipple.drawing.plots import render_plot
from stipple.errors import StippleError
from stipple.files.tables import render_columns_csv, render_npy, render_table_csv
from stipple.measures.density import Density
from stipple.sequences.dyadic import generate_sequence
from stipple.sequences.prefixes import (
    UNIFORM,
    choose_counts,
    measure_points,
    plot_prefixes,
    tabulate_prefixes,
    tabulate_stippling,
)
from stipple.sequences.progressive import measure_prefixes
from stipple.sequences.rivals import generate_kronecker, prepare_rival
from stipple.stippling.stippling import stipple

CERTIFIED = "n,radius,scaled_radius,lower_bound,ratio,worst_point,order,wp_lower,wp_upper,scaled_wp"


@pytest.mark.parametrize("name", ["sobol", "halton", "kronecker", "random"])
@pytest.mark.parametrize("d", [1, 2])
def test_rivals_are_sequences_of_the_cube(name, d):
    select = prepare_rival(name, 100, d, seed=3)
    points = select(100)
    assert points.shape == (100, d)
    assert points.min() >= 0
    assert points.max() < 1
    np.testing.assert_array_equal(select(17), points[:17])
    np.testing.assert_array_equal(prepare_rival(name, 60, d, seed=3)(60), points[:60])


def test_rivals_are_those_of_scipy():
    sobol = qmc.Sobol(2, scramble=False).random(8)
    np.testing.assert_array_equal(prepare_rival("sobol", 7, 2)(7), sobol[:7])
    halton = qmc.Halton(2, scramble=False).random(7)
    np.testing.assert_array_equal(prepare_rival("halton", 7, 2)(7), halton)


def test_kronecker_points_are_multiples_of_the_golden_number():
    """Against whole square roots of 400 bits, also far out, where doubles have lost all digits."""
    golden = Fraction(isqrt(5 << 800), 1 << 401) - Fraction(1, 2)
    exact = [index * golden % 1 for index in range(1, 1001)]
    found = [Fraction(value) for value in generate_kronecker(1000, 1).ravel().tolist()]
    for index, (one, other) in enumerate(zip(exact, found, strict=True), start=1):
        assert abs(one - other) < Fraction(index, 2**63) + Fraction(1, 2**53)


@pytest.mark.parametrize("d", range(1, 11))
def test_kronecker_vectors_are_powers_of_a_root(d):
    (first,) = generate_kronecker(1, d)
    root = brentq(lambda y: y**d + y ** (d + 1) - 1, 0, 1, xtol=1e-15)
    np.testing.assert_allclose(first, root ** np.arange(1, d + 1), rtol=1e-14)


def test_kronecker_points_of_the_plane_are_close_to_uniform():
    """For N from 100 to 600, √N·W2 was measured from 0.446 to 0.497."""
    select = prepare_rival("kronecker", 500, 2)
    for count in (50, 189, 500):
        assert 0.42 < count**0.5 * measure_points(select(count))["w2"] < 0.52


def test_the_seed_chooses_random_points():
    expected = np.random.default_rng(3).random((9, 2))
    np.testing.assert_array_equal(prepare_rival("random", 9, 2, seed=3)(9), expected)
    assert (prepare_rival("random", 9, 2, seed=4)(9) != expected).all()


def test_grids_fit_their_number_of_points():
    line = prepare_rival("grid", 9, 1)
    assert line(4).ravel().tolist() == [0.125, 0.375, 0.625, 0.875]
    plane = prepare_rival("grid", 9, 2)
    assert sorted(map(tuple, plane(4).tolist())) == [
        (0.25, 0.25),
        (0.25, 0.75),
        (0.75, 0.25),
        (0.75, 0.75),
    ]
    assert len(plane(7)) == 7
    with pytest.raises(StippleError, match="dimensions 1 and 2, not 3"):
        prepare_rival("grid", 9, 3)


def test_unknown_rivals_are_refused():
    with pytest.raises(StippleError, match="give sobol, halton, kronecker, random or grid"):
        prepare_rival("faure", 5, 2)


def test_columns_follow_what_is_measured():
    (row,) = tabulate_prefixes([5], 4)
    assert ",".join(row) == CERTIFIED
    (row,) = tabulate_prefixes([5], 2, rivals={"grid": prepare_rival("grid", 5, 2)})
    assert list(row)[10:] == [
        "w2",
        "w2_lower",
        "w2_upper",
        "grid_w2",
        "grid_w2_lower",
        "grid_w2_upper",
    ]
    (row,) = tabulate_prefixes([5], 1)
    assert list(row)[10:] == ["w1", "w2", "w_infinity"]


def test_one_point_in_the_middle_of_the_square():
    figures = measure_points(np.array([[0.5, 0.5]]))
    assert figures["w2"] == pytest.approx(6**-0.5)
    assert figures["w2_lower"] <= figures["w2"] <= figures["w2_upper"]


@pytest.mark.parametrize(("d", "level"), [(1, 3), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2)])
def test_first_points_are_far_from_low_discrepancy(d, level):
    """The star discrepancy of 2^(dk) points, by its definition, is 1 − (1 − 2^−k)^d."""
    points = generate_sequence(2 ** (d * level), d)
    ends = np.append(np.unique(points), 1.0)
    corners = np.stack(np.meshgrid(*[ends] * d), axis=-1).reshape(-1, 1, d)
    closed = (points <= corners).all(axis=2).mean(axis=1)
    opened = (points < corners).all(axis=2).mean(axis=1)
    volumes = corners.prod(axis=2).ravel()
    star = max((closed - volumes).max(), (volumes - opened).max())
    assert star == 1 - (1 - 2.0**-level) ** d
    if d == 2:
        assert star == pytest.approx(2 / len(points) ** 0.5 - 1 / len(points))


def test_a_progressive_stippling_is_compared_with_free_points():
    density = Density(np.ones((6, 6)))
    points = np.array([[3.0, 3.0], [1.5, 3.0]])
    (row,) = tabulate_stippling(density, points, [1], rival=stipple)
    assert row["ratio"] == pytest.approx(1)
    assert row["stipple_w2_squared"] == pytest.approx(6)


def test_the_ratio_is_that_of_the_prefix_to_free_points():
    points = np.array([[1.0, 1.0], [1.5, 3.0]])
    (row,) = tabulate_stippling(
        Density(np.ones((4, 4))),
        points,
        [2],
        rival=lambda _density, _n: SimpleNamespace(w2_squared=5.0, quality=0.25),
    )
    assert row["n"] == 2
    assert (row["stipple_w2_squared"], row["stipple_quality"]) == (5.0, 0.25)
    assert row["ratio"] == pytest.approx(4 * row["quality"])


def test_bounds_of_w2_are_rounded_outwards():
    points = np.random.default_rng(0).random((3, 2))
    (prefix,) = measure_prefixes(UNIFORM, points, [3])
    figures = measure_points(points)
    assert Fraction(figures["w2_lower"]) ** 2 <= Fraction(prefix.w2_squared_lower)
    assert Fraction(figures["w2_upper"]) ** 2 >= Fraction(prefix.w2_squared_upper)
    assert figures["w2_lower"] < figures["w2"] < figures["w2_upper"]


def test_counts_are_quarters_of_doublings():
    assert choose_counts(50) == [16, 20, 24, 28, 32, 40, 48, 50]
    assert choose_counts(5) == [5]


@pytest.mark.parametrize(("d", "title"), [(1, "R_N · N "), (2, "R_N · √N "), (3, "R_N · N^(1/3) ")])
def test_panels_of_prefixes(d, title):
    rows = list(tabulate_prefixes(range(1, 20), d))
    first, second, *others = plot_prefixes(rows, d)
    assert first.title.startswith(title)
    assert first.curves[0].y.tolist() == [row["scaled_radius"] for row in rows]
    (bound,) = first.levels.values()
    assert bound == pytest.approx(rows[7]["lower_bound"] * 8 ** (1 / d))
    assert second.title.startswith(title.replace("R_N", "W_2"))
    assert second.curves[0].y.tolist() == [row["scaled_wp"] for row in rows]
    (bound,) = second.levels.values()
    assert bound == pytest.approx(rows[7]["wp_lower"] * 8 ** (1 / d))
    assert len(others) == (d == 1)


@pytest.mark.parametrize("last", [10.0, 1000.0])
def test_plots_are_files_that_repeat(last):
    x = np.array([1.0, 3.0, last])
    panels = [Panel("one", (Curve("a", x, x**2), Curve("b", x, -x)), {"level": 2.0})] * 2
    image = Image.open(io.BytesIO(render_plot(panels, "N", "png", 100)))
    assert image.size == (700, 640)
    svg = render_plot(panels, "N", "svg", 100)
    assert svg == render_plot(panels, "N", "svg", 72)
    assert b"matplotlib.org" not in svg.split(b"<defs>")[0].split(b"<metadata>")[-1]


def test_tables_read_back():
    rows = [{"n": 1, "radius": 0.1 + 0.2}, {"n": 2, "radius": 1e-300}]
    assert render_table_csv(rows) == b"n,radius\n1,0.30000000000000004\n2,1e-300\n"
    assert render_columns_csv({"x": np.array([0.5]), "k": range(1)}) == b"x,k\n0.5,0\n"


@pytest.mark.parametrize("array", [np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(3, 2).T])
def test_npy_reads_back(array):
    np.testing.assert_array_equal(np.load(io.BytesIO(render_npy(array))), array)
