"""Numba's cached code, made ready to run without what only compilation needs."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from llvmlite.binding import parse_bitcode
from numba.core.caching import CompileResultCacheImpl
from numba.core.codegen import JITCodeLibrary


class LightCache(CompileResultCacheImpl):
    """What a cache keeps of a function, loaded as a `LightLibrary`."""

    def rebuild(self, target_context: Any, payload: Any) -> Any:
        """Make compiled code ready to run; the caller holds numba's lock."""
        with suppress(AttributeError, TypeError), _using_light_libraries(target_context.codegen()):
            return super().rebuild(target_context, payload)  # type: ignore[no-untyped-call]
        # A numba whose insides are others loads as it always does.
        return super().rebuild(target_context, payload)  # type: ignore[no-untyped-call]


class LightLibrary(JITCodeLibrary):
    """Machine code of a function, whose bitcode is read if code that is compiled later links it.

    Numba reads it at once, and asks LLVM one by one for the names of all that it defines: half of
    what loading takes. To run, only the entry point is looked up, and the machine code has it.
    """

    _bitcode: bytes

    @classmethod
    def _unserialize(cls, codegen: Any, state: Any) -> Any:
        name, kind, data = state
        if kind != "object":
            return super()._unserialize(codegen, state)  # type: ignore[no-untyped-call]
        library = codegen.create_library(name)
        machine_code, library._bitcode = data
        library.enable_object_caching()
        library._set_compiled_object(machine_code)
        library._finalize_final_module()
        return library

    def _get_module_for_linking(self) -> Any:
        if self._shared_module is None:
            self._shared_module = parse_bitcode(self._bitcode)
        return self._shared_module

    def get_pointer_to_function(self, name: str) -> int:
        """Find where a function begins that the machine code is known to have."""
        address: int = self._codegen._engine.get_function_address(name)
        return address


@contextmanager
def _using_light_libraries(codegen: Any) -> Iterator[None]:
    codegen._library_class = LightLibrary  # in place of that of its class
    try:
        yield
    finally:
        del codegen._library_class
