"""The sparse factorisation of symmetric matrices that cells or candidates give."""

from scipy.sparse import csc_array
from scipy.sparse.linalg import SuperLU, splu


def factorise_symmetric(matrix: csc_array) -> SuperLU:
    """Factorise a sparse matrix that is symmetric and definite, or nearly.

    Parameters
    ----------
    matrix : csc_array, shape (n, n)
        Its diagonal serves as pivots.

    Returns
    -------
    SuperLU
        Whose `solve` takes right sides.

    Raises
    ------
    RuntimeError
        If the matrix is singular in double precision.
    """
    # Minimum degree WITH the symmetric mode: hundreds of times faster than without.
    return splu(
        matrix,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
