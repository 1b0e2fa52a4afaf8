"""The linear system of a Newton step: a weighted graph Laplacian of the cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from stipple.arrays import Floats
from stipple.transport.laplacian import SparseRows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from stipple.transport.factorisation import Factorisation
    from stipple.transport.multigrid import Multigrid

# Measured: up to here whole matrices, zeros too, are solved in less time than sparse ones.
LARGEST_WHOLE = 128
# Measured: up to here a sparse factorisation is as fast as multigrid.
LARGEST_FACTORISED = 1000
# Up to here graphs that hardly hold together are factorised, and what multigrid does not solve.
LARGEST_RESCUED = 30_000
# Graphs of which a part hangs less on the others, in degrees of a node, hardly hold together.
LEAST_COHERENCE = 0.5
# Steps of conjugate gradients with a preconditioner that is new.
MOST_STEPS = 300


class LaplacianSolver:
    """Solves systems with Laplacians of connected graphs, one much like the one before.

    Small ones are solved as whole matrices. Others take conjugate gradients, preconditioned by the
    multigrid hierarchy or the factorisation of an earlier matrix for as long as that serves: near
    an optimum of the points it serves for many steps.
    """

    def __init__(self) -> None:
        self._preconditioner: Multigrid | Factorisation | None = None

    def solve(self, laplacian: SparseRows, right_side: Floats, tolerance: float) -> Floats:
        """Solve for a right side that sums to zero; the solution has mean zero.

        Parameters
        ----------
        laplacian : SparseRows
            Laplacian of a connected graph of n nodes.
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
        if not balanced.any():
            return np.zeros(len(balanced))
        if len(balanced) <= LARGEST_WHOLE:
            solution = _solve_whole(laplacian, balanced)
        else:
            solution = self._iterate(laplacian, balanced, tolerance)
        if not np.isfinite(solution).all():
            raise RuntimeError("The system is singular in double precision.")
        return np.asarray(solution - solution.mean())

    def _iterate(self, rows: SparseRows, right_side: Floats, tolerance: float) -> Floats:
        """Take conjugate gradients with one preconditioner after the other, until one serves."""
        laplacian, solution = rows.to_scipy(), np.zeros(len(right_side))
        for preconditioner, patience in self._choose(laplacian, tolerance):
            self._preconditioner = preconditioner
            # An overflow is no solution: it is begun again, or refused in the end.
            start = solution if np.isfinite(solution).all() else np.zeros(len(right_side))
            solution, solved = preconditioner.solve(
                laplacian, right_side, start, tolerance, patience
            )
            if solved and np.isfinite(solution).all():
                break
            self._preconditioner = None
        return solution

    def _choose(
        self, laplacian: csr_array, tolerance: float
    ) -> Iterator[tuple[Multigrid | Factorisation, int]]:
        """Preconditioners to try one after the other, and steps to give each."""
        from stipple.transport.factorisation import Factorisation
        from stipple.transport.multigrid import Multigrid

        former, count = self._preconditioner, laplacian.shape[0]
        if former is not None and former.shape == laplacian.shape:
            yield former, former.find_patience(tolerance)
        if count > LARGEST_FACTORISED:
            multigrid = Multigrid(laplacian)
            if multigrid.coherence > LEAST_COHERENCE or count > LARGEST_RESCUED:
                yield multigrid, MOST_STEPS
        if count <= LARGEST_RESCUED:
            yield Factorisation(laplacian), MOST_STEPS


def _solve_whole(rows: SparseRows, right_side: Floats) -> Floats:
    """Solve by elimination, to all digits; not finite where the matrix is singular."""
    count = len(right_side)
    whole = np.zeros((count, count))
    np.add.at(whole, (np.repeat(np.arange(count), np.diff(rows.indptr)), rows.indices), rows.data)
    # A weight to ground at one node makes the matrix definite and changes nothing else.
    whole[0, 0] *= 2
    try:
        return np.asarray(np.linalg.solve(whole, right_side), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full(count, np.nan)
