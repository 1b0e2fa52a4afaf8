"""Coarser copies of two images, and how plans and potentials climb down to finer ones."""

import math

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.bounds.grid import AXES, lift, pool_blocks
from stipple.bounds.problem import TOTAL, Flow, Level
from stipple.machine.compiled import compile_loop

# The coarsest level of volumes has no more: it is solved with all arcs.
MOST_PIXELS = 2**9


def build_pyramid(source: Floats, target: Floats, coarsest: int, order: float = 2) -> list[Level]:
    """Halve two images until no side exceeds `coarsest`; the coarsest level comes first.

    Volumes are halved until there are no more than `MOST_PIXELS`, too.

    The images must have sum 1. They are rounded to multiples of 1/TOTAL, which may lose faint
    pixels: whoever needs their mass exactly repairs the plan. For the order 1, what both images
    have of a pixel is left out: by the triangle inequality it may as well stay there.
    """
    finest = Level(_round_masses(source), _round_masses(target))
    common = np.minimum(*finest)
    if order == 1 and (finest.source > common).any():
        finest = Level(finest.source - common, finest.target - common)
    levels = [finest]
    most = MOST_PIXELS if source.ndim == AXES else math.inf
    while max(levels[0].source.shape) > coarsest or levels[0].source.size > most:
        levels.insert(0, Level(_pool(levels[0].source), _pool(levels[0].target)))
    return levels


def refine_potential(potential: Floats, shape: tuple[int, ...], order: float) -> Floats:
    """Interpolate a potential linearly to twice the resolution.

    Parameters
    ----------
    potential : ndarray, shape (⌈h/2⌉, ⌈w/2⌉), or (⌈d/2⌉, ⌈h/2⌉, ⌈w/2⌉)
        For distances in coarse pixels to the power `order`.
    shape : (h, w) or (d, h, w)
    order : float

    Returns
    -------
    ndarray, shape (h, w) or (d, h, w)
        For distances in fine pixels.
    """
    fine = 2.0**order * potential
    for axis in range(fine.ndim):
        ends = np.pad(
            fine, [(1, 1) if axis == side else (0, 0) for side in range(fine.ndim)], mode="edge"
        )
        before, after = np.delete(ends, [-1, -2], axis), np.delete(ends, [0, 1], axis)
        pairs = np.stack([0.75 * fine + 0.25 * before, 0.75 * fine + 0.25 * after], axis + 1)
        doubled = list(fine.shape)
        doubled[axis] *= 2
        fine = pairs.reshape(doubled)
    return np.ascontiguousarray(fine[tuple(map(slice, shape))])


def refine_flow(flow: Flow, fine: Level) -> Flow:
    """Share what goes between two coarse pixels among their children.

    The marginals are those of the fine level. Families are merged in order, so that there are at
    most len(flow) + (pixels of both images) entries.
    """
    source, target, amounts = flow
    entry, source, amounts = _share(source, amounts, lift(fine.source))
    target = target[entry]
    entry, target, amounts = _share(target, amounts, lift(fine.target))
    return Flow(source[entry], target, amounts)


@compile_loop
def _share(parents: Integers, amounts: Floats, masses: Floats) -> tuple[Integers, Integers, Floats]:
    """Split entries among the children of their parents: (entry, child, amount) of all parts."""
    depth, height, width = masses.shape
    along, across = (height + 1) // 2, (width + 1) // 2
    starts = np.zeros((depth + 1) // 2 * along * across + 1, np.int64)
    for parent in parents:
        starts[parent + 1] += 1
    starts = np.cumsum(starts)
    entries, filled = np.empty(len(parents), np.int64), starts[:-1].copy()
    for k in range(len(parents)):
        entries[filled[parents[k]]] = k
        filled[parents[k]] += 1
    size = len(parents) + masses.size
    entry, child, amount = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size)
    count = 0
    for parent in range(len(filled)):
        line, left = parent // across, parent % across * 2
        front, top = line // along * 2, line % along * 2
        k = starts[parent]
        given = amounts[entries[k]] if k < starts[parent + 1] else 0.0
        for place in range(8):
            plane, row, column = front + place // 4, top + place // 2 % 2, left + place % 2
            if plane >= depth or row >= height or column >= width:
                continue
            # Whole numbers: both lists end exactly together.
            taken = masses[plane, row, column]
            while taken > 0 and k < starts[parent + 1]:
                part = min(given, taken)
                entry[count], amount[count] = entries[k], part
                child[count] = (plane * height + row) * width + column
                count += 1
                taken -= part
                given -= part
                if given == 0:
                    k += 1
                    given = amounts[entries[k]] if k < starts[parent + 1] else 0.0
    return entry[:count], child[:count], amount[:count]


def _round_masses(masses: Floats) -> Floats:
    rounded: Floats = np.floor(masses / masses.sum() * TOTAL)
    rounded.ravel()[np.argmax(rounded)] += TOTAL - rounded.sum()
    return rounded


def _pool(masses: Floats) -> Floats:
    pooled: Floats = pool_blocks(masses, 2)
    return pooled
