"""How a command ends: exit codes, and signals that let it tidy up first."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from stipple.errors import StippleError
from stipple.machine.failures import Failure

FAILED = 1
SOME_FAILED = 3
INTERRUPTED = 130  # as shells say it: 128, and the number of the signal

EXIT_STATUS = {
    "0": "Done.",
    "1": "It could not be done, or --strict is not met; the message says why and what to try.",
    "2": "The command line was wrong.",
    "3": "Some of several could not be done, the others are.",
    "130": "Interrupted (143, 129, 131: ended by SIGTERM, SIGHUP, SIGQUIT); no file is left half"
    " written.",
}
"""What exit codes mean, for the manual."""

_SIGNALS = ("SIGTERM", "SIGHUP", "SIGQUIT")
# What came while a compiler called back, from where no exception reaches us: its failure does.
_swallowed: list[KeyboardInterrupt] = []


class Terminated(KeyboardInterrupt):
    """A signal that ends the process; like Ctrl-C it passes through whatever must tidy up.

    Attributes
    ----------
    code : int
        The exit code.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


@contextmanager
def catch_signals() -> Iterator[None]:
    """Let signals that would end the process at once raise `Terminated` instead, the first time.

    Those that are ignored, as under nohup, stay so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    caught = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in caught:
        signal.signal(number, _terminate)
    _swallowed.clear()
    hook, sys.unraisablehook = sys.unraisablehook, _keep_interrupt
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number in caught:
            signal.signal(number, signal.SIG_DFL)


def find_code(error: BaseException) -> int | None:
    """Find the exit code of a signal or Ctrl-C among the causes of an error, if there is one.

    Ctrl-C that meets compiled code, or an import, comes out as another error.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__ or cause.__context__
    if cause is None and _swallowed:
        cause = _swallowed[0]
    if cause is None:
        return None
    return cause.code if isinstance(cause, Terminated) else INTERRUPTED


def explain_end(error: Exception | KeyboardInterrupt, *, begun: bool) -> tuple[Failure, int | None]:
    """Say why a batch ends early, and with which exit code if by a signal.

    Whatever else it is, or comes before anything was done, is raised again.
    """
    code = find_code(error)
    if code is not None:
        return Failure("Interrupted.", "interrupted"), code
    if begun and isinstance(error, StippleError):
        return Failure(str(error), "cluster"), None  # a task's own would be its failure
    raise error


def choose_code(*, done: int, missing: int) -> int:
    """Choose the exit code of a batch that no signal ended."""
    if not missing:
        return 0
    return SOME_FAILED if done else FAILED


def _keep_interrupt(unraisable: "sys.UnraisableHookArgs") -> None:
    """Keep an interrupt that cannot be raised; tell of anything else as Python does."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        _swallowed.append(unraisable.exc_value)
    else:
        sys.__unraisablehook__(unraisable)


def _terminate(number: int, _frame: object) -> NoReturn:
    # What tidies up is left alone; often one signal comes twice, to a process and to its group.
    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    raise Terminated(number)
