"""Plans made better between neighbours, two pixels at a time."""

import math
import time
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.bounds.grid import AXES, lift
from stipple.bounds.problem import Flow, evaluate_flow
from stipple.machine.compiled import compile_loop

# Two pixels with more partners than this are left alone: sorting them would take long.
MOST_PARTNERS = 64
# Sources and targets share anew in turn, until that gains less than this share of the first time.
FADED = 0.05


class _Lists(NamedTuple):
    """What pixels send, or receive: a chain of entries for each, and one of those not in use.

    Attributes
    ----------
    first : ndarray, shape (pixels + 1,)
        The first entry of each pixel, and of the chain not in use; −1 where there is none.
    partners, amounts, following : ndarray, shape (room,)
        The other pixel of each entry, how much goes there, and the next entry of the chain.
    """

    first: Integers
    partners: Integers
    amounts: Floats
    following: Integers


class _Pair(NamedTuple):
    """The entries of two pixels: partners, amounts, what the first costs more than the second."""

    partners: Integers
    amounts: Floats
    differences: Floats


def exchange_with_neighbours(
    flow: Flow, costs: Floats, enough: float = -math.inf, deadline: float = math.inf
) -> Flow:
    """Share anew what each two neighbours send, and what each two receive, round after round.

    Two pixels share their targets best in the order of the difference of their costs: the first
    takes what is cheaper for it, until it has sent all. The cost never rises. What is left to gain
    takes more than two pixels, most of it far apart: other solvers find that.

    Parameters
    ----------
    flow : Flow
    costs : ndarray, shape (h, w) or (d, h, w)
        By offset: the table of `transforms.measure_costs`.
    enough : float
        Stop at this cost, in pixels to the power p.
    deadline : float
        Time of `time.perf_counter` at which to stop.
    """
    offsets, table = _list_neighbours(costs.ndim), lift(costs)
    cost, least = evaluate_flow(flow, costs), 0.0
    gain, turned = math.inf, False
    while gain > least and cost > enough and time.perf_counter() < deadline:
        source, target, amounts = _exchange(*flow, table, offsets)
        # Costs are the same both ways: targets take the place of sources, in turn.
        flow, turned = Flow(target, source, amounts), not turned
        before, cost = cost, evaluate_flow(flow, costs)
        gain = before - cost
        least = least or FADED * gain
    return Flow(flow.target, flow.source, flow.amounts) if turned else flow


@lru_cache
def _list_neighbours(axes: int) -> Integers:
    """Offsets to half of the pixels around one, so that each two neighbours meet once."""
    around = [offset for offset in product((-1, 0, 1), repeat=axes) if offset > (0,) * axes]
    offsets = np.zeros((len(around), AXES), np.int64)
    offsets[:, AXES - axes :] = around
    return offsets


@compile_loop
def _exchange(
    holders: Integers, partners: Integers, amounts: Floats, costs: Floats, offsets: Integers
) -> tuple[Integers, Integers, Floats]:
    """Share anew what each two neighbours hold, once."""
    depth, height, width = costs.shape
    lists, places = _chain(holders, partners, amounts, costs.size), _list_places(costs.shape)
    pair = _Pair(
        np.empty(MOST_PARTNERS, np.int64), np.empty(MOST_PARTNERS), np.empty(MOST_PARTNERS)
    )
    for here in range(costs.size):
        if lists.first[here] < 0:
            continue
        for k in range(len(offsets)):
            s, r, c = places[here, 0], places[here, 1], places[here, 2]
            s, r, c = s + offsets[k, 0], r + offsets[k, 1], c + offsets[k, 2]
            if not (0 <= s < depth and 0 <= r < height and 0 <= c < width):
                continue
            there = (s * height + r) * width + c
            # A pixel more may hold an entry afterwards.
            if lists.first[there] >= 0 and lists.first[costs.size] >= 0:
                _share_pair(lists, pair, costs, places, here, there)
    return _unchain(lists)


@compile_loop
def _share_pair(
    lists: _Lists, pair: _Pair, costs: Floats, places: Integers, here: int, there: int
) -> None:
    """Share anew what two pixels hold, if that costs less."""
    middle = _gather(lists, pair, costs, places, here, here, there, 0)
    count = _gather(lists, pair, costs, places, there, here, there, middle)
    if middle == MOST_PARTNERS or count == MOST_PARTNERS:
        return
    held = 0.0
    most, least = -np.inf, np.inf
    for i in range(count):
        if i < middle:
            held += pair.amounts[i]
            most = max(most, pair.differences[i])
        else:
            least = min(least, pair.differences[i])
    if most <= least:
        return
    _sort(pair, count)
    _release(lists, here)
    _release(lists, there)
    for i in range(count):
        part = min(held, pair.amounts[i])
        held -= part
        _hold(lists, here, pair.partners[i], part)
        _hold(lists, there, pair.partners[i], pair.amounts[i] - part)


@compile_loop
def _chain(holders: Integers, partners: Integers, amounts: Floats, size: int) -> _Lists:
    """Put the entries of each pixel into a chain, with room for one more a pixel."""
    room = len(holders) + size
    lists = _Lists(
        np.full(size + 1, -1), np.empty(room, np.int64), np.empty(room), np.empty(room, np.int64)
    )
    for k in range(room - 1, -1, -1):
        holder = size
        if k < len(holders):
            holder = holders[k]
            lists.partners[k], lists.amounts[k] = partners[k], amounts[k]
        lists.following[k] = lists.first[holder]
        lists.first[holder] = k
    return lists


@compile_loop
def _unchain(lists: _Lists) -> tuple[Integers, Integers, Floats]:
    """List the entries of the pixels, one after another."""
    room = len(lists.partners)
    holders, partners = np.empty(room, np.int64), np.empty(room, np.int64)
    amounts = np.empty(room)
    count = 0
    for pixel in range(len(lists.first) - 1):
        k = lists.first[pixel]
        while k >= 0:
            holders[count] = pixel
            partners[count], amounts[count] = lists.partners[k], lists.amounts[k]
            count += 1
            k = lists.following[k]
    return holders[:count], partners[:count], amounts[:count]


@compile_loop
def _list_places(shape: tuple[int, int, int]) -> Integers:
    """Slice, row and column of each pixel: looked up faster than divided."""
    places = np.empty((shape[0] * shape[1] * shape[2], AXES), np.int64)
    pixel = 0
    for plane in range(shape[0]):
        for row in range(shape[1]):
            for column in range(shape[2]):
                places[pixel, 0], places[pixel, 1], places[pixel, 2] = plane, row, column
                pixel += 1
    return places


@compile_loop
def _gather(
    lists: _Lists,
    pair: _Pair,
    costs: Floats,
    places: Integers,
    pixel: int,
    here: int,
    there: int,
    count: int,
) -> int:
    """Add the entries of a pixel to those of a pair, as far as there is room."""
    k = lists.first[pixel]
    while k >= 0 and count < MOST_PARTNERS:
        partner = lists.partners[k]
        pair.partners[count], pair.amounts[count] = partner, lists.amounts[k]
        difference = _price(costs, places, here, partner) - _price(costs, places, there, partner)
        pair.differences[count] = difference
        count += 1
        k = lists.following[k]
    return count


@compile_loop
def _price(costs: Floats, places: Integers, here: int, there: int) -> float:
    """Find the cost between two pixels."""
    s = abs(places[here, 0] - places[there, 0])
    r = abs(places[here, 1] - places[there, 1])
    c = abs(places[here, 2] - places[there, 2])
    return float(costs[s, r, c])


@compile_loop
def _sort(pair: _Pair, count: int) -> None:
    """Sort the entries of a pair by difference: they are few."""
    for i in range(1, count):
        partner, amount, difference = pair.partners[i], pair.amounts[i], pair.differences[i]
        j = i - 1
        while j >= 0 and pair.differences[j] > difference:
            pair.partners[j + 1], pair.amounts[j + 1] = pair.partners[j], pair.amounts[j]
            pair.differences[j + 1] = pair.differences[j]
            j -= 1
        pair.partners[j + 1], pair.amounts[j + 1] = partner, amount
        pair.differences[j + 1] = difference


@compile_loop
def _release(lists: _Lists, pixel: int) -> None:
    """Take all entries away from a pixel."""
    unused = len(lists.first) - 1
    k = lists.first[pixel]
    while k >= 0:
        following = lists.following[k]
        lists.following[k] = lists.first[unused]
        lists.first[unused] = k
        k = following
    lists.first[pixel] = -1


@compile_loop
def _hold(lists: _Lists, pixel: int, partner: int, amount: float) -> None:
    """Give an entry to a pixel, or more to its last one if that has the same partner."""
    if amount <= 0:
        return
    head = lists.first[pixel]
    if head >= 0 and lists.partners[head] == partner:
        lists.amounts[head] += amount
        return
    unused = len(lists.first) - 1
    k = lists.first[unused]
    lists.first[unused] = lists.following[k]
    lists.partners[k], lists.amounts[k], lists.following[k] = partner, amount, head
    lists.first[pixel] = k
