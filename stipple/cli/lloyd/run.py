"""What `stipple lloyd` runs: a job in, the figures of every step and pictures out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stipple.cli.lloyd.pictures import Pictures
from stipple.cli.lloyd.plan import Job
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.progress import Progress

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.lloyd_steps.corollaries import RandomStarts, SeparationRate
    from stipple.lloyd_steps.dimensions import CellDimensions
    from stipple.lloyd_steps.experiment import Experiment, ExperimentRow
    from stipple.lloyd_steps.figures import Figures
    from stipple.lloyd_steps.paths import AnyDomain
    from stipple.lloyd_steps.slope import MultiStepRate, Slope
    from stipple.lloyd_steps.theory import StepTheorem

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
        critical point; in the plane.
    rasterisation : float
        W2 between a formula and its pixels is at most this.
    diameter : float
        Of the domain.
    pictures : dict
        Rendered pictures by path.
    last_points : dict
        Where points end, shape (n, d), by path.
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
        return all(row.holds for row in self.figures)

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
    from stipple.lloyd_steps.dimensions import find_dimensions
    from stipple.lloyd_steps.figures import collect_figures
    from stipple.lloyd_steps.slope import fit_rate, fit_slope
    from stipple.machine.memory import predict_stippling, predict_volume

    experiment, files = job.experiment, job.files
    most = max(experiment.counts)
    largest = experiment.domain(most)
    predict = predict_stippling if largest.dimension == 2 else predict_volume
    announce_memory(predict(most, largest.density.values.size), quiet=job.quiet)
    figures: list[Figures] = []
    theorems: list[AppliedTheorem] = []
    pictures = Pictures(job)
    last_points: dict[str, Floats] = {}
    dimensions: list[CellDimensions] = []
    for one in _follow(job):
        figures.append(collect_figures(one))
        if one.theorem is not None and one.row.step == 0:
            theorems.append(AppliedTheorem(one.count, one.repeat, one.theorem))
        pictures.draw(one, figures[-1])
        if one.is_last and one.repeat == 0:
            dimensions += find_dimensions(one)
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
        separation=None if experiment.is_random else fit_separation(figures, domain.dimension),
        random_starts=_judge_starts(experiment, domain, figures),
        dimensions=dimensions,
        rasterisation=domain.rasterisation,
        diameter=domain.diameter,
        pictures=pictures.render(),
        last_points=last_points,
    )


def _judge_starts(
    experiment: "Experiment", domain: "AnyDomain", figures: "list[Figures]"
) -> "list[RandomStarts]":
    from stipple.lloyd_steps.corollaries import judge_random_starts
    from stipple.lloyd_steps.starts import RandomStart

    start = experiment.start
    # Points moved once more have a density of their own.
    if not isinstance(start, RandomStart) or experiment.perturbation:
        return []
    largest = start.find_largest_density(domain)
    return judge_random_starts(figures, largest, domain.diameter, domain.dimension)


def _follow(job: Job) -> "Iterator[ExperimentRow]":
    """Yield the rows of all runs, and show how far they are."""
    from stipple.lloyd_steps.experiment import run_experiment

    experiment = job.experiment
    runs = len(experiment.counts) * experiment.repeats
    label = f"{runs} runs" if runs > 1 else count_things(experiment.counts[0], "point")
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


def _find_points(one: "ExperimentRow", job: Job) -> "Floats":
    """Find the points of a step, in the units in which a start is read."""
    points = one.row.transport.points
    return points if job.in_pixels else one.domain.to_domain(points)
