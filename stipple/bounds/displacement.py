"""Where a plan brings the mass of an image, on the whole and by its parts."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.bounds.grid import measure_shifts
from stipple.bounds.plans import Plan
from stipple.errors import StippleError


@dataclass(frozen=True)
class PlanSummary:
    """What a plan does on average.

    Attributes
    ----------
    entries : int
        Pairs of pixels between which mass goes.
    shift : tuple of float
        Mean displacement (x, y), or (x, y, z) of volumes, in pixels.
    mean_distance, largest_distance : float
        How far mass goes, in pixels.
    """

    entries: int
    shift: tuple[float, ...]
    mean_distance: float
    largest_distance: float


@dataclass(frozen=True, eq=False)
class Displacement:
    """Where the mass of parts of the first image goes on average.

    Attributes
    ----------
    starts, shifts : ndarray, shape (k, 2)
        Barycentre of the part, and its mean displacement, (x, y) in pixels.
    masses : ndarray, shape (k,)
        Mass of the part.
    """

    starts: Floats
    shifts: Floats
    masses: Floats


def summarise_plan(plan: Plan | None, shape: tuple[int, ...]) -> PlanSummary | None:
    """Summarise a plan between images of a shape; None where nothing is known to move."""
    if plan is None or len(plan.amounts) == 0:
        return None
    shifts = _stack_shifts(plan, shape)
    distances = np.hypot.reduce(shifts, axis=1)
    amounts = plan.amounts / plan.amounts.sum()
    shift = tuple((amounts @ shifts).tolist())
    return PlanSummary(len(amounts), shift, float(amounts @ distances), float(distances.max()))


def measure_displacement(plan: Plan | None, shape: tuple[int, int], parts: int) -> Displacement:
    """Average a plan over square parts of the first image, `parts` along its longer side.

    Raises
    ------
    StippleError
        If there is no plan to average.
    """
    if plan is None or len(plan.amounts) == 0:
        raise StippleError(
            "There is no plan to draw: give more time, and a method other than paper."
        )
    row, column = np.divmod(plan.source, shape[1])
    places = np.column_stack((column, row)) + 0.5
    side = max(shape) / parts
    part = (row / side).astype(int) * parts + (column / side).astype(int)
    masses = np.bincount(part, plan.amounts, parts**2).astype(float)
    used = masses > 0

    def average(values: Floats) -> Floats:
        sums = [np.bincount(part, plan.amounts * axis, parts**2) for axis in values.T]
        means: Floats = np.column_stack(sums)[used] / masses[used, None]
        return means

    shifts = _stack_shifts(plan, shape)
    return Displacement(average(places), average(shifts), masses[used])


def _stack_shifts(plan: Plan, shape: tuple[int, ...]) -> Floats:
    """Displacement (x, y) of each entry of a plan, shape (k, 2), in pixels; of volumes (k, 3)."""
    return np.column_stack(measure_shifts(plan.source, plan.target, shape)).astype(float)
