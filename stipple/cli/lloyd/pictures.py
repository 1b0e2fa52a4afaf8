"""The pictures of a job of `stipple lloyd`: frames, last points, an animation and pages."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stipple.cli.lloyd.plan import Job
from stipple.cli.shared.drawings import name_source, render_drawing
from stipple.cli.shared.outputs import find_format

if TYPE_CHECKING:
    from stipple.cli.lloyd.page import Step
    from stipple.drawing.marks import Drawing
    from stipple.drawing.page import Placement
    from stipple.lloyd_steps.experiment import ExperimentRow
    from stipple.lloyd_steps.figures import Figures
    from stipple.measures.density import Density

# Millimetres of the longer side of a frame, and of its margin.
PAGE_SIDE, MARGIN = 120.0, 3.0
PEN_WIDTH = 0.3
FRAME_DPI = 200.0
ANIMATION_DPI = 100.0
SECONDS_PER_FRAME = 0.12


class Pictures:
    """The pictures of a job: drawn while it runs, and rendered at its end."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._animated = job.experiment.counts[0], 0
        self._frames: dict[str, list[Drawing]] = {}
        self._moving: list[Drawing] = []
        self._steps: list[Step] = []
        self._pages: dict[str, bytes] = {}

    def draw(self, one: "ExperimentRow", figures: "Figures") -> None:
        """Draw a row, if it is in a picture."""
        files = self._job.files
        frame = files.name_frame(one.row.step, one.count, one.repeat, one.is_last)
        # A pattern without {repeat} or {points} keeps the first of its name.
        pages = [path for path in _fill(files.pages, one) if path not in self._pages]
        last = _fill(files.pictures, one) if one.is_last else []
        ends = [path for path in last if path not in self._frames]
        moves = files.animation is not None and (one.count, one.repeat) == self._animated
        if not (frame or pages or ends or moves):
            return
        drawing = _compose_frame(one)
        if frame:
            self._frames.setdefault(frame, []).append(drawing)
        self._frames |= {path: [drawing] for path in ends}
        if moves:
            self._moving.append(_compose_moving(one, drawing))
        if pages:
            self._steps = [] if one.row.step == 0 else self._steps
            self._steps.append((drawing, figures))
            if one.is_last:
                page = _render_page(one, self._job, self._steps)
                self._pages |= dict.fromkeys(pages, page)

    def render(self) -> dict[str, bytes]:
        """Render the pictures, by path; frames of the same name are side by side."""
        from stipple.drawing.arrange import arrange_drawings

        rendered = {
            path: render_drawing(arrange_drawings(drawings), find_format(path), FRAME_DPI)
            for path, drawings in self._frames.items()
        }
        if self._job.files.animation:
            rendered[self._job.files.animation] = _animate(self._moving)
        return rendered | self._pages


def _fill(patterns: Iterable[str], one: "ExperimentRow") -> list[str]:
    return [pattern.format(points=one.count, repeat=one.repeat) for pattern in patterns]


def _render_page(one: "ExperimentRow", job: Job, steps: "list[Step]") -> bytes:
    """Render all steps in the plane; in space the last points, to be turned."""
    from stipple.cli.lloyd.page import render_steps
    from stipple.cli.lloyd.space import render_points
    from stipple.drawing.html import Backdrop
    from stipple.drawing.originals import show_masses
    from stipple.volumes.transport import VolumeTransport

    transport = one.row.transport
    title = name_source(job.title) if job.in_pixels else job.title
    if isinstance(transport, VolumeTransport):
        return render_points(title, transport, steps[-1][1])
    density = transport.density
    backdrop = Backdrop("density", show_masses(density.values), _place_frame(density))
    return render_steps(title, steps, backdrop)


def _compose_frame(one: "ExperimentRow") -> "Drawing":
    """Draw points, cells and arrows to barycentres; in space slices with points."""
    from stipple.cli.lloyd.space import compose_slices
    from stipple.drawing.diagram import compose_diagram
    from stipple.measures.formula import Domain
    from stipple.volumes.transport import VolumeTransport

    transport, domain = one.row.transport, one.domain
    if isinstance(transport, VolumeTransport):
        return compose_slices(transport)
    return compose_diagram(
        transport.points,
        transport.barycentres,
        transport.diagram.cells,
        _place_frame(transport.density),
        PEN_WIDTH,
        is_disc=isinstance(domain, Domain) and domain.is_disc,
    )


def _compose_moving(one: "ExperimentRow", drawing: "Drawing") -> "Drawing":
    """Draw what moves: in the plane the picture of the step, in space all points from one side."""
    from stipple.cli.lloyd.space import compose_view
    from stipple.volumes.transport import VolumeTransport

    transport = one.row.transport
    return compose_view(transport) if isinstance(transport, VolumeTransport) else drawing


def _place_frame(density: "Density") -> "Placement":
    from stipple.drawing.page import place

    # The margin goes around the picture, however thin that is.
    scale = (PAGE_SIDE - 2 * MARGIN) / max(density.width, density.height)
    size = (density.width * scale + 2 * MARGIN, density.height * scale + 2 * MARGIN)
    return place((density.height, density.width), size, margin=MARGIN)


def _animate(drawings: "Iterable[Drawing]") -> bytes:
    from stipple.drawing.gif import render_gif

    return render_gif(list(drawings), ANIMATION_DPI, SECONDS_PER_FRAME)
