"""Plans between images: pairs of pixels and what goes between them, and what that costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.bounds.exact import dot_exactly, split_numbers
from stipple.bounds.transforms import OffsetCosts, round_costs_up
from stipple.errors import StippleError
from stipple.machine.rounding import scale_exactly


@dataclass(frozen=True, eq=False)
class Plan:
    """Mass that goes from pixels to pixels.

    Attributes
    ----------
    source, target : ndarray, shape (k,)
        Flat pixel indices, row by row; a pair may occur several times.
    amounts : ndarray, shape (k,)
        Fractions of the mass, sum about 1.
    """

    source: Integers
    target: Integers
    amounts: Floats


class Moved(NamedTuple):
    """Mass by offset, in units: pairs (high, low), shape (h, w) or with three axes."""

    high: Integers
    low: Integers


def join_plans(plans: Sequence[Plan]) -> Plan:
    """Put the entries of plans one after another."""
    return Plan(
        np.concatenate([plan.source for plan in plans]),
        np.concatenate([plan.target for plan in plans]),
        np.concatenate([plan.amounts for plan in plans]),
    )


def price_offsets(moved: Moved, costs: OffsetCosts) -> Fraction:
    """Σ moved·cost over offsets, rounded up."""
    used = (moved.high != 0) | (moved.low != 0)
    if not used.any():
        return Fraction(0)
    table = costs.table.reshape(used.shape)[used]
    prices = split_numbers(round_costs_up(replace(costs, table=table)))
    mantissas = prices.mantissas.astype(np.int64)
    cost = dot_exactly(moved.high[used], moved.low[used], mantissas, prices.shifts)
    return scale_exactly(cost, prices.exponent)


def check_plan(plan: Plan, pixels: int) -> Plan:
    """Refuse a plan that is no list of pairs of so many pixels; amounts may be any numbers."""
    source, target, amounts = (
        np.asarray(part) for part in (plan.source, plan.target, plan.amounts)
    )
    if not (source.ndim == 1 and source.shape == target.shape == amounts.shape):
        raise StippleError(
            f"A plan with sources, targets and amounts of the shapes {source.shape},"
            f" {target.shape} and {amounts.shape} is no list of pairs: give three of one length."
        )
    if source.dtype.kind not in "iu" or target.dtype.kind not in "iu":
        raise StippleError(
            f"A plan names pixels by integers, not by {source.dtype} and {target.dtype}."
        )
    for ends in (source, target):
        if len(ends) and not 0 <= int(ends.min()) <= int(ends.max()) < pixels:
            raise StippleError(
                f"The plan names the pixels {ends.min()} to {ends.max()} of an image that has"
                f" {pixels}: give flat indices from 0 to {pixels - 1}."
            )
    return Plan(source.astype(np.int64), target.astype(np.int64), amounts.astype(float))
