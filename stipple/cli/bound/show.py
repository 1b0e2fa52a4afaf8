"""What `stipple bound` found: lines for a person, figures for files, and a plot."""

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

from stipple.choices import UNITS
from stipple.cli.bound.plan import PairJob
from stipple.cli.bound.table import TableSummary
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.digits import format_interval, round_down, round_up
from stipple.cli.shared.drawings import name_source

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.bounds.blocks import PaperEstimates
    from stipple.bounds.bound import ImageBounds
    from stipple.bounds.displacement import PlanSummary
    from stipple.bounds.morph import Morph
    from stipple.bounds.plans import Plan

COLUMNS = ("a", "b", "lower", "upper", "gap", "seconds")
PLOT_DPI = 150.0
PLOT_DIGITS = 6
STRIP_DIGITS = 4
DIGITS = 10
# What to do about a gap that was not reached, by the reason why the solvers stopped.
ADVICE = {
    "time": "the time was up; give more time, or a larger --gap",
    "cells": "the method fast goes no further at this size; take --method sparse, which needs"
    " more time, or a larger --gap",
    "precision": "double precision shows no more; give a larger --gap",
    "squares": "squares are bounded through their centres, which are near enough; give a larger"
    " --gap",
    "blocks": "the method paper stops at its blocks; give a smaller --block, or another --method",
}


@dataclass(frozen=True)
class LevelFigures:
    """What is written of a resolution."""

    shape: tuple[int, ...]
    lower: float
    upper: float
    seconds: float


@dataclass(frozen=True)
class PairFigures:
    """What is written of a pair, in the order in which it is; the names are those of the file."""

    a: str
    b: str
    lower: float
    upper: float
    gap: float | None
    seconds: float
    reached: bool
    similar: bool
    stopped: str
    order: float
    unit: str
    pixels: str
    shape: tuple[int, ...]
    normalised: bool
    method: str
    engine: str
    device: str
    levels: tuple[LevelFigures, ...]
    plan: "PlanSummary | None"
    estimates: "PaperEstimates | None"
    morph: "Morph | None"


def collect_figures(job: PairJob, result: "ImageBounds") -> dict[str, object]:
    """Every figure of a pair."""
    from stipple.bounds.morph import measure_morph
    from stipple.bounds.morph_plot import TIMES

    figures = PairFigures(
        *job.images,
        lower=result.lower,
        upper=result.upper,
        gap=result.gap if result.gap < math.inf else None,
        seconds=result.seconds,
        reached=result.reached,
        similar=result.similar,
        stopped=result.stopped,
        order=result.order,
        unit=result.unit,
        pixels=result.pixels,
        shape=result.shape,
        normalised=result.normalised,
        method=result.method,
        engine=result.engine.engine,
        device=result.engine.device,
        levels=tuple(
            LevelFigures(level.shape, level.lower, level.upper, level.seconds)
            for level in result.levels
        ),
        plan=result.summarise_plan(),
        estimates=result.estimates,
        morph=measure_morph(result, TIMES[job.morph.format]) if job.morph else None,
    )
    # Only the method paper has estimates.
    given = {"estimates": result.estimates, "morph": job.morph}
    return {name: value for name, value in asdict(figures).items() if given.get(name, True)}


def render_files(
    job: PairJob,
    figures: dict[str, object],
    masses: "tuple[Floats, Floats]",
    result: "ImageBounds",
) -> list[tuple[str, bytes]]:
    """Render what is to be written of a pair, but for the report: paths, and what goes there."""
    from stipple.files.tables import render_json, render_table_csv

    def render(form: str) -> bytes:
        if form == "json":
            return render_json(figures)
        if form == "csv":
            return render_table_csv([{name: figures[name] for name in COLUMNS}])
        if form == "html":
            return _render_page(job, masses, result)
        return _render_plot(masses, result, form)

    files = [(output.path, render(output.format)) for output in job.outputs]
    if job.morph:
        files.append((job.morph.path, _render_morph(result, job.morph.format)))
    return files


def _render_plot(masses: "tuple[Floats, Floats]", result: "ImageBounds", form: str) -> bytes:
    from stipple.bounds.plot import render_bounds

    last = result.levels[-1]
    ends = round_down(last.lower, PLOT_DIGITS), round_up(last.upper, PLOT_DIGITS)
    return render_bounds(masses, result, ends, form, PLOT_DPI)


def _render_morph(result: "ImageBounds", form: str) -> bytes:
    from stipple.bounds.grid import expect_image
    from stipple.bounds.morph import measure_morph
    from stipple.bounds.morph_plot import TIMES, render_morph_gif, render_morph_strip

    plan = cast("Plan", result.plan)
    shape = expect_image(result.shape)
    if form == "gif":
        return render_morph_gif(plan, shape)
    labels = [
        f"$W_{{{result.order:g}}}$ in {format_interval(one.lower, one.upper, STRIP_DIGITS)}"
        f" {UNITS[result.unit]}"
        for one in measure_morph(result, TIMES[form]).times
    ]
    return render_morph_strip(plan, shape, labels, PLOT_DPI)


def _render_page(job: PairJob, masses: "tuple[Floats, Floats]", result: "ImageBounds") -> bytes:
    from stipple.bounds.page import compose_page
    from stipple.drawing.html import render_page

    first, second = map(name_source, job.images)
    # The same bytes each time: not how long it took.
    rows = [row for row in list_rows(job, result) if row[0] != "seconds"]
    return render_page(compose_page(masses, result, (first, second), rows))


def list_rows(job: PairJob, result: "ImageBounds") -> list[tuple[str, str]]:
    """Lines for a person."""
    unit = UNITS[result.unit]
    squares = "squares" if len(result.shape) == 2 else "cubes"
    spread = f" of masses spread over {squares}" if result.pixels == "squares" else ""
    rows = [
        (
            f"W_{result.order:g}",
            f"from {round_down(result.lower, DIGITS)} to {round_up(result.upper, DIGITS)} {unit},"
            f" certified{spread}",
        ),
        ("gap", _describe_gap(result, job.settings.gap)),
        ("method", result.method),
    ]
    if result.engine.engine == "keops":
        rows.append(("engine", f"KeOps on {result.engine.device}"))
    if result.estimates is not None:
        rows += _list_estimates(result.estimates, unit)
    if result.levels:
        levels = ", ".join("×".join(map(str, level.shape[::-1])) for level in result.levels)
        rows.append(("levels", levels))
    plan = result.summarise_plan()
    if plan is not None:
        shift = ", ".join(f"{part:+.4g}" for part in plan.shift)
        entries = "entry" if plan.entries == 1 else "entries"
        rows.append(
            (
                "plan",
                f"{plan.entries:,} {entries}; mass goes {plan.mean_distance:.4g} pixels in the"
                f" mean, {round_up(plan.largest_distance, 4)} at most; mean shift ({shift})",
            )
        )
    if job.morph:
        rows.append(("morph", _describe_morph(result)))
    if result.normalised:
        rows.append(("masses", "the sums of the images differ: both were scaled to 1, exactly"))
    rows.append(("seconds", f"{result.seconds:.2f}"))
    return rows


def _describe_morph(result: "ImageBounds") -> str:
    from stipple.bounds.morph import measure_morph

    morph = measure_morph(result, (0.5,))
    (half,) = morph.times
    interval = f"from {round_down(half.lower, DIGITS)} to {round_up(half.upper, DIGITS)}"
    unit = UNITS[result.unit]
    return (
        f"half way W_{result.order:g} to the first is {interval} {unit}, certified; its drawing on"
        f" pixels is within {round_up(morph.sharing, 4)} of it"
    )


def _describe_gap(result: "ImageBounds", gap: float) -> str:
    percent = math.nextafter(100 * result.gap, math.inf) if result.gap else 0.0
    reached = f"{round_up(percent, 4)}%" if percent < math.inf else "infinite: lower is 0"
    if result.similar and result.gap > 0:
        width = round_up(result.upper - result.lower, 4)
        return f"{reached}; the images are equal up to rounding, and the interval is {width} wide"
    verdict = "reached" if result.reached else f"NOT reached: {ADVICE[result.stopped]}"
    return f"{reached} ({gap:.4g} was asked for: {verdict})"


def _list_estimates(estimates: "PaperEstimates", unit: str) -> list[tuple[str, str]]:
    named = (
        ("minimum cost", "lower", round_down, estimates.minimum_cost),
        ("dual", "lower", round_down, estimates.dual),
        ("weighted cost", "upper", round_up, estimates.weighted_cost),
        ("primal", "upper", round_up, estimates.primal),
        ("variation", "upper", round_up, estimates.total_variation),
    )
    return [
        (name, f"{kind} bound {round_outwards(one.distance, DIGITS)} {unit}, {one.seconds:.3f} s")
        for name, kind, round_outwards, one in named
    ]


def list_summary(summary: TableSummary, target: str) -> list[tuple[str, str]]:
    """Lines for a person about many pairs."""
    rows = [
        ("pairs", f"{summary.pairs:,}, of which {summary.done_before:,} were done before"),
        ("computed", f"{summary.computed:,}"),
    ]
    if summary.failures:
        rows.append(("failed", f"{len(summary.failures):,}"))
    if summary.gap_not_reached:
        rows.append(("gap", f"not reached by {count_things(summary.gap_not_reached, 'pair')}"))
    if target != "-":
        rows.append(("written", target))
    return rows
