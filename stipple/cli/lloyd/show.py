"""What `stipple lloyd` found, as lines for a person, the report, and contents of files."""

from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any

from stipple.cli.lloyd.plan import Job
from stipple.cli.lloyd.run import AppliedTheorem, Found
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.digits import format_interval, round_down, round_up
from stipple.cli.shared.outputs import find_format
from stipple.cli.shared.report import Recorded, describe_command

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.lloyd_steps.corollaries import RandomStarts, SeparationRate
    from stipple.lloyd_steps.dimensions import CellDimensions
    from stipple.lloyd_steps.preset import Preset
    from stipple.lloyd_steps.slope import MultiStepRate, Slope

PLOT_DPI = 150.0
# Of fewer cells nobody can say which sides would shrink.
FEWEST_TOLD = 16


def describe_found(
    found: Found, rows: list[dict[str, float | None]], recorded: Recorded
) -> dict[str, Any]:
    """Describe a run for the report, with the rows of its trace."""
    slope = found.slope
    return {
        **describe_command("lloyd", recorded),
        "slope": None if slope is None else slope.slope,
        "slope_half_width": None if slope is None else slope.half_width,
        "fitted_points": () if slope is None else slope.counts,
        "fitted_w2_squared": () if slope is None else slope.w2_squared,
        "rasterisation_bound": found.rasterisation,
        "inequalities_hold": found.holds,
        "one_step_vacuous_rows": found.vacuous_one_steps,
        "polyak_lojasiewicz_vacuous_rows": found.vacuous_polyak_lojasiewicz,
        "corollary_4": None if found.separation is None else _describe_rate(found.separation),
        "corollary_5": [asdict(one) for one in found.random_starts],
        "rate_22": None if found.rate is None else asdict(found.rate),
        "cell_dimensions": [asdict(one) for one in found.dimensions],
        "certified_decreases": found.count_steps(fell=True),
        "certified_increases": found.count_steps(fell=False),
        "multi_step_theorem": [_describe_theorem(one) for one in found.theorems],
        "largest_increase": found.largest_increase,
        "start_is_critical": found.start_is_critical,
        "trace": rows,
    }


def render_files(found: Found, job: Job) -> list[tuple[str, bytes]]:
    """Render all files, by path."""
    from stipple.files.tables import render_json, render_table_csv
    from stipple.lloyd_steps.figures import tabulate

    rows = [tabulate(row) for row in found.figures]
    files = [(path, render_table_csv(rows)) for path in job.files.traces]
    if job.files.plot and found.slope is not None:
        published = job.preset.published if job.preset else ""
        files.append(
            (job.files.plot, render_plot_of(found.slope, job.title, published, job.files.plot))
        )
    files += found.pictures.items()
    files += [(path, _render_last(points, path)) for path, points in found.last_points.items()]
    if job.files.report:
        files.append((job.files.report, render_json(describe_found(found, rows, job.recorded))))
    return files


def _render_last(points: "Floats", path: str) -> bytes:
    from stipple.files import ply, vtk
    from stipple.files.tables import render_points

    form = find_format(path)
    clouds = {"ply": ply.render_cloud, "vtp": vtk.render_cloud}
    if form in clouds:
        return clouds[form](dict(zip("xyz", points.T, strict=True)))
    return render_points(points, form)


def list_rows(found: Found, preset: "Preset | None") -> list[tuple[str, str]]:
    """List what a person reads at the end."""
    rows = _list_counts(found)
    rows += [_tell_theorem(one) for one in found.theorems if one.repeat == 0]
    if found.rate is not None:
        rows.append(("rate (22)", _tell_multi_step(found.rate)))
    rows += [_tell_random(one) for one in found.random_starts]
    slope = found.slope
    if slope is not None:
        interval = "" if slope.half_width is None else f" ± {slope.half_width:.4f} (95 %)"
        rows.append(("slope", f"{slope.slope:.4f}{interval} of ln W2² over ln N"))
    if found.separation is not None:
        rows.append(("Corollary 4", _tell_rate(found.separation)))
    if preset:
        rows.append(("published", preset.published))
        if preset.target and slope is not None:
            low, high = preset.target
            verdict = "agrees" if low <= slope.slope <= high else "differs"
            rows.append(("verdict", f"{verdict} (expected {low:g} to {high:g})"))
    if found.start_is_critical:
        gradient = found.figures[0].gradient_norm
        rows.append(("start", f"critical: the gradient is {gradient:.1e}"))
    rows += [
        _tell_dimensions(one)
        for one in found.dimensions
        if one.counts[0] < one.points >= FEWEST_TOLD
    ]
    rows.append(("inequalities", _tell_inequalities(found)))
    rows += _tell_steps(found)
    rows.append(("mass error", f"{max(row.mass_error for row in found.figures):.1e}"))
    if found.rasterisation:
        bound = round_up(found.rasterisation, 3)
        rows.append(("rasterisation", f"W2 to the formula at most {bound}"))
    return rows


def _list_counts(found: Found) -> list[tuple[str, str]]:
    """Tell how far W2² fell in the first run of each number of points."""
    rows = []
    for count in dict.fromkeys(row.points for row in found.figures):
        mine = [row for row in found.figures if row.points == count and row.repeat == 0]
        first, last = mine[0], mine[-1]
        interval = format_interval(last.w2_squared_lower, last.w2_squared_upper)
        rows.append(
            (
                count_things(count, "point"),
                f"W2² {first.w2_squared:.8g} at the start, {last.w2_squared:.8g} after"
                f" {count_things(last.step, 'step')}, certified within {interval}",
            )
        )
    return rows


def _describe_theorem(one: AppliedTheorem) -> dict[str, Any]:
    theorem = one.theorem
    return {
        "points": one.points,
        "repeat": one.repeat,
        "steps": theorem.steps,
        "step_size": theorem.step_size,
        "epsilon": theorem.epsilon,
        "least_epsilon": theorem.threshold if isfinite(theorem.threshold) else None,
        "hypothesis_holds": theorem.holds,
    }


def _tell_theorem(one: AppliedTheorem) -> tuple[str, str]:
    """Tell how many steps the multi-step theorem asks for, and what it rests on."""
    theorem = one.theorem
    steps, size, least = theorem.steps, theorem.step_size, theorem.threshold
    done = "no step is taken" if steps < 1 else "so many steps are taken"
    power = "ε" if theorem.dimension == 2 else "ε²"
    holds = "holds" if theorem.holds else "does not hold"
    bound = f"{least:.4g}" if isfinite(least) else "infinite"
    text = (
        f"N = {one.points:,}: k_N = {steps} for τ = {size:g}, {done}; hypothesis"
        f" 1/(½W2²·N) < {power} <= 1 {holds}: ε = {theorem.epsilon:.4g}, 1/(½W2²·N) = {bound}"
    )
    return "theorem", text if size < 1 else f"{text}; hypothesis τ < 1 does not hold"


def _describe_rate(rate: "SeparationRate") -> dict[str, Any]:
    return {
        "beta": rate.beta if isfinite(rate.beta) else None,
        "exponent": rate.exponent,
        "says_something": rate.says_something,
    }


def _tell_rate(rate: "SeparationRate") -> str:
    """Tell how fast W2² has to fall after a step, from how far apart the starts are."""
    if not isfinite(rate.beta):
        return "the least distance of the starts does not fall with N: any β, W2² is O(N^−1)"
    text = f"the starts are N^(−1/β) apart with β = {rate.beta:.4g} (fitted)"
    if not rate.says_something:
        return f"{text}: nothing follows, for β > d − 1 = {rate.dimension - 1} is needed"
    return f"{text}: W2² is O(N^{rate.exponent:.3f}) after a step"


def _tell_multi_step(rate: "MultiStepRate") -> str:
    """Tell how fast W2² has to fall after k_N steps, and the constant that suffices."""
    root = "√(W2²(start)/(εN))" if rate.dimension == 2 else "∛(W2²(start)²/(ε²N))"
    power = "" if rate.exponent is None else f", which falls as N^{rate.exponent:.3f} here"
    return f"W2² after k_N steps is at most {round_up(rate.factor, 3)}·{root}{power}"


def _tell_dimensions(one: "CellDimensions") -> tuple[str, str]:
    """Tell what kinds of cells there are where a run ends near a critical point."""
    small, strips, large = one.counts
    return (
        "cells",
        f"N = {one.points:,}: {small:,} of dimension 0 (small), {strips:,} of dimension 1 (strips),"
        f" {large:,} of dimension 2 (large)",
    )


def _tell_random(one: "RandomStarts") -> tuple[str, str]:
    """Tell how often random starts are as far apart as Corollary 5 promises."""
    text = f"N = {one.points:,}: 1 − |I_ε|/N <= {one.bound:.3g}"
    if one.bound >= 1:
        return "Corollary 5", f"{text} says nothing for so few points"
    text += (
        f" on {one.held} of {one.clouds} starts (probability at least {one.probability:.2f}), where"
        f" W2² <= {one.w2_squared:.3g} after a step"
    )
    return "Corollary 5", f"{text}, vacuous" if one.vacuous else text


def _tell_steps(found: Found) -> list[tuple[str, str]]:
    """Tell how much nearer points came to each other, and whether W2² fell."""
    rows = []
    least = found.least_contraction
    if least is not None:
        ratio = round_down(least.contraction_right, 4)
        claimed = f"1 − τ = {least.contraction_left:.4g}"
        rows.append(("distances", f"in a step at least {ratio} times what they were, {claimed}"))
    steps = sum(row.step > 0 for row in found.figures)
    if steps:
        fell, rose = (found.count_steps(fell=fell) for fell in (True, False))
        told = f"W2² fell at {fell} of {count_things(steps, 'step')} by its certified intervals"
        rows.append(("descent", f"{told}, and ROSE at {rose}" if rose else f"{told}, rose at none"))
    return rows


def _tell_inequalities(found: Found) -> str:
    """Tell whether the inequalities hold, and where they would for any points."""
    text = "hold on every row" if found.holds else "FAIL, see the trace"
    vacuous = {
        "one step": found.vacuous_one_steps,
        "Polyak–Łojasiewicz": found.vacuous_polyak_lojasiewicz,
    }
    told = [
        f"{name} on {n} of {count_things(len(found.figures), 'row')}"
        for name, n in vacuous.items()
        if n
    ]
    return (
        f"{text}; vacuous, for the constant alone proves them: {', '.join(told)}" if told else text
    )


def render_plot_of(slope: "Slope", title: str, published: str, path: str) -> bytes:
    """Render the plot of W2² against N."""
    from stipple.drawing.plots import render_plot
    from stipple.lloyd_steps.slope import plot_slope

    panel = plot_slope(slope, title, published)
    return render_plot([panel], "number of points N", find_format(path), PLOT_DPI)
