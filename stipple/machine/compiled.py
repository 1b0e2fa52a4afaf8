"""Compilation of hot loops, with the cache on disk wherever it can be written."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from typing import Any, TypeVar, cast

import numba
from llvmlite.binding import add_symbol
from numba.core.caching import FunctionCache, NullCache
from numba.core.runtime import _nrt_python  # type: ignore[attr-defined]

from stipple.machine.first_run import announce_compiling
from stipple.machine.light_library import LightCache
from stipple.machine.sealed_cache import SealedCacheFile

Function = TypeVar("Function", bound=Callable[..., Any])


def compile_loop(function: Function) -> Function:
    """Compile `function` with numba: no Python objects, no global lock, cached on disk.

    The lock is released so that several threads can share the work. Loops may be longer than other
    functions: one that carries a dozen sums or arrays along is no clearer in parts. Where no cache
    folder can be written (read-only install and home), the function is compiled anew in each
    process.
    """
    compiled = numba.njit(function, nogil=True, error_model="numpy")
    compiled._cache = _LaterCache(function)
    return cast(Function, compiled)


@cache
def _register_memory() -> None:
    """Tell LLVM where numba's functions are that give memory to arrays, and take it."""
    for name, place in _nrt_python.c_helpers.items():
        add_symbol(name if name.startswith("_") else f"NRT_{name}", place)


class _LaterCache(NullCache):
    """The cache of a function, sought when it is called: most are not, and a folder is tried."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    @cached_property
    def _found(self) -> "_CheckedCache | _NoCache":
        try:
            return _CheckedCache(self._function)
        except RuntimeError:  # there is no folder for it
            return _NoCache()

    @property
    def cache_path(self) -> Any:
        """The folder, if any."""
        return self._found.cache_path

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Find compiled code, or None."""
        return self._found.load_overload(sig, target_context)

    def save_overload(self, sig: Any, cres: Any) -> None:
        """Keep compiled code, where that is possible."""
        self._found.save_overload(sig, cres)


class _CheckedCache(FunctionCache):
    """Numba's cache, but for code that was compiled for other types.

    Two processes that compile a function for the first time, each for its own types, may choose
    the same file: then one finds the code of the other, and runs it on arrays that it misreads.
    """

    _impl_class = LightCache

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        self._cache_file = SealedCacheFile(  # type: ignore[no-untyped-call]
            self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep compiled code; a full disk costs only the time to compile it again."""
        with suppress(OSError):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Find compiled code, or None where there is none for just these types."""
        # Not numba's own, which first imports what a compilation may need, a seventh of the time of
        # a small command, and compiles what counts the users of arrays, which such code has in it:
        # what is found needs the places of the functions that give and take memory, no more.
        _register_memory()
        found = self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        if found is not None and found.signature.args == tuple(sig):
            return found
        announce_compiling()
        return None


class _NoCache(NullCache):
    """No cache at all."""

    def load_overload(self, sig: Any, target_context: Any) -> None:  # noqa: ARG002 (numba's)
        """Find nothing."""
        announce_compiling()
