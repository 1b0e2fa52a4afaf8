"""Loops over the masses and costs of a discrete problem; see `discrete_problem`."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.nearest import find_angle, find_cost
from stipple.machine.compiled import compile_loop
from stipple.machine.double_doubles import add, add_pairs, sum_groups
from stipple.machine.rounding import UNIT_ROUNDING

# Unit of rounding.


@compile_loop
def add_cells(
    points: Floats,
    atoms: Floats,
    highs: Floats,
    lows: Floats,
    first: Integers,
    values: Floats,
    second_values: Floats,
    order: float,
    arcs: bool,
    shift: float,
    relative: float,
    absolute: float,
) -> tuple[float, float, Floats, Floats]:
    """Add up a_i c(x_i, y_j(i)), what samples pay that may have a cheaper atom, and cells."""
    sums = np.zeros(len(atoms))
    errors = np.zeros(len(atoms))
    total = 0.0
    rest = 0.0
    doubt = 0.0
    for i in range(len(points)):
        j = first[i]
        cost = _find_shifted_cost(points, i, atoms, j, order, arcs, shift)
        total, error = add(total, highs[i] * cost)
        rest += error
        sums[j], errors[j] = add_pairs(sums[j], errors[j], highs[i], lows[i])
        if len(values):
            room = relative * (abs(values[i]) + abs(second_values[i])) + absolute
            # Not so if there is no second.
            if second_values[i] - values[i] <= room and second_values[i] < np.inf:
                doubt += highs[i] * room
    return total + rest, doubt * (1 + len(points) * 2.0**-52), sums, errors


@compile_loop
def add_costs(
    points: Floats,
    atoms: Floats,
    sources: Integers,
    targets: Integers,
    amounts: Floats,
    order: float,
    arcs: bool,
    shift: float,
) -> float:
    """Add up amounts times costs."""
    total = 0.0
    rest = 0.0
    for entry in range(len(amounts)):
        cost = _find_shifted_cost(points, sources[entry], atoms, targets[entry], order, arcs, shift)
        total, error = add(total, amounts[entry] * cost)
        rest += error
    return total + rest


@compile_loop
def _find_shifted_cost(
    points: Floats, i: int, atoms: Floats, j: int, order: float, arcs: bool, shift: float
) -> float:
    if arcs:
        return float(max(0.0, find_angle(points, i, atoms, j) + shift) ** order)
    return find_cost(points, i, atoms, j, order, arcs)


@compile_loop
def fit_groups(rows: Integers, amounts: Floats, highs: Floats, lows: Floats) -> Floats:
    """Scale amounts down where a row holds more than it may."""
    sums, errors = sum_groups(rows, amounts, np.zeros_like(amounts), len(highs))
    ratios = np.ones(len(highs))
    for i in range(len(highs)):
        if add_pairs(highs[i], lows[i], -sums[i], -errors[i])[0] < 0:
            ratios[i] = highs[i] / sums[i] * (1 - 4 * UNIT_ROUNDING)
    return amounts * ratios[rows]


@compile_loop
def subtract_groups(
    rows: Integers, amounts: Floats, highs: Floats, lows: Floats
) -> tuple[tuple[Floats, Floats], float]:
    """Subtract amounts from their rows: the rest, and what fell below nothing."""
    sums, errors = sum_groups(rows, amounts, np.zeros_like(amounts), len(highs))
    lost = 0.0
    for i in range(len(highs)):
        sums[i], errors[i] = add_pairs(highs[i], lows[i], -sums[i], -errors[i])
        if sums[i] < 0:
            lost -= sums[i]
            sums[i] = 0.0
            errors[i] = 0.0
    return (sums, errors), 2 * lost


@compile_loop
def fill_up(
    rows: Integers,
    columns: Integers,
    given: tuple[Floats, Floats],
    taken: tuple[Floats, Floats],
) -> Floats:
    """Let entries carry more, one after the other, of what is left on both sides; change that."""
    more = np.zeros(len(rows))
    for entry in range(len(rows)):
        i, j = rows[entry], columns[entry]
        # What rounding makes of the difference stays above 0.
        amount = min(given[0][i], taken[0][j]) * (1 - 4 * UNIT_ROUNDING)
        if amount > 0:
            more[entry] = amount
            given[0][i], given[1][i] = add_pairs(given[0][i], given[1][i], -amount, 0.0)
            taken[0][j], taken[1][j] = add_pairs(taken[0][j], taken[1][j], -amount, 0.0)
    return more


@compile_loop
def match_in_order(
    given_highs: Floats, given_lows: Floats, taken_highs: Floats, taken_lows: Floats
) -> tuple[Integers, Integers, Floats, float]:
    """Match two lists of amounts from their beginnings: pairs, what each carries, what is left.

    The north-west corner rule in double-doubles, so that next to nothing is left.
    """
    givers, takers = len(given_highs), len(taken_highs)
    sources = np.empty(givers + takers, np.int64)
    targets = np.empty(givers + takers, np.int64)
    amounts = np.empty(givers + takers)
    count = 0
    i = 0
    j = 0
    high, low = given_highs[0], given_lows[0]
    wanted, rest = taken_highs[0], taken_lows[0]
    while i < givers and j < takers:
        sources[count] = i
        targets[count] = j
        difference, error = add_pairs(high, low, -wanted, -rest)
        if difference > 0:
            amounts[count] = wanted
            high, low = difference, error
            j += 1
            if j < takers:
                wanted, rest = taken_highs[j], taken_lows[j]
        else:
            amounts[count] = high
            wanted, rest = -difference, -error
            i += 1
            if i < givers:
                high, low = given_highs[i], given_lows[i]
        count += int(amounts[count] > 0)
    left = 0.0
    if i < givers:
        left += high + given_highs[i + 1 :].sum()
    if j < takers:
        left += wanted + taken_highs[j + 1 :].sum()
    return sources[:count], targets[:count], amounts[:count], 2 * left


@compile_loop
def subtract_pairs(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """Subtract pairs (c, d) from pairs (a, b)."""
    differences = np.empty_like(a)
    for j in range(len(a)):
        differences[j] = add_pairs(a[j], b[j], -c[j], -d[j])[0]
    return differences
