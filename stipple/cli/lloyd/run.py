"""What `stipple lloyd` runs: a job in, the figures of every step and pictures out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stipple.cli.lloyd.plan import Job
from stipple.cli.shared.drawings import name_source, render_drawing
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.outputs import find_format
from stipple.cli.shared.progress import Progress

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.cli.lloyd.page import Step
    from stipple.drawing.marks import Drawing
    from stipple.drawing.page import Placement
    from stipple.lloyd_steps.experiment import ExperimentRow
    from stipple.lloyd_steps.figures import Figures
    from stipple.lloyd_steps.slope import Slope
    from stipple.lloyd_steps.theory import StepTheorem
    from stipple.measures.density import Density

# Millimetres of the longer side of a frame, and of its margin.
PAGE_SIDE, MARGIN = 120.0, 3.0
PEN_WIDTH = 0.3
FRAME_DPI = 200.0
ANIMATION_DPI = 100.0
SECONDS_PER_FRAME = 0.12
# Points nearer to their barycentres than this part of the domain's diameter are critical.
CRITICAL = 1e-7


@dataclass(frozen=True)
class AppliedTheorem:
    """What the multi-step theorem says of the start of one run."""

    points: int
    repeat: int
    theorem: "StepTheorem"


@dataclass(frozen=True, eq=False)
class Found:
    """What a job gives.

    Attributes
    ----------
    figures : list of Figures
        Of every step of every run.
    theorems : list of AppliedTheorem
        Of every run, where the multi-step theorem was asked.
    slope : Slope or None
        Of W2² over N; None for one number of points.
    rasterisation : float
        W2 between a formula and its pixels is at most this.
    diameter : float
        Of the domain.
    pictures : dict
        Rendered pictures by path.
    last_points : dict
        Where points end, shape (n, 2), by path.
    """

    figures: "list[Figures]"
    theorems: list[AppliedTheorem]
    slope: "Slope | None"
    rasterisation: float
    diameter: float
    pictures: dict[str, bytes]
    last_points: "dict[str, Floats]"

    @property
    def holds(self) -> bool:
        """Whether both inequalities hold on every row."""
        return all(row.one_step_holds and row.polyak_lojasiewicz_holds for row in self.figures)

    @property
    def vacuous_one_steps(self) -> int:
        """On how many rows the one-step theorem holds for any points."""
        return sum(row.one_step_vacuous for row in self.figures)

    @property
    def vacuous_polyak_lojasiewicz(self) -> int:
        """On how many rows the Polyak–Łojasiewicz inequality holds for any points."""
        return sum(row.polyak_lojasiewicz_vacuous for row in self.figures)

    @property
    def largest_increase(self) -> float:
        """The most by which W2² rose at a step; negative where it always fell."""
        return max(-row.decrease for row in self.figures)

    @property
    def start_is_critical(self) -> bool:
        """Whether the points of every start are at their barycentres."""
        return all(
            row.gradient_norm * row.points**0.5 <= CRITICAL * self.diameter
            for row in self.figures
            if row.step == 0
        )


def run(job: Job) -> Found:
    """Run everything; keep the pictures and points that the names of files ask for."""
    from stipple.lloyd_steps.figures import collect_figures
    from stipple.lloyd_steps.slope import fit_slope
    from stipple.machine.memory import predict_stippling

    experiment, files = job.experiment, job.files
    most = max(experiment.counts)
    pixels = experiment.domain(most).density.values.size
    announce_memory(predict_stippling(most, pixels), quiet=job.quiet)
    figures: list[Figures] = []
    theorems: list[AppliedTheorem] = []
    pictures: dict[str, bytes] = {}
    last_points: dict[str, Floats] = {}
    moving: list[Drawing] = []
    steps: list[Step] = []
    for one in _follow(job):
        figures.append(collect_figures(one))
        if one.theorem is not None and one.row.step == 0:
            theorems.append(AppliedTheorem(one.count, one.repeat, one.theorem))
        if files.pages:
            steps = [] if one.row.step == 0 else steps
            steps.append((_compose_frame(one), figures[-1]))
        # A pattern without {repeat} or {points} keeps the first of its name.
        for path in _name_pictures(one, job):
            if path not in pictures:
                pictures[path] = _render_picture(one, job, path, steps)
        if files.last_points and one.is_last:
            path = files.last_points.format(points=one.count, repeat=one.repeat)
            last_points.setdefault(path, _find_points(one, job))
        if files.animation and one.count == experiment.counts[0] and one.repeat == 0:
            moving.append(_compose_frame(one))
    if files.animation:
        pictures[files.animation] = _animate(moving)
    domain = experiment.domain(experiment.counts[0])
    return Found(
        figures=figures,
        theorems=theorems,
        slope=fit_slope(figures, experiment.measured_step),
        rasterisation=domain.rasterisation,
        diameter=domain.diameter,
        pictures=pictures,
        last_points=last_points,
    )


def _follow(job: Job) -> "Iterator[ExperimentRow]":
    """Yield the rows of all runs, and show how far they are."""
    from stipple.lloyd_steps.experiment import run_experiment

    experiment = job.experiment
    runs = len(experiment.counts) * experiment.repeats
    label = f"{runs} runs" if runs > 1 else f"{experiment.counts[0]:,} points"
    length = runs * ((experiment.steps or 1) + 1)
    rows = run_experiment(experiment, seed=job.seed, engine=job.engine, threads=job.threads)
    with Progress(label, length, quiet=job.quiet, verbose=job.verbose) as progress:
        for number, one in enumerate(rows, 1):
            row = one.row
            progress.advance(
                number,
                f"N {one.count}  step {row.step:3d}  W2² {row.w2_squared:.8g}"
                f"  gradient {row.gradient_norm:.2g}",
            )
            yield one


def _name_pictures(one: "ExperimentRow", job: Job) -> "Iterator[str]":
    """Yield the paths of the pictures of a step."""
    files = job.files
    frame = files.name_frame(one.row.step, one.count, one.repeat, job.experiment.steps)
    if frame:
        yield frame
    if one.is_last:
        for pattern in (*files.pictures, *files.pages):
            yield pattern.format(points=one.count, repeat=one.repeat)


def _render_picture(one: "ExperimentRow", job: Job, path: str, steps: "Sequence[Step]") -> bytes:
    """Render a step, or all of a run on a page."""
    pages = [pattern.format(points=one.count, repeat=one.repeat) for pattern in job.files.pages]
    if path in pages:
        return _render_steps(one, job, steps)
    return render_drawing(_compose_frame(one), find_format(path), FRAME_DPI)


def _render_steps(one: "ExperimentRow", job: Job, steps: "Sequence[Step]") -> bytes:
    from stipple.cli.lloyd.page import render_steps
    from stipple.drawing.html import Backdrop
    from stipple.drawing.originals import show_masses

    density = one.domain.density
    backdrop = Backdrop("density", show_masses(density.values), _place_frame(density))
    return render_steps(name_source(job.title) if job.in_pixels else job.title, steps, backdrop)


def _find_points(one: "ExperimentRow", job: Job) -> "Floats":
    """Find the points of a step, in the units in which a start is read."""
    points = one.row.transport.points
    return points if job.in_pixels else one.domain.to_domain(points)


def _compose_frame(one: "ExperimentRow") -> "Drawing":
    from stipple.drawing.diagram import compose_diagram

    placement = _place_frame(one.domain.density)
    transport = one.row.transport
    cells = transport.diagram.cells
    return compose_diagram(transport.points, transport.barycentres, cells, placement, PEN_WIDTH)


def _place_frame(density: "Density") -> "Placement":
    from stipple.drawing.page import place

    # The margin goes around the picture, however thin that is.
    scale = (PAGE_SIDE - 2 * MARGIN) / max(density.width, density.height)
    size = (density.width * scale + 2 * MARGIN, density.height * scale + 2 * MARGIN)
    return place((density.height, density.width), size, margin=MARGIN)


def _animate(drawings: "Iterable[Drawing]") -> bytes:
    from stipple.drawing.gif import render_gif

    return render_gif(list(drawings), ANIMATION_DPI, SECONDS_PER_FRAME)
