"""How W2² falls with the number of points: a power, fitted and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from stipple.drawing.panels import Curve, Panel
from stipple.lloyd_steps.theory import StepTheorem

# 97.5 % quantile of the normal distribution: intervals of 95 % for means of many clouds.
NORMAL_QUANTILE = 1.96


class MeasuredRow(Protocol):
    """A row of a trace, in the plane or on the line."""

    @property
    def points(self) -> int:
        """Number of points."""

    @property
    def repeat(self) -> int:
        """Number of the run."""

    @property
    def step(self) -> int:
        """Number of the step; 0 for the start."""

    @property
    def w2_squared(self) -> float:
        """Squared Wasserstein distance of the points."""


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


def fit_slope(figures: Sequence[MeasuredRow], measured_step: int) -> Slope | None:
    """Fit ln W2² over ln N; None for fewer than two numbers of points.

    Parameters
    ----------
    figures : sequence of MeasuredRow
        Rows of whole runs.
    measured_step : int
        The step to compare; of shorter runs the last row.
    """
    values: dict[int, dict[int, float]] = {}
    for row in figures:
        if row.step <= measured_step:
            values.setdefault(row.points, {})[row.repeat] = row.w2_squared
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


@dataclass(frozen=True)
class MultiStepRate:
    """Rate (22): after k_N steps W2² is at most a constant times `StepTheorem.rate`.

    Attributes
    ----------
    exponent : float or None
        Of N in that rate, by least squares of its logarithm over ln N; None for one N.
    factor : float
        W2² after k_N steps is at most this times the rate, in all runs.
    dimension : int
        d.
    """

    exponent: float | None
    factor: float
    dimension: int = 2


def fit_rate(runs: Sequence[tuple[StepTheorem, float]]) -> MultiStepRate | None:
    """Fit rate (22) to runs of the multi-step theorem; None where it asks for no step.

    Parameters
    ----------
    runs : sequence of (StepTheorem, float)
        What it says of each start, and what W2² after the last step does not exceed.
    """
    if not runs or any(theorem.steps < 1 or theorem.step_size >= 1 for theorem, _ in runs):
        return None
    factor = max(w2_squared / theorem.rate for theorem, w2_squared in runs)
    counts, dimension = [theorem.count for theorem, _ in runs], runs[0][0].dimension
    if len(set(counts)) < 2:
        return MultiStepRate(None, factor, dimension)
    rates = np.log([theorem.rate for theorem, _ in runs])
    return MultiStepRate(float(np.polyfit(np.log(counts), rates, 1)[0]), factor, dimension)


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
