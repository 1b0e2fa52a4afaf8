"""Plans made complete, in whole numbers: no mass is left over, and none goes twice."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from stipple.arrays import Integers
from stipple.bounds.clock import Clock
from stipple.bounds.exact import HALF, LOW, join_sum
from stipple.bounds.grid import lift_shape
from stipple.bounds.masses import MassPair
from stipple.bounds.plans import Moved, Plan, check_plan, join_plans, price_offsets
from stipple.bounds.transforms import OffsetCosts, round_costs_up
from stipple.geometry.morton import order_pixels_along_curve
from stipple.machine.compiled import compile_loop

# Less than this share of the mass is not worth a second way to move it.
LITTLE = 2.0**-24
# By what share of the mass solvers round that of a pixel.
SOLVER_ROUNDING = 2.0**-50


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
        2^-59 of the mass each. Pricing it again gives the same cost; where it has circles, but for
        the rounding of doubles.
    """

    cost: Fraction
    repaired: float
    plan: Plan


class Left(NamedTuple):
    """What is left of the masses of both images, in units: pairs (high, low), shape (h·w,)."""

    given: Integers
    given_low: Integers
    taken: Integers
    taken_low: Integers


def price_plan(
    pair: MassPair, costs: OffsetCosts, plan: Plan | None, clock: Clock | None = None
) -> PricedPlan:
    """Cut a plan where it exceeds a marginal, complete it along a curve, and price the result.

    A solver rounds masses. Where its plan is a forest, exact masses determine what goes along each
    branch, from the leaves inwards, and all that is left is little: dust carried far would cost
    more than all the rest for large p. Otherwise, amounts are taken as they are, and the rest goes
    along the curve. What the units miss of the masses, the same of either image, goes as far as
    can be.
    """
    clock = clock or Clock()
    clock.check()
    units = pair.source_units, pair.target_units
    left = Left(*(half.ravel().copy() for each in units for half in (each.high, each.low)))
    moved = Moved(*np.zeros((2, *lift_shape(pair.shape)), np.int64))
    parts = [] if plan is None else [_follow_plan(pair, plan, left, moved, clock)]
    repaired = float(Fraction(pair.total - join_sum(*moved), pair.total))
    clock.check()
    if any(each.any() for each in left):
        parts.append(_repair(pair, costs, left, moved, repaired > LITTLE, clock))
    clock.check()
    cost = price_offsets(moved, costs)
    missing = pair.total - join_sum(moved.high, moved.low)
    if missing and not pair.identical:
        cost += missing * Fraction(float(round_costs_up(costs).flat[-1]))
    return PricedPlan(cost / pair.total, repaired, join_plans(parts))


def _follow_plan(pair: MassPair, plan: Plan, left: Left, moved: Moved, clock: Clock) -> Plan:
    """Move what a plan asks for and both images have: `left` and `moved` change accordingly."""
    size, whole = pair.source.size, float(pair.total) / 2.0**HALF
    plan = check_plan(plan, size)
    usable = np.isfinite(plan.amounts) & (plan.amounts > 0)
    asked = np.where(usable, np.minimum(plan.amounts, 1.0), 0.0)
    amounts = np.rint(asked * whole).astype(np.int64)
    entries, leaves = _peel_leaves(plan.source, plan.target, size)
    clock.check()
    slack = round(size * SOLVER_ROUNDING * whole)
    used = _fill_pairs(entries, leaves, plan.source, plan.target, amounts, slack, left, moved)
    fractions = np.where(used == amounts, plan.amounts, used / whole)
    kept = entries[used[entries] > 0]
    return Plan(plan.source[kept], plan.target[kept], fractions[kept])


def _repair(
    pair: MassPair, costs: OffsetCosts, left: Left, moved: Moved, both_ways: bool, clock: Clock
) -> Plan:
    """Move what is left of both images; `moved` changes accordingly.

    What both images have left in a pixel stays there, and the differences go along the curve; for
    p > 1 moving everything a little can be cheaper than moving the differences far, which is tried
    if asked for.
    """
    order = order_pixels_along_curve(lift_shape(pair.shape))
    found = []
    for stay in (True, False) if both_ways else (True,):
        rest = Left(*(each.copy() for each in left))
        added = Moved(np.zeros_like(moved.high), np.zeros_like(moved.low))
        entries = np.empty((3, 3 * len(order)), np.int64)
        n = _match_rest(order, rest, added, entries, stay)
        clock.check()
        price = price_offsets(added, costs) if both_ways else Fraction(0)
        found.append((price, added, entries[:, :n]))
    _, added, entries = min(found, key=lambda each: each[0])
    moved.high[:] += added.high
    moved.low[:] += added.low
    moved.high[:] += moved.low >> HALF
    moved.low[:] &= LOW
    source, target, amounts = entries[:, entries[2] > 0]
    return Plan(source, target, amounts / (float(pair.total) / 2.0**HALF))


@compile_loop
def _peel_leaves(source: Integers, target: Integers, size: int) -> tuple[Integers, Integers]:
    """Put the entries of a plan in an order in which each one hangs on a leaf, where that can be.

    Returns the entries, and which end of each is the leaf: 1 the source, 2 the target, 0 neither,
    on circles. Nodes are the pixels of the first image, then those of the second.
    """
    degree = np.zeros(2 * size, np.int64)
    # The sum of its entries tells the last that a node has.
    around = np.zeros(2 * size, np.int64)
    for k in range(len(source)):
        for node in (source[k], size + target[k]):
            degree[node] += 1
            around[node] += k
    order, leaves = np.empty(len(source), np.int64), np.zeros(len(source), np.int64)
    done = np.zeros(len(source), np.bool_)
    waiting = np.empty(2 * size, np.int64)
    count = waits = 0
    for node in range(2 * size - 1, -1, -1):
        if degree[node] == 1:
            waiting[waits] = node
            waits += 1
    following = 0
    while count < len(source):
        if waits > 0:
            waits -= 1
            node = waiting[waits]
            if degree[node] != 1:
                continue
            k = around[node]
            leaves[count] = 1 if node < size else 2
        else:
            while done[following]:
                following += 1
            k = following
        order[count] = k
        done[k] = True
        count += 1
        for node in (source[k], size + target[k]):
            degree[node] -= 1
            around[node] -= k
            if degree[node] == 1:
                waiting[waits] = node
                waits += 1
    return order, leaves


@compile_loop
def _move(left: Left, x: int, y: int, high: int, low: int, moved: Moved) -> None:
    """Move a count from pixel to pixel: pairs with borrow and carry."""
    given, given_low, taken, taken_low = left
    for halves, z in (((given, given_low), x), ((taken, taken_low), y)):
        rest = halves[1][z] - low
        borrow = 1 if rest < 0 else 0
        halves[0][z] -= high + borrow
        halves[1][z] = rest + (borrow << HALF)
    rows, columns = moved.high.shape[1:]
    line, other = x // columns, y // columns
    plane, other_plane = line // rows, other // rows
    across = abs(x - line * columns - y + other * columns)
    down = abs(line - plane * rows - other + other_plane * rows)
    place = (abs(plane - other_plane), down, across)
    moved.high[place] += high
    moved.low[place] += low
    if moved.low[place] >> HALF:
        moved.high[place] += 1
        moved.low[place] -= 1 << HALF


@compile_loop
def _fill_pairs(
    entries: Integers,
    leaves: Integers,
    source: Integers,
    target: Integers,
    amounts: Integers,
    slack: int,
    left: Left,
    moved: Moved,
) -> Integers:
    """Move what each entry asks for and both ends have left; tell how much, in high halves.

    A leaf gives or takes all that it has left, if that is what is asked for up to `slack` and the
    rounding of a double.
    """
    given, given_low, taken, taken_low = left
    used = np.zeros(len(source), np.int64)
    for number in range(len(entries)):
        k = entries[number]
        x, y = source[k], target[k]
        high, low = amounts[k], 0
        if high == 0:
            continue
        if leaves[number] > 0:
            have, have_low = given[x], given_low[x]
            if leaves[number] == 2:
                have, have_low = taken[y], taken_low[y]
            if abs(high - have) <= slack + (high >> 50) + 2:
                high, low = have, have_low
        if given[x] < high or (given[x] == high and given_low[x] < low):
            high, low = given[x], given_low[x]
        if taken[y] < high or (taken[y] == high and taken_low[y] < low):
            high, low = taken[y], taken_low[y]
        used[k] = high
        _move(left, x, y, high, low, moved)
    return used


@compile_loop
def _match_rest(order: Integers, left: Left, moved: Moved, entries: Integers, stay: bool) -> int:
    """Match two lists of masses in an order (north-west corner), until one of them is used up.

    Masses have 120 bits, and what is matched changes `left` and `moved`: hence a loop of its own.
    It lists the entries, and returns how many there are. What both lists have of a pixel stays
    there first, if asked for.
    """
    given, given_low, taken, taken_low = left
    count = i = j = 0
    staying = len(order) if stay else 0
    while i < len(order) and j < len(order):
        x, y = order[i], order[j]
        if staying > 0:
            staying -= 1
            x = y = order[staying]
        elif given[x] == 0 and given_low[x] == 0:
            i += 1
            continue
        elif taken[y] == 0 and taken_low[y] == 0:
            j += 1
            continue
        high, low = given[x], given_low[x]
        if taken[y] < high or (taken[y] == high and taken_low[y] < low):
            high, low = taken[y], taken_low[y]
        if high == 0 and low == 0:
            continue
        entries[0, count], entries[1, count], entries[2, count] = x, y, high
        count += 1
        _move(left, x, y, high, low, moved)
    return count
