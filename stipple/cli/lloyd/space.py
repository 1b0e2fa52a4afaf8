"""The pictures of `stipple lloyd` in space: slices, a view of the box, and a page to turn it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.drawing.marks import Drawing
    from stipple.lloyd_steps.figures import Figures
    from stipple.volumes.transport import VolumeTransport


def compose_slices(transport: "VolumeTransport") -> "Drawing":
    """Draw slices of the volume, with the points near them."""
    from stipple.volumes import views

    return views.compose_slices(transport.density, transport.points, _measure_balls(transport))


def compose_view(transport: "VolumeTransport") -> "Drawing":
    """Draw all points from one side."""
    from stipple.volumes import views

    return views.compose_view(transport.density, transport.points, _measure_balls(transport))


def render_points(title: str, transport: "VolumeTransport", figures: "Figures") -> bytes:
    """Render a page to turn the points of the last step, with its row of the trace."""
    from stipple.cli.lloyd.page import describe_step
    from stipple.drawing.space import render_space

    rows = [("points", f"{figures.points:,}"), ("steps", f"{figures.step:,}")]
    return render_space(
        title,
        transport.points,
        _measure_balls(transport),
        transport.density.size,
        [*rows, *describe_step(figures)],
    )


def _measure_balls(transport: "VolumeTransport") -> "Floats":
    from stipple.volumes.views import measure_balls

    return measure_balls(transport.density, transport.weights)
