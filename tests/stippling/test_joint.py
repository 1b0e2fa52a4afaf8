"""Inks placed together: what is minimised, how well it ends, and what Python users get."""

import numpy as np
import pytest
from command import SAMPLES
from scipy.spatial import cKDTree

import stipple
from stipple.errors import StippleError
from stipple.measures.density import Density
from stipple.measures.inks import Ink, InkDensity, share_points
from stipple.stippling.joint import measure_union, stipple_inks
from stipple.stippling.joint_solver import JointSolver
from stipple.transport.descent import follow

GENERATOR = np.random.default_rng(0)
FIRST, SECOND = GENERATOR.random((6, 9)), GENERATOR.random((6, 9)) ** 2


def measure_nearness(result: stipple.JointStippling, inks: list[InkDensity]) -> float:
    """Part of the dots nearer to another of any ink than half the spacing of hexagons there."""
    points = result.union.points
    total = np.sum([one.darkness for one in inks], axis=0)
    x, y = points.astype(int).T
    area = total.sum() / len(points) / total[y, x]
    nearest = cKDTree(points).query(points, k=2)[0][:, 1]
    return float((nearest < 0.5 * np.sqrt(2 * area / 3**0.5)).mean())


@pytest.mark.parametrize(
    "balance",
    [pytest.param(0.0, marks=pytest.mark.slow), 0.3, pytest.param(1.0, marks=pytest.mark.slow)],
)
def test_the_mean_barycentre_is_the_gradient(balance):
    densities = [Density(FIRST), Density(SECOND)]
    solver = JointSolver(densities, [5, 3], balance)
    points = GENERATOR.random((8, 2)) * (9, 6)

    def evaluate(moved):
        return solver.solve(moved, tolerance=1e-10).w2_squared

    transport = solver.solve(points, tolerance=1e-10)
    shares = np.repeat(np.sqrt([5, 3]) * 8 / (5**1.5 + 3**1.5), [5, 3])
    weights = balance * shares + 1 - balance
    assert balance * shares.mean() == pytest.approx(balance)
    for point in range(8):
        for axis in range(2):
            step = np.zeros((8, 2))
            step[point, axis] = 1e-4
            slope = (evaluate(points + step) - evaluate(points - step)) / 2e-4
            pull = points[point, axis] - transport.barycentres[point, axis]
            assert slope == pytest.approx(2 * weights[point] * pull / 8, abs=1e-5)


def test_union_and_inks_are_solved_on():
    solver = JointSolver([Density(FIRST), Density(SECOND)], [5, 3], 0.25)
    points = GENERATOR.random((8, 2)) * (9, 6)
    rough = solver.solve(points, tolerance=1e-2)
    expected = solver.solve(points, tolerance=1e-10)
    solvers = (solver, *solver.inks)
    pairs = zip((rough.union, *rough.inks), (expected.union, *expected.inks), strict=True)
    for part, (before, after) in zip(solvers, pairs, strict=True):
        found = part.refine(before, 1e-10)
        assert found.converged
        assert found.mass_error <= 1e-10
        assert found.w2_squared == pytest.approx(after.w2_squared, rel=1e-12)
        np.testing.assert_allclose(found.barycentres, after.barycentres, atol=1e-8)


def test_what_is_minimised_is_the_sum_of_costs():
    solver = JointSolver([Density(FIRST), Density(SECOND)], [5, 3], 0.25)
    transport = solver.solve(GENERATOR.random((8, 2)) * (9, 6))
    costs = np.array([one.w2_squared for one in transport.inks])
    levelled = np.sqrt([5, 3]) / (5**1.5 + 3**1.5) * [5, 3]
    expected = 0.25 * levelled @ costs + 0.75 * transport.union.w2_squared
    assert transport.w2_squared == pytest.approx(expected)
    assert transport.converged
    assert solver.diagrams > 0
    assert transport.density is solver.density


def test_a_photograph_in_four_inks_is_good_for_each_and_for_all():
    inks = stipple.read_inks(SAMPLES / "chelsea.png", resize=120)
    result = stipple_inks(inks, 1000)
    assert [ink.number for ink in result.inks] == [2, 3, 4]
    assert sum(len(one.points) for one in result.stipplings) == 1000
    assert max(one.quality for one in result.stipplings) < 0.18
    assert result.union.quality < 0.19
    assert measure_nearness(result, inks) <= 0.02
    shares = share_points(inks, 1000)
    alone = [stipple.stipple(ink.darkness, count) for ink, count in shares]
    apart = measure_union([ink for ink, _ in shares], alone)
    assert apart.quality > 0.22
    for one in (result.union, *result.stipplings):
        assert one.converged
        assert one.mass_error < 1e-6
        assert one.w2_squared_lower <= one.w2_squared <= one.w2_squared_upper
    np.testing.assert_array_equal(
        result.union.points, np.concatenate([one.points for one in result.stipplings])
    )
    assert len(result.union.cells.points) == 1000
    drawn = sum(ink.darkness for ink in inks if ink.ink in result.inks)
    again = stipple.stipple(drawn, start=result.union.points, iterations=0)
    assert again.w2_squared == pytest.approx(result.union.w2_squared, rel=1e-9)


@pytest.mark.slow
def test_a_photograph_of_eight_thousand_dots():
    inks = stipple.read_inks(SAMPLES / "chelsea.png")
    result = stipple_inks(inks, 8000)
    assert max(one.quality for one in result.stipplings) <= 0.170
    assert result.union.quality <= 0.178
    assert measure_nearness(result, inks) <= 0.02


def test_balance_goes_from_the_union_to_the_inks():
    inks = [np.full((20, 30), 0.2), np.full((20, 30), 0.5)]
    results = [stipple_inks(inks, 120, balance=balance) for balance in (0, 0.5, 1)]
    unions = [one.union.quality for one in results]
    larger = [one.stipplings[1].quality for one in results]
    assert unions == sorted(unions)
    assert larger == sorted(larger, reverse=True)
    assert unions[0] < 0.167
    assert larger[2] < 0.17


def test_equal_inks_do_not_coincide():
    shape = np.zeros((12, 12))
    shape[3:8, 2:9] = 0.4
    for start in ("bisection", "grid", "uniform"):
        result = stipple_inks([shape, shape], 40, start=start)
        assert [len(one.points) for one in result.stipplings] == [20, 20]
        assert result.union.quality < 0.2
        assert result.union.converged
    still = stipple_inks([shape, shape], 40, start="grid", iterations=0)
    assert len(np.unique(still.union.points, axis=0)) == 40


def test_one_ink_is_stippled_alone():
    steps = []
    result = stipple_inks([np.zeros((6, 9)), FIRST], 20, seed=3, on_step=steps.append)
    alone = stipple.stipple(FIRST, 20, seed=3)
    assert result.inks == (Ink("ink 2", "#000000", 2),)
    np.testing.assert_array_equal(result.union.points, alone.points)
    assert result.stipplings[0] is result.union
    assert len(steps) == alone.iterations + 1


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_points_go_to_the_darkest(n):
    result = stipple_inks([np.full((1, 1), 0.1), np.full((1, 1), 0.3), np.full((1, 1), 0.2)], n)
    assert len(result.union.points) == n
    assert 2 in [ink.number for ink in result.inks]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_points():
    first, again = (stipple_inks([FIRST, SECOND], 30, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.union.points, again.union.points)
    other = stipple_inks([FIRST, SECOND], 30, seed=6)
    assert not np.array_equal(first.union.points, other.union.points)


def test_the_union_of_coinciding_points_is_not_measured():
    ink = InkDensity(Ink("black", "#000000"), FIRST)
    alone = stipple.stipple(FIRST, 9)
    assert measure_union([ink, ink], [alone, alone]) is None


def test_steps_are_told():
    steps = []
    result = stipple_inks([FIRST, SECOND], 30, iterations=4, tolerance=0, on_step=steps.append)
    assert [step.number for step in steps] == [0, 1, 2, 3, 4]
    assert {step.points.shape for step in steps} == {(30, 2)}
    assert steps[-1].w2_squared < steps[0].w2_squared
    assert result.union.iterations == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"inks": [FIRST, FIRST[1:]]}, "The inks have the shapes"),
        ({"inks": [np.zeros((2, 2))]}, "None of the 1 inks has anything to draw"),
        ({"inks": []}, "None of the 0 inks"),
        ({"balance": 1.5}, "The balance is 1.5: give a number from 0 to 1."),
        ({"n": 0}, "The number of points is 0"),
        ({"iterations": -1}, "number of iterations"),
        ({"method": "newton"}, "The method is 'newton'"),
        ({"inks": [-FIRST, SECOND]}, "negative"),
        ({"inks": [FIRST[0], SECOND[0]]}, "matrix"),
    ],
)
def test_what_makes_no_sense(arguments, sentence):
    with pytest.raises(StippleError, match=sentence):
        stipple_inks(**{"inks": [FIRST, SECOND], "n": 9, **arguments})


def test_transports_that_are_not_solved_are_counted_once():
    solver = JointSolver([Density(FIRST), Density(SECOND)], [5, 3], 0.5)
    solver.most_diagrams = 1
    transport = solver.solve(GENERATOR.random((8, 2)) * (9, 6), tolerance=1e-12)
    assert not transport.converged
    assert solver.unsolved == 1


@pytest.mark.parametrize("turned", [False, True])
def test_settled_inks_stay_where_they_are_perturbed(turned):
    """What is minimised falls by next to nothing after small moves of all dots, and steps."""
    amounts = [
        np.full((4, 120), 0.5),
        np.full((4, 120), 0.2),
        np.linspace(0, 0.2, 480).reshape(4, 120),
    ]
    amounts = [one.T.copy() if turned else one for one in amounts]
    found = stipple.stipple_inks(amounts, 40, iterations=300, strays="keep")
    assert found.union.settled
    solver = JointSolver(
        [Density(one) for one in amounts], [len(one.points) for one in found.stipplings], 0.5
    )
    points = found.union.points
    radii = np.sqrt(found.union.cells.areas / np.pi)[:, None]
    moves = 0.01 * radii * np.random.default_rng(0).standard_normal(points.shape)
    path = follow(solver, np.clip(points + moves, 0, amounts[0].shape[::-1]))
    least = min(transport.w2_squared for transport, _ in zip(path, range(12), strict=False))
    assert 1 - least / solver.solve(points).w2_squared < 3e-4
