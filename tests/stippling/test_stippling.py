"""The main job as a Python call."""

import doctest

import numpy as np
import pytest

import stipple
import stipple.stippling.result
import stipple.stippling.stippling
from stipple.measures.density import Density
from stipple.measures.inks import Ink, InkDensity, share_points
from stipple.transport.starts import place_on_grid, place_uniformly

RAMP = np.tile(np.linspace(1, 0.1, 24), (16, 1))


def test_fields():
    steps = []
    result = stipple.stipple(RAMP, 60, seed=5, threads=1, on_step=steps.append)
    assert result.points.shape == (60, 2)
    assert ((result.points > 0) & (result.points < (24, 16))).all()
    assert result.weights.sum() == pytest.approx(1)
    assert abs(result.weights * 60 - 1).max() == pytest.approx(result.mass_error)
    assert result.mass_error < 1e-6
    assert result.converged
    assert 60 * np.pi * result.radius**2 == pytest.approx(RAMP.sum())
    assert result.w2_squared_lower <= result.w2_squared <= result.w2_squared_upper
    assert result.quality == pytest.approx(60 * result.w2_squared / RAMP.size)
    assert result.quality_hexagonal == 5 / (18 * 3**0.5)
    assert result.cells.areas.sum() == pytest.approx(24 * 16)
    assert [step.number for step in steps] == list(range(result.iterations + 1))
    assert steps[-1].quality == pytest.approx(result.quality, rel=1e-3)
    assert result.diagrams > result.newton_iterations > 0
    assert (result.method, result.seed) == ("lbfgs", 5)
    assert result.engine in ("pysdot", "qhull")
    assert result.version == stipple.__version__
    assert all(seconds >= 0 for seconds in result.seconds.values())


def test_reordering_keeps_points_with_their_weights():
    result = stipple.stipple(RAMP, 5)
    turned = result.reorder(np.arange(5)[::-1])
    np.testing.assert_array_equal(turned.points, result.points[::-1])
    np.testing.assert_array_equal(turned.weights, result.weights[::-1])
    assert turned.w2_squared == result.w2_squared


def test_lists_arrays_and_densities_give_the_same():
    points = [stipple.stipple(form, 9).points for form in (RAMP, RAMP.tolist(), Density(RAMP))]
    np.testing.assert_array_equal(points[0], points[1])
    np.testing.assert_array_equal(points[0], points[2])


def test_scale_of_the_density_matters_for_the_radius_only():
    small, one, large = (stipple.stipple(factor * RAMP, 9) for factor in (1e-3, 1, 1e3))
    for other in (small, large):
        np.testing.assert_allclose(other.points, one.points, atol=1e-6)
        assert other.w2_squared == pytest.approx(one.w2_squared)
    assert small.radius == pytest.approx(one.radius * 1e-3**0.5)
    assert large.radius == pytest.approx(one.radius)  # its largest value is full ink


def test_a_start_given_as_an_array_is_left_alone():
    start = [[3.0, 2.0], [20.0, 15.0], [24.0, 0.0]]
    result = stipple.stipple(RAMP, 77, start=np.array(start), iterations=0)
    np.testing.assert_array_equal(result.points, start)
    assert result.iterations == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"density": np.zeros((3, 3))}, "all white"),
        ({"density": [1, 2]}, "matrix"),
        ({"density": [[1, -1]]}, "negative"),
        ({"density": [[1, np.nan]]}, "not finite"),
        ({"n": 0}, "0 points"),
        ({"n": 10**8}, "100000000 points"),
        ({"method": "newton"}, "'newton': give one of lbfgs, relaxed, lloyd"),
        ({"iterations": -1}, "number of iterations is -1"),
        ({"tolerance": float("nan")}, "tolerance is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"engine": "cgal"}, "'cgal'"),
        ({"start": "middle"}, "'middle'"),
        ({"start": [1, 2]}, r"shape \(2,\)"),
        ({"start": np.zeros((0, 2))}, "at least one point"),
        ({"start": [[1, 1], [25, 1]]}, r"1 of the 2 start points .* \(25, 1\)"),
        ({"start": [[1, np.nan]]}, "outside"),
        ({"start": [[1, 1], [2, 2], [1, 1]]}, "1 of the 3 points coincide"),
    ],
)
def test_errors_say_what_was_received(options, words):
    with pytest.raises(stipple.StippleError, match=words):
        stipple.stipple(**{"density": RAMP, "n": 4, **options})


def test_a_number_of_points_is_whole():
    for count in (2.5, "2", True):
        with pytest.raises(stipple.StippleError, match="give a whole number"):
            stipple.stipple(RAMP, count)


def test_the_example_in_the_documentation():
    for module, examples in ((stipple.stippling.stippling, 2), (stipple.stippling.result, 2)):
        result = doctest.testmod(module)
        assert (result.attempted, result.failed) == (examples, 0)


def test_names_of_the_package():
    for name in stipple.__all__:
        assert getattr(stipple, name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        stipple.nonsense  # noqa: B018


# --- sharing points among inks ------------------------------------------------------------------


def share(totals, count):
    inks = [InkDensity(Ink(f"{total}", "#000000"), np.array([[total]])) for total in totals]
    return [(float(one.ink.name), number) for one, number in share_points(inks, count)]


@pytest.mark.parametrize(
    ("totals", "count", "expected"),
    [
        ([1], 7, [7]),
        ([1, 1], 4, [2, 2]),
        ([1, 1, 1], 4, [2, 1, 1]),  # the first of equal remainders
        ([3, 1], 2, [2, 0]),
        ([5, 3, 2], 10, [5, 3, 2]),
        ([0.6, 0.25, 0.15], 4, [2, 1, 1]),  # 2.4, 1, 0.6
        ([1e-9, 1], 3, [0, 3]),
    ],
)
def test_points_are_shared_by_largest_remainder(totals, count, expected):
    shares = [(total, number) for total, number in zip(totals, expected, strict=True) if number]
    assert share(totals, count) == shares


def test_shares_add_up_and_are_right_to_within_one_point():
    totals = np.random.default_rng(0).random(4)
    for count in range(1, 200):
        shares = dict(share(totals.tolist(), count))
        assert sum(shares.values()) == count
        for total in totals:
            assert abs(shares.get(total, 0) - count * total / totals.sum()) < 1


# --- where points start -------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 7, 24, 100, 101])
@pytest.mark.parametrize("shape", [(16, 24), (1, 300), (300, 1)])
def test_the_grid_has_distinct_points_spread_over_the_picture(count, shape):
    density = Density(np.ones(shape))
    points = place_on_grid(density, count)
    size = np.array([density.width, density.height])
    assert points.shape == (count, 2)
    assert len(np.unique(points, axis=0)) == count
    assert ((points > 0) & (points < size)).all()
    np.testing.assert_allclose(points.mean(axis=0), size / 2, rtol=0.2)


def test_the_uniform_start_fills_the_picture():
    density = Density(np.ones((16, 24)))
    points = place_uniformly(density, 4000, np.random.default_rng(0))
    counts, _, _ = np.histogram2d(*points.T, bins=(3, 2), range=((0, 24), (0, 16)))
    assert counts.sum() == 4000
    np.testing.assert_allclose(counts, 4000 / 6, rtol=0.15)
