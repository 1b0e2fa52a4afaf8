"""Inner products of long vectors, without the threads of BLAS, which spin longer than they work."""

from math import sqrt

import numpy as np

from stipple.arrays import Floats
from stipple.machine.compiled import compile_loop


def multiply(left: Floats, right: Floats) -> float:
    """Compute the inner product of two arrays of the same shape."""
    return _multiply(left.ravel(), right.ravel())


def measure_norm(vector: Floats) -> float:
    """Compute the Euclidean norm of an array of any shape."""
    return sqrt(multiply(vector, vector))


def add_squares(vectors: Floats) -> Floats:
    """Add up the squares of the components of each vector: shape (n,) of (n, d)."""
    # Faster than sums along an axis, which is short.
    squares: Floats = np.einsum("ij,ij->i", vectors, vectors)
    return squares


@compile_loop
def _multiply(left: Floats, right: Floats) -> float:
    # Four sums at a time, so that none waits for the one before.
    first = second = third = fourth = 0.0
    whole = len(left) - len(left) % 4
    for i in range(0, whole, 4):
        first += left[i] * right[i]
        second += left[i + 1] * right[i + 1]
        third += left[i + 2] * right[i + 2]
        fourth += left[i + 3] * right[i + 3]
    for i in range(whole, len(left)):
        first += left[i] * right[i]
    return (first + second) + (third + fourth)
