"""What is to happen before loops are compiled, which takes a while on a new machine."""

from collections.abc import Callable

_waiting: list[Callable[[], None]] = []


def call_before_compiling(function: Callable[[], None]) -> None:
    """Call a function, instead of one named before, ahead of the next loop to be compiled."""
    _waiting[:] = [function]


def announce_compiling() -> None:
    """Call what waits for that, once."""
    while _waiting:
        _waiting.pop()()
