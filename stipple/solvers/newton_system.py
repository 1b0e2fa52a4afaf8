"""The linear system of a Newton step: a weighted graph Laplacian of the cells."""

import numpy as np
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, cg, splu

from stipple.arrays import Floats, Integers

# Measured (docs/benchmarks): up to here a sparse factorisation is faster than multigrid.
LARGEST_FACTORISED = 30_000
# Steps of conjugate gradients after which a new preconditioner is cheaper than an old one.
PATIENCE = 12


def assemble_laplacian(
    rows: Integers,
    columns: Integers,
    weights: Floats,
    count: int,
) -> csc_array:
    """Build the Laplacian of an undirected weighted graph, each edge given once.

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
    csc_array, shape (n, n)
        Degrees on the diagonal, −weights elsewhere.
    """
    kept = weights > 0
    rows, columns, weights = rows[kept], columns[kept], weights[kept]
    both = (np.concatenate([rows, columns]), np.concatenate([columns, rows]))
    links = coo_array((np.concatenate([weights, weights]), both), (count, count)).tocsc()
    degrees = np.asarray(links.sum(axis=0)).ravel()
    return csc_array(diags_array(degrees) - links)


def count_components(laplacian: csc_array) -> int:
    """Count the connected components of the graph."""
    return int(connected_components(laplacian, directed=False, return_labels=False))


class LaplacianSolver:
    """Solves systems with Laplacians of connected graphs, one much like the one before.

    Conjugate gradients, preconditioned by a factorisation or multigrid hierarchy of an earlier
    matrix for as long as that serves: near an optimum of the points it serves for many steps.
    """

    def __init__(self) -> None:
        self._preconditioner: LinearOperator | None = None

    def solve(self, laplacian: csc_array, right_side: Floats, tolerance: float) -> Floats:
        """Solve for a right side that sums to zero; the solution has mean zero.

        Parameters
        ----------
        laplacian : csc_array, shape (n, n)
            Laplacian of a connected graph.
        right_side : ndarray, shape (n,)
            Made to sum to zero.
        tolerance : float
            Relative residual to reach; a stalled solve returns the best it has.
        """
        balanced = right_side - right_side.mean()
        if len(balanced) == 1:
            return np.zeros(1)
        # Symmetric: its columns are its rows, and products by rows are faster.
        matrix = laplacian.T
        for patience in (PATIENCE, 300):
            preconditioner = self._preconditioner
            if preconditioner is None or preconditioner.shape != laplacian.shape:
                preconditioner = self._preconditioner = _precondition(laplacian)
                patience = 300
            solution, failed = cg(
                matrix, balanced, rtol=tolerance, atol=0.0, maxiter=patience, M=preconditioner
            )
            if not failed:
                break
            self._preconditioner = None
        return np.asarray(solution - solution.mean())


def _precondition(laplacian: csc_array) -> LinearOperator:
    if laplacian.shape[0] <= LARGEST_FACTORISED:
        return _factorise(laplacian)
    from pyamg import ruge_stuben_solver

    hierarchy = ruge_stuben_solver(laplacian.T.tocsr(), max_coarse=500)
    return hierarchy.aspreconditioner(cycle="V")


def _factorise(laplacian: csc_array) -> LinearOperator:
    # A weight to ground at one node makes the matrix definite and changes nothing else.
    grounded = laplacian.copy()
    grounded[0, 0] *= 2
    # Minimum degree WITH the symmetric mode: hundreds of times faster than without.
    factors = splu(
        grounded,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return LinearOperator(laplacian.shape, matvec=factors.solve, dtype=np.float64)
