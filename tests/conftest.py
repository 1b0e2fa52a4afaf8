"""Settings of all tests."""

import faulthandler
import os
import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Processes share the processors: threads of BLAS that wait for work would take them from others.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# The first example may compile a loop, which takes seconds.
settings.register_profile("compiled", deadline=None)
settings.load_profile("compiled")

SLOW_TIMEOUT = 900  # seconds
# A compiled loop that never ends cannot be interrupted: then all tests end so many seconds later.
GRACE = 60
stderr = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep standard error as it is before tests capture it, and let SIGTERM end all tests."""
    config.stash[stderr] = os.dup(sys.__stderr__.fileno())
    # A command under test leaves alone what has a handler. Else it would end, "Interrupted.", in
    # the place of the tests, which go on as if that one had failed.
    signal.signal(signal.SIGTERM, _end_at_once)


def _end_at_once(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give slow tests more time."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """End everything, telling where it was, when not even the timeout of a test ends it."""
    slow = item.get_closest_marker("slow")
    timeout = SLOW_TIMEOUT if slow else float(item.config.getini("timeout"))
    where = item.config.stash[stderr]
    faulthandler.dump_traceback_later(timeout + GRACE, exit=True, file=where)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()
