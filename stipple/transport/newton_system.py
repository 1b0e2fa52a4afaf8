"""The linear system of a Newton step: a weighted graph Laplacian of the cells."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, cg

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.transport.factorisation import factorise_symmetric

# What SciPy and pyamg take.
Indices = NDArray[np.int32]
# Measured (docs/benchmarks): up to here a sparse factorisation is faster than multigrid.
LARGEST_FACTORISED = 30_000
# Steps of conjugate gradients after which a new preconditioner is cheaper than an old one.
PATIENCE = 12


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
    return int(connected_components(laplacian, directed=False, return_labels=False))


class LaplacianSolver:
    """Solves systems with Laplacians of connected graphs, one much like the one before.

    Conjugate gradients, preconditioned by a factorisation or multigrid hierarchy of an earlier
    matrix for as long as that serves: near an optimum of the points it serves for many steps.
    """

    def __init__(self) -> None:
        self._preconditioner: LinearOperator | None = None

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
        if len(balanced) == 1:
            return np.zeros(1)
        solution = np.zeros(len(balanced))
        for patience in (PATIENCE, 300):
            preconditioner = self._preconditioner
            if preconditioner is None or preconditioner.shape != laplacian.shape:
                preconditioner = self._preconditioner = _precondition(laplacian)
                patience = 300
            # An overflow is no solution: it is begun again, or refused below.
            with np.errstate(over="ignore", invalid="ignore"):
                solution, failed = cg(
                    laplacian,
                    balanced,
                    solution,
                    rtol=tolerance,
                    atol=0.0,
                    maxiter=patience,
                    M=preconditioner,
                )
            overflown = not np.isfinite(solution).all()
            if not (failed or overflown):
                break
            self._preconditioner = None
            if overflown:
                solution = np.zeros(len(balanced))
        if overflown:
            raise RuntimeError("The system is singular in double precision.")
        return np.asarray(solution - solution.mean())


def _precondition(laplacian: csr_array) -> LinearOperator:
    if laplacian.shape[0] <= LARGEST_FACTORISED:
        return _factorise(laplacian)
    from pyamg import ruge_stuben_solver

    # The second pass takes twice the set-up and saves two thirds of the iterations. One sweep
    # down and one back are as symmetric as conjugate gradients need.
    hierarchy = ruge_stuben_solver(
        laplacian,
        CF=("RS", {"second_pass": True}),
        presmoother=("gauss_seidel", {"sweep": "forward"}),
        postsmoother=("gauss_seidel", {"sweep": "backward"}),
        max_coarse=500,
    )
    return hierarchy.aspreconditioner(cycle="V")


def _factorise(laplacian: csr_array) -> LinearOperator:
    # Symmetric: its rows are its columns.
    grounded = laplacian.T.copy()
    # A weight to ground at one node makes the matrix definite and changes nothing else.
    grounded[0, 0] *= 2
    factors = factorise_symmetric(grounded)
    return LinearOperator(laplacian.shape, matvec=factors.solve, dtype=np.float64)


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
