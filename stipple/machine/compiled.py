"""Compilation of hot loops, with the cache on disk wherever it can be written."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compile_loop(function: Function) -> Function:
    """Compile `function` with numba: no Python objects, no global lock, cached on disk.

    The lock is released so that several threads can share the work. Loops may be longer than other
    functions: one that carries a dozen sums or arrays along is no clearer in parts. Where no cache
    folder can be written (read-only install and home), the function is compiled anew in each
    process.
    """
    try:
        compiled = numba.njit(function, cache=True, nogil=True, error_model="numpy")
    except RuntimeError:
        compiled = numba.njit(function, nogil=True, error_model="numpy")
    return cast(Function, compiled)
