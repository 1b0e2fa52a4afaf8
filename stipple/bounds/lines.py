"""Transport along a line: masses at 0, 1, 2, … matched in order, in whole numbers of any size.

The masses of a line are rows of limbs of 30 bits, the least first (see `exact.py`).
"""

import math
from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.bounds.exact import LIMB, SMALL, carry_limbs, cut_limbs, dot_exactly, join_limbs
from stipple.machine.compiled import compile_loop


class LineMatch(NamedTuple):
    """What goes from place to place in the order of the places: the best plan for every p ≥ 1.

    Attributes
    ----------
    source, target : ndarray, shape (k,)
        Places.
    amounts : ndarray, shape (k,)
        Fractions of the mass, rounded.
    moved : ndarray, shape (n, limbs)
        Mass by distance, exactly, in units of which all of the mass has `whole`.
    whole : int
    """

    source: Integers
    target: Integers
    amounts: Floats
    moved: Integers
    whole: int


def match_in_order(first: Integers, second: Integers, wholes: tuple[int, int]) -> LineMatch:
    """Match two lines of n masses each, whose sums are `wholes`, in the order of the places."""
    whole = math.lcm(*wholes)
    factor, other = (np.array(cut_limbs(whole // each), np.int64) for each in wholes)
    size = len(first)
    width = max(len(factor) + first.shape[1], len(other) + second.shape[1])
    places, amounts = np.empty((2, 2 * size), np.int64), np.empty(2 * size)
    moved = np.zeros((size, width), np.int64)
    # In the range of doubles: the number of limbs of the whole is `width` or little less.
    scale = (1 << (LIMB * width)) / whole
    count = _match_in_order(first, second, factor, other, scale, places, amounts, moved)
    carry_limbs(moved, 0)
    source, target = places[:, :count]
    return LineMatch(source, target, amounts[:count], moved[:, : len(cut_limbs(whole))], whole)


def weigh_places(line: Integers, weights: Integers, shifts: Integers) -> int:
    """Σ line·weights·2^shifts over the places of a line, for weights from 0 up to 2^63."""
    nothing = np.zeros(len(line), np.int64)
    return sum(
        dot_exactly(nothing, column, weights, shifts) << (LIMB * place)
        for place, column in enumerate(line.T)
    )


def weigh_powers(line: Integers, power: int) -> int:
    """Σ line·k^power over the places k = 0, 1, 2, … of a line."""
    bits = power * len(line).bit_length()
    sums = np.zeros(line.shape[1] + bits // LIMB + 1, np.int64)
    _weigh_powers(line, power, sums)
    return join_limbs(sums)


@compile_loop
def _match_in_order(
    first: Integers,
    second: Integers,
    factor: Integers,
    other_factor: Integers,
    scale: float,
    places: Integers,
    amounts: Floats,
    moved: Integers,
) -> int:
    """List the entries of the plan, and add them up by distance; return how many there are."""
    width = moved.shape[1]
    given, taken = np.empty(width, np.int64), np.empty(width, np.int64)
    count = i = j = 0
    _multiply(first[0], factor, given)
    _multiply(second[0], other_factor, taken)
    while True:
        # The smaller of both goes; what is left of the larger stays for the next.
        top = width - 1
        while top >= 0 and given[top] == taken[top]:
            top -= 1
        all_given = top < 0 or given[top] < taken[top]
        small, large = (given, taken) if all_given else (taken, given)
        distance = abs(i - j)
        amount, borrow = 0.0, 0
        for k in range(width):
            amount = amount / 2.0**LIMB + small[k]
            moved[distance, k] += small[k]
            rest = large[k] - small[k] - borrow
            borrow = 1 if rest < 0 else 0
            large[k] = rest + (borrow << LIMB)
        if amount > 0:
            places[0, count], places[1, count] = i, j
            amounts[count] = amount * scale / 2.0**LIMB
            count += 1
        if all_given:
            i += 1
            if i == len(first):
                break
            _multiply(first[i], factor, given)
        if top < 0 or not all_given:
            j += 1
            if j == len(second):
                break
            _multiply(second[j], other_factor, taken)
    return count


@compile_loop
def _multiply(value: Integers, factor: Integers, product: Integers) -> None:
    """Multiply numbers of limbs; none of the sums exceeds 2^61."""
    product[:] = 0
    for i in range(len(value)):
        if value[i] == 0:
            continue
        carry = 0
        for j in range(len(factor)):
            term = product[i + j] + value[i] * factor[j] + carry
            product[i + j] = term & SMALL
            carry = term >> LIMB
        product[i + len(factor)] = carry


@compile_loop
def _weigh_powers(line: Integers, power: int, sums: Integers) -> None:
    """Add up each of a line times k^power; places are below 2^32, so that products fit."""
    product = np.empty(len(sums), np.int64)
    for k in range(len(line)):
        used = False
        product[:] = 0
        for i in range(line.shape[1]):
            product[i] = line[k, i]
            used |= line[k, i] != 0
        if not used:
            continue
        for _ in range(power):
            carry = 0
            for i in range(len(product)):
                term = product[i] * k + carry
                product[i] = term & SMALL
                carry = term >> LIMB
        for i in range(len(product)):
            sums[i] += product[i]
