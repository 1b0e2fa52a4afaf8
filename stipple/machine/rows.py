"""Copies and short lists within compiled loops."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop


@compile_loop
def fill(row: NDArray[Any], values: NDArray[Any] | Sequence[float]) -> None:
    """Copy `values` into the first entries of `row`.

    An assignment between arrays would do, but numba checks its shapes, and compiles strings for
    the message: seconds for each process that has no cache yet.
    """
    for i in range(len(values)):
        row[i] = values[i]


@compile_loop
def insert_sorted(keys: Floats, values: Integers, held: int, key: float, value: int) -> int:
    """Insert into a short list that ascends, whose last entry may fall off; tell how many it has.

    `keys` is as long as the list may be, and `held` of its entries are taken.
    """
    held = min(held + 1, len(keys))
    place = held - 1
    while place > 0 and keys[place - 1] > key:
        keys[place], values[place] = keys[place - 1], values[place - 1]
        place -= 1
    keys[place], values[place] = key, value
    return held
