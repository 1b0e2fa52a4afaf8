"""Masses of one's own, points that stay, a quality to stop at, and texture."""

import numpy as np
import pytest

import stipple
from stipple.arguments import read_masses
from stipple.errors import StippleError
from stipple.geometry.bisection import bisect_mass
from stipple.geometry.cell_integrals import integrate_cells
from stipple.geometry.shares import share_mass
from stipple.measures.density import Density
from stipple.transport.semi_discrete import TransportSolver

FLAT = np.ones((64, 96))
NOISE = np.random.default_rng(3).random((12, 17)) + 0.05


def draw_masses(count, seed=0):
    """Log-uniform over 1:1000."""
    return np.exp(np.random.default_rng(seed).uniform(0, np.log(1000), count))


@pytest.mark.parametrize("transposed", [False, True])
def test_strips_of_given_masses_have_their_closed_form(transposed):
    masses = np.array([1.0, 8.0, 3.0, 4.0])
    ends = np.cumsum([0.0, *masses])
    centres = (ends[1:] + ends[:-1]) / 2
    points = np.column_stack([centres, np.full(4, 0.5)])
    values = np.ones((1, 16))
    if transposed:
        points, values = points[:, ::-1], values.T
    result = stipple.stipple(values, start=points, masses=masses)
    exact = (masses**3).sum() / 12 / 16 + 1 / 12
    assert result.w2_squared == pytest.approx(exact, rel=1e-12)
    assert result.w2_squared_lower <= exact <= result.w2_squared_upper
    np.testing.assert_allclose(result.points, points, atol=1e-9)
    np.testing.assert_allclose(result.weights, masses / 16, rtol=1e-6)


def test_intervals_hold_the_truth_of_a_linear_programme():
    import ot

    density = Density(NOISE)
    generator = np.random.default_rng(0)
    masses = read_masses(draw_masses(6))
    points = generator.random((6, 2)) * (17, 12)
    solver = TransportSolver(density, masses=masses)
    tight = solver.solve(points, tolerance=1e-10)
    fine = 6
    y, x = (np.indices((12 * fine, 17 * fine)) + 0.5) / fine
    places = np.column_stack([x.ravel(), y.ravel()])
    weights = np.kron(NOISE, np.ones((fine, fine))).ravel()
    costs = ot.dist(places, points)
    discrete = ot.emd2(weights / weights.sum(), masses, costs, numItermax=10**6)
    # A sample stands for a square of side 1/6, which moves nothing by more than half of that.
    assert tight.interval.lower <= tight.w2_squared <= tight.interval.upper
    assert discrete == pytest.approx(tight.w2_squared, abs=4 / fine**2)
    # Far from the solution bounds are wide, and true.
    crude = solver.solve(points, tolerance=0.5)
    assert crude.interval.lower <= tight.interval.upper
    assert tight.interval.lower <= crude.interval.upper
    assert tight.mass_error <= 1e-10


def test_masses_from_one_to_a_thousand_are_met():
    masses = draw_masses(300)
    result = stipple.stipple(FLAT, masses=masses, iterations=8)
    assert len(result.points) == 300
    assert result.mass_error <= 1e-6
    np.testing.assert_allclose(result.weights, masses / masses.sum(), rtol=1e-6)
    assert result.w2_squared_upper <= result.w2_squared_lower * (1 + 1e-4)
    count = masses.sum() ** 2 / (masses**2).sum()
    assert result.quality == pytest.approx(count * result.w2_squared / FLAT.size)
    assert result.quality <= 0.175


def test_points_come_in_the_order_of_their_masses():
    masses, steps = draw_masses(60), []
    mask = np.arange(60) % 7 == 0
    start = np.random.default_rng(4).random((60, 2)) * FLAT.shape[::-1]
    result = stipple.stipple(
        FLAT, start=start, masses=masses, fixed=mask, iterations=4, on_step=steps.append
    )
    np.testing.assert_array_equal(result.points[mask], start[mask])
    np.testing.assert_array_equal(result.cells.points, result.points)
    held = integrate_cells(Density(FLAT), result.cells).masses
    np.testing.assert_allclose(held, masses / masses.sum(), rtol=1e-6)
    for step in steps:
        np.testing.assert_array_equal(step.points[mask], start[mask])
        assert np.abs(step.points - start).max() < np.abs(step.points - start[::-1]).max()


def test_equal_masses_are_no_masses():
    plain = stipple.stipple(NOISE, start="grid", n=20)
    given = stipple.stipple(NOISE, start="grid", masses=np.full(20, 7.0))
    assert given.w2_squared == pytest.approx(plain.w2_squared, rel=2e-2)
    assert given.quality == pytest.approx(20 * given.w2_squared / NOISE.size)


def test_mirrored_pictures_have_mirrored_points():
    points = np.random.default_rng(1).random((9, 2)) * (17, 12)
    masses = draw_masses(9)
    one = stipple.stipple(NOISE, start=points, masses=masses, iterations=0)
    other = stipple.stipple(
        NOISE[:, ::-1], start=points * (-1, 1) + (17, 0), masses=masses, iterations=0
    )
    assert other.w2_squared == pytest.approx(one.w2_squared, rel=1e-9)


@pytest.mark.parametrize("masses", [None, draw_masses(60)])
def test_fixed_points_stay_to_the_bit(masses):
    start = np.random.default_rng(0).random((60, 2)) * (96, 64)
    mask = np.arange(60) % 3 == 0
    result = stipple.stipple(FLAT, start=start, fixed=mask, masses=masses)
    assert result.points[mask].tobytes() == start[mask].tobytes()
    assert (result.points[~mask] != start[~mask]).all()
    first = stipple.stipple(FLAT, start=start, masses=masses, iterations=0)
    assert result.w2_squared < first.w2_squared


def test_others_make_room_for_fixed_points():
    crowd = np.random.default_rng(0).random((30, 2)) * 12 + (20, 20)
    result = stipple.stipple(FLAT, 200, fixed=crowd)
    assert result.points[:30].tobytes() == crowd.tobytes()
    others = result.points[30:]
    distances = np.hypot(*(others[:, None] - crowd).T)
    # The spacing of 200 points is 5.5 pixels.
    assert distances.min() > 2


def test_all_may_be_fixed_and_one_point_may_be_all():
    start = np.random.default_rng(0).random((20, 2)) * (96, 64)
    result = stipple.stipple(FLAT, 20, fixed=start)
    assert result.points.tobytes() == start.tobytes()
    assert result.settled
    one = stipple.stipple(FLAT, masses=[3.0])
    np.testing.assert_allclose(one.points, [[48, 32]])
    assert one.weights == pytest.approx([1.0])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"masses": [1.0, -1.0]}, "Mass 2 of 2 is -1: give positive"),
        ({"masses": [1.0, np.nan]}, "Mass 2 of 2 is nan"),
        ({"masses": [0.0, 1.0]}, "Mass 1 of 2 is 0"),
        ({"masses": [np.inf, 1.0]}, "Mass 1 of 2 is inf"),
        ({"masses": [1e-320, 1.0]}, "none is less than a millionth"),
        ({"masses": []}, "give one for each point"),
        ({"masses": [[1.0, 2.0]]}, "give one for each point"),
        ({"masses": np.ma.masked_array([1.0, 2.0], [False, True])}, "masked"),
        ({"masses": [1.0, 2.0], "n": 3}, "2 masses, but 3 points"),
        ({"masses": [1.0, 2.0], "start": [[1, 1]]}, "2 masses, but 1 start points"),
        ({"fixed": [True, False]}, "needs a start that is an array"),
        ({"fixed": [[1.0, 1.0]], "start": [[1, 1]]}, "give 1 booleans"),
        ({"fixed": [[1.0, 1.0], [2.0, 2.0]], "n": 1}, "2 points are fixed, but there are 1"),
        ({"fixed": [[1.0, 100.0]], "n": 2}, "outside the picture"),
        ({"texture": "red"}, "give one of hexagonal, blue"),
        ({"texture": "blue", "start": "grid"}, "start of its own"),
        ({"quality": 0.0}, "finite number above zero"),
        ({"fixed": [[1.0, 1.0], [1.0, 1.0]], "n": 4}, "coincide"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, sentence):
    with pytest.raises(StippleError, match=sentence):
        stipple.stipple(FLAT, **settings)


def test_huge_and_tiny_masses_are_relative():
    np.testing.assert_array_equal(read_masses([1e308, 1e308]), [0.5, 0.5])
    np.testing.assert_array_equal(read_masses([5e-324, 5e-324]), [0.5, 0.5])


def test_boxes_hold_the_masses_of_their_points():
    density = Density(NOISE)
    masses = read_masses(draw_masses(40))
    places = np.full((40, 2), np.nan)
    places[:10] = np.random.default_rng(2).random((10, 2)) * (17, 12)
    boxes = share_mass(density, masses, places, np.arange(40))
    rows, columns = np.arange(13), np.arange(18)
    for (x0, y0, x1, y1), mass in zip(boxes, masses, strict=True):
        wide = np.diff(np.clip(columns, x0, x1))
        high = np.diff(np.clip(rows, y0, y1))
        assert high @ NOISE @ wide / NOISE.sum() == pytest.approx(mass, rel=1e-9)


def test_equal_shares_are_the_bisection():
    density = Density(NOISE)
    boxes = share_mass(density, np.full(64, 1 / 64), np.full((64, 2), np.nan), np.arange(64))
    expected = bisect_mass(density, 64)
    np.testing.assert_allclose(np.sort(boxes, axis=0), np.sort(expected, axis=0), atol=1e-9)


@pytest.mark.parametrize("quality", [0.2, 0.17])
def test_a_run_stops_at_the_quality_asked_for(quality):
    steps = []
    result = stipple.stipple(
        FLAT, 300, start="uniform", quality=quality, on_step=lambda step: steps.append(step)
    )
    assert (result.reached, result.settled, result.converged) == (True, False, True)
    assert result.quality <= quality
    assert all(step.quality > quality for step in steps[:-1])
    assert not stipple.stipple(FLAT, 30, quality=0.1).reached
    assert stipple.stipple(FLAT, 30, quality=9.0).iterations == 0


@pytest.mark.parametrize(("shape", "count"), [((96, 64), 500), ((90, 90), 1500), ((60, 150), 2200)])
def test_blue_points_have_no_grain(shape, count):
    for seed in (0, 5):
        blue = stipple.stipple(np.ones(shape), count, texture="blue", seed=seed)
        assert blue.reached
        assert blue.quality <= 0.173
        assert blue.regularity.largest_power <= 20
        assert blue.regularity.six_neighboured <= 0.6
    hexagonal = stipple.stipple(np.ones(shape), count)
    assert hexagonal.regularity.largest_power > 25
    assert hexagonal.regularity.six_neighboured > 0.7


def test_waves_that_are_too_strong_are_weakened():
    steps = []
    blue = stipple.stipple(
        np.ones((97, 131)), 5000, texture="blue", seed=7, on_step=steps.append, iterations=4
    )
    assert (
        stipple.stipple(
            np.ones((97, 131)), start=steps[-1].points, iterations=0
        ).regularity.largest_power
        > 20
    )
    assert blue.regularity.largest_power <= 20
    assert steps[-1].quality < 0.173 < blue.quality <= 0.176
    assert blue.mass_error <= 1e-6
    assert blue.w2_squared_lower <= blue.w2_squared <= blue.w2_squared_upper


def test_power_is_that_of_the_sum_of_waves():
    points = np.random.default_rng(0).random((40, 2)) * (30, 20)
    result = stipple.stipple(np.ones((20, 30)), start=points, iterations=0)
    across, down = np.meshgrid(np.arange(-12, 13), np.arange(-9, 10))
    seen = (across != 0) & (down != 0)
    waves = np.column_stack([across[seen] / 30, down[seen] / 20])
    length = np.hypot(*waves.T) * np.sqrt(600 / 40)
    waves = waves[(length >= 0.5) & (length <= 1.5)]
    power = np.abs(np.exp(-2j * np.pi * waves @ points.T).sum(axis=1)) ** 2 / 40
    assert result.regularity.largest_power == pytest.approx(power.max(), rel=0.03)


def test_a_lattice_has_all_its_power_in_one_wave():
    rows, columns = np.indices((12, 12))
    points = np.column_stack(
        [(columns + 0.25 + 0.5 * (rows % 2)).ravel() * 4, (rows.ravel() + 0.5) * 4]
    )
    result = stipple.stipple(np.ones((48, 48)), start=points, iterations=0)
    assert result.regularity.largest_power == pytest.approx(144, rel=0.03)
    assert result.regularity.six_neighboured == 1
