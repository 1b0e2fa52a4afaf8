"""Displacement interpolation: the masses between two images, on the straight ways of a plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from stipple.arrays import Floats
from stipple.bounds.plans import Plan
from stipple.interval import Interval
from stipple.machine.rounding import enclose_power, round_down, round_up, take_root

if TYPE_CHECKING:
    from stipple.bounds.bound import ImageBounds


@dataclass(frozen=True)
class TimeRecord:
    """What is proved of the interpolation at a time, in the unit of the distance.

    Attributes
    ----------
    time : float
        From 0, the first image, to 1, the second.
    lower, upper : float
        W_p between the first image and the interpolation lies between them.
    """

    time: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Morph:
    """An interpolation, as far as it is drawn.

    Attributes
    ----------
    times : tuple of TimeRecord
    sharing : float
        W_p between the interpolation and its drawing on pixels is at most this, in the same unit.
    """

    times: tuple[TimeRecord, ...]
    sharing: float


def measure_morph(result: "ImageBounds", times: Sequence[float]) -> Morph:
    """Enclose how far the interpolation of a plan is from the first image, at some times."""
    intervals = [enclose_interpolation(result.interval, time) for time in times]
    side = max(result.shape) if result.unit == "side" else 1
    return Morph(
        tuple(
            TimeRecord(time, one.lower, one.upper)
            for time, one in zip(times, intervals, strict=True)
        ),
        round_up(Fraction(bound_sharing(result.order)) / side),
    )


def interpolate_plan(plan: Plan, shape: tuple[int, int], time: float) -> Floats:
    """Move the mass of a plan along straight lines, and draw where it is at a time.

    Mass between pixel centres is shared among the four around it, bilinearly: its sum and its
    barycentre stay.

    Parameters
    ----------
    plan : Plan
        With at least one entry.
    shape : (h, w)
    time : float
        From 0, the first image, to 1, the second.

    Returns
    -------
    ndarray, shape (h, w)
        Sum 1, up to rounding.

    Examples
    --------
    >>> import stipple
    >>> plan = stipple.bound([[2, 0, 0]], [[0, 0, 2]]).plan
    >>> interpolate_plan(plan, (1, 3), 0.75).tolist()
    [[0.0, 0.5, 0.5]]
    """
    masses = plan.amounts / plan.amounts.sum()
    sides = []
    for first, second, count in zip(
        np.divmod(plan.source, shape[1]), np.divmod(plan.target, shape[1]), shape, strict=True
    ):
        place = (1 - time) * first + time * second
        before = np.floor(place).astype(np.int64)
        share = place - before
        # On the last line nothing is shared.
        sides.append(((before, 1 - share), (np.minimum(before + 1, count - 1), share)))
    drawn = np.zeros(shape[0] * shape[1])
    for (row, down), (column, across) in product(*sides):
        drawn += np.bincount(row * shape[1] + column, masses * down * across, len(drawn))
    return drawn.reshape(shape)


def enclose_interpolation(interval: Interval, time: float) -> Interval:
    """Enclose W_p between the first image and the interpolation of a plan at a time.

    The plan is one that proves the upper end of the interval, complete. Its ways up to the time are
    a plan that costs time·upper at most. As much is left to go as (1 − time)·upper, so that by the
    triangle inequality lower − (1 − time)·upper are behind. A share of `lower` itself is proved for
    optimal plans alone: two masses that cross on a line meet where none of them had to go.

    Parameters
    ----------
    interval : Interval
        Of W_p between the images.
    time : float
        From 0 to 1.

    Examples
    --------
    >>> enclose_interpolation(Interval(7.0, 8.0), 0.5)
    Interval(lower=3.0, upper=4.0)
    """
    gone, upper = Fraction(time), Fraction(interval.upper)
    behind = Fraction(interval.lower) - (1 - gone) * upper
    return Interval(round_down(max(behind, Fraction(0))), round_up(gone * upper))


def bound_sharing(order: float) -> float:
    """Bound W_p between points and their masses shared among four pixels, in pixels.

    With u and v the parts of a pixel that a point is beyond the nearest centres before it, the mean
    square distance to its four pixels is u(1 − u) + v(1 − v) ≤ 1/2; for p ≤ 2 W_p ≤ W_2 (Jensen).
    For p > 2 no distance exceeds √2, and |Δ|^p ≤ 2^((p−2)/2)·|Δ|²: W_p ≤ 2^(1/2−2/p).

    Examples
    --------
    >>> bound_sharing(1), bound_sharing(4)
    (0.7071067811865476, 1.0)
    """
    order = max(order, 2.0)
    return take_root(enclose_power(Fraction(2), order / 2)[1] / 4, order, down=False)
