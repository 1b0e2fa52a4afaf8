"""Joint discretisation: slopes of plans and of the objective, Proposition 1, what is drawn."""

from functools import cache

import numpy as np
import pytest

from stipple.discretisation.discretise import discretise
from stipple.discretisation.entropic.joint_objective import JointObjective, Side
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.plan_slopes import pull_back_plan
from stipple.discretisation.entropic.sinkhorn import solve_plan
from stipple.discretisation.joint import PlanErrors, discretise_jointly
from stipple.discretisation.joint_plot import plot_joint
from stipple.discretisation.settings import Settings
from stipple.drawing.placed_plans import render_placed_plans
from stipple.errors import StippleError
from stipple.interval import Interval
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples

RANDOM = np.random.default_rng(7)
FIRST = Samples(RANDOM.random((12, 2)), RANDOM.random(12) + 0.2)
SECOND = Samples(RANDOM.random((9, 2)) + 0.2, RANDOM.random(9) + 0.2)
STEP = 1e-6


def make_side(samples: Samples, count: int) -> Side:
    return Side(samples.points[:count] + 0.03, RANDOM.dirichlet(np.full(count, 5.0)))


def test_slopes_of_plans_are_differences() -> None:
    costs, slopes = RANDOM.random((3, 4)), RANDOM.normal(size=(3, 4))
    source, target = RANDOM.dirichlet(np.ones(3)), RANDOM.dirichlet(np.ones(4))
    zeta = 0.2

    def weigh(costs, source, target):
        return float((solve_plan(costs, source, target, zeta).plan * slopes).sum())

    plan = solve_plan(costs, source, target, zeta).plan
    found = pull_back_plan(plan, source, target, zeta, slopes)
    for i in range(3):
        for j in range(4):
            moved = np.zeros((3, 4))
            moved[i, j] = STEP
            ends = [weigh(costs + sign * moved, source, target) for sign in (1, -1)]
            assert found.costs[i, j] == pytest.approx(np.diff(ends[::-1])[0] / (2 * STEP), abs=1e-6)
    shift = np.array([STEP, -STEP, 0])
    ends = [weigh(costs, source + sign * shift, target) for sign in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * STEP)
    assert found.source[0] - found.source[1] == pytest.approx(slope, abs=1e-6)
    shift = np.array([0, STEP, 0, -STEP])
    ends = [weigh(costs, source, target + sign * shift) for sign in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * STEP)
    assert found.target[1] - found.target[3] == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("objective", ["full", "sharp"])
def test_slopes_of_the_joint_objective_are_differences(objective: str) -> None:
    joint = JointObjective(FIRST, SECOND, 0.1, 0.05, objective, SinkhornSettings(tolerance=1e-11))
    one, other = make_side(FIRST, 3), make_side(SECOND, 2)
    found = joint.evaluate(one, other)
    assert found.value == pytest.approx(sum(found.parts))
    for atom in range(2):
        moved = np.zeros_like(other.atoms)
        moved[atom, 1] = STEP
        ends = [
            joint.evaluate(one, Side(other.atoms + sign * moved, other.weights)).value
            for sign in (1, -1)
        ]
        slope = (ends[0] - ends[1]) / (2 * STEP)
        assert found.atom_gradients[1][atom, 1] == pytest.approx(slope, rel=1e-4, abs=1e-6)
    shift = np.array([STEP, 0, -STEP])
    ends = [
        joint.evaluate(Side(one.atoms, one.weights + sign * shift), other).value for sign in (1, -1)
    ]
    slope = (ends[0] - ends[1]) / (2 * STEP)
    by_weight = found.weight_gradients[0]
    assert by_weight[0] - by_weight[2] == pytest.approx(slope, rel=1e-4, abs=1e-6)


@cache
def discretise_lines(scale: float, weights: str = "free"):
    places = np.linspace(0, scale, 30)[:, None]
    measures = (
        Measure.from_samples(Samples(places, np.ones(30))),
        Measure.from_samples(Samples(places, np.linspace(1, 4, 30))),
    )
    settings = Settings(objective="sharp", weights=weights, steps=8)
    starts = tuple(
        discretise(measure, n, settings) for measure, n in zip(measures, (3, 2), strict=True)
    )
    return measures, starts, discretise_jointly(measures, starts, 0.02)


def test_both_move_for_their_plan_and_proposition_1_holds() -> None:
    measures, starts, found = discretise_lines(1.0)
    assert (np.diff(found.history) < 0).all()
    assert found.history[-1] < found.history[0]
    assert not np.allclose(found.related.first.atoms, starts[0].atoms, atol=1e-4)
    np.testing.assert_allclose(found.related.plan.sum(axis=1), found.related.first.weights)
    true, full = found.errors
    for errors in found.errors:
        assert errors.holds
        assert max(errors.first.upper, errors.second.upper) < errors.plan.lower
    # Costs of pairs are sums of those of their parts.
    assert true.constant >= 1
    assert found.naive_error.lower > true.plan.upper
    assert found.naive.masses.shape == (3, 2)
    # What was found does not depend on the unit.
    _, _, large = discretise_lines(2.0**9)
    np.testing.assert_allclose(
        large.related.first.atoms / 2**9, found.related.first.atoms, rtol=1e-3
    )
    assert large.errors[1].plan.middle == pytest.approx(full.plan.middle * 2**18, rel=1e-3)
    pictures = plot_joint(found, (measures[0].samples, measures[1].samples))
    assert [picture.masses.sum() for picture in pictures] == pytest.approx([1, 1])
    np.testing.assert_allclose(
        pictures[0].pairs[:2],
        [
            [atom, other]
            for atom in found.related.first.atoms[:1, 0]
            for other in found.related.second.atoms[:, 0]
        ],
    )
    drawn = render_placed_plans(pictures, "svg", 72)
    assert drawn == render_placed_plans(pictures, "svg", 72)
    assert drawn.startswith(b"<?xml")


def test_equal_weights_stay_equal() -> None:
    _, _, found = discretise_lines(1.0, "equal")
    np.testing.assert_array_equal(found.related.first.weights, np.full(3, 1 / 3))


def test_a_violation_would_be_said() -> None:
    one = Interval(2.0, 2.1)
    errors = PlanErrors("some", one, one, Interval(1.0, 1.1))
    assert not errors.holds
    assert "violated" in errors.describe()


def test_measures_of_two_dimensions_have_no_plan() -> None:
    (line, _), (start, _), _ = discretise_lines(1.0)
    plane = Measure.from_samples(FIRST)
    with pytest.raises(StippleError, match="1 and 2 coordinates"):
        discretise_jointly((line, plane), (start, start), 0.1)
