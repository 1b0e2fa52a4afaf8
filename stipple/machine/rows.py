"""Copies within compiled loops."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from stipple.machine.compiled import compile_loop


@compile_loop
def fill(row: NDArray[Any], values: NDArray[Any] | Sequence[float]) -> None:
    """Copy `values` into the first entries of `row`.

    An assignment between arrays would do, but numba checks its shapes, and compiles strings for
    the message: seconds for each process that has no cache yet.
    """
    for i in range(len(values)):
        row[i] = values[i]
