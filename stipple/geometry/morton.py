"""A space-filling curve: points that are near on it are near in space."""

import numpy as np

from stipple.arrays import Floats, Integers

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
