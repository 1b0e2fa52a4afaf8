"""The figures of a step, without its power cells, which take most of the memory."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from stipple.lloyd_steps.experiment import ExperimentRow

if TYPE_CHECKING:
    from stipple.lloyd_steps.line import LineFigures


@dataclass(frozen=True)
class Figures:
    """What is known of one step, in the units of the domain; the columns of the trace, in order.

    Attributes
    ----------
    points, repeat, step : int
        Number of points, number of the run, and number of the step; 0 for the start.
    w2_squared, w2_squared_lower, w2_squared_upper : float
        W2² of the points, with its certified interval.
    decrease : float
        By how much W2² fell since the step before; 0 for the start.
    fell : bool or None
        Whether the certified intervals prove that it fell, or that it rose; None where they do
        neither.
    gradient_norm : float
        |∇½W2²|.
    minimum_distance : float
        Between two points; inf for a single one.
    epsilon, part_at_epsilon : float
        ε and |I_ε|/N of the one-step theorem.
    isolated_part : float
        |I_ε|/N for ε = N^(−2/(2d − 1)), that of Corollary 5 on random starts.
    one_step_left, one_step_right, one_step_holds, one_step_vacuous
        The one-step theorem: both sides, whether it holds, and whether it does for any points.
    polyak_lojasiewicz_left, polyak_lojasiewicz_right
        Both sides of the modified Polyak–Łojasiewicz inequality; ∓inf for points too near.
    polyak_lojasiewicz_holds, polyak_lojasiewicz_vacuous : bool
        Whether it holds, and whether it does for any points.
    contraction_left, contraction_right, contraction_holds, contraction_vacuous
        Inequality (21) for every pair of points in the step from here: 1 − τ, and not above the
        least |y_i' − y_j'|/|y_i − y_j|; vacuous, and inf, unless τ < 1.
    mass_error : float
        Largest relative error of a cell's mass.
    newton_iterations : int
        Linear systems solved.
    seconds : float
        Time for the step.
    """

    points: int
    repeat: int
    step: int
    w2_squared: float
    w2_squared_lower: float
    w2_squared_upper: float
    decrease: float
    fell: bool | None
    gradient_norm: float
    minimum_distance: float
    epsilon: float
    part_at_epsilon: float
    isolated_part: float
    one_step_left: float
    one_step_right: float
    one_step_holds: bool
    one_step_vacuous: bool
    polyak_lojasiewicz_left: float
    polyak_lojasiewicz_right: float
    polyak_lojasiewicz_holds: bool
    polyak_lojasiewicz_vacuous: bool
    contraction_left: float
    contraction_right: float
    contraction_holds: bool
    contraction_vacuous: bool
    mass_error: float
    newton_iterations: int
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether all inequalities hold."""
        return self.one_step_holds and self.polyak_lojasiewicz_holds and self.contraction_holds


def collect_figures(one: ExperimentRow) -> Figures:
    """Collect the figures of a row."""
    row = one.row
    return Figures(
        points=one.count,
        repeat=one.repeat,
        step=row.step,
        w2_squared=row.w2_squared,
        w2_squared_lower=row.lower,
        w2_squared_upper=row.upper,
        decrease=row.decrease,
        fell=row.fell,
        gradient_norm=row.gradient_norm,
        minimum_distance=row.separation.minimum,
        epsilon=row.separation.epsilon,
        part_at_epsilon=row.separation.part,
        isolated_part=row.separation.isolated,
        one_step_left=row.one_step.left,
        one_step_right=row.one_step.right,
        one_step_holds=row.one_step.holds,
        one_step_vacuous=row.one_step.vacuous,
        polyak_lojasiewicz_left=row.polyak_lojasiewicz.left,
        polyak_lojasiewicz_right=row.polyak_lojasiewicz.right,
        polyak_lojasiewicz_holds=row.polyak_lojasiewicz.holds,
        polyak_lojasiewicz_vacuous=row.polyak_lojasiewicz.vacuous,
        contraction_left=row.contraction.left,
        contraction_right=row.contraction.right,
        contraction_holds=row.contraction.holds,
        contraction_vacuous=row.contraction.vacuous,
        mass_error=row.mass_error,
        newton_iterations=row.newton_iterations,
        seconds=row.seconds,
    )


def tabulate(figures: Figures | LineFigures) -> dict[str, float | None]:
    """List figures by the names of their columns; what is infinite is None."""
    return {
        name: None if value is None or not math.isfinite(value) else value
        for name, value in asdict(figures).items()
    }
