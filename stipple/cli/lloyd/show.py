"""What `stipple lloyd` found, in lines for a person."""

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from stipple.cli.shared.digits import format_interval, round_up

if TYPE_CHECKING:
    from stipple.lloyd_steps.experiment import ExperimentRow
    from stipple.lloyd_steps.presets import Preset
    from stipple.lloyd_steps.theory import StepTheorem

# As in the columns of the trace, and for a person.
INEQUALITIES = {"one_step": "one step", "polyak_lojasiewicz": "Polyak–Łojasiewicz"}


def describe_theorem(one: "ExperimentRow", theorem: "StepTheorem") -> dict[str, Any]:
    """List what the multi-step theorem says of one start."""
    return {
        "points": one.count,
        "repeat": one.repeat,
        "steps": theorem.steps,
        "step_size": theorem.step_size,
        "epsilon": theorem.epsilon,
        "least_epsilon": theorem.threshold if isfinite(theorem.threshold) else None,
        "hypothesis_holds": theorem.holds,
    }


def summarise(
    preset: "Preset | None", figures: Sequence[dict[str, Any]], report: dict[str, Any]
) -> list[tuple[str, str]]:
    """Lines for a person."""
    rows = []
    for count in dict.fromkeys(row["points"] for row in figures):
        mine = [row for row in figures if row["points"] == count and row["repeat"] == 0]
        first, last = mine[0], mine[-1]
        interval = format_interval(last["w2_squared_lower"], last["w2_squared_upper"])
        rows.append(
            (
                f"{count:,} points",
                f"W2² {first['w2_squared']:.8g} at the start, {last['w2_squared']:.8g} after"
                f" {last['step']} steps, certified within {interval}",
            )
        )
    rows += [_tell_theorem(one) for one in report["multi_step_theorem"] if one["repeat"] == 0]
    if report["slope"] is not None:
        width = report["slope_half_width"]
        interval = "" if width is None else f" ± {width:.4f} (95 %)"
        rows.append(("slope", f"{report['slope']:.4f}{interval} of ln W2² over ln N"))
    if preset:
        rows.append(("published", preset.published))
        if preset.target and report["slope"] is not None:
            low, high = preset.target
            verdict = "agrees" if low <= report["slope"] <= high else "differs"
            rows.append(("verdict", f"{verdict} (expected {low:g} to {high:g})"))
    if report["start_is_critical"]:
        gradient = figures[0]["gradient_norm"]
        rows.append(("start", f"critical: the gradient is {gradient:.1e}"))
    rows.append(("inequalities", _tell_inequalities(report, len(figures))))
    rows.append(("mass error", f"{max(row['mass_error'] for row in figures):.1e}"))
    if bound := report["rasterisation_bound"]:
        rows.append(("rasterisation", f"W2 to the formula at most {round_up(bound, 3)}"))
    return rows


def _tell_theorem(theorem: dict[str, Any]) -> tuple[str, str]:
    """Tell how many steps the multi-step theorem asks for, and what it rests on."""
    steps, size, least = theorem["steps"], theorem["step_size"], theorem["least_epsilon"]
    done = "no step is taken" if steps < 1 else "so many steps are taken"
    holds = "holds" if theorem["hypothesis_holds"] else "does not hold"
    bound = "infinite" if least is None else f"{least:.4g}"
    text = (
        f"N = {theorem['points']:,}: k_N = {steps} for τ = {size:g}, {done}; hypothesis"
        f" 1/(½W2²·N) < ε <= 1 {holds}: ε = {theorem['epsilon']:.4g}, 1/(½W2²·N) = {bound}"
    )
    return "theorem", text if size < 1 else f"{text}; hypothesis τ < 1 does not hold"


def _tell_inequalities(report: dict[str, Any], count: int) -> str:
    """Tell whether the inequalities hold, and where they would for any points."""
    text = "hold on every row" if report["inequalities_hold"] else "FAIL, see the trace"
    idle = [
        f"{words} on {rows} of {count} rows"
        for name, words in INEQUALITIES.items()
        if (rows := report[f"{name}_vacuous_rows"])
    ]
    return (
        f"{text}; vacuous, for the constant alone proves them: {', '.join(idle)}" if idle else text
    )
