"""Multigrid for the Laplacians of large graphs: conjugate gradients over coarser graphs.

Each level takes a sweep of Gauß and Seidel forwards, at most two steps of flexible conjugate
gradients of the level below, and a sweep backwards (K-cycles: Notay and Vassilevski, Numerical
Linear Algebra with Applications 2008). Both sweeps touch the matrix once: what the first leaves,
and the image of what the second finds, come with them.
"""

from math import log, sqrt
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from stipple.arrays import Floats
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill
from stipple.transport.aggregation import (
    Indices,
    Levels,
    Singles,
    coarsen_graph,
    eliminate_nodes,
    view_indices,
)

# A second step is left out where the first left less than this part of the residual.
ENOUGH = 0.4
# What a step of conjugate gradients leaves of the residual, at worst, before a new hierarchy, which
# costs as much as two steps, is cheaper; and how many steps more it may take.
SLOWEST, MARGIN = 0.4, 3
# What multigrid leaves is smooth, which weighs most in W2: asked for more digits than this it goes
# so much further, but not beyond what rounding allows.
ROUGH, FURTHER, FINEST = 5e-3, 0.01, 1e-9


class _Vectors(NamedTuple):
    """What the levels compute with: a place for each node of each."""

    right: Singles
    solution: Singles
    image: Singles
    direction: Singles
    direction_image: Singles


class Multigrid:
    """Coarser graphs that serve for Laplacians like the one they were made for.

    Parameters
    ----------
    laplacian : csr_array, shape (n, n)
        Of a connected graph, its columns in order.

    Attributes
    ----------
    coherence : float
        How much joins a part of the graph to the others, at least, in median degrees of nodes. Far
        below 1 it falls into parts that are hardly joined: what one gives another is then lost in
        the residuals of nodes.
    """

    def __init__(self, laplacian: csr_array) -> None:
        self.shape = laplacian.shape
        degrees = laplacian.diagonal()
        self._scale = 1.0 / float(degrees.max())
        self._parents, levels = coarsen_graph(laplacian, self._scale)
        start, enter = levels.nodes[-2], levels.entries[-2]
        offsets = levels.offsets[start + len(levels.nodes) - 2 :]
        coarsest = offsets, levels.columns[enter:], levels.data[enter:]
        self._levels, self._factors = levels, eliminate_nodes(*coarsest)
        loosest = self._factors.diagonal()[:-1].min(initial=np.inf)
        self.coherence = float(loosest / (self._scale * np.median(degrees)))
        size = levels.nodes[-1]
        self._vectors = _Vectors(*(np.zeros(size, dtype=np.float32) for _ in range(5)))

    def find_patience(self, tolerance: float) -> int:
        """Find after how many steps of conjugate gradients a new hierarchy is cheaper."""
        return MARGIN + int(log(_go_further(tolerance)) / log(SLOWEST))

    def solve(
        self,
        laplacian: csr_array,
        right_side: Floats,
        start: Floats,
        tolerance: float,
        most: int,
    ) -> tuple[Floats, bool]:
        """Take flexible conjugate gradients from a start; tell whether they reach the tolerance.

        Parameters
        ----------
        laplacian : csr_array, shape (n, n)
            Of a connected graph, its columns in order.
        right_side, start : ndarray, shape (n,)
            The first sums to zero.
        tolerance : float
            Relative residual to reach, at least.
        most : int
            Steps to take at most.
        """
        tolerance = _go_further(tolerance)
        matrix = (*view_indices(laplacian), laplacian.data)
        solution, residual = start.copy(), right_side - laplacian @ start
        size = sqrt(np.square(right_side).sum())
        norm = sqrt(np.square(residual).sum())
        found, image = np.empty_like(start), np.empty_like(start)
        direction, direction_image = np.zeros_like(start), np.zeros_like(start)
        coarse = self._vectors.right[: self._levels.nodes[1]]
        slope = 1.0
        for _ in range(most):
            if norm <= tolerance * size:
                break
            coarse[:] = 0
            _sweep_forwards(*matrix, residual, found, self._parents, coarse, 1.0 / size)
            _solve_coarse(self._levels, self._vectors, self._factors)
            _prolong(found, self._parents, self._vectors.solution, size * self._scale)
            gain, overlap, bend = _sweep_backwards(*matrix, residual, found, image, direction_image)
            turn = -overlap / slope
            slope = bend + turn * overlap
            length = gain / slope
            norm = sqrt(
                _step(length, turn, found, image, direction, direction_image, solution, residual)
            )
        return solution, norm <= tolerance * size


def _go_further(tolerance: float) -> float:
    """Find the relative residual to go to where that one, at least, is asked for."""
    return tolerance if tolerance >= ROUGH else max(FURTHER * tolerance, min(tolerance, FINEST))


@compile_loop
def _step(
    length: float,
    turn: float,
    found: Floats,
    image: Floats,
    direction: Floats,
    direction_image: Floats,
    solution: Floats,
    residual: Floats,
) -> float:
    """Turn the direction, and go along it; the squared norm of what is left."""
    left = 0.0
    for i in range(len(solution)):
        direction[i] = found[i] + turn * direction[i]
        direction_image[i] = image[i] + turn * direction_image[i]
        solution[i] += length * direction[i]
        residual[i] -= length * direction_image[i]
        left += residual[i] * residual[i]
    return left


@compile_loop
def _sweep_forwards(
    offsets: Indices,
    columns: Indices,
    data: Floats | Singles,
    right: Floats | Singles,
    solution: Floats | Singles,
    parents: Indices,
    coarse: Singles,
    scale: float,
) -> None:
    """Sweep from zero, and add what is left of the right side to that of the coarser graph.

    Rows left of the diagonal are solved exactly, so that what is left are the entries right of it;
    by symmetry they are met with those left of it.
    """
    for i in range(len(right)):
        total = right[i]
        k = offsets[i]
        while columns[k] < i:
            total -= data[k] * solution[columns[k]]
            k += 1
        solution[i] = total / data[k]
        scaled = scale * solution[i]
        for left in range(offsets[i], k):
            coarse[parents[columns[left]]] -= data[left] * scaled


@compile_loop
def _prolong(solution: Floats | Singles, parents: Indices, coarse: Singles, scale: float) -> None:
    """Add what was found on the coarser graph."""
    for i in range(len(solution)):
        solution[i] += scale * coarse[parents[i]]


@compile_loop
def _sweep_backwards(
    offsets: Indices,
    columns: Indices,
    data: Floats | Singles,
    right: Floats | Singles,
    solution: Floats | Singles,
    image: Floats | Singles,
    direction_image: Floats | Singles,
) -> tuple[float, float, float]:
    """Sweep from a guess, and find the image of the solution.

    Returns
    -------
    tuple of float
        The inner products of the solution with the right side, the image of the last direction,
        and its own image.
    """
    gain = overlap = bend = 0.0
    for i in range(len(right) - 1, -1, -1):
        after = before = 0.0
        k = offsets[i + 1] - 1
        while columns[k] > i:
            after += data[k] * solution[columns[k]]
            k -= 1
        for left in range(offsets[i], k):
            before += data[left] * solution[columns[left]]
        value = (right[i] - after - before) / data[k]
        change = value - solution[i]
        solution[i] = value
        image[i] = after + before + data[k] * value
        gain += value * right[i]
        overlap += value * direction_image[i]
        bend += value * image[i] + change * after
        for further in range(k + 1, offsets[i + 1]):
            image[columns[further]] += data[further] * change
    return gain, overlap, bend


@compile_loop
def _solve_coarse(levels: Levels, vectors: _Vectors, factors: Floats) -> None:
    """Solve on the first of the coarser graphs, roughly, which takes all of them.

    Not recursive, for such a function crashes when numba loads it from its cache.
    """
    last = len(levels.nodes) - 2
    # Of the first step of a level, if it is to take a second: the length and the curvature.
    lengths, slopes = np.zeros(last + 1), np.zeros(last + 1)
    level = 0
    descending = True
    while descending:
        while level < last:
            first, stop, end = levels.nodes[level], levels.nodes[level + 1], levels.nodes[level + 2]
            coarse = vectors.right[stop:end]
            coarse[:] = 0
            _sweep_forwards(
                levels.offsets[first + level : stop + level + 1],
                levels.columns[levels.entries[level] : levels.entries[level + 1]],
                levels.data[levels.entries[level] : levels.entries[level + 1]],
                vectors.right[first:stop],
                vectors.solution[first:stop],
                levels.parents[first:stop],
                coarse,
                1.0,
            )
            level += 1
            slopes[level] = 0.0
        first, stop = levels.nodes[last], levels.nodes[last + 1]
        _substitute(factors, vectors.right[first:stop], vectors.solution[first:stop])
        descending = False
        while level > 0 and not descending:
            level -= 1
            first, stop, end = levels.nodes[level], levels.nodes[level + 1], levels.nodes[level + 2]
            right, solution = vectors.right[first:stop], vectors.solution[first:stop]
            image, old_image = vectors.image[first:stop], vectors.direction_image[first:stop]
            _prolong(solution, levels.parents[first:stop], vectors.solution[stop:end], 1.0)
            gain, overlap, bend = _sweep_backwards(
                levels.offsets[first + level : stop + level + 1],
                levels.columns[levels.entries[level] : levels.entries[level + 1]],
                levels.data[levels.entries[level] : levels.entries[level + 1]],
                right,
                solution,
                image,
                old_image,
            )
            old = vectors.direction[first:stop]
            if slopes[level] > 0:
                turn = -overlap / slopes[level]
                length = gain / (bend + turn * overlap)
                for i in range(len(solution)):
                    solution[i] = lengths[level] * old[i] + length * (solution[i] + turn * old[i])
                slopes[level] = 0.0
            else:
                length = gain / bend if bend > 0 else 0.0
                # Rounding may leave no curvature: another step would find none either, for ever.
                descending = bend > 0 and _leaves_much(right, image, length)
                if descending:
                    lengths[level], slopes[level] = length, bend
                    fill(old, solution)
                    fill(old_image, image)
                else:
                    solution *= length


@compile_loop
def _leaves_much(right: Singles, image: Singles, length: float) -> bool:
    """Take a step from the right side; tell whether what is left calls for another."""
    before = left = 0.0
    for i in range(len(right)):
        before += right[i] * right[i]
        right[i] -= length * image[i]
        left += right[i] * right[i]
    return left > ENOUGH**2 * before


@compile_loop
def _substitute(factors: Floats, right: Singles, solution: Singles) -> None:
    """Solve with what `eliminate_nodes` gives, up to a constant."""
    count = len(right)
    for k in range(count - 1):
        for i in range(k + 1, count):
            right[i] += factors[i, k] * right[k]
    solution[count - 1] = 0
    for k in range(count - 2, -1, -1):
        total = 0.0
        for j in range(k + 1, count):
            total += factors[k, j] * solution[j]
        solution[k] = (right[k] + total) / factors[k, k]
