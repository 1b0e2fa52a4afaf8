"""What `stipple edot` found: figures, lines for a person, and files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stipple.choices import Blend
from stipple.cli.shared.digits import format_interval
from stipple.cli.shared.drawings import lay_out, plan_layout, render_drawing
from stipple.cli.shared.outputs import Output

if TYPE_CHECKING:
    from stipple.discretisation.discretise import Discretisation
    from stipple.discretisation.naive import NaiveComparison
    from stipple.discretisation.presets import Preset
    from stipple.discretisation.relation import RelatedDiscretisations
    from stipple.drawing.marks import Drawing
    from stipple.measures.measure import Measure

PLOT_DPI = 150.0
# A convergence plot needs this many steps.
FEWEST_STEPS = 2


@dataclass(frozen=True, eq=False)
class Run:
    """A labelled discretisation, the colour of its dots (if it has one), and naive rivals."""

    label: str
    measure: "Measure"
    result: "Discretisation"
    naive: "NaiveComparison | None" = None
    colour: str | None = None

    @property
    def figures(self) -> dict[str, Any]:
        """Every figure of the run."""
        result = self.result
        naive = self.naive
        return {
            "run": self.label,
            "samples": len(self.measure.samples),
            "dimension": self.measure.samples.dimension,
            "atoms": len(result.atoms),
            "order": result.settings.order,
            "objective": result.settings.objective,
            "weights": result.settings.weights,
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
            "iterations": result.iterations,
            "converged": result.converged,
            "optimum": "local" if result.converged else None,
            "objective_history": result.history,
            "positions": result.atoms,
            "masses": result.weights,
            "naive": None if naive is None else naive.compare(result),
            "seconds": result.seconds,
        }

    def describe_cost(self) -> str:
        """Say what W_k^k is, and how it is known."""
        cost = self.result.cost
        if self.result.exact:
            return f"{cost.lower!r}, exactly"
        return f"certified within {format_interval(cost.lower, cost.upper)}"

    def describe_regularised(self) -> str:
        """Say what entropic methods report."""
        result = self.result
        found, part = result.regularised, result.regularised.samples
        if found.sharp is None or found.full is None or result.zeta is None:
            return "not computable in floating-point numbers at this scale, order and ζ"
        estimated = f", over {part:,} samples" if part < len(self.measure.samples) else ""
        return f"sharp {found.sharp:.6g}, full {found.full:.6g} (ζ = {result.zeta:.4g}{estimated})"

    def list_rows(self) -> list[tuple[str, str]]:
        """Lines for a person."""
        result, samples = self.result, self.measure.samples
        order = f"{result.settings.order:g}"
        rows = [
            (
                "atoms",
                f"{len(result.atoms):,} with {result.settings.weights} weights for"
                f" {len(samples):,} samples in dimension {samples.dimension}",
            ),
            (f"W_{order}^{order}", self.describe_cost()),
            ("regularised", self.describe_regularised()),
        ]
        if result.zador is not None:
            ratio = result.cost.middle / result.zador
            compared = (
                f"W_2^2 is {ratio:.4f} of it"
                if ratio >= 1
                else "W_2^2 is below it, as it may be for few atoms or pixels"
            )
            rows.append(("Zador", f"{result.zador:.8g} for large m, no bound; {compared}"))
        if self.naive is not None:
            rows.append(("naive", self.naive.describe(result)))
        goal = f"W_{order}^{order}" if result.settings.objective == "exact" else "the objective"
        ended = f"at a local optimum of {goal}" if result.converged else "stopped"
        rows.append(("algorithm", f"{result.algorithm}, {ended} after {result.iterations} steps"))
        return rows

    def summarise(self) -> list[tuple[str, str]]:
        """One line for a person, or two."""
        order = f"{self.result.settings.order:g}"
        rows = [
            (
                self.label,
                f"m = {len(self.result.atoms):,}: W_{order}^{order} {self.describe_cost()};"
                f" {self.describe_regularised()}",
            )
        ]
        if self.naive is not None:
            rows.append(("", self.naive.describe(self.result)))
        return rows


@dataclass(frozen=True, eq=False)
class Runs:
    """Pictures side by side, each of runs over each other, and the preset that they are of."""

    pictures: list[list[Run]]
    preset: "Preset | None" = None

    @property
    def runs(self) -> list[Run]:
        """All runs."""
        return [run for picture in self.pictures for run in picture]

    @property
    def figures(self) -> dict[str, Any]:
        """Figures for the report."""
        figures: dict[str, Any] = {"runs": [run.figures for run in self.runs]}
        if self.preset is not None:
            figures["published"] = self.preset.published
        return figures

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Lines for a person."""
        if len(self.runs) == 1 and self.preset is None:
            return self.runs[0].list_rows()
        rows = [row for run in self.runs for row in run.summarise()]
        if self.preset is not None:
            rows.append(("to reach", self.preset.published))
        return rows

    def render(self, options: dict[str, Any], outputs: Sequence[Output]) -> list[tuple[str, bytes]]:
        """Render the files that were asked for."""
        files = []
        for output in outputs:
            for path, pictures in self._share(output.path):
                if output.format == "csv":
                    files.append((path, _render_csv(pictures[0])))
                else:
                    drawing = _compose(options, pictures)
                    files.append((path, render_drawing(drawing, output.format, options["dpi"])))
        if options["plot"]:
            files.append((options["plot"], self._render_plot(options["plot"])))
        return files

    def _share(self, path: str) -> list[tuple[str, list[list[Run]]]]:
        """Paths, and the pictures that each of them shows."""
        if "{run}" not in path:
            return [(path, self.pictures)]
        return [(path.replace("{run}", one[0].label), [one]) for one in self.pictures]

    def _render_plot(self, path: str) -> bytes:
        from stipple.discretisation.plot import plot_convergence, plot_counts
        from stipple.drawing.plots import render_plot

        form = Path(path).suffix.lower().lstrip(".")
        labelled = [(run.label, run.result) for run in self.runs]
        if len({len(run.result.atoms) for run in self.runs}) == 1:
            return render_plot([plot_convergence(labelled)], "step", form, PLOT_DPI)
        naive = [run.naive for run in self.runs if run.naive is not None]
        panels = plot_counts([run.result for run in self.runs], naive)
        return render_plot(panels, "number of atoms m", form, PLOT_DPI)


@dataclass(frozen=True, eq=False)
class RelatedRuns:
    """Two discretisations, and the plan between them."""

    runs: Runs
    related: "RelatedDiscretisations"

    @property
    def figures(self) -> dict[str, Any]:
        """Figures for the report."""
        transport = self.related.transport
        plan = {
            "zeta": transport.zeta,
            "cost": transport.cost,
            "regularised_cost": transport.regularised_cost,
            "marginal_error": transport.marginal_error,
            "converged": transport.converged,
        }
        return {**self.runs.figures, "plan": plan}

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Lines for a person."""
        transport = self.related.transport
        rows, columns = self.related.plan.shape
        text = (
            f"{rows:,} × {columns:,}, ⟨P, C⟩ {transport.cost:.8g} (ζ = {transport.zeta:.4g},"
            f" marginal error {transport.marginal_error:.1e})"
        )
        return [*self.runs.rows, ("plan", text)]

    def render(self, options: dict[str, Any], outputs: Sequence[Output]) -> list[tuple[str, bytes]]:
        """Render the files that were asked for."""
        from stipple.drawing.plots import render_heat_map
        from stipple.files.tables import render_columns_csv

        files = []
        for output in outputs:
            if output.format == "csv":
                files.append((output.path, render_columns_csv(self.related.tabulate())))
            else:
                data = render_heat_map(
                    self.related.plan,
                    "entropic plan: mass from atom to atom",
                    ("atoms of the first source", "atoms of the second"),
                    output.format,
                    options["dpi"],
                )
                files.append((output.path, data))
        return files


def _render_csv(picture: Sequence[Run]) -> bytes:
    """Atoms and weights; the channel too, where there are several."""
    import numpy as np

    from stipple.files.tables import render_columns_csv

    atoms = np.concatenate([run.result.atoms for run in picture])
    columns: dict[str, Any] = {f"x{axis + 1}": atoms[:, axis] for axis in range(atoms.shape[1])}
    columns["weight"] = np.concatenate([run.result.weights for run in picture])
    if len(picture) > 1:
        columns["channel"] = [run.label for run in picture for _ in run.result.atoms]
    return render_columns_csv(columns)


def _compose(options: dict[str, Any], pictures: Sequence[Sequence[Run]]) -> "Drawing":
    from stipple.discretisation.drawing import (
        MOST_SAMPLES,
        Panel,
        compose_panels,
        measure_row,
        view_measure,
    )

    first = pictures[0][0]
    view = view_measure(first.measure, sphere=first.result.settings.metric == "sphere")
    blend: Blend = "normal" if first.colour is None else "screen"
    placement, look = lay_out(plan_layout(options), measure_row(view, len(pictures)), blend=blend)
    panels = [
        [
            Panel(
                run.label,
                run.result.atoms,
                run.result.weights,
                run.measure.samples.thin(MOST_SAMPLES).points if options["show_samples"] else None,
                run.colour or options["ink"] or "#000000",
            )
            for run in picture
        ]
        for picture in pictures
    ]
    return compose_panels(panels, view, placement, look)
