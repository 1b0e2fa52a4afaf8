"""Bounds on W_p between images that are too large for the time there is, from pooled images.

Let A be an image a with the mass of each block of pixels moved to the middle of the block. Then
W_p(a, b) and W_p(A, B) differ by at most W_p(a, A) + W_p(b, B), and these are known: no pixel goes
farther than to the middle of its block.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial, reduce
from typing import TYPE_CHECKING

import numpy as np

from stipple.arrays import Floats
from stipple.bounds.certificate import BoundCertificate, certify_cheaply, measure_gap
from stipple.bounds.grid import cut_blocks, pool_blocks
from stipple.bounds.masses import MassPair, pair_masses
from stipple.interval import Interval
from stipple.machine.rounding import (
    UNIT_ROUNDING,
    enclose_power,
    raise_power,
    round_down,
    round_up,
    take_root,
)

if TYPE_CHECKING:
    from stipple.bounds.results import BoundResult, LevelRecord

# Pixels that are bounded in a quarter of a second: by ascent and cells (p = 2), and on sparse arcs.
FAST_PIXELS, SPARSE_PIXELS = 2**15, 2**11
# Time grows as this power of the pixels; that much of what is left may be planned for.
GROWTH = 1.5
PLANNED = 0.9
# With larger blocks than this there is hardly time to pool.
LARGEST_SIDE = 64


@dataclass(frozen=True, eq=False)
class PooledPair:
    """Two images whose pixels were blocks of other images.

    Attributes
    ----------
    pair : MassPair
        The pooled images.
    side : int
        Pixels along a side of a block.
    distance : float
        W_p(a, A) + W_p(b, B) is at most this, in pixels of the images that were pooled.
    """

    pair: MassPair
    side: int
    distance: float

    def convert(self, interval: Interval) -> Interval:
        """Turn bounds between the pooled images into bounds between the images."""
        if self.side == 1:
            return interval
        distance = Fraction(self.distance)
        lower = round_down(self.side * Fraction(interval.lower) - distance)
        upper = round_up(self.side * Fraction(interval.upper) + distance)
        return Interval(max(0.0, lower), upper)

    def certify(self, found: BoundCertificate) -> BoundCertificate:
        """Turn a certificate for the pooled images into one for the images, without a plan."""
        if self.side == 1:
            return found
        distance = self.convert(found.distance)
        cost = Interval(
            raise_power(distance.lower, found.order, down=True),
            raise_power(distance.upper, found.order, down=False),
        )
        return BoundCertificate(found.order, distance, cost, 1.0, None)


def bound_pooled(
    pair: MassPair,
    order: float,
    gap: float,
    side: int,
    end: float,
    solve: "Callable[[MassPair, Callable[[LevelRecord], None]], BoundResult]",
    on_level: "Callable[[LevelRecord], None] | None",
) -> "BoundResult":
    """Bound images through pooled ones, with smaller and smaller blocks while there is time.

    Parameters
    ----------
    pair : MassPair
        Images of shape (h, w).
    order : float
        p.
    gap : float
        (upper − lower) / lower at which to stop.
    side : int
        Pixels along a side of the first blocks.
    end : float
        Time of `time.perf_counter` at which to stop.
    solve : callable
        Bounds a pair of images, all of their pixels; receives `on_level`, too.
    on_level : callable, optional
        Receives a record, for the full images, after each level of pooled images.
    """
    known = certify_cheaply(pair, order)
    while True:
        began = time.perf_counter()
        blocks = PooledPair(pair, 1, 0.0) if side == 1 else pool_pair(pair, side, order)
        convert = partial(_convert_record, blocks=blocks, known=known.distance)

        def tell(
            record: "LevelRecord", convert: "Callable[[LevelRecord], LevelRecord]" = convert
        ) -> None:
            if on_level:
                on_level(convert(record))

        found = solve(blocks.pair, tell)
        known = known.combine(blocks.certify(found.certificate))
        now = time.perf_counter()
        finer = _choose_finer(side, len(pair.shape), now - began, end - now)
        reached = measure_gap(known.distance) <= gap
        if reached or finer == side:
            break
        side = finer
    return replace(
        found,
        certificate=known,
        reached=reached,
        stopped="gap" if reached else "time" if side > 1 else found.stopped,
        levels=tuple(map(convert, found.levels)),
        potential=found.potential if side == 1 and known.lower == found.lower else None,
        plan=known.plan,
    )


def _convert_record(record: "LevelRecord", *, blocks: PooledPair, known: Interval) -> "LevelRecord":
    """Turn what was proved about pooled images into what is known of the images."""
    found = blocks.convert(record.interval)
    interval = Interval(max(found.lower, known.lower), min(found.upper, known.upper))
    return replace(record, interval=interval)


def choose_side(shape: tuple[int, ...], fast: bool, seconds: float) -> int:
    """Choose the side of blocks, in pixels, that leave time for smaller ones; 1 for no blocks."""
    affordable, pixels = seconds * (FAST_PIXELS if fast else SPARSE_PIXELS), math.prod(shape)
    if pixels <= affordable or pixels > LARGEST_SIDE ** len(shape) * affordable:
        return 1
    side: float = (pixels / affordable) ** (1 / len(shape))
    return math.ceil(side)


def _choose_finer(side: int, axes: int, took: float, left: float) -> int:
    """Choose the side of the next blocks by the time that the last ones took; the same for none.

    Smaller ones are begun even if they will not be done: their coarse levels tell more, too.
    """
    ratio = (PLANNED * max(left, 0.0) / took) ** (1 / (GROWTH * axes))
    return max(1, min(side - 1, math.ceil(side / ratio))) if ratio > 1 else side


def pool_pair(pair: MassPair, side: int, order: float) -> PooledPair:
    """Pool two images in blocks of side × side pixels, or volumes in cubes."""
    pooled: list[Floats] = []
    distance = Fraction(0)
    for image in (pair.source, pair.target):
        pooled.append(pool_blocks(image, side))
        distance += Fraction(_bound_move(cut_blocks(image, side), order))
        distance += Fraction(_bound_rounding(pooled[-1].shape, side, order))
    return PooledPair(pair_masses(pooled[0], pooled[1]), side, round_up(distance))


def _bound_move(blocks: Floats, order: float) -> float:
    """Bound the distance between an image and its blocks' masses in the blocks' middles."""
    side, axes = blocks.shape[1], blocks.ndim // 2
    shares = blocks.sum(axis=tuple(range(0, 2 * axes, 2)))  # by the place in the block
    steps = (2 * np.arange(side) + 1 - side) ** 2
    squares = reduce(np.add.outer, axes * [steps]).ravel()  # four times |x − middle|²
    cost = Fraction(0)
    for squared in np.unique(squares).tolist():
        power = enclose_power(Fraction(squared, 4), order / 2)[1]
        cost += power * sum(map(Fraction, shares.ravel()[squares == squared].tolist()))
    # Each share is a sum of so many positive numbers, each of few roundings.
    growth = 1 + 2 * (blocks.size // side**axes + 8) * Fraction(UNIT_ROUNDING)
    return take_root(growth * cost, order, down=False)


def _bound_rounding(shape: tuple[int, ...], side: int, order: float) -> float:
    """Bound what the rounding of pooled masses changes: that share may go along the diagonal."""
    # Half of the sum of differences; a pixel has few roundings, and a block adds side² of them.
    share = 2 * (side ** len(shape) + 8) * Fraction(UNIT_ROUNDING)
    diagonal = Fraction(sum((count * side) ** 2 for count in shape))
    return take_root(share * enclose_power(diagonal, order / 2)[1], order, down=False)
