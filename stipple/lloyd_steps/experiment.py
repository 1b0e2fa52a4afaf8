"""Runs of Lloyd's algorithm for several numbers of points and starts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stipple.arguments import VANISHING
from stipple.arrays import Floats
from stipple.choices import Method, NeighbourEngine
from stipple.errors import StippleError
from stipple.lloyd_steps.paths import AnyDomain, plan_path
from stipple.lloyd_steps.starts import RandomStart, Start
from stipple.lloyd_steps.theory import StepTheorem, count_steps
from stipple.lloyd_steps.trace import TraceRow, trace_steps
from stipple.transport.direction import RELAXATION

# A step that no run reaches: the last row counts.
LAST_STEP = 10**9
# Points may be so far outside the domain, in parts of its width.
ROUNDING = 1e-9
# A plateau ends after so many steps at the latest, and points there are so near to their
# barycentres, in root mean square, as parts of the diameter of the domain.
PLATEAU_STEPS, PLATEAU = 1000, 1e-3


@dataclass(frozen=True)
class Experiment:
    """What is run.

    Attributes
    ----------
    domain : callable
        The density for a number of points (most ignore the number).
    start : callable
        Positions for a domain, a number of points and a random generator, shape (n, d), in the
        units of the domain.
    counts : sequence of int
        Numbers of points.
    steps : int or None
        Steps of each run, at most; None takes the number from the multi-step theorem.
    stop_on_plateau : bool
        Whether a run ends before the gradient grows again, once it is small: near a critical
        point, which may be one that steps leave afterwards.
    repeats : int
        Runs for each number of points, each with a start of its own.
    measured_step : int
        The step whose W2² enters the slope.
    method
        As in `stipple.transport.quantisation.follow`.
    step_sizes : sequence of float or callable
        As there; a callable gives them for a number of points.
    perturbation : float
        Start points are moved at random by up to this much along each axis.
    """

    domain: Callable[[int], AnyDomain]
    start: Start
    counts: Sequence[int]
    steps: int | None = 1
    stop_on_plateau: bool = False
    repeats: int = 1
    measured_step: int = 1
    method: Method = "lloyd"
    step_sizes: Sequence[float] | Callable[[int], Sequence[float]] = (1.0,)
    perturbation: float = 0.0

    def list_step_sizes(self, count: int) -> Sequence[float]:
        """List the step sizes for a number of points."""
        return self.step_sizes(count) if callable(self.step_sizes) else self.step_sizes

    def list_parts(self, count: int) -> Sequence[float]:
        """List which part of the way to the barycentres points go, as far as that is known."""
        # Points that go another way may approach at will.
        return self.list_step_sizes(count) if self.method == "lloyd" else (RELAXATION,)

    @property
    def in_space(self) -> bool:
        """Whether the domain has three dimensions."""
        return self.domain(self.counts[0]).dimension == 3

    @property
    def is_random(self) -> bool:
        """Whether start points are drawn independently, so that no distance is sure."""
        return isinstance(self.start, RandomStart)


@dataclass(frozen=True, eq=False)
class ExperimentRow:
    """A row of the trace of one run: number of points, number of the run, its domain.

    `is_last` says whether the run ends here, and `theorem` how many steps there are, where the
    multi-step theorem was asked.
    """

    count: int
    repeat: int
    domain: AnyDomain
    row: TraceRow
    is_last: bool
    theorem: StepTheorem | None = None


def run_experiment(
    experiment: Experiment,
    *,
    seed: int = 0,
    engine: NeighbourEngine = "auto",
    threads: int | None = None,
    mass_tolerance: float = 1e-9,
) -> Iterator[ExperimentRow]:
    """Yield the rows of every run, in order of the number of points, then of the repeat.

    Parameters
    ----------
    experiment : Experiment
        What to run.
    seed : int
        Seed of everything random.
    engine, threads
        As in `TransportSolver`.
    mass_tolerance : float
        Largest relative error of a cell's mass.

    Raises
    ------
    StippleError
        If start points coincide or lie outside the domain.
    """
    generator = np.random.default_rng(seed)
    for count in experiment.counts:
        domain = experiment.domain(count)
        step_sizes = experiment.list_step_sizes(count)
        follow = plan_path(
            domain,
            method=experiment.method,
            step_sizes=step_sizes,
            engine=engine,
            threads=threads,
            mass_tolerance=mass_tolerance,
        )
        for repeat in range(experiment.repeats):
            points = _place(experiment, domain, count, generator)
            path = follow(domain.to_grid(points))
            rows = trace_steps(domain, path, experiment.list_parts(count))
            last, theorem = experiment.steps, None
            plateau = _find_plateau(rows, domain) if experiment.stop_on_plateau else None
            for row, is_plateau in plateau or ((row, False) for row in rows):
                if last is None:
                    epsilon, step_size = row.separation.least_epsilon, step_sizes[-1]
                    start = row.w2_squared, len(points), epsilon, step_size, domain.dimension
                    theorem, last = StepTheorem(*start), count_steps(*start)
                is_last = row.step >= last or is_plateau
                yield ExperimentRow(len(points), repeat, domain, row, is_last, theorem)
                if is_last:
                    break


def is_near_plateau(row: TraceRow, domain: AnyDomain) -> bool:
    """Tell whether points are so near to their barycentres that they may be almost critical."""
    gradient = row.gradient_norm * len(row.transport.points) ** 0.5
    return bool(gradient <= PLATEAU * domain.diameter)


def _find_plateau(rows: Iterator[TraceRow], domain: AnyDomain) -> Iterator[tuple[TraceRow, bool]]:
    """Yield rows, and whether the gradient is small and grows at the next step."""
    row = next(rows)
    for following in rows:
        grows = following.gradient_norm >= row.gradient_norm
        yield row, grows and is_near_plateau(row, domain)
        row = following


def _place(
    experiment: Experiment, domain: AnyDomain, count: int, generator: np.random.Generator
) -> Floats:
    """Place the start of a run, moved at random if that is asked."""
    points = experiment.start(domain, count, generator)
    if experiment.perturbation:
        spread = experiment.perturbation
        points = points + generator.uniform(-spread, spread, points.shape)
        points = domain.to_domain(np.clip(domain.to_grid(points), 0.0, domain.size))
    _check_points(domain, points)
    return points


def _check_points(domain: AnyDomain, points: Floats) -> None:
    with np.errstate(over="ignore"):  # far outside
        places, size = domain.to_grid(points), domain.size
    # Coordinates that went through another unit may be off the border by rounding.
    slack = ROUNDING * size[0]
    outside = ~((places >= -slack) & (places <= size + slack)).all(axis=1)
    if outside.any():
        first = ", ".join(f"{number:g}" for number in points[outside][0])
        raise StippleError(
            f"{int(outside.sum())} of the {len(points)} start points lie outside the domain, the"
            f" first at ({first})."
        )
    same = len(points) - len(np.unique(np.where(places < VANISHING, 0.0, places), axis=0))
    if same:
        raise StippleError(
            f"{same} of the {len(points)} start points coincide with others, so their cells are not"
            " defined: remove them, or move all points a little with --jitter 1e-6."
        )
