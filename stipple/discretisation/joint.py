"""Two measures discretised for the sake of the entropic plan between them."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.assess import assess
from stipple.discretisation.evidence import certify_cost
from stipple.discretisation.relation import RelatedDiscretisations
from stipple.discretisation.result import Discretisation
from stipple.discretisation.settings import Settings, make_metric, make_sinkhorn
from stipple.discretisation.solution import Solution
from stipple.errors import StippleError
from stipple.interval import Interval
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples

if TYPE_CHECKING:
    from stipple.discretisation.entropic.joint_objective import JointObjective, Side

# The plan is between so many samples of each measure, of equal mass: their pairs are its support.
PLAN_SAMPLES = 64
MOST_STEPS = 200
# Pairs of atoms: with 64 × 64 samples a kernel of 64 MiB, and seconds for each step.
MOST_PAIRS = 2048
# The regularised costs of Proposition 1 err by the marginals of their plans.
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class PlacedPlan:
    """A plan between points at places, shape (m, d) and (n, d); masses have shape (m, n)."""

    first: Floats
    second: Floats
    masses: Floats


@dataclass(frozen=True, eq=False)
class PlanErrors:
    """Costs of two discretisations and of their plan, which Proposition 1 of the EDOT paper orders.

    max(W(μ, μ_m), W(ν, ν_n)) ≤ W(γ(μ, ν), γ(μ_m, ν_n)) ≤ C·(W(μ, μ_m) + W(ν, ν_n)) with some C: a
    plan between pairs has plans of their parts as marginals, which cost no more and know no more.

    Attributes
    ----------
    name : str
        What W is.
    first, second, plan : Interval
        W of the parts and of the plans.
    """

    name: str
    first: Interval
    second: Interval
    plan: Interval

    @property
    def constant(self) -> float:
        """The least C of the second inequality."""
        return self.plan.middle / (self.first.middle + self.second.middle)

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the first inequality."""
        return max(self.first.lower, self.second.lower) <= self.plan.upper

    def describe(self) -> str:
        """Say the inequality in figures."""
        larger = max(self.first.middle, self.second.middle)
        verdict = "≤" if self.holds else "> (violated)"
        return (
            f"{self.name}: max {larger:.6g} {verdict} plan {self.plan.middle:.6g} ="
            f" {self.constant:.4g}·({self.first.middle:.6g} + {self.second.middle:.6g})"
        )


@dataclass(frozen=True, eq=False)
class JointDiscretisation:
    """Two discretisations that are near two measures, and whose plan is near that of the measures.

    Attributes
    ----------
    related : RelatedDiscretisations
        The discretisations and the plan between their atoms.
    source : PlacedPlan
        The plan between samples of the measures.
    atoms : PlacedPlan
        The plan between atoms.
    naive : PlacedPlan
        The plan between as many random points of equal weights.
    history : ndarray
        The joint objective: of discretisations each by itself, and after each step.
    errors : tuple of PlanErrors
        Proposition 1 for W_2^2, certified, and for the regularised cost.
    naive_error : Interval
        W_2^2 between the plan of the measures and the naive one.
    converged : bool
        Whether the descent stopped by itself.
    """

    related: RelatedDiscretisations
    source: PlacedPlan
    atoms: PlacedPlan
    naive: PlacedPlan
    history: Floats
    errors: tuple[PlanErrors, ...]
    naive_error: Interval
    converged: bool


def discretise_jointly(
    measures: tuple[Measure, Measure],
    starts: tuple[Discretisation, Discretisation],
    plan_zeta: float,
    *,
    on_step: Callable[[int, float], None] | None = None,
) -> JointDiscretisation:
    """Minimise W(μ, μ_m) + W(ν, ν_n) + W(γ_λ(μ, ν), γ_λ(μ_m, ν_n)) over both discretisations.

    W is the entropic objective of the settings, with the cost |x − y|² between points and the sum
    of two of them between pairs; γ_λ is the entropic plan.

    Parameters
    ----------
    measures : tuple of Measure
        μ and ν, of one dimension; up to 64 samples of each take part.
    starts : tuple of Discretisation
        Each measure by itself, by the same settings: an entropic objective, k = 2, Euclidean.
    plan_zeta : float
        λ, over the largest cost between the boxes of the measures.
    on_step : callable, optional
        Receives the number of each step and the objective there.

    Raises
    ------
    StippleError
        For measures of different dimensions, or more than 2,048 pairs of atoms.
    """
    from stipple.discretisation.entropic.joint_objective import descend_jointly

    settings = starts[0].settings
    dimensions = [measure.samples.dimension for measure in measures]
    if dimensions[0] != dimensions[1]:
        raise StippleError(
            f"The sources have {dimensions[0]} and {dimensions[1]} coordinates: give two with as"
            " many."
        )
    check_pairs([len(start.atoms) for start in starts])
    began = time.perf_counter()
    unit = _find_reach(measures)
    joint = _pose(measures, starts, plan_zeta, unit)
    first, second = (_make_side(one.atoms / unit, one.weights) for one in starts)
    found = descend_jointly(
        joint,
        first,
        second,
        free=settings.weights == "free",
        iterations=MOST_STEPS if settings.steps is None else settings.steps,
        on_step=on_step and (lambda step, value: on_step(step, value * unit**2)),
    )
    seconds = time.perf_counter() - began
    history = np.array(found.history) * unit**2
    results = [
        _assess(measure, side, unit, history, found.converged, settings, seconds)
        for measure, side in zip(measures, (found.first, found.second), strict=True)
    ]
    drawn = [
        _draw_naively(samples, len(one.weights), np.random.default_rng([settings.seed, number]))
        for number, (samples, one) in enumerate(zip(joint.measures, starts, strict=True))
    ]
    whole = [_make_side(one.points, one.masses) for one in joint.measures]
    return JointDiscretisation(
        related=_relate(joint, found.first, found.second, results, unit),
        source=_place(joint, whole[0], whole[1], unit),
        atoms=_place(joint, found.first, found.second, unit),
        naive=_place(joint, drawn[0], drawn[1], unit),
        history=history,
        errors=_measure_errors(joint, found.first, found.second, settings, unit),
        naive_error=_scale(_certify_plan(joint, drawn[0], drawn[1], settings), unit),
        converged=found.converged,
    )


def check_pairs(counts: Sequence[int]) -> None:
    """Refuse more pairs of atoms than can be moved together.

    Raises
    ------
    StippleError
        With the number that can.
    """
    if math.prod(counts) > MOST_PAIRS:
        raise StippleError(
            f"A joint plan of {counts[0]:,} × {counts[1]:,} atoms has {math.prod(counts):,} pairs:"
            f" give at most {MOST_PAIRS:,}."
        )


def _find_reach(measures: tuple[Measure, Measure]) -> float:
    """Largest distance between a point of the box of one measure and of that of the other."""
    one, other = measures
    ends = np.maximum(np.abs(one.upper - other.lower), np.abs(other.upper - one.lower))
    return float(np.linalg.norm(ends)) or 1.0


def _pose(
    measures: tuple[Measure, Measure],
    starts: tuple[Discretisation, Discretisation],
    plan_zeta: float,
    unit: float,
) -> "JointObjective":
    """Pose the joint problem in units of the reach."""
    from stipple.discretisation.entropic.joint_objective import JointObjective

    settings = starts[0].settings
    assert settings.objective != "exact"
    assert settings.zeta is not None
    zeta = settings.zeta * (max(one.diameter for one in starts) / unit) ** 2 or settings.zeta
    first, second = (_thin(measure.samples, unit) for measure in measures)
    return JointObjective(
        first, second, plan_zeta, zeta, settings.objective, make_sinkhorn(settings)
    )


def _thin(samples: Samples, unit: float) -> Samples:
    """At most so many samples as the plan is taken between, on a line in their order."""
    order = np.argsort(samples.points[:, 0], kind="stable")
    if samples.dimension > 1:
        order = np.arange(len(samples))
    return Samples(samples.points[order] / unit, samples.masses[order]).thin(PLAN_SAMPLES)


def _make_side(atoms: Floats, weights: Floats) -> "Side":
    from stipple.discretisation.entropic.joint_objective import Side

    return Side(atoms, weights)


def _assess(
    measure: Measure,
    side: "Side",
    unit: float,
    history: Floats,
    converged: bool,
    settings: Settings,
    seconds: float,
) -> Discretisation:
    """Gather the evidence on one of the two."""
    solution = Solution(
        side.atoms * unit, side.weights, history, len(history) - 1, converged, "joint L-BFGS"
    )
    return assess([measure.samples], [1.0], solution, settings, measure, seconds)


def _relate(
    joint: "JointObjective",
    first: "Side",
    second: "Side",
    results: list[Discretisation],
    unit: float,
) -> RelatedDiscretisations:
    """Plan between the atoms, with the transport that it comes from in units of the cost."""
    from stipple.discretisation.entropic.sinkhorn import solve_plan

    costs = make_metric("euclidean").measure_distances(first.atoms, second.atoms) ** 2
    solved = solve_plan(costs, first.weights, second.weights, joint.plan_zeta)
    area, transport = unit**2, solved.transport
    scaled = replace(
        transport,
        zeta=transport.zeta * area,
        source_potential=transport.source_potential * area,
        target_potential=transport.target_potential * area,
        cost=transport.cost * area,
        regularised_cost=transport.regularised_cost * area,
    )
    return RelatedDiscretisations(results[0], results[1], solved.plan, scaled)


def _place(joint: "JointObjective", first: "Side", second: "Side", unit: float) -> PlacedPlan:
    return PlacedPlan(first.atoms * unit, second.atoms * unit, joint.solve(first, second))


def _draw_naively(samples: Samples, n: int, generator: np.random.Generator) -> "Side":
    chosen = generator.choice(len(samples), n, p=samples.masses)
    return _make_side(samples.points[chosen], np.full(n, 1 / n))


def _measure_errors(
    joint: "JointObjective", first: "Side", second: "Side", settings: Settings, unit: float
) -> tuple[PlanErrors, ...]:
    """Proposition 1 for the certified cost, and for the regularised one."""
    from stipple.discretisation.entropic.joint_objective import JointObjective

    alone = [
        certify_cost(samples, side.atoms, side.weights, settings)
        for samples, side in zip(joint.measures, (first, second), strict=True)
    ]
    true = [*alone, _certify_plan(joint, first, second, settings)]
    full = JointObjective(
        *joint.measures, joint.plan_zeta, joint.zeta, "full", make_sinkhorn(settings)
    )
    values = full.evaluate(first, second).parts
    regularised = [Interval(value * (1 - ROUNDING), value * (1 + ROUNDING)) for value in values]
    names = ("W_2^2, certified", "regularised")
    return tuple(
        PlanErrors(name, *(_scale(one, unit) for one in costs))
        for name, costs in zip(names, (true, regularised), strict=True)
    )


def _certify_plan(
    joint: "JointObjective", first: "Side", second: "Side", settings: Settings
) -> Interval:
    """W_2^2 between the plan of the measures and that of two discretisations."""
    from stipple.discretisation.entropic.joint_objective import pair_up

    pairs = pair_up(first, second, joint.solve(first, second))
    return certify_cost(joint.pairs, pairs.points, pairs.masses, settings)


def _scale(cost: Interval, unit: float) -> Interval:
    """In units of the samples, rounded outwards."""
    area, room = unit**2, 4 * np.finfo(float).eps
    return Interval(cost.lower * area * (1 - room), cost.upper * area * (1 + room))
