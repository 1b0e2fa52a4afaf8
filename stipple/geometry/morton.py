"""A space-filling curve: points that are near on it are near in space."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop

# Bits of a place on the curve.
CURVE_BITS = 62


def order_along_curve(points: Floats) -> Integers:
    """Order of points (n, d) along a Morton curve over their bounding cube, shape (n,)."""
    count, dimension = points.shape
    # Axis by axis: minima along the longer side of an array take ten times as long.
    low = np.array([column.min() for column in points.T])
    high = np.array([column.max() for column in points.T])
    side = max(float((high - low).max()), np.finfo(float).tiny)
    bits = max(1, min(16, CURVE_BITS // dimension))
    cells = np.minimum((points - low) / side * 2**bits, 2**bits - 1).astype(np.int64)
    place = np.zeros(count, dtype=np.int64)
    # Beyond 62 dimensions the last ones do not matter to the order.
    for axis in range(min(dimension, CURVE_BITS)):
        for bit in range(bits):
            place |= ((cells[:, axis] >> bit) & 1) << (bit * min(dimension, CURVE_BITS) + axis)
    return np.argsort(place, kind="stable")


@compile_loop
def order_pixels_along_curve(shape: tuple[int, int, int]) -> Integers:
    """Flat indices of the pixels of a volume along a Morton curve: octant after octant.

    Octants are halved until they are pixels: without a sort, and in the memory of the result. Of
    an image, one slice, they are quadrants.
    """
    depth, height, width = shape
    order = np.empty(depth * height * width, np.int64)
    side = 1
    while side < max(depth, height, width):
        side *= 2
    # Seven octants wait at each of at most 63 sizes.
    waiting = np.empty((450, 4), np.int64)
    waiting[0, :3] = 0
    waiting[0, 3] = side
    size, count = 1, 0
    while size > 0:
        size -= 1
        plane, row, column, side = waiting[size]
        if side == 1:
            order[count] = (plane * height + row) * width + column
            count += 1
            continue
        half = side // 2
        for octant in range(7, -1, -1):
            first = plane + octant // 4 * half
            second = row + octant // 2 % 2 * half
            third = column + octant % 2 * half
            if first < depth and second < height and third < width:
                waiting[size, 0], waiting[size, 1] = first, second
                waiting[size, 2], waiting[size, 3] = third, half
                size += 1
    return order
