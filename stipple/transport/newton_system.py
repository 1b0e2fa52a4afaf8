"""The linear system of a Newton step: a weighted graph Laplacian of the cells."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.transport.factorisation import Factorisation
from stipple.transport.multigrid import Multigrid

# What SciPy takes.
Indices = NDArray[np.int32]
# Measured: up to here a sparse factorisation is as fast as multigrid.
LARGEST_FACTORISED = 1000
# Up to here graphs that hardly hold together are factorised, and what multigrid does not solve.
LARGEST_RESCUED = 30_000
# Graphs of which a part hangs less on the others, in degrees of a node, hardly hold together.
LEAST_COHERENCE = 0.5
# Steps of conjugate gradients with a preconditioner that is new.
MOST_STEPS = 300


def assemble_laplacian(
    rows: Integers,
    columns: Integers,
    weights: Floats,
    count: int,
) -> csr_array:
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
    csr_array, shape (n, n)
        Degrees on the diagonal, −weights elsewhere.
    """
    data, indices, offsets = _assemble(
        np.ascontiguousarray(rows, dtype=np.int64),
        np.ascontiguousarray(columns, dtype=np.int64),
        np.ascontiguousarray(weights, dtype=np.float64),
        count,
    )
    laplacian = csr_array((data, indices, offsets), (count, count))
    laplacian.sum_duplicates()
    return laplacian


def count_components(laplacian: csr_array) -> int:
    """Count the connected components of the graph."""
    return int(_count_components(laplacian.indptr, laplacian.indices))


class LaplacianSolver:
    """Solves systems with Laplacians of connected graphs, one much like the one before.

    Conjugate gradients, preconditioned by the multigrid hierarchy or the factorisation of an
    earlier matrix for as long as that serves: near an optimum of the points it serves for many
    steps.
    """

    def __init__(self) -> None:
        self._preconditioner: Multigrid | Factorisation | None = None

    def solve(self, laplacian: csr_array, right_side: Floats, tolerance: float) -> Floats:
        """Solve for a right side that sums to zero; the solution has mean zero.

        Parameters
        ----------
        laplacian : csr_array, shape (n, n)
            Laplacian of a connected graph.
        right_side : ndarray, shape (n,)
            Made to sum to zero.
        tolerance : float
            Relative residual to reach; a stalled solve returns the best it has.

        Raises
        ------
        RuntimeError
            If the matrix is singular in double precision.
        """
        balanced = right_side - right_side.mean()
        solution = np.zeros(len(balanced))
        if not balanced.any():
            return solution
        for preconditioner, patience in self._choose(laplacian, tolerance):
            self._preconditioner = preconditioner
            solution, solved = preconditioner.solve(
                laplacian, balanced, solution, tolerance, patience
            )
            finite = bool(np.isfinite(solution).all())
            if solved and finite:
                break
            self._preconditioner = None
            if not finite:
                # An overflow is no solution: it is begun again, or refused below.
                solution = np.zeros(len(balanced))
        if not finite:
            raise RuntimeError("The system is singular in double precision.")
        return np.asarray(solution - solution.mean())

    def _choose(
        self, laplacian: csr_array, tolerance: float
    ) -> Iterator[tuple[Multigrid | Factorisation, int]]:
        """Preconditioners to try one after the other, and steps to give each."""
        former, count = self._preconditioner, laplacian.shape[0]
        if former is not None and former.shape == laplacian.shape:
            yield former, former.find_patience(tolerance)
        if count > LARGEST_FACTORISED:
            multigrid = Multigrid(laplacian)
            if multigrid.coherence > LEAST_COHERENCE or count > LARGEST_RESCUED:
                yield multigrid, MOST_STEPS
        if count <= LARGEST_RESCUED:
            yield Factorisation(laplacian), MOST_STEPS


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
    for k in range(len(rows)):
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
    for i in range(count):
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
