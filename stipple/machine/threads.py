"""Threads that share a loop over points, and how many each of several tasks may have."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")

# Below this many points a second thread costs more than it saves.
SMALLEST_RANGE = 1000


class Workers:
    """A fixed number of threads for compiled loops, which release the global lock.

    Parameters
    ----------
    threads : int, optional
        How many; by default one for each processor that this process may use.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or count_processors()
        self._pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None

    def map_ranges(self, function: Callable[[int, int], Part], count: int) -> list[Part]:
        """Call `function(start, stop)` on consecutive ranges that cover 0..count, in order."""
        parts = max(1, min(self.threads, count // SMALLEST_RANGE))
        if self._pool is None or parts == 1:
            return [function(0, count)]
        bounds = [count * part // parts for part in range(parts + 1)]
        return list(self._pool.map(function, bounds[:-1], bounds[1:]))


def count_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def share_threads(
    threads: int | None, tasks: int, *, jobs: int, scheduler: str | None
) -> int | None:
    """Threads of each task, unless they were chosen; None for as many as there are processors.

    Local jobs share the processors, a slot of a Dask worker is one.
    """
    jobs = min(jobs, tasks)
    if threads is not None:
        return threads
    if scheduler:
        return 1
    return max(1, count_processors() // jobs) if jobs > 1 else None
