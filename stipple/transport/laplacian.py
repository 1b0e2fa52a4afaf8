"""Laplacians of weighted graphs as sparse matrices by rows, and as matrices of SciPy.

SciPy is imported where it is needed: that takes longer than all the systems of few cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# What SciPy takes.
Indices = NDArray[np.int32]


class SparseRows(NamedTuple):
    """A sparse matrix by rows, with the fields of SciPy's; entries given twice add up."""

    data: Floats
    indices: Indices
    indptr: Indices

    def apply(self, vector: Floats) -> Floats:
        """Multiply with a vector."""
        return _apply(*self, vector)

    def find_diagonal(self) -> Floats:
        """Find the entries of the diagonal, shape (n,)."""
        return _find_diagonal(*self)

    def to_scipy(self) -> csr_array:
        """Turn into a matrix of SciPy, entries given twice into one."""
        from scipy.sparse import csr_array

        count = len(self.indptr) - 1
        matrix = csr_array(tuple(self), (count, count))
        matrix.sum_duplicates()
        return matrix


def assemble_laplacian(
    rows: Integers,
    columns: Integers,
    weights: Floats,
    count: int,
) -> SparseRows:
    """Build the Laplacian of an undirected weighted graph; weights of an edge given twice add up.

    Parameters
    ----------
    rows, columns : ndarray, shape (m,)
        The two ends of each edge.
    weights : ndarray, shape (m,)
        Its weight, not negative; edges of weight zero are left out.
    count : int
        Number of nodes n.

    Returns
    -------
    SparseRows
        Degrees on the diagonal, −weights elsewhere; columns in order.
    """
    return SparseRows(
        *_assemble(
            np.ascontiguousarray(rows, dtype=np.int64),
            np.ascontiguousarray(columns, dtype=np.int64),
            np.ascontiguousarray(weights, dtype=np.float64),
            count,
        )
    )


def count_components(laplacian: SparseRows) -> int:
    """Count the connected components of the graph."""
    return int(_count_components(laplacian.indptr, laplacian.indices))


@compile_loop
def _apply(data: Floats, indices: Indices, offsets: Indices, vector: Floats) -> Floats:
    image = np.zeros(len(offsets) - 1)
    for i in range(len(image)):
        for k in range(offsets[i], offsets[i + 1]):
            image[i] += data[k] * vector[indices[k]]
    return image


@compile_loop
def _find_diagonal(data: Floats, indices: Indices, offsets: Indices) -> Floats:
    diagonal = np.zeros(len(offsets) - 1)
    for i in range(len(diagonal)):
        for k in range(offsets[i], offsets[i + 1]):
            if indices[k] == i:
                diagonal[i] += data[k]
    return diagonal


@compile_loop
def _count_components(offsets: Indices, columns: Indices) -> int:
    """Flood one component after the other."""
    count = len(offsets) - 1
    reached = np.zeros(count, dtype=np.bool_)
    queue = np.empty(count, dtype=np.int32)
    components = 0
    for seed in range(count):
        if reached[seed]:
            continue
        components += 1
        reached[seed] = True
        queue[0] = seed
        ahead, end = 0, 1
        while ahead < end:
            node = queue[ahead]
            ahead += 1
            for k in range(offsets[node], offsets[node + 1]):
                neighbour = columns[k]
                if not reached[neighbour]:
                    reached[neighbour] = True
                    queue[end] = neighbour
                    end += 1
    return components


@compile_loop
def _assemble(
    rows: Integers, columns: Integers, weights: Floats, count: int
) -> tuple[Floats, Indices, Indices]:
    """Values, columns and offsets by rows, columns in order: transposed lists come out sorted."""
    below = np.zeros(count, dtype=np.int64)
    sizes = np.ones(count, dtype=np.int64)
    # Edges listed by the lower of their nodes give the entries left of the diagonal in order.
    in_order = True
    for k in range(len(rows)):
        in_order &= rows[k] < columns[k] and (k == 0 or rows[k - 1] <= rows[k])
        if weights[k] > 0:
            below[max(rows[k], columns[k])] += 1
            sizes[rows[k]] += 1
            sizes[columns[k]] += 1
    offsets = np.zeros(count + 1, dtype=np.int32)
    for i in range(count):
        offsets[i + 1] = offsets[i] + sizes[i]
    indices = np.empty(offsets[count], dtype=np.int32)
    data = np.empty(offsets[count])
    place = offsets[:-1].copy()
    for k in range(len(rows)):
        if weights[k] > 0:
            i, j = max(rows[k], columns[k]), min(rows[k], columns[k])
            indices[place[i]], data[place[i]] = j, -weights[k]
            place[i] += 1
    # Entries right of the diagonal from those left of it, in the order of their columns ...
    place = offsets[:-1] + below + 1
    for i in range(count):
        for k in range(offsets[i], offsets[i] + below[i]):
            j = indices[k]
            indices[place[j]], data[place[j]] = i, data[k]
            place[j] += 1
    # ... and then those left of it again, now in order too, with the degrees.
    place = offsets[:-1].copy()
    for i in range(0 if in_order else count):
        for k in range(offsets[i] + below[i] + 1, offsets[i + 1]):
            j = indices[k]
            indices[place[j]], data[place[j]] = i, data[k]
            place[j] += 1
    for i in range(count):
        diagonal = offsets[i] + below[i]
        degree = 0.0
        for k in range(offsets[i], offsets[i + 1]):
            if k != diagonal:
                degree -= data[k]
        indices[diagonal], data[diagonal] = i, degree
    return data, indices, offsets
