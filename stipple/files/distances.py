"""Reading distances between samples: a matrix, or the edges of a graph."""

from __future__ import annotations

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.files.npy import is_npy, read_npy
from stipple.files.number_table import read_table
from stipple.files.open import Source, open_source
from stipple.files.samples import leave_out_numbers


def read_edges(source: Source) -> Floats:
    """Read edges, a line each: the numbers of two samples, and the length between them.

    The first line may be names. A first column without a name that numbers the lines is left out,
    as that of samples.

    Parameters
    ----------
    source : str, Path or binary stream
        A path, `-` for standard input, or an open binary stream.

    Returns
    -------
    ndarray, shape (edges, 3)

    Raises
    ------
    StippleError
        When it cannot be read, or there are not three columns.
    """
    with open_source(source) as (stream, name):
        table = leave_out_numbers(read_table(stream, name, "edges"), name)
        if table.values.shape[1] != 3:
            raise StippleError(
                f"{name} has {table.values.shape[1]} columns: an edge has three numbers, two"
                " samples and the length between them."
            )
        return table.values


def read_matrix_of_distances(source: Source, n: int) -> Floats:
    """Read the distances between n samples from a `.npy` file.

    Parameters
    ----------
    source : str, Path or binary stream
        A path, `-` for standard input, or an open binary stream.
    n : int
        How many samples there are: a matrix of another size is refused before it is read.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    StippleError
        When it cannot be read, or has another shape.
    """

    def check_shape(shape: tuple[int, ...]) -> None:
        if shape != (n, n):
            raise StippleError(
                f"{name} holds an array of shape {shape}, and there are {n:,} samples with mass:"
                f" distances between them have the shape ({n}, {n})."
            )

    with open_source(source) as (stream, name):
        if not is_npy(stream):
            raise StippleError(f"{name} is no .npy file: save the matrix with numpy.save.")
        return read_npy(stream, name, check_shape)
