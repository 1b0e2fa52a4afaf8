"""What `stipple lloyd` runs: a job in, the figures of every step and pictures out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stipple.cli.lloyd.plan import Job
from stipple.cli.shared.drawings import render_drawing
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.outputs import find_format
from stipple.cli.shared.progress import Progress

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.drawing.marks import Drawing
    from stipple.lloyd_steps.corollaries import RandomStarts, SeparationRate
    from stipple.lloyd_steps.dimensions import CellDimensions
    from stipple.lloyd_steps.experiment import Experiment, ExperimentRow
    from stipple.lloyd_steps.figures import Figures
    from stipple.lloyd_steps.slope import MultiStepRate, Slope
    from stipple.lloyd_steps.theory import StepTheorem
    from stipple.measures.formula import Domain

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
    separation : SeparationRate or None
        Corollary 4 for the starts of all runs; None for random ones and one number of points.
    rate : MultiStepRate or None
        Rate (22), where the multi-step theorem was asked, and asks for steps.
    random_starts : list of RandomStarts
        Corollary 5 for each number of points, where starts are random.
    dimensions : list of CellDimensions
        Of the last cells of the first run of each number of points, where those end near a
        critical point.
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
    separation: "SeparationRate | None"
    rate: "MultiStepRate | None"
    random_starts: "list[RandomStarts]"
    dimensions: "list[CellDimensions]"
    rasterisation: float
    diameter: float
    pictures: dict[str, bytes]
    last_points: "dict[str, Floats]"

    @property
    def holds(self) -> bool:
        """Whether all inequalities hold on every row."""
        return all(
            row.one_step_holds and row.polyak_lojasiewicz_holds and row.contraction_holds
            for row in self.figures
        )

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
    def least_contraction(self) -> "Figures | None":
        """The row with the least ratio of distances above 1 − τ; None without τ < 1."""
        rows = [row for row in self.figures if not row.contraction_vacuous]
        return min(rows, key=lambda row: row.contraction_right - row.contraction_left, default=None)

    def count_steps(self, fell: bool) -> int:
        """Count the steps at which W2² is proved to have fallen, or to have risen."""
        return sum(row.fell is fell for row in self.figures)

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
    from stipple.lloyd_steps.corollaries import fit_separation
    from stipple.lloyd_steps.dimensions import count_dimensions
    from stipple.lloyd_steps.experiment import is_near_plateau
    from stipple.lloyd_steps.figures import collect_figures
    from stipple.lloyd_steps.slope import fit_rate, fit_slope
    from stipple.machine.memory import predict_stippling

    experiment, files = job.experiment, job.files
    most = max(experiment.counts)
    pixels = experiment.domain(most).density.values.size
    announce_memory(predict_stippling(most, pixels), quiet=job.quiet)
    figures: list[Figures] = []
    theorems: list[AppliedTheorem] = []
    pictures = _Pictures(job)
    last_points: dict[str, Floats] = {}
    dimensions: list[CellDimensions] = []
    for one in _follow(job):
        figures.append(collect_figures(one))
        if one.theorem is not None and one.row.step == 0:
            theorems.append(AppliedTheorem(one.count, one.repeat, one.theorem))
        pictures.draw(one)
        if one.is_last and one.repeat == 0 and is_near_plateau(one.row, one.domain):
            dimensions.append(count_dimensions(one.domain.density, one.row.transport))
        if files.last_points and one.is_last:
            path = files.last_points.format(points=one.count, repeat=one.repeat)
            last_points.setdefault(path, _find_points(one, job))
    domain = experiment.domain(experiment.counts[0])
    ends = {(row.points, row.repeat): row.w2_squared_upper for row in figures}
    return Found(
        figures=figures,
        theorems=theorems,
        slope=fit_slope(figures, experiment.measured_step),
        rate=fit_rate([(one.theorem, ends[one.points, one.repeat]) for one in theorems]),
        separation=None if experiment.is_random else fit_separation(figures),
        random_starts=_judge_starts(experiment, domain, figures),
        dimensions=dimensions,
        rasterisation=domain.rasterisation,
        diameter=domain.diameter,
        pictures=pictures.render(),
        last_points=last_points,
    )


def _judge_starts(
    experiment: "Experiment", domain: "Domain", figures: "list[Figures]"
) -> "list[RandomStarts]":
    from stipple.lloyd_steps.corollaries import judge_random_starts
    from stipple.lloyd_steps.starts import RandomStart

    start = experiment.start
    # Points moved once more have a density of their own.
    if not isinstance(start, RandomStart) or experiment.perturbation:
        return []
    return judge_random_starts(figures, start.find_largest_density(domain), domain.diameter)


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


class _Pictures:
    """The pictures of a job: drawn while it runs, and rendered at its end."""

    def __init__(self, job: Job) -> None:
        self._files = job.files
        self._animated = job.experiment.counts[0], 0
        self._frames: dict[str, list[Drawing]] = {}
        self._moving: list[Drawing] = []

    def draw(self, one: "ExperimentRow") -> None:
        """Draw a row, if it is in a picture."""
        files = self._files
        frame = files.name_frame(one.row.step, one.count, one.repeat, one.is_last)
        if frame:
            self._frames.setdefault(frame, []).append(_compose_frame(one))
        if one.is_last:
            for pattern in files.pictures:
                # A pattern without {repeat} or {points} keeps the first of its name.
                path = pattern.format(points=one.count, repeat=one.repeat)
                if path not in self._frames:
                    self._frames[path] = [_compose_frame(one)]
        if files.animation and (one.count, one.repeat) == self._animated:
            self._moving.append(_compose_frame(one))

    def render(self) -> dict[str, bytes]:
        """Render the pictures, by path; frames of the same name are side by side."""
        from stipple.drawing.arrange import arrange_drawings

        rendered = {
            path: render_drawing(arrange_drawings(drawings), find_format(path), FRAME_DPI)
            for path, drawings in self._frames.items()
        }
        if self._files.animation:
            rendered[self._files.animation] = _animate(self._moving)
        return rendered


def _find_points(one: "ExperimentRow", job: Job) -> "Floats":
    """Find the points of a step, in the units in which a start is read."""
    points = one.row.transport.points
    return points if job.in_pixels else one.domain.to_domain(points)


def _compose_frame(one: "ExperimentRow") -> "Drawing":
    from stipple.drawing.diagram import compose_diagram
    from stipple.drawing.page import place

    density = one.domain.density
    # The margin goes around the picture, however thin that is.
    scale = (PAGE_SIDE - 2 * MARGIN) / max(density.width, density.height)
    size = (density.width * scale + 2 * MARGIN, density.height * scale + 2 * MARGIN)
    placement = place((density.height, density.width), size, margin=MARGIN)
    transport = one.row.transport
    cells = transport.diagram.cells
    return compose_diagram(
        transport.points,
        transport.barycentres,
        cells,
        placement,
        PEN_WIDTH,
        is_disc=one.domain.is_disc,
    )


def _animate(drawings: "Iterable[Drawing]") -> bytes:
    from stipple.drawing.gif import render_gif

    return render_gif(list(drawings), ANIMATION_DPI, SECONDS_PER_FRAME)
