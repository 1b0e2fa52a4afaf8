"""Runs of Lloyd's algorithm for several numbers of points and starts, and the slope they show."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Engine, Method
from stipple.drawing.panels import Curve, Panel
from stipple.errors import StippleError
from stipple.geometry.bisection import start_from_bisection
from stipple.lloyd_steps.theory import StepTheorem, count_steps
from stipple.lloyd_steps.trace import TraceRow, trace_steps
from stipple.measures.formula import Domain
from stipple.transport.semi_discrete import TransportSolver
from stipple.transport.starts import (
    place_on_grid,
    place_on_koch_curve,
    place_on_line,
    place_uniformly,
)

# 97.5 % quantile of the normal distribution: intervals of 95 % for means of many clouds.
NORMAL_QUANTILE = 1.96


Start: TypeAlias = Callable[[Domain, int, np.random.Generator], Floats]


@dataclass(frozen=True)
class Experiment:
    """What is run.

    Attributes
    ----------
    domain : callable
        The density for a number of points (most ignore the number).
    start : callable
        Positions for a domain, a number of points and a random generator, shape (n, 2), in the
        units of the domain.
    counts : sequence of int
        Numbers of points.
    steps : int or None
        Steps of each run; None takes the number from the multi-step theorem.
    repeats : int
        Runs for each number of points, each with a start of its own.
    measured_step : int
        The step whose W2² enters the slope.
    method, step_sizes
        As in `stipple.transport.quantisation.follow`.
    perturbation : float
        Start points are moved at random by up to this much in x and in y.
    """

    domain: Callable[[int], Domain]
    start: Start
    counts: Sequence[int]
    steps: int | None = 1
    repeats: int = 1
    measured_step: int = 1
    method: Method = "lloyd"
    step_sizes: Sequence[float] = (1.0,)
    perturbation: float = 0.0


@dataclass(frozen=True, eq=False)
class ExperimentRow:
    """A row of the trace of one run: number of points, number of the run, its domain.

    `theorem` says how many steps there are, where the multi-step theorem was asked.
    """

    count: int
    repeat: int
    domain: Domain
    row: TraceRow
    theorem: StepTheorem | None = None


@dataclass(frozen=True)
class Slope:
    """Least squares of ln W2² over ln N.

    Attributes
    ----------
    counts, w2_squared : tuple
        The points of the fit; W2² is the mean over repeats.
    slope : float
        The exponent.
    half_width : float or None
        Half of a 95 % confidence interval of the slope, from the slopes of single repeats; None
        without repeats.
    """

    counts: tuple[int, ...]
    w2_squared: tuple[float, ...]
    slope: float
    half_width: float | None


def run_experiment(
    experiment: Experiment,
    *,
    seed: int = 0,
    engine: Engine = "auto",
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
        solver = TransportSolver(domain.density, engine, threads)
        for repeat in range(experiment.repeats):
            points = experiment.start(domain, count, generator)
            if experiment.perturbation:
                spread = experiment.perturbation
                points = points + generator.uniform(-spread, spread, points.shape)
                size = (domain.density.width, domain.density.height)
                points = domain.to_domain(np.clip(domain.to_pixels(points), 0.0, size))
            _check_points(domain, points)
            rows = trace_steps(
                domain,
                solver,
                points,
                method=experiment.method,
                step_sizes=experiment.step_sizes,
                mass_tolerance=mass_tolerance,
            )
            last, theorem = experiment.steps, None
            for row in rows:
                if last is None:
                    epsilon, step_size = row.separation.least_epsilon, experiment.step_sizes[-1]
                    start = row.w2_squared, len(points), epsilon, step_size
                    theorem, last = StepTheorem(*start), count_steps(*start)
                yield ExperimentRow(len(points), repeat, domain, row, theorem)
                if row.step >= last:
                    break


def tabulate(one: ExperimentRow) -> dict[str, Any]:
    """List the figures of a row by name, without the power cells, which take most of its memory.

    What is infinite is None: the least distance of a single point, and a side of an inequality for
    points too near for the constant.
    """
    row = one.row
    figures = {
        "points": one.count,
        "repeat": one.repeat,
        "step": row.step,
        "w2_squared": row.w2_squared,
        "w2_squared_lower": row.lower,
        "w2_squared_upper": row.upper,
        "decrease": row.decrease,
        "gradient_norm": row.gradient_norm,
        "minimum_distance": row.separation.minimum,
        "epsilon": row.separation.epsilon,
        "part_at_epsilon": row.separation.part,
        "one_step_left": row.one_step.left,
        "one_step_right": row.one_step.right,
        "one_step_holds": row.one_step.holds,
        "one_step_vacuous": row.one_step.vacuous,
        "polyak_lojasiewicz_left": row.polyak_lojasiewicz.left,
        "polyak_lojasiewicz_right": row.polyak_lojasiewicz.right,
        "polyak_lojasiewicz_holds": row.polyak_lojasiewicz.holds,
        "polyak_lojasiewicz_vacuous": row.polyak_lojasiewicz.vacuous,
        "mass_error": row.mass_error,
        "newton_iterations": row.newton_iterations,
        "seconds": row.seconds,
    }
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}


def fit_slope(figures: Sequence[dict[str, Any]], measured_step: int) -> Slope | None:
    """Fit ln W2² over ln N; None for fewer than two numbers of points.

    Parameters
    ----------
    figures : sequence of dict
        Rows of whole runs, as by `tabulate`.
    measured_step : int
        The step to compare; of shorter runs the last row.
    """
    values: dict[int, dict[int, float]] = {}
    for row in figures:
        if row["step"] <= measured_step:
            values.setdefault(int(row["points"]), {})[int(row["repeat"])] = row["w2_squared"]
    counts = sorted(values)
    if len(counts) < 2:
        return None
    table = np.array([list(values[count].values()) for count in counts])
    means = table.mean(axis=1)
    logarithms = np.log(counts)
    slope = np.polyfit(logarithms, np.log(means), 1)[0]
    repeats = table.shape[1]
    half_width = None
    if repeats > 1:
        singles = np.polyfit(logarithms, np.log(table), 1)[0]
        half_width = float(NORMAL_QUANTILE * singles.std(ddof=1) / np.sqrt(repeats))
    return Slope(tuple(counts), tuple(means.tolist()), float(slope), half_width)


def make_start(name: str) -> Start:
    """Make a start by its name: uniform, grid, bisection, koch or line.

    The last two are stretched from the unit square to the domain.
    """

    def place(domain: Domain, count: int, generator: np.random.Generator) -> Floats:
        density = domain.density
        if name == "uniform":
            pixels = place_uniformly(density, count, generator)
        elif name == "grid":
            pixels = place_on_grid(density, count)
        elif name == "bisection":
            pixels = start_from_bisection(density, count)[0]
        else:
            curve = place_on_koch_curve(count) if name == "koch" else place_on_line(count)
            pixels = curve * (density.width, density.height)
        return domain.to_domain(pixels)

    return place


def start_at(points: Floats) -> Start:
    """Make a start at given points, shape (n, 2), in the units of the domain."""
    return lambda _domain, _count, _generator: points


def plot_slope(slope: Slope, title: str, published: str) -> Panel:
    """Plot W2² against N with the fitted power, and N⁻¹ to compare.

    Parameters
    ----------
    slope : Slope
        The fit.
    title, published : str
        What it shows, and what the source says (or nothing).
    """
    counts, values = np.array(slope.counts, dtype=float), np.array(slope.w2_squared)
    middle = np.exp(np.log(counts).mean())
    height = np.exp(np.log(values).mean())
    curves = (
        Curve("W2²", counts, values),
        Curve(f"fitted slope {slope.slope:.3f}", counts, height * (counts / middle) ** slope.slope),
        Curve("slope −1", counts, height * (middle / counts)),
    )
    return Panel(f"{title}\npublished: {published}" if published else title, curves, {}, True)


def _check_points(domain: Domain, points: Floats) -> None:
    pixels = domain.to_pixels(points)
    # Coordinates that went through another unit may be off the border by rounding.
    slack = 1e-9 * domain.density.width
    size = (domain.density.width, domain.density.height)
    outside = ~((pixels >= -slack) & (pixels <= np.array(size) + slack)).all(axis=1)
    if outside.any():
        first = points[outside][0]
        raise StippleError(
            f"{int(outside.sum())} of the {len(points)} start points lie outside the domain, the"
            f" first at ({first[0]:g}, {first[1]:g})."
        )
    same = len(points) - len(np.unique(pixels, axis=0))
    if same:
        raise StippleError(
            f"{same} of the {len(points)} start points coincide with others, so their cells are not"
            " defined: remove them, or move all points a little with --jitter 1e-6."
        )
