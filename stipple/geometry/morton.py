"""A space-filling curve: points that are near on it are near in space."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop

# Bits of a place on the curve.
CURVE_BITS = 62


def order_along_curve(points: Floats) -> Integers:
    """Order of points (n, d) along a Morton curve over their bounding cube, shape (n,)."""
    count, dimension = points.shape
    low = points.min(axis=0)
    side = max(float((points.max(axis=0) - low).max()), np.finfo(float).tiny)
    bits = max(1, min(16, CURVE_BITS // dimension))
    cells = np.minimum((points - low) / side * 2**bits, 2**bits - 1).astype(np.int64)
    place = np.zeros(count, dtype=np.int64)
    # Beyond 62 dimensions the last ones do not matter to the order.
    for axis in range(min(dimension, CURVE_BITS)):
        for bit in range(bits):
            place |= ((cells[:, axis] >> bit) & 1) << (bit * min(dimension, CURVE_BITS) + axis)
    return np.argsort(place, kind="stable")


@compile_loop
def order_pixels_along_curve(shape: tuple[int, int]) -> Integers:
    """Flat indices of the pixels of an image along a Morton curve: quadrant after quadrant.

    Quadrants are halved until they are pixels: without a sort, and in the memory of the result.
    """
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
