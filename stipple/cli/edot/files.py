"""The files of `stipple edot`: tables, drawings, plots and plans, as bytes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stipple.choices import Blend
from stipple.cli.edot.cells import choose_samples, find_cells
from stipple.cli.edot.plan import RUN, Files
from stipple.cli.edot.run import Found, Run
from stipple.cli.edot.show import name_coordinates
from stipple.cli.edot.show_joint import render_joint
from stipple.cli.shared.drawings import lay_out, render_drawing
from stipple.cli.shared.outputs import Output, find_format

if TYPE_CHECKING:
    from stipple.discretisation.drawing import Panel
    from stipple.discretisation.relation import RelatedDiscretisations
    from stipple.drawing.marks import Drawing
    from stipple.drawing.panels import Panel as CurvePanel

PLOT_DPI = 150.0


def render_files(found: Found, files: Files) -> list[tuple[str, bytes]]:
    """Render the files that were asked for: paths and contents."""
    rendered = _render_outputs(found, files)
    if files.plot:
        rendered.append((files.plot, _render_plot(found.runs, files.plot)))
    return rendered


def _render_outputs(found: Found, files: Files) -> list[tuple[str, bytes]]:
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
    return rendered


def _share_pictures(found: Found, path: str) -> list[tuple[str, list[list[Run]]]]:
    """Paths, and the pictures that each of them shows."""
    if RUN not in path:
        return [(path, found.pictures)]
    return [(path.replace(RUN, one[0].label), [one]) for one in found.pictures]


def _render_plot(runs: Sequence[Run], path: str) -> bytes:
    from stipple.discretisation.plot import plot_convergence
    from stipple.drawing.plots import render_plot

    form = find_format(path)
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
    names = name_coordinates(picture[0].measure.samples)
    columns = dict(zip(names, atoms.T, strict=True)) | {"weight": weights}
    numbers = picture[0].result.samples_of_atoms
    if numbers is not None:
        columns = {"sample": numbers, **columns}
    if len(picture) == 1:
        return render_columns_csv(columns)
    channels = [run.label for run in picture for _ in run.result.atoms]
    return render_columns_csv({**columns, "channel": channels})


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
