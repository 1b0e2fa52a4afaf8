"""Lloyd's steps in space: the theorems for d = 3, starts, presets, and closed forms of products."""

import math
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

import stipple
from stipple.errors import StippleError
from stipple.lloyd_steps.contraction import check_contraction
from stipple.lloyd_steps.corollaries import CHANGED, SeparationRate, judge_random_starts
from stipple.lloyd_steps.experiment import Experiment, run_experiment
from stipple.lloyd_steps.presets import list_presets
from stipple.lloyd_steps.starts import RandomStart, combine, make_start, start_at
from stipple.lloyd_steps.theory import (
    StepTheorem,
    check_one_step,
    check_polyak_lojasiewicz,
    compute_constant,
    measure_separation,
)
from stipple.measures.formula import parse_density
from stipple.measures.solid import Solid, VolumeDomain, rasterise_in_space
from stipple.measures.volume import VolumeDensity


def run(experiment, **settings):
    return [one.row for one in run_experiment(experiment, **settings)]


def test_the_constant_of_space():
    """2^{2d−1}/ω_{d−1}·(diam + 1)^{d+1} with d = 3 and ω_2 = π."""
    assert compute_constant(2.0, 3) == pytest.approx(2**5 / math.pi * 3**4)


def test_both_sides_in_space():
    points = np.array([[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0.25], [1, 1, 1.0]])
    found = measure_separation(points)
    least = math.hypot(0.5, 0.25)
    assert (found.minimum, found.dimension) == (0.5, 3)
    # ε²: of 1/(4ε²) + 1 − |I_ε|/4 the least is at .559, where one point has another nearer … or 1.
    bounds = {0.5: 1.0, least: 1 / (4 * least**2) + 0.25, math.hypot(0.5, 0.5, 0.75): 1.0}
    assert 1 / (4 * found.epsilon**2) + 1 - found.part <= min(bounds.values()) * (1 + 1e-12)
    right = check_one_step(0.1, found, 4, 1.0).right
    constant = Fraction(compute_constant(1.0, 3))
    epsilon = Fraction(found.epsilon)
    exact = constant * (1 / (4 * epsilon**2) + 1 - Fraction(found.part))
    assert float(exact) * (1 - 1e-13) <= right <= exact
    polyak = check_polyak_lojasiewicz(7.0, 0.25, found, 4, 1.0)
    assert polyak.left == pytest.approx(3.5 - float(constant) / (4 * 0.25))


def test_steps_and_rates_in_space():
    theorem = StepTheorem(w2_squared=0.5, count=400, epsilon=0.5, step_size=0.3, dimension=3)
    # ⌊ln(½·.5·400·.25)/(3·.3)⌋ = ⌊ln(25)/.9⌋
    assert theorem.steps == 3
    assert theorem.holds
    assert theorem.rate == pytest.approx((0.5**2 * 4 / 400) ** (1 / 3))
    assert not replace(theorem, epsilon=0.09).holds
    assert SeparationRate(3.0, 3).exponent == pytest.approx(-1 / 3)
    assert not SeparationRate(2.0, 3).says_something


def test_random_starts_in_space_keep_what_is_promised():
    count = 100_000
    rows = [SimpleNamespace(points=count, step=0, isolated_part=part) for part in (0.4, 0.9)]
    (one,) = judge_random_starts(rows, 1.0, math.sqrt(3), 3)
    assert one.bound == pytest.approx((4 * math.pi / 3 + 1) / 10)
    assert one.held == 1
    # McDiarmid: t = 1/10, and each point changes 13/N at most.
    assert one.probability == pytest.approx(1 - math.exp(-2 * count * 0.01 / 13**2))
    points = np.random.default_rng(3).random((300, 3))
    distances = squareform(pdist(points)) + 9 * np.eye(300)
    assert measure_separation(points).isolated == (distances.min(axis=1) >= 300**-0.4).mean()


def test_one_point_changes_the_neighbourhood_of_thirteen_at_most():
    """The corners of an icosahedron are farther from each other than from its centre."""
    golden = (1 + 5**0.5) / 2
    ring = np.array([[0, s, t * golden] for s in (1, -1) for t in (1, -1)])
    corners = (
        np.vstack([np.roll(ring, k, axis=1) for k in range(3)]) * 0.999 / math.hypot(1, golden)
    )
    assert pdist(corners).min() >= 1
    near = squareform(pdist(np.vstack([corners, np.zeros(3)]))) < 1
    assert (near.sum(axis=1) > 1).sum() == CHANGED[3]


@pytest.mark.parametrize("count", [2, 3, 7])
def test_every_pair_in_space_is_looked_at(count):
    generator = np.random.default_rng(count)
    for _ in range(30):
        points, barycentres = generator.random((2, count, 3))
        parts = [
            (barycentres[i] - barycentres[j]) @ (points[i] - points[j]) / pdist(points[[i, j]]) ** 2
            for i in range(count)
            for j in range(i)
        ]
        found = check_contraction(points, barycentres, 0.25, 2.0)
        assert found.right < 0.75 + 0.25 * min(parts)
        assert found.right == pytest.approx(float(0.75 + 0.25 * min(parts)[0]), abs=1e-6)


def quantise_line(masses, width, count):
    """W2² and barycentres of parts of equal mass of a piecewise constant density, by quadrature."""
    fine = 40_000
    x = (np.arange(len(masses) * fine) + 0.5) * width / fine
    mass = np.repeat(masses / masses.sum() / fine, fine)
    cell = np.minimum((np.cumsum(mass) * count - 1e-9).astype(int), count - 1)
    parts = np.bincount(cell, mass, count)
    middles = np.bincount(cell, mass * x, count) / parts
    return (mass * (x - middles[cell]) ** 2).sum(), middles


def test_products_have_the_errors_of_their_factors():
    """From a product, one step leads to the product of what is best on each line."""
    factors = [np.array([1.0, 5, 2]), np.array([3.0, 1]), np.array([1.0, 2, 4, 1])]
    spacing, counts = (0.5, 1.0, 0.25), (3, 2, 4)
    values = np.multiply.outer(factors[2], np.outer(factors[1], factors[0]))
    domain = VolumeDomain(VolumeDensity(values, spacing), (1.0, -2.0, 3.0))
    lines = [
        quantise_line(factor, width, count)
        for factor, width, count in zip(factors, spacing, counts, strict=True)
    ]
    axes = [(np.arange(n) + 0.5) / n * side for n, side in zip(counts, domain.size, strict=True)]
    start = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    rows = run(Experiment(lambda _n: domain, start_at(start + domain.origin), (24,), steps=2))
    best = sum(error for error, _ in lines)
    expected = np.stack(np.meshgrid(*[m for _, m in lines], indexing="ij"), axis=-1).reshape(-1, 3)
    np.testing.assert_allclose(rows[1].transport.points, expected, atol=1e-4)
    assert rows[1].w2_squared == pytest.approx(best, rel=1e-4)
    assert rows[2].lower <= rows[2].w2_squared <= rows[2].upper
    shifts = start - expected
    assert rows[0].w2_squared == pytest.approx(best + (shifts**2).sum() / 24, rel=1e-4)
    assert rows[1].fell
    assert rows[0].one_step.left >= rows[1].w2_squared
    assert all(row.one_step.holds and row.polyak_lojasiewicz.holds for row in rows)


@pytest.mark.parametrize("method", ["lloyd", "relaxed", "lbfgs"])
def test_short_steps_in_space_keep_distances_and_lower_w2(method):
    values = np.ones((3, 4, 5))
    values[1, 2, 3] = 500
    domain = VolumeDomain(VolumeDensity(values, (0.2, 0.3, 0.1)))
    sizes = (0.3,) if method == "lloyd" else (1.0,)
    experiment = Experiment(
        lambda _n: domain, make_start("uniform"), (20,), 3, method=method, step_sizes=sizes
    )
    rows = run(experiment, seed=1)
    distances = [pdist(row.transport.points) for row in rows]
    for k, row in enumerate(rows[:-1]):
        if method == "lloyd":
            assert (distances[k + 1] / distances[k]).min() >= row.contraction.right >= 0.7
        assert rows[k + 1].fell is not False
    assert rows[-1].w2_squared < rows[0].w2_squared


SMALL = {
    "space-line": ((20, 40), lambda n: 1 / 6 + 1 / (12 * n**2)),
    "space-plane": ((16, 64), lambda n: 1 / 12 + 1 / (6 * n)),
    "space-tight": ((27, 216), lambda n: 1 / (4 * (round(n ** (1 / 3)) - 1))),
}


@pytest.mark.parametrize("name", list(SMALL))
def test_critical_presets_have_their_closed_forms(name):
    counts, closed = SMALL[name]
    rows = run(replace(list_presets()[name].experiment, counts=counts, steps=1))
    assert [len(row.transport.points) for row in rows[::2]] == list(counts)
    for row in rows:
        count = len(row.transport.points)
        assert row.w2_squared == pytest.approx(closed(count), rel=1e-9)
        assert row.lower <= closed(count) <= row.upper
        assert row.gradient_norm < 1e-9
    for preset in (list_presets()[name],):
        fitted = np.polyfit(
            np.log(preset.experiment.counts),
            np.log([closed(n) for n in preset.experiment.counts]),
            1,
        )[0]
        assert preset.target[0] <= fitted <= preset.target[1]


def test_the_random_preset_falls_and_holds():
    experiment = list_presets()["space-random"].experiment
    rows = run(replace(experiment, counts=(30,), repeats=2))
    assert [row.fell for row in rows] == [None, True, None, True]
    assert all(row.one_step.holds and row.polyak_lojasiewicz.holds for row in rows)


def test_starts_lie_in_the_box():
    domain = rasterise_in_space(
        parse_density("gaussian:1.5/0/5,0.3"), Solid((1, -1, 4), (3, 1, 6)), 8
    )
    for name in ("uniform", "grid", "line", "bisection"):
        points = make_start(name)(domain, 30, np.random.default_rng(0))
        assert points.shape == (30, 3)
        assert ((points >= (1, -1, 4)) & (points <= (3, 1, 6))).all()
        assert len(np.unique(points, axis=0)) == 30
    with pytest.raises(StippleError, match="lies in the plane"):
        make_start("koch")(domain, 5, np.random.default_rng(0))
    eight = make_start("grid")(domain, 8, np.random.default_rng(0))
    np.testing.assert_array_equal(eight, combine(np.array([0.5, 1.5]), 3) + np.array([1, -1, 4]))


def test_points_in_space_are_drawn_from_the_formula():
    domain = rasterise_in_space(parse_density("uniform"), Solid((0, 0, 0), (2, 1, 1)), 8)
    assert RandomStart().find_largest_density(domain) == pytest.approx(0.5)
    start = RandomStart(parse_density("gaussian:0.5/0.4/0.6,0.1"))
    points = start(domain, 4000, np.random.default_rng(0))
    assert points.mean(axis=0) == pytest.approx((0.5, 0.4, 0.6), abs=0.005)
    assert points.std(axis=0) == pytest.approx((0.1, 0.1, 0.1), rel=0.1)
    most = (2 * math.pi * 0.1**2) ** -1.5
    assert start.find_largest_density(domain) == pytest.approx(most, rel=0.1)


def test_a_volume_is_followed_from_python():
    volume = stipple.VolumeDensity(np.arange(1.0, 25).reshape(2, 3, 4), (1, 1, 2))
    found = stipple.lloyd(volume, 6, steps=2)
    assert found.points.shape == (6, 3)
    assert found.trace[-1].w2_squared < found.trace[0].w2_squared
    assert found._repr_svg_().count("<circle") >= 6
    again = stipple.lloyd(volume, start=found.points, steps=0)
    assert again.w2_squared == pytest.approx(found.w2_squared, rel=1e-9)
    with pytest.raises(StippleError, match=r"give at least one point as \(n, 3\)"):
        stipple.lloyd(volume, start=[[0.5, 0.5]], steps=0)


def test_points_outside_the_box_are_refused():
    domain = VolumeDomain(VolumeDensity(np.ones((1, 1, 1))))
    beyond = Experiment(lambda _n: domain, start_at(np.array([[0.5, 0.5, 1.5]])), (1,), steps=0)
    with pytest.raises(StippleError, match=r"the first at \(0.5, 0.5, 1.5\)"):
        run(beyond)
