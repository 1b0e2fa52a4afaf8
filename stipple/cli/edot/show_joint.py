"""What `stipple edot --joint` found: lines for a person, figures for the report, and a picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stipple.cli.edot.run import Run
from stipple.cli.shared.counting import count_things

if TYPE_CHECKING:
    from stipple.discretisation.joint import JointDiscretisation


def list_joint(joint: "JointDiscretisation") -> list[tuple[str, str]]:
    """List the joint objective, Proposition 1, and what random points of the same number give."""
    rows, columns = joint.naive.masses.shape
    ended = "at a local optimum" if joint.converged else "stopped"
    return [
        (
            "joint",
            f"objective {joint.history[0]:.8g} of each by itself, {joint.history[-1]:.8g} together,"
            f" {ended} after {count_things(len(joint.history) - 1, 'step')}",
        ),
        *(("Proposition 1", one.describe()) for one in joint.errors),
        (
            "naive",
            f"plan of {rows:,} × {columns:,} random points: W_2^2"
            f" {joint.naive_error.middle:.6g}, of the atoms {joint.errors[0].plan.middle:.6g}",
        ),
    ]


def list_joint_figures(joint: "JointDiscretisation") -> dict[str, object]:
    """Collect the figures of the report."""
    return {
        "objective_history": joint.history,
        "converged": joint.converged,
        "proposition_1": [
            {
                "cost": one.name,
                "first": [one.first.lower, one.first.upper],
                "second": [one.second.lower, one.second.upper],
                "plan": [one.plan.lower, one.plan.upper],
                "constant": one.constant,
                "holds": one.holds,
            }
            for one in joint.errors
        ],
        "naive_plan": [joint.naive_error.lower, joint.naive_error.upper],
    }


def render_joint(joint: "JointDiscretisation", runs: Sequence[Run], form: str, dpi: float) -> bytes:
    """Draw the plan of two lines at the places of their atoms, beside a naive one."""
    from stipple.discretisation.joint_plot import plot_joint
    from stipple.drawing.placed_plans import render_placed_plans

    measures = (runs[0].measure.samples, runs[1].measure.samples)
    return render_placed_plans(plot_joint(joint, measures), form, dpi)
