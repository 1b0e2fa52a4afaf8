"""Transport to points that nobody would choose: on curves, in corners, on white, too many."""

import numpy as np
import pytest
from pictures import draw_discs, load_sample
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from stipple.arrays import Floats
from stipple.geometry.bisection import start_from_bisection
from stipple.geometry.matching import match_clouds
from stipple.measures.density import Density
from stipple.stippling.stippling import stipple
from stipple.transport import semi_discrete
from stipple.transport.semi_discrete import Transport, TransportSolver
from stipple.transport.starts import place_on_grid, place_on_koch_curve, place_on_line

FLAT = Density(np.ones((32, 32)))
DISCS = Density(draw_discs((80, 100), (320, 100), radius=50, size=(400, 200)))


def draw_points(density: Density, count: int, seed: int = 0) -> Floats:
    unit = np.random.default_rng(seed).random((count, 2))
    return unit * (density.width, density.height)


def solve(density: Density, points: Floats, most_diagrams: int) -> Transport:
    transport = TransportSolver(density).solve(points)
    assert transport.converged
    assert np.abs(transport.masses * len(points) - 1).max() <= 1e-6
    np.testing.assert_array_equal(transport.points, points)
    # The gap closes with the mass error, so W2² is right whatever way led to it.
    assert transport.interval.lower <= transport.w2_squared <= transport.interval.upper
    assert transport.interval.upper - transport.interval.lower <= 1e-6 * transport.w2_squared
    # About twice what it takes: a start that goes astray takes hundreds or thousands.
    assert transport.diagrams <= most_diagrams
    return transport


@pytest.mark.parametrize(
    ("density", "count", "most_diagrams"),
    [
        (load_sample("camera.png"), 2000, 30),
        (load_sample("horse.png"), 1000, 120),
        (DISCS, 1000, 120),
        (DISCS, 1001, 120),
    ],
    ids=["camera", "horse", "discs even", "discs odd"],
)
def test_independent_uniform_points(density: Density, count: int, most_diagrams: int) -> None:
    solve(density, draw_points(density, count), most_diagrams)


@pytest.mark.slow
def test_many_independent_uniform_points() -> None:
    density = load_sample("camera.png")
    solve(density, draw_points(density, 20_000), 120)


def test_a_regular_grid_on_a_photograph() -> None:
    density = load_sample("camera.png")
    solve(density, place_on_grid(density, 2500), 40)


def test_points_on_the_koch_curve() -> None:
    solve(FLAT, place_on_koch_curve(4097) * 32, 60)


def test_points_on_a_line_under_a_flat_density_keep_their_strips() -> None:
    transport = solve(FLAT, place_on_line(40) * 32, 2)
    # Strips of width 1/40 along the whole height (mathematics: 1/12 + 1/(12 n²)).
    assert transport.w2_squared / 32**2 == pytest.approx(1 / 12 + 1 / (12 * 40**2), rel=1e-12)


@pytest.mark.parametrize("axis", [0, 1])
def test_points_on_a_line_under_two_discs(axis: int) -> None:
    points = np.full((101, 2), 0.5)
    points[:, axis] = (np.arange(101) + 0.5) / 101
    solve(DISCS, points * (400, 200), 100)


@pytest.mark.parametrize("density", [FLAT, DISCS], ids=["flat", "discs"])
def test_points_in_a_corner(density: Density) -> None:
    solve(density, draw_points(density, 1000) / 100, 200)


def test_points_that_nearly_coincide() -> None:
    points = 10 + 1e-4 * np.random.default_rng(1).standard_normal((200, 2))
    solve(FLAT, points, 100)


def test_points_on_white_only() -> None:
    points = draw_points(DISCS, 300) * (0.25, 1.0) + (150, 0)
    assert DISCS.values[points[:, 1].astype(int), points[:, 0].astype(int)].sum() == 0
    solve(DISCS, points, 150)


def test_the_order_of_the_points_does_not_matter() -> None:
    density = load_sample("horse.png")
    points = draw_points(density, 300)
    shuffled = np.random.default_rng(2).permutation(300)
    one = solve(density, points, 100)
    two = solve(density, points[shuffled], 100)
    assert two.w2_squared == pytest.approx(one.w2_squared, rel=1e-9)
    np.testing.assert_allclose(two.barycentres, one.barycentres[shuffled], atol=1e-3)


def test_many_points_are_solved_in_an_order_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    density = load_sample("camera.png")
    points = draw_points(density, 500)
    as_given = solve(density, points, 30)
    monkeypatch.setattr(semi_discrete, "FEW_POINTS", 100)
    ordered = solve(density, points, 30)
    assert ordered.w2_squared == pytest.approx(as_given.w2_squared, rel=1e-9)
    np.testing.assert_allclose(ordered.barycentres, as_given.barycentres, atol=1e-4)
    # Cells are cut anew in the order given, once.
    assert ordered.diagrams <= as_given.diagrams + 2


def test_points_of_the_bisection_take_no_detour() -> None:
    density = load_sample("camera.png")
    points, potentials = start_from_bisection(density, 2000)
    assert TransportSolver(density).solve(points, potentials).diagrams <= 8


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 500])
def test_a_matching_is_a_permutation_near_the_best(count: int) -> None:
    generator = np.random.default_rng(count)
    sources, targets = generator.random((count, 2)), generator.random((count, 2)) ** 3
    matched = match_clouds(sources, targets)
    assert sorted(matched) == list(range(count))
    costs = cdist(sources, targets, "sqeuclidean")
    best = costs[linear_sum_assignment(costs)].sum()
    assert costs[np.arange(count), matched].sum() <= 1.1 * best + 1e-12


def test_a_matching_along_a_line_is_monotone() -> None:
    generator = np.random.default_rng(3)
    sources = np.column_stack([generator.random(100), np.zeros(100)])
    targets = generator.random((100, 2))
    matched = match_clouds(sources, targets)
    order = np.argsort(sources[:, 0])
    assert (np.diff(targets[matched[order], 0]) >= 0).all()


def test_a_matching_undoes_a_shift() -> None:
    sources = np.random.default_rng(4).random((300, 2))
    shuffled = np.random.default_rng(5).permutation(300)
    matched = match_clouds(sources, sources[shuffled] + 7)
    np.testing.assert_array_equal(shuffled[matched], np.arange(300))


def test_points_almost_at_one_place_beside_far_ink() -> None:
    """The damped Newton matrix is singular in double precision: a result, and a true interval."""
    values = np.zeros((5, 848))
    values[[0, 1], 53], values[3, 53] = 9, 3
    values[[0, 1], 785], values[3, 785] = 3, 1
    across = [53.555788453476545, 53.55578846413099, 53.55578846413014, 53.55578844533737]
    points = np.column_stack([across, np.full(4, 1.6597435564436627)])
    found = stipple(values, start=points, iterations=0)
    assert found.w2_squared_lower <= found.w2_squared_upper
    # All points are at 53.56, and a quarter of the ink is between 785 and 786.
    assert found.w2_squared_lower <= 0.25 * (786 - 53.55) ** 2 + 25
    assert found.w2_squared_upper >= 0.25 * (785 - 53.56) ** 2
