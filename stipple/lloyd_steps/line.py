"""Uniform quantisation on an interval, where cells lie between quantiles: no solver is needed."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Start
from stipple.errors import StippleError
from stipple.measures.line import LineDensity


@dataclass(frozen=True)
class LineFigures:
    """What is known of one step on the line; the columns of the trace, in order.

    Attributes
    ----------
    points, repeat, step : int
        Number of points, number of the run, and number of the step; 0 for the start.
    w2_squared : float
        W2² of the points, to rounding.
    decrease : float
        By how much W2² fell since the step before; 0 for the start.
    gradient_norm : float
        |∇½W2²|.
    minimum_distance : float
        Between two points; inf for a single one.
    one_step_left, one_step_right, one_step_holds
        The one-step theorem for d = 1: W2² of the barycentres, and 2(L + 1)²/N, L the length.
    polyak_lojasiewicz_left, polyak_lojasiewicz_right, polyak_lojasiewicz_holds
        ½W2² − 2(L + 1)²/N, and N·|∇½W2²|².
    contraction_left, contraction_right, contraction_holds
        1 − τ, and the least ratio of a new distance to the old one; inf for one point.
    """

    points: int
    repeat: int
    step: int
    w2_squared: float
    decrease: float
    gradient_norm: float
    minimum_distance: float
    one_step_left: float
    one_step_right: float
    one_step_holds: bool
    polyak_lojasiewicz_left: float
    polyak_lojasiewicz_right: float
    polyak_lojasiewicz_holds: bool
    contraction_left: float
    contraction_right: float
    contraction_holds: bool

    @property
    def holds(self) -> bool:
        """Whether all inequalities hold."""
        return self.one_step_holds and self.polyak_lojasiewicz_holds and self.contraction_holds


def run_on_line(
    density: LineDensity,
    counts: Sequence[int],
    *,
    start: Start = "bisection",
    steps: int = 1,
    step_sizes: Sequence[float] = (1.0,),
    repeats: int = 1,
    seed: int = 0,
) -> Iterator[LineFigures]:
    """Yield the figures of every step of every run.

    Parameters
    ----------
    density : LineDensity
        The density.
    counts : sequence of int
        Numbers of points.
    start : {"bisection", "uniform", "grid"}
        Barycentres of parts of equal mass, independent uniform points, or evenly spread ones.
    steps : int
        Steps of each run.
    step_sizes : sequence of float
        The part of the way to the barycentres that points go at each step, in (0, 1]; the last
        is kept.
    repeats, seed : int
        Runs for each number of points, and the seed of random starts.

    Raises
    ------
    StippleError
        If there are more points than the interval has numbers where they should be.
    """
    generator = np.random.default_rng(seed)
    for count in counts:
        ends = density.find_quantiles(np.arange(count + 1) / count)
        ends[0], ends[-1] = density.start, density.stop
        if (np.diff(ends) <= 0).any():
            raise StippleError(
                f"{count:,} points are too many for so narrow a density: some lie between the same"
                " two floating-point numbers."
            )
        masses, barycentres, variances = density.integrate(ends)
        cells = _Cells(masses, barycentres, float(masses @ variances), density.length)
        for number in range(repeats):
            points = _place(density, barycentres, start, generator)
            sizes = islice(chain(step_sizes, repeat(step_sizes[-1])), steps + 1)
            yield from _follow(points, cells, sizes, number)


@dataclass(frozen=True, eq=False)
class _Cells:
    """The cells, which are the same for any points, and W2² of their barycentres."""

    masses: Floats
    barycentres: Floats
    w2_squared: float
    length: float


def _place(
    density: LineDensity, barycentres: Floats, start: Start, generator: np.random.Generator
) -> Floats:
    count = len(barycentres)
    if start == "bisection":
        return barycentres
    if start == "grid":
        return density.start + (np.arange(count) + 0.5) / count * density.length
    return np.sort(density.start + generator.random(count) * density.length)


def _follow(
    points: Floats, cells: _Cells, sizes: Iterable[float], number: int
) -> Iterator[LineFigures]:
    """Yield the figures of one run, a row for each step size."""
    count = len(points)
    bound = 2 * (cells.length + 1) ** 2 / count
    before = math.nan
    for step, size in enumerate(sizes):
        shifts = points - cells.barycentres
        squares = float(cells.masses @ shifts**2)
        w2_squared = cells.w2_squared + squares
        distances = np.diff(points)
        # Between others the ratio is a mean of those of neighbours; what coincides has none.
        apart = distances > 0
        ratios = np.diff(cells.barycentres)[apart] / distances[apart]
        part = ratios.min(initial=math.inf)
        left = w2_squared / 2 - bound
        yield LineFigures(
            points=count,
            repeat=number,
            step=step,
            w2_squared=w2_squared,
            decrease=0.0 if step == 0 else before - w2_squared,
            gradient_norm=float(np.linalg.norm(shifts)) / count,
            minimum_distance=float(distances.min()) if count > 1 else math.inf,
            one_step_left=cells.w2_squared,
            one_step_right=bound,
            one_step_holds=cells.w2_squared <= bound,
            polyak_lojasiewicz_left=left,
            polyak_lojasiewicz_right=squares,
            polyak_lojasiewicz_holds=left <= squares,
            contraction_left=1 - size,
            contraction_right=float(1 - size + size * part),
            contraction_holds=bool(part >= 0),
        )
        before, points = w2_squared, points - size * shifts
