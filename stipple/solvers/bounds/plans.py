"""Plans between images: made complete in whole numbers, and priced exactly."""

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.errors import StippleError
from stipple.solvers.bounds.clock import Clock
from stipple.solvers.bounds.exact import HALF, dot_exactly, join_sum, split_numbers
from stipple.solvers.bounds.masses import MassPair
from stipple.solvers.bounds.rounding import scale_exactly
from stipple.solvers.bounds.transforms import OffsetCosts, round_costs_up
from stipple.solvers.compiled import compile_loop

# Less than this share of the mass is not worth a second way to move it.
LITTLE = 2.0**-24


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


class PricedPlan(NamedTuple):
    """A complete plan.

    Attributes
    ----------
    cost : Fraction
        At least its cost, in pixels to the power p.
    repaired : float
        Fraction of the mass that the plan given left over.
    plan : Plan
        The plan given, as far as it is one, and what completes it but for dust: parts of less than
        2^-59 of the mass each. Pricing it again gives the same cost.
    """

    cost: Fraction
    repaired: float
    plan: Plan


class Moved(NamedTuple):
    """Mass by offset, in units: pairs (high, low), shape (h, w)."""

    high: Integers
    low: Integers


def price_plan(
    pair: MassPair, costs: OffsetCosts, plan: Plan | None, clock: Clock | None = None
) -> PricedPlan:
    """Cut a plan where it exceeds a marginal, complete it along a curve, and price the result.

    Entries are counted in units of 2^60, so that a pixel has a high half of them and less than one
    over. Both halves that are left over go along the curve; what the units miss of the masses, the
    same of either image, goes as far as can be.
    """
    clock = clock or Clock()
    size = pair.source.size
    units = pair.source_units, pair.target_units
    clock.check()
    left = [each.high.ravel().copy() for each in units]
    moved = Moved(np.zeros(pair.shape, np.int64), np.zeros(pair.shape, np.int64))
    plan = _EMPTY if plan is None else plan
    source, target, amounts = _read_plan(plan, pair.total, size)
    used = np.empty_like(amounts)
    _fill_pairs(source, target, amounts, *left, moved.high, used)
    fractions = np.minimum(plan.amounts, 1.0)
    whole = float(pair.total) / 2.0**HALF
    cut = used < amounts
    fractions[cut] = used[cut] / whole
    kept = used > 0
    parts = [Plan(source[kept], target[kept], fractions[kept])]
    repaired = float(Fraction(pair.total - (int(used.sum()) << HALF), pair.total))
    clock.check()
    order = order_along_curve(pair.shape)
    nothing = np.zeros(size, np.int64)
    if left[0].any() and left[1].any():
        found = _repair(order, costs, left, [nothing, nothing], moved, repaired > LITTLE, clock)
        parts.append(_list_entries(found, whole))
        clock.check()
    lows = [each.low.ravel().copy() for each in units]
    if any(each.any() for each in (*left, *lows)):
        _repair(order, costs, left, lows, moved, False, clock)
    clock.check()
    cost = price_offsets(moved, costs)
    missing = pair.total - join_sum(moved.high, moved.low)
    if missing and not pair.identical:
        cost += missing * Fraction(float(round_costs_up(costs)[-1, -1]))
    joined = Plan(
        np.concatenate([part.source for part in parts]),
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.amounts for part in parts]),
    )
    return PricedPlan(cost / pair.total, repaired, joined)


def price_offsets(moved: Moved, costs: OffsetCosts) -> Fraction:
    """Σ moved·cost over offsets, rounded up."""
    used = (moved.high != 0) | (moved.low != 0)
    if not used.any():
        return Fraction(0)
    table = costs.table[used] * (1 + 2 * costs.error) if costs.error else costs.table[used]
    prices = split_numbers(table)
    mantissas = prices.mantissas.astype(np.int64)
    cost = dot_exactly(moved.high[used], moved.low[used], mantissas, prices.shifts)
    return scale_exactly(cost, prices.exponent)


class _Repair(NamedTuple):
    """Entries, with the high half of what they carry, in the order in which they were made."""

    source: Integers
    target: Integers
    amounts: Integers


def _repair(
    order: Integers,
    costs: OffsetCosts,
    high: list[Integers],
    low: list[Integers],
    moved: Moved,
    both_ways: bool,
    clock: Clock,
) -> _Repair:
    """Move what is left, and change `high`, `low` and `moved` accordingly.

    What both images have left in a pixel stays there, and the differences go along the curve; for
    p > 1 moving everything a little can be cheaper than moving the differences far, which is tried
    if asked for.
    """
    found = []
    for stay in (True, False) if both_ways else (True,):
        halves = [each.copy() for each in (*high, *low)]
        added = Moved(np.zeros_like(moved.high), np.zeros_like(moved.low))
        entries = np.empty((3, 3 * len(order)), np.int64)
        count = _pour(order, *halves, *added, entries, stay)
        clock.check()
        price = price_offsets(added, costs) if both_ways else Fraction(0)
        found.append((price, halves, added, entries[:, :count]))
    _, halves, added, entries = min(found, key=lambda each: each[0])
    for old, new in zip((*high, *low), halves, strict=True):
        old[:] = new
    moved.high[:] += added.high
    moved.low[:] += added.low
    moved.high[:] += moved.low >> HALF
    moved.low[:] &= 2**HALF - 1
    return _Repair(*entries)


def _list_entries(repair: _Repair, whole: float) -> Plan:
    kept = repair.amounts > 0
    amounts = repair.amounts[kept] / whole
    return Plan(repair.source[kept], repair.target[kept], amounts)


_EMPTY = Plan(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def _read_plan(plan: Plan, total: int, pixels: int) -> tuple[Integers, Integers, Integers]:
    """Check a plan; amounts that are not positive and finite become 0 units of 2^60."""
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
    amounts = amounts.astype(float)
    asked = np.where(np.isfinite(amounts) & (amounts > 0), np.minimum(amounts, 1.0), 0.0)
    units = np.rint(asked * (float(total) / 2.0**HALF)).astype(np.int64)
    return source.astype(np.int64), target.astype(np.int64), units


@compile_loop
def order_along_curve(shape: tuple[int, int]) -> Integers:
    """Flat pixel indices along a Morton curve: quadrant after quadrant, row by row."""
    height, width = shape
    order = np.empty(height * width, np.int64)
    side = 1
    while side < max(height, width):
        side *= 2
    # Three quadrants wait at each of at most 63 sizes.
    waiting = np.empty((200, 3), np.int64)
    waiting[0, :2] = 0
    waiting[0, 2] = side
    size, count = 1, 0
    while size > 0:
        size -= 1
        row, column, side = waiting[size, 0], waiting[size, 1], waiting[size, 2]
        if row >= height or column >= width:
            continue
        if side == 1:
            order[count] = row * width + column
            count += 1
            continue
        half = side // 2
        for down, across in ((half, half), (half, 0), (0, half), (0, 0)):
            waiting[size, 0], waiting[size, 1], waiting[size, 2] = row + down, column + across, half
            size += 1
    return order


@compile_loop
def _fill_pairs(
    source: Integers,
    target: Integers,
    amounts: Integers,
    source_left: Integers,
    target_left: Integers,
    moved: Integers,
    used: Integers,
) -> None:
    """Move what each pair asks for and both ends have left; add the mass to its offset."""
    columns = moved.shape[1]
    for k in range(len(source)):
        x, y = source[k], target[k]
        most = min(source_left[x], target_left[y])
        # Up to the rounding of a double, all that is left is asked for.
        all_of_it = abs(amounts[k] - most) <= (most >> 50) + 2 and amounts[k] > 0
        amount = most if all_of_it else min(amounts[k], most)
        used[k] = amount
        source_left[x] -= amount
        target_left[y] -= amount
        moved[abs(x // columns - y // columns), abs(x % columns - y % columns)] += amount


@compile_loop
def _pour(
    order: Integers,
    given: Integers,
    taken: Integers,
    given_low: Integers,
    taken_low: Integers,
    moved: Integers,
    moved_low: Integers,
    entries: Integers,
    stay: bool,
) -> int:
    """Match two lists of masses in an order (north-west corner), until one of them is used up.

    Masses are pairs; add them to offsets, list the entries, and return how many there are.
    """
    columns = moved.shape[1]
    count = i = j = 0
    if stay:
        for x in order:
            first = given[x] < taken[x] or (given[x] == taken[x] and given_low[x] <= taken_low[x])
            high, low = (given[x], given_low[x]) if first else (taken[x], taken_low[x])
            if high == 0 and low == 0:
                continue
            entries[0, count], entries[1, count], entries[2, count] = x, x, high
            count += 1
            for halves in ((given, given_low), (taken, taken_low)):
                rest = halves[1][x] - low
                borrow = 1 if rest < 0 else 0
                halves[0][x] -= high + borrow
                halves[1][x] = rest + (borrow << HALF)
            moved[0, 0] += high
            moved_low[0, 0] += low
            if moved_low[0, 0] >> HALF:
                moved[0, 0] += 1
                moved_low[0, 0] -= 1 << HALF
    while i < len(order) and j < len(order):
        x, y = order[i], order[j]
        if given[x] == 0 and given_low[x] == 0:
            i += 1
            continue
        if taken[y] == 0 and taken_low[y] == 0:
            j += 1
            continue
        first = given[x] < taken[y] or (given[x] == taken[y] and given_low[x] <= taken_low[y])
        high, low = (given[x], given_low[x]) if first else (taken[y], taken_low[y])
        entries[0, count], entries[1, count], entries[2, count] = x, y, high
        count += 1
        for halves, z in (((given, given_low), x), ((taken, taken_low), y)):
            rest = halves[1][z] - low
            borrow = 1 if rest < 0 else 0
            halves[0][z] -= high + borrow
            halves[1][z] = rest + (borrow << HALF)
        down, across = abs(x // columns - y // columns), abs(x % columns - y % columns)
        moved[down, across] += high
        moved_low[down, across] += low
        if moved_low[down, across] >> HALF:
            moved[down, across] += 1
            moved_low[down, across] -= 1 << HALF
    return count
