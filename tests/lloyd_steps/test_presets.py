"""The published experiments at small size, and the closed forms behind them."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm

from stipple.errors import StippleError
from stipple.lloyd_steps.experiment import Experiment, run_experiment
from stipple.lloyd_steps.figures import collect_figures, tabulate
from stipple.lloyd_steps.presets import GAUSSIAN_COUNTS, list_presets
from stipple.lloyd_steps.slope import fit_slope
from stipple.lloyd_steps.starts import make_start, start_at
from stipple.lloyd_steps.theory import bound_step, count_steps, measure_separation
from stipple.measures.formula import Domain, Region, parse_density, rasterise_density

# Of points at .4 and 1.9 to the length from 0 to 2.
W2_SQUARED = (0.1**2 + 0.4**2) / 2 + 1 / 12

SMALL = {
    "image-grid": (150, 600),
    "gaussian-random": (100, 400),
    "gaussian-random-8": (100,),
    "gaussian-grid": (400, 961),
    "gaussian-grid-8": (100,),
    "gaussian-narrow": (100,),
    "many-steps": (64, 256),
    "koch": (17, 257),
    "line": (20, 40),
    "tight": (64, 256),
    "critical-diagonal": (10,),
    "critical-diameter": (10,),
    "critical-ring": (8,),
    "unstable-grid": (100,),
    "critical-limits": (40,),
    "critical-limits-disc": (40,),
    "space-line": (10,),
    "space-plane": (16,),
    "space-tight": (27,),
    "space-random": (20,),
}


def run(experiment, **settings):
    return [tabulate(collect_figures(one)) for one in run_experiment(experiment, **settings)]


def uniform_square():
    return rasterise_density(parse_density("uniform"), Region(), 1)


@pytest.mark.parametrize("name", list(SMALL))
def test_inequalities_hold_and_w2_falls_on_every_row(name):
    preset = list_presets()[name]
    # As many as Theorem 7 asks for: ten at most for so few points.
    steps, repeats = min(preset.experiment.steps or 10, 20), min(preset.experiment.repeats, 2)
    small = replace(preset.experiment, counts=SMALL[name], repeats=repeats, steps=steps)
    rows = run(small)
    if not small.stop_on_plateau:
        assert len(rows) == len(SMALL[name]) * small.repeats * (steps + 1)
    for row in rows:
        assert row["one_step_holds"]
        assert row["polyak_lojasiewicz_holds"]
        assert row["mass_error"] <= 1e-9
        assert row["w2_squared_lower"] <= row["w2_squared"] <= row["w2_squared_upper"]
        assert row["decrease"] >= -1e-9 * row["w2_squared"]


def test_every_published_name_is_there():
    names = {"image-grid", "gaussian-random", "gaussian-grid", "koch", "line", "tight"}
    assert names | {"unstable-grid", "critical-limits"} <= set(list_presets())


def product_quantisation_error(rate, side):
    """W2² to exp(−rate·|x − ½|²) of the product of critical clouds on the line, by quadrature."""
    x = (np.arange(400_000) + 0.5) / 400_000
    mass = np.exp(-rate * (x - 0.5) ** 2)
    mass /= mass.sum()
    cell = np.minimum((np.cumsum(mass) * side - 1e-12).astype(int), side - 1)
    masses = np.bincount(cell, mass, side)
    barycentre = np.bincount(cell, mass * x, side) / masses
    return 2 * (mass * (x - barycentre[cell]) ** 2).sum()


@pytest.mark.parametrize(("rate", "slope"), [(8, -0.972), (16, -0.799)])
def test_the_published_gaussian_slope_belongs_to_rate_16(rate, slope):
    """The notes say exp(−8·|x − ½|²); its slope from a grid is not the published −0.80."""
    errors = [product_quantisation_error(rate, round(n**0.5)) for n in GAUSSIAN_COUNTS]
    fitted = np.polyfit(np.log(GAUSSIAN_COUNTS), np.log(errors), 1)[0]
    assert fitted == pytest.approx(slope, abs=1e-3)


def narrow_error(side):
    """The same for a variance of 1/(11·ln n), from the moments of truncated Gaussians."""
    sigma = (11 * np.log(side)) ** -0.5
    edge, half = 0.5 / sigma, side // 2
    tail, total = norm.cdf(-edge), 1 - 2 * norm.cdf(-edge)
    ends = norm.ppf(tail + total * np.arange(half + 1) / side)
    ends[0] = -edge
    mass = total / side
    mean = -np.diff(norm.pdf(ends)) / mass
    square = 1 - np.diff(ends * norm.pdf(ends)) / mass
    return 4 * sigma**2 * (square - mean**2).sum() / side


def test_narrow_gaussians_approach_the_tight_exponent():
    """1/(n·ln² n) for N = n²: −1/2, but for the logarithm."""
    sides = (20, 32, 50, 100)
    fitted = np.polyfit(2 * np.log(sides), np.log([narrow_error(n) for n in sides]), 1)[0]
    assert fitted == pytest.approx(-0.7155, abs=1e-3)
    local = [np.log10(narrow_error(10 * n) / narrow_error(n)) / 2 for n in (10**2, 10**4, 10**5)]
    assert local == sorted(local)
    assert -0.59 < local[-1] < -0.5
    rows = run(replace(list_presets()["gaussian-narrow"].experiment, counts=(400, 1024)))
    for row in (row for row in rows if row["step"] == 1):
        assert row["w2_squared"] == pytest.approx(
            narrow_error(round(row["points"] ** 0.5)), rel=0.01
        )


def test_one_step_from_a_grid_has_its_closed_form():
    rows = run(replace(list_presets()["gaussian-grid"].experiment, counts=(400, 961)))
    for row in (row for row in rows if row["step"] == 1):
        expected = product_quantisation_error(16, round(row["points"] ** 0.5))
        assert row["w2_squared"] == pytest.approx(expected, rel=1e-3)


def test_line_is_critical_and_stays():
    for row in run(list_presets()["line"].experiment):
        count = row["points"]
        assert row["w2_squared"] == pytest.approx(1 / 12 + 1 / (12 * count**2), rel=1e-12)
        # A saddle: each step multiplies what rounding began, by about a thousand at 40 points.
        assert row["gradient_norm"] < 1e-14 * 1e3 ** row["step"]


def test_tight_is_critical_with_its_closed_form():
    for row in run(replace(list_presets()["tight"].experiment, counts=(64, 256, 1024))):
        side = round(row["points"] ** 0.5)
        assert row["w2_squared"] == pytest.approx(1 / (6 * (side - 1)), rel=1e-9)
        assert row["gradient_norm"] < 1e-9


def test_the_unstable_grid_is_left_by_rounding():
    rows = run(list_presets()["unstable-grid"].experiment)
    first = rows[0]["w2_squared"]
    assert rows[40]["w2_squared"] == pytest.approx(first, rel=1e-9)
    assert rows[200]["w2_squared"] < 0.99 * first


def test_one_point_goes_to_the_mean_and_two_split_the_square():
    one = run(Experiment(lambda _n: uniform_square(), start_at(np.array([[0.9, 0.2]])), (1,)))
    assert one[1]["w2_squared"] == pytest.approx(1 / 6)
    halves = start_at(np.array([[0.25, 0.5], [0.75, 0.5]]))
    two = run(Experiment(lambda _n: uniform_square(), halves, (2,)))
    assert two[0]["w2_squared"] == pytest.approx(1 / 12 + 1 / 48)
    assert two[0]["gradient_norm"] < 1e-14


def test_the_unit_scales_everything():
    def experiment(region):
        domain = rasterise_density(parse_density("uniform"), region, 1)
        return Experiment(lambda _n: domain, make_start("uniform"), (30,), steps=3)

    small, large = (run(experiment(Region(0, 0, side, side)), seed=4) for side in (1, 10))
    for one, ten in zip(small, large, strict=True):
        assert ten["w2_squared"] == pytest.approx(100 * one["w2_squared"], rel=1e-6)
        assert ten["minimum_distance"] == pytest.approx(10 * one["minimum_distance"], rel=1e-6)


def test_gradient_steps_keep_points_apart():
    """|y_i − y_j| shrinks by at most 1 − τ in a step."""
    experiment = Experiment(
        lambda _n: uniform_square(), make_start("uniform"), (50,), steps=5, step_sizes=(0.3,)
    )
    rows = run(experiment)
    for before, after in pairwise(rows):
        assert after["minimum_distance"] >= 0.7 * before["minimum_distance"] * (1 - 1e-9)


def test_step_sizes_may_depend_on_the_number_of_points():
    experiment = list_presets()["many-steps"].experiment
    lists = [experiment.list_step_sizes(count) for count in (64, 256)]
    assert lists == [(0.5,), (0.25,)]
    rows = run(replace(experiment, counts=(64,), steps=1))
    assert rows == [
        {**row, "seconds": mine["seconds"]}
        for row, mine in zip(
            run(replace(experiment, counts=(64,), steps=1, step_sizes=(0.5,))), rows, strict=True
        )
    ]


def test_a_schedule_of_step_sizes_is_followed():
    def second_step(step_sizes):
        experiment = Experiment(
            lambda _n: uniform_square(), make_start("uniform"), (20,), 2, step_sizes=step_sizes
        )
        return run(experiment)[2]["w2_squared"]

    assert second_step((1.0, 0.1)) > second_step((1.0, 1.0))
    assert second_step((1.0,)) == second_step((1.0, 1.0))


def test_the_theorem_counts_steps():
    experiment = Experiment(
        lambda _n: uniform_square(), make_start("bisection"), (50,), None, step_sizes=(0.1,)
    )
    rows = run(experiment)
    expected = count_steps(rows[0]["w2_squared"], 50, rows[0]["minimum_distance"], 0.1)
    assert len(rows) == expected + 1


def test_slope_of_a_power_law():
    rows = [
        SimpleNamespace(points=n, repeat=r, step=1, w2_squared=3.0 * n**-0.8)
        for n in (10, 100, 1000)
        for r in range(3)
    ]
    fitted = fit_slope(rows, 1)
    assert fitted.slope == pytest.approx(-0.8)
    assert fitted.half_width == pytest.approx(0, abs=1e-12)
    assert fit_slope(rows[:3], 1) is None


def test_separation_chooses_the_best_epsilon():
    points = np.array([[0.0, 0.0], [1e-6, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    separation = measure_separation(points)
    assert separation.minimum == pytest.approx(1e-6)
    assert separation.epsilon == pytest.approx(1.0, abs=1e-5)
    assert separation.part == pytest.approx(3 / 5)


def test_epsilon_is_at_most_one_and_points_may_all_coincide():
    far = measure_separation(np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 5.0]]))
    assert (far.minimum, far.epsilon, far.part) == (3.0, 1.0, 1.0)
    near = measure_separation(np.zeros((4, 2)))
    assert (near.minimum, near.epsilon, near.part) == (0.0, 1.0, 0.0)
    assert measure_separation(np.zeros((1, 2))).epsilon == 1.0


def test_bounds_of_a_step_hold_for_wrong_masses():
    """Two points on a line of length 2, cut at t: exact is the cut in the middle."""
    for cut in (1.0, 0.999, 0.9, 0.5):
        places, middles = np.array([0.4, 1.9]), np.array([cut / 2, (2 + cut) / 2])
        lengths = np.array([cut, 2 - cut])
        masses = lengths / 2
        costs = masses @ ((places - middles) ** 2 + lengths**2 / 12)
        # φ with the cut at t: |t − y_1|² − φ_1 = |t − y_2|² − φ_2.
        potentials = np.array([0.0, (cut - 1.9) ** 2 - (cut - 0.4) ** 2])
        assert costs + potentials @ (0.5 - masses) <= W2_SQUARED + 1e-12
        shifts = np.stack([places - middles, np.zeros(2)], axis=1)
        gradient, above = bound_step(W2_SQUARED, shifts, masses, potentials, 2.0)
        assert gradient <= (0.1**2 + 0.4**2) / 2
        # The points moved to these barycentres, transported by the cut in the middle.
        assert above >= np.mean((middles - [0.5, 1.5]) ** 2) + 1 / 12
        if cut == 1.0:
            assert gradient == pytest.approx((0.1**2 + 0.4**2) / 2, rel=1e-9)
            assert above == pytest.approx(1 / 12, rel=1e-9)


def test_coinciding_points_are_explained_and_jitter_moves_them():
    twice = start_at(np.array([[0.5, 0.5], [0.5, 0.5], [0.2, 0.2]]))
    experiment = Experiment(lambda _n: uniform_square(), twice, (3,))
    with pytest.raises(StippleError, match=r"1 of the 3 .* --jitter"):
        run(experiment)
    moved = run(replace(experiment, perturbation=1e-3))
    assert moved[0]["minimum_distance"] > 0


def test_points_outside_are_explained():
    outside = start_at(np.array([[0.5, 0.5], [1.5, 0.5]]))
    with pytest.raises(StippleError, match="1 of the 2 start points lie outside"):
        run(Experiment(lambda _n: uniform_square(), outside, (2,)))


def test_a_domain_of_another_unit_accepts_its_border():
    domain = Domain(uniform_square().density, (-np.pi, -np.pi), 2 * np.pi)
    corners = start_at(np.array([[-np.pi, -np.pi], [np.pi, np.pi]]))
    assert len(run(Experiment(lambda _n: domain, corners, (2,)))) == 2
