"""The linear system of the semi-dual: Newton's steps and the gradients of the sharp cost."""

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.sparse.linalg import LinearOperator, cg

from stipple.arrays import Floats
from stipple.discretisation.entropic.kernel import Kernel, Potentials

# Conjugate gradients: the residual sought, as a part of the right side, and the most iterations.
RESIDUAL = 1e-12
ITERATIONS = 1_000


def solve_dual_system(
    kernel: Kernel,
    potentials: Potentials,
    masses: Floats,
    weights: Floats,
    columns: Floats,
    right: Floats,
) -> Floats:
    """Solve (diag(c) − kᵀ diag(a) k diag(w)) v = b, where the rows of the plan are exact.

    Times diag(w) this is the system [diag(Pᵀ1) − Pᵀ diag(1/a) P] v = w∘b. It is singular along 1:
    b is projected to w·b = 0, and v has mean zero under the column marginal. Written with the
    density k rather than the plan P, it defines v for atoms without mass, too.

    Parameters
    ----------
    kernel : Kernel
        The density k.
    potentials : Potentials
        Where the density is taken.
    masses, weights : ndarray, shape (n,) and (m,)
        a and w.
    columns : ndarray, shape (m,)
        c = kᵀa, 1 where the columns are exact.
    right : ndarray, shape (m,)
        b.
    """
    right = right - weights @ right
    # Symmetric, with eigenvalues in [0, 1]: I − S kᵀ diag(a) k S, S = sqrt(w/c).
    scale = np.sqrt(weights / columns)
    null = np.sqrt(weights * columns)
    null /= np.linalg.norm(null)
    if kernel.has_gram:
        gram = kernel.form_gram(potentials, masses)
        system = np.outer(null, null) - scale[:, None] * gram * scale
        system[np.diag_indices_from(system)] += 1
        solution = _solve_definite(system, scale * right)
        smoothed = gram @ (scale * solution)
    else:

        def multiply(factors: Floats) -> Floats:
            sums = kernel.sum_over_atoms(potentials, factors)
            return kernel.sum_over_samples(potentials, masses * sums)

        def apply(vector: Floats) -> Floats:
            return vector - scale * multiply(scale * vector) + null * (null @ vector)

        system = LinearOperator((len(right), len(right)), matvec=apply, dtype=np.float64)
        solution, _ = cg(system, scale * right, rtol=RESIDUAL, atol=0.0, maxiter=ITERATIONS)
        smoothed = multiply(scale * solution)
    values: Floats = (right + smoothed) / columns
    return values - (weights * columns) @ values


def _solve_definite(matrix: Floats, right: Floats) -> Floats:
    """Cholesky; a matrix that rounding made singular gets the least multiple of I that helps."""
    ridge = 0.0
    while True:
        try:
            solution: Floats = cho_solve(cho_factor(matrix), right)
        except LinAlgError:
            step = max(3 * ridge, len(right) * np.finfo(float).eps)
            matrix[np.diag_indices_from(matrix)] += step
            ridge += step
        else:
            return solution
