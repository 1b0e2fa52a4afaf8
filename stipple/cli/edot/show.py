"""What `stipple edot` found: lines for a person, figures for the report, and files."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stipple.choices import Blend
from stipple.cli.edot.cells import choose_samples, find_cells
from stipple.cli.edot.plan import RUN, Files
from stipple.cli.edot.run import Found, Run
from stipple.cli.edot.show_joint import list_joint, list_joint_figures, render_joint
from stipple.cli.shared.digits import format_interval, round_down, round_up
from stipple.cli.shared.drawings import lay_out, render_drawing
from stipple.cli.shared.outputs import Output
from stipple.cli.shared.report import Recorded, describe_command

if TYPE_CHECKING:
    from stipple.discretisation.drawing import Panel
    from stipple.discretisation.relation import RelatedDiscretisations
    from stipple.discretisation.result import Discretisation
    from stipple.drawing.marks import Drawing
    from stipple.drawing.panels import Panel as CurvePanel
    from stipple.measures.measure import Measure
    from stipple.measures.samples import Samples

PLOT_DPI = 150.0
# Names that a table may have without quotes.
_NAME = re.compile(r"[^\W\d][^,;\t\"#]*")


def list_presets() -> str:
    """List the presets, a line each."""
    from stipple.discretisation import presets

    return "\n".join(
        f"{preset.name:17} {preset.title}; to reach: {preset.published}"
        for preset in presets.list_presets().values()
    )


# --- lines for a person -------------------------------------------------------------------------


def list_rows(found: Found) -> list[tuple[str, str]]:
    """Names and values for a person: all of a single run, or a line or two of each."""
    if len(found.runs) == 1 and found.published is None:
        rows = _list_all(found.runs[0])
    else:
        rows = [row for run in found.runs for row in _summarise(run)]
    if found.published is not None:
        rows.append(("to reach", found.published))
    if found.related is not None:
        rows.append(("plan", _describe_plan(found.related)))
    if found.joint is not None:
        rows += list_joint(found.joint)
    return rows


def _list_all(run: Run) -> list[tuple[str, str]]:
    result, samples = run.result, run.measure.samples
    power = _name_cost(result)
    merged = f", {result.merged:,} more coincided with them" if result.merged else ""
    rows = [
        (
            "atoms",
            f"{len(result.atoms):,} with {_name_weights(result)} for"
            f" {len(samples):,} samples in dimension {samples.dimension}{merged}",
        ),
        (power, _describe_cost(result)),
    ]
    if result.samples_of_atoms is None:
        rows.append(("regularised", _describe_regularised(run)))
    if result.zador is not None:
        ratio = result.cost.middle / result.zador
        compared = (
            f"W_2^2 is {ratio:.4f} of it"
            if ratio >= 1
            else "W_2^2 is below it, as it may be for few atoms or pixels"
        )
        rows.append(("Zador", f"{result.zador:.8g} for large m, no bound; {compared}"))
    if result.gap is not None:
        rows.append(("optimum", _describe_gap(result)))
    rows += [("naive", one.describe(result)) for one in run.naive]
    goal = power if result.settings.objective == "exact" else "the objective"
    cells = f" in {len(result.cells):,} cells" if result.cells else ""
    rows.append(("algorithm", f"{result.algorithm}{cells}, {_describe_end(result, goal)}"))
    return rows


def _name_weights(result: "Discretisation") -> str:
    """Say what weights are, and between which they are where there are capacities."""
    words = f"{result.settings.weights} weights"
    if result.settings.capacity is None:
        return words
    least, most = (100 * share for share in result.settings.capacity)
    return f"{words} between {least:.6g} % and {most:.6g} %"


def _describe_end(result: "Discretisation", goal: str) -> str:
    if result.optimum == "global":
        return f"globally optimal: no atoms have a smaller {goal}"
    ended = "stopped" if result.optimum is None else f"at a local optimum of {goal}"
    return f"{ended} after {result.iterations} steps"


def _summarise(run: Run) -> list[tuple[str, str]]:
    result = run.result
    regularised = result.samples_of_atoms is None
    said = f"m = {len(result.atoms):,}: {_name_cost(result)} {_describe_cost(result)}; " + (
        _describe_regularised(run) if regularised else result.algorithm
    )
    return [(run.label, said), *(("", one.describe(result)) for one in run.naive)]


def _name_cost(result: "Discretisation") -> str:
    order = f"{result.settings.order:g}"
    return f"W_{order}^{order}"


def _describe_cost(result: "Discretisation") -> str:
    """Say what W_k^k is, and how it is known."""
    if result.exact:
        return f"{result.cost.lower!r}, exactly"
    return f"certified within {format_interval(result.cost.lower, result.cost.upper)}"


def _describe_gap(result: "Discretisation") -> str:
    """Say how far the atoms may be from the best ones."""
    if result.gap is None or not math.isfinite(result.gap):
        return "nothing was proved about atoms elsewhere"
    lower, part = round_down(result.lower_bound or 0.0), round_up(100 * result.gap, 2)
    return f"at least {lower}, so that these atoms are within {part} % of it, proved"


def _describe_regularised(run: Run) -> str:
    """Say what entropic methods report."""
    result = run.result
    found, part = result.regularised, result.regularised.samples
    if found.sharp is None or found.full is None or result.zeta is None:
        return "not computable in floating-point numbers at this scale, order and ζ"
    estimated = f", over {part:,} samples" if part < len(run.measure.samples) else ""
    return f"sharp {found.sharp:.6g}, full {found.full:.6g} (ζ = {result.zeta:.4g}{estimated})"


def _describe_plan(related: "RelatedDiscretisations") -> str:
    transport = related.transport
    rows, columns = related.plan.shape
    return (
        f"{rows:,} × {columns:,}, ⟨P, C⟩ {transport.cost:.8g} (ζ = {transport.zeta:.4g},"
        f" marginal error {transport.marginal_error:.1e})"
    )


# --- the report ---------------------------------------------------------------------------------


def describe_found(
    found: Found, seconds: Mapping[str, float], recorded: Recorded
) -> dict[str, object]:
    """Collect the report: every figure, the time taken, and the command."""
    figures: dict[str, object] = {"runs": [_list_figures(run) for run in found.runs]}
    if found.published is not None:
        figures["published"] = found.published
    if found.related is not None:
        transport = found.related.transport
        figures["plan"] = {
            "zeta": transport.zeta,
            "cost": transport.cost,
            "regularised_cost": transport.regularised_cost,
            "marginal_error": transport.marginal_error,
            "converged": transport.converged,
        }
    if found.joint is not None:
        figures["joint"] = list_joint_figures(found.joint)
    return {**figures, "seconds": seconds, **describe_command("edot", recorded)}


def _list_figures(run: Run) -> dict[str, object]:
    result = run.result
    return {
        "run": run.label,
        "samples": len(run.measure.samples),
        "dimension": run.measure.samples.dimension,
        "coordinates": _name_coordinates(run.measure.samples),
        "unit": _describe_coordinates(run.measure),
        "atoms": len(result.atoms),
        "merged": result.merged,
        "order": result.settings.order,
        "objective": result.settings.objective,
        "weights": result.settings.weights,
        "capacity": result.settings.capacity,
        "algorithm": result.algorithm,
        "cost_lower": result.cost.lower,
        "cost_upper": result.cost.upper,
        "cost_is_exact": result.exact,
        "sharp": result.regularised.sharp,
        "full": result.regularised.full,
        "regularised_over_samples": result.regularised.samples,
        "zeta": result.zeta,
        "diameter": result.diameter,
        "zador": result.zador,
        "optimum_lower": result.lower_bound,
        "gap": result.gap,
        "iterations": result.iterations,
        "converged": result.converged,
        "optimum": result.optimum,
        "objective_history": result.history,
        "minibatch_losses": result.losses,
        "positions": result.atoms,
        "samples_of_atoms": result.samples_of_atoms,
        "masses": result.weights,
        "cells": [
            {
                "lower": cell.lower,
                "upper": cell.upper,
                "mass": cell.mass,
                "atoms": cell.atoms,
                "zeta": cell.zeta,
            }
            for cell in result.cells
        ],
        "naive": [one.compare(result) for one in run.naive],
        "seconds": result.seconds,
    }


# --- files --------------------------------------------------------------------------------------


def render_files(found: Found, files: Files) -> list[tuple[str, bytes]]:
    """Render the files that were asked for: paths and contents."""
    if found.related is not None:
        return [
            (output.path, _render_plan(found, found.related, output, files.layout.dpi))
            for output in files.outputs
        ]
    rendered = []
    for output in files.outputs:
        for path, pictures in _share_pictures(found, output.path):
            if output.format == "csv":
                rendered.append((path, _render_csv(pictures[0])))
            else:
                drawing = _compose(pictures, files)
                rendered.append((path, render_drawing(drawing, output.format, files.layout.dpi)))
    if files.plot:
        rendered.append((files.plot, _render_plot(found.runs, files.plot)))
    return rendered


def _share_pictures(found: Found, path: str) -> list[tuple[str, list[list[Run]]]]:
    """Paths, and the pictures that each of them shows."""
    if RUN not in path:
        return [(path, found.pictures)]
    return [(path.replace(RUN, one[0].label), [one]) for one in found.pictures]


def _render_plot(runs: Sequence[Run], path: str) -> bytes:
    from stipple.discretisation.plot import plot_convergence
    from stipple.drawing.plots import render_plot

    form = Path(path).suffix.lower().lstrip(".")
    if len({len(run.result.atoms) for run in runs}) == 1:
        panel = plot_convergence([(run.label, run.result) for run in runs])
        return render_plot([panel], "step", form, PLOT_DPI)
    groups: dict[int, list[Run]] = {}
    for run in runs:
        groups.setdefault(id(run.measure), []).append(run)
    panels = [panel for group in groups.values() for panel in _plot_group(group, len(groups) > 1)]
    return render_plot(panels, "number of atoms m", form, PLOT_DPI)


def _plot_group(group: Sequence[Run], named: bool) -> "tuple[CurvePanel, ...]":
    """Plot runs of one measure, named by what their labels begin with."""
    from stipple.discretisation.plot import plot_counts

    naive = {one.size: one for run in group for one in run.naive}
    name = f"{group[0].label.rpartition('-')[0]}: " if named else ""
    return plot_counts([run.result for run in group], list(naive.values()), name)


def _render_plan(
    found: Found, related: "RelatedDiscretisations", output: Output, dpi: float
) -> bytes:
    from stipple.drawing.plots import render_heat_map
    from stipple.files.tables import render_columns_csv

    if output.format == "csv":
        return render_columns_csv(related.tabulate())
    if found.joint is not None and related.first.atoms.shape[1] == 1:
        return render_joint(found.joint, found.runs, output.format, dpi)
    title = "entropic plan: mass from atom to atom"
    axes = ("atoms of the first source", "atoms of the second")
    return render_heat_map(related.plan, title, axes, output.format, dpi)


def _render_csv(picture: Sequence[Run]) -> bytes:
    """Atoms and weights; the channel too, where there are several."""
    import numpy as np

    from stipple.files.tables import render_columns_csv

    atoms = np.concatenate([run.result.atoms for run in picture])
    weights = np.concatenate([run.result.weights for run in picture])
    names = _name_coordinates(picture[0].measure.samples)
    columns = dict(zip(names, atoms.T, strict=True)) | {"weight": weights}
    numbers = picture[0].result.samples_of_atoms
    if numbers is not None:
        columns = {"sample": numbers, **columns}
    if len(picture) == 1:
        return render_columns_csv(columns)
    channels = [run.label for run in picture for _ in run.result.atoms]
    return render_columns_csv({**columns, "channel": channels})


def _name_coordinates(samples: "Samples") -> tuple[str, ...]:
    """Coordinates are called as in the source where tables can have such names, or x1, x2, …."""
    names = samples.names or ()
    if not all(map(_NAME.fullmatch, names)) or len(set(names)) < samples.dimension:
        return tuple(f"x{axis + 1}" for axis in range(samples.dimension))
    return names


def _describe_coordinates(measure: "Measure") -> str:
    """Say what the unit of positions is."""
    domain = measure.domain
    if domain is None:
        return "as in the source"
    is_unit = domain.origin == (0, 0) and domain.unit == 1 / max(
        domain.density.width, domain.density.height
    )
    return f"{'the longer side is 1' if is_unit else 'as in the formula'}, y points down"


def _compose(pictures: Sequence[Sequence[Run]], files: Files) -> "Drawing":
    from stipple.discretisation.drawing import (
        compose_panels,
        find_reach,
        measure_row,
        view_measure,
    )

    first = pictures[0][0]
    view = view_measure(first.measure, sphere=first.result.settings.metric == "sphere")
    blend: Blend = "normal" if first.colour is None else "screen"
    panels = [[_make_panel(run, files) for run in picture] for picture in pictures]
    reach = find_reach(panels, view, files.layout)
    row = measure_row(view, len(pictures))
    placement, look = lay_out(files.layout, row, files.draw, blend, reach)
    return compose_panels(panels, view, placement, look)


def _make_panel(run: Run, files: Files) -> "Panel":
    from stipple.discretisation.drawing import Panel, stack_boxes

    result, samples = run.result, choose_samples(run, files)
    cells = None if samples is None or not files.show_cells else find_cells(run, samples)
    colour = run.colour or files.layout.ink or "#000000"
    boxes = stack_boxes(result.cells)
    return Panel(run.label, result.atoms, result.weights, samples, colour, cells, boxes)
