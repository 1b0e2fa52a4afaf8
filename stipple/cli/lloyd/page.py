"""The page of `stipple lloyd`: a slider over the steps of a run, with its trace."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from stipple.cli.shared.digits import format_interval

if TYPE_CHECKING:
    from stipple.drawing.html import Backdrop, Rows
    from stipple.drawing.marks import Drawing
    from stipple.lloyd_steps.figures import Figures

Step: TypeAlias = "tuple[Drawing, Figures]"
# Of all steps together; with more of them a browser would have to load hundreds of megabytes.
MOST_CELLS = 300_000


def render_steps(title: str, steps: Sequence[Step], density: "Backdrop") -> bytes:
    """Render a page of the steps of a run: what is drawn of each, and its row of the trace."""
    from stipple.drawing.html import Chart, Frame, Page, render_page

    count, cells = steps[0][1].points, sum(figures.points for _, figures in steps)
    rows = [("points", f"{count:,}"), ("steps", f"{len(steps) - 1:,}")]
    if cells > MOST_CELLS:
        rows.append(("cells", f"not drawn: they are {cells:,} in all, above {MOST_CELLS:,}"))
    frames = tuple(
        Frame(
            f"step {figures.step:,}",
            # The points are the last layer.
            drawing.layers if cells <= MOST_CELLS else drawing.layers[-1:],
            describe_step(figures),
        )
        for drawing, figures in steps
    )
    trace = [figures for _, figures in steps]
    lower = np.array([figures.w2_squared_lower for figures in trace])
    logarithmic = (lower > 0).all()
    chart = Chart(
        f"W2² over steps, in units of the domain squared{', logarithmic' if logarithmic else ''}",
        np.array([float(figures.step) for figures in trace]),
        np.array([figures.w2_squared for figures in trace]),
        lower,
        np.array([figures.w2_squared_upper for figures in trace]),
        "y" if logarithmic else "",
    )
    drawing = steps[0][0]
    page = Page(title, drawing, rows, frames, "Step", backdrops=(density,), chart=chart)
    return render_page(page)


def describe_step(figures: "Figures") -> "Rows":
    """Rows of the trace for a person, in the units of the domain."""
    interval = format_interval(figures.w2_squared_lower, figures.w2_squared_upper)
    return [
        ("W2²", f"{figures.w2_squared:.8g}, certified within {interval}"),
        ("decrease", f"{figures.decrease:.4g}"),
        ("gradient", f"{figures.gradient_norm:.4g} = |∇½W2²|"),
        ("least distance", f"{figures.minimum_distance:.4g}"),
        (
            "one-step theorem",
            _tell(holds=figures.one_step_holds, vacuous=figures.one_step_vacuous),
        ),
        (
            "Polyak–Łojasiewicz",
            _tell(
                holds=figures.polyak_lojasiewicz_holds, vacuous=figures.polyak_lojasiewicz_vacuous
            ),
        ),
    ]


def _tell(*, holds: bool, vacuous: bool) -> str:
    if not holds:
        return "does not hold"
    return "holds, as it would for any points: vacuous" if vacuous else "holds"
