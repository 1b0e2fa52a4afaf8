"""Time limits for long loops: work that is late is given up, not awaited."""

import math
import time
from collections.abc import Callable

from stipple.machine.threads import Part, Workers

# Points that a thread works on between two looks at the clock: hundredths of a second.
SPELL = 2**13


class LateError(Exception):
    """What was being computed would come too late."""


class Clock:
    """Looks whether a deadline has passed.

    Parameters
    ----------
    deadline : float
        Time of `time.perf_counter`.
    """

    def __init__(self, deadline: float = math.inf) -> None:
        self.deadline = deadline

    def check(self) -> None:
        """Raise `LateError` after the deadline."""
        if time.perf_counter() > self.deadline:
            raise LateError


class PunctualWorkers(Workers):
    """Threads that give up at a deadline, which may be moved.

    Parameters
    ----------
    threads : int, optional
        By default one for each processor.
    """

    def __init__(self, threads: int | None, clock: Clock) -> None:
        super().__init__(threads)
        self.clock = clock

    def map_ranges(self, function: Callable[[int, int], Part], count: int) -> list[Part]:
        """Call `function(start, stop)` on ranges that cover 0..count, one spell after another."""
        if self.clock.deadline == math.inf:
            return super().map_ranges(function, count)
        step = SPELL * self.threads
        results: list[Part] = []
        for start in range(0, count, step):
            self.clock.check()
            stop = min(start + step, count)

            def work(first: int, last: int, start: int = start) -> Part:
                return function(start + first, start + last)

            results += super().map_ranges(work, stop - start)
        return results
