"""A volume divided into boxes of given masses, by planes across the longer side, recursively."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.measures.volume import VolumeDensity

# Blocks of fewer points than these are divided to the end.
FEWEST_IN_BLOCK = 8
# Whether a block is even is seen in so many parts for each point, that many times the cube of two.
PARTS_OF_POINT = 4


def sum_volume(density: VolumeDensity) -> Floats:
    """Add up the mass below each corner of voxels, shape (slices + 1, rows + 1, columns + 1)."""
    sums = np.zeros(np.add(density.values.shape, 1))
    sums[1:, 1:, 1:] = density.densities * density.spacing.prod()
    for axis in range(3):
        np.cumsum(sums, axis=axis, out=sums)
    return sums


def divide_volume(
    sums: Floats, spacing: Floats, masses: Floats, evenness: float
) -> tuple[Floats, Integers]:
    """Cut the box into boxes of given masses, and leave even blocks whole.

    Parameters
    ----------
    sums : ndarray, shape (slices + 1, rows + 1, columns + 1)
        As from `sum_volume`.
    spacing : ndarray, shape (3,)
        Sides of a voxel.
    masses : ndarray, shape (n,)
        With sum 1; equal if blocks may stay whole.
    evenness : float
        Blocks for several points are left whole where masses of parts differ by no more than that
        factor; below 1 none is.

    Returns
    -------
    boxes : ndarray, shape (m, 2, 3)
        Lower and upper corner of each box, in voxels.
    counts : ndarray, shape (m,)
        For how many points each is.
    """
    return _divide(sums, spacing, np.concatenate([np.zeros(1), np.cumsum(masses)]), evenness)


@compile_loop
def _divide(
    sums: Floats, spacing: Floats, cumulated: Floats, evenness: float
) -> tuple[Floats, Integers]:
    count = len(cumulated) - 1
    boxes, counts = np.empty((count, 2, 3)), np.empty(count, np.int64)
    # Depth first: at most one half waits for each level of the tree.
    waiting = np.empty((80, 2, 3))
    first, last = np.empty(80, np.int64), np.empty(80, np.int64)
    for axis in range(3):
        waiting[0, 0, axis] = 0.0
        waiting[0, 1, axis] = sums.shape[2 - axis] - 1.0
    first[0], last[0] = 0, count
    depth, done = 1, 0
    while depth:
        depth -= 1
        begin, end = first[depth], last[depth]
        box = waiting[depth].copy()
        points = end - begin
        if points == 1 or (
            points >= FEWEST_IN_BLOCK and _is_even(sums, spacing, box, points, evenness)
        ):
            for corner in range(2):
                for axis in range(3):
                    boxes[done, corner, axis] = box[corner, axis]
            counts[done] = points
            done += 1
            continue
        axis = int(np.argmax((box[1] - box[0]) * spacing))
        middle = (begin + end) // 2
        part = (cumulated[middle] - cumulated[begin]) / (cumulated[end] - cumulated[begin])
        cut = find_cut(sums, box, axis, part)
        for half in range(2):
            for corner in range(2):
                for k in range(3):
                    waiting[depth + half, corner, k] = box[corner, k]
        # The lower half is divided first.
        waiting[depth, 0, axis] = waiting[depth + 1, 1, axis] = cut
        first[depth], last[depth] = middle, end
        first[depth + 1], last[depth + 1] = begin, middle
        depth += 2
    return boxes[:done], counts[:done]


@compile_loop
def _is_even(sums: Floats, spacing: Floats, box: Floats, points: int, evenness: float) -> bool:
    """Whether parts of the block, some for each point, differ in mass by that factor at most."""
    if evenness < 1:
        return False
    sides = (box[1] - box[0]) * spacing
    edge = np.cbrt(sides[0] * sides[1] * sides[2] / (PARTS_OF_POINT * points))
    parts = np.empty(3, np.int64)
    for axis in range(3):
        parts[axis] = max(1, int(sides[axis] / edge))
    part = np.empty((2, 3))
    least, most = np.inf, 0.0
    for k in range(parts[2]):
        for j in range(parts[1]):
            for i in range(parts[0]):
                place = (i, j, k)
                for axis in range(3):
                    side = (box[1, axis] - box[0, axis]) / parts[axis]
                    part[0, axis] = box[0, axis] + place[axis] * side
                    part[1, axis] = box[0, axis] + (place[axis] + 1) * side
                mass = measure_below(sums, part, 0, part[1, 0])
                least, most = min(least, mass), max(most, mass)
                if most > evenness * least:
                    return False
    return True


@compile_loop
def find_cut(sums: Floats, box: Floats, axis: int, part: float) -> float:
    """Find where a part of the mass of a box lies below."""
    low, high = box[0, axis], box[1, axis]
    wanted = part * measure_below(sums, box, axis, high)
    # Between borders of voxels the mass is linear: find the two that enclose the cut.
    first, last = int(np.floor(low)), int(np.ceil(high))
    while last - first > 1:
        middle = (first + last) // 2
        if measure_below(sums, box, axis, float(middle)) <= wanted:
            first = middle
        else:
            last = middle
    left, right = max(low, float(first)), min(high, float(last))
    below = measure_below(sums, box, axis, left)
    rise = measure_below(sums, box, axis, right) - below
    fraction = (wanted - below) / rise if rise > 0 else 0.5
    cut: float = left + min(max(fraction, 0.0), 1.0) * (right - left)
    return cut


@compile_loop
def measure_below(sums: Floats, box: Floats, axis: int, cut: float) -> float:
    """Mass of the part of a box below a plane."""
    total = 0.0
    for corner in range(8):
        place = np.empty(3)
        sign = 1.0
        for k in range(3):
            upper = (corner >> k) & 1
            place[k] = (cut if k == axis else box[1, k]) if upper else box[0, k]
            sign = sign if upper else -sign
        total += sign * _interpolate(sums, place)
    return total


@compile_loop
def _interpolate(sums: Floats, place: Floats) -> float:
    """Mass of all below a corner: linear in each coordinate within a voxel."""
    mass = 0.0
    base, parts = np.empty(3, np.int64), np.empty(3)
    for k in range(3):
        base[k] = min(max(int(place[k]), 0), sums.shape[2 - k] - 2)
        parts[k] = place[k] - base[k]
    for corner in range(8):
        weight = 1.0
        for k in range(3):
            weight *= parts[k] if (corner >> k) & 1 else 1 - parts[k]
        if weight != 0:
            mass += (
                weight
                * sums[
                    base[2] + ((corner >> 2) & 1),
                    base[1] + ((corner >> 1) & 1),
                    base[0] + (corner & 1),
                ]
            )
    return mass
