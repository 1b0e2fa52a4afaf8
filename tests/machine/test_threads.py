"""Threads: ranges cover the loop once, in order, and errors come through."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stipple.machine import threads
from stipple.machine.threads import Workers, count_processors


@given(threads=st.integers(1, 5), count=st.integers(0, 20_000))
def test_ranges_cover_the_loop_once_and_in_order(threads: int, count: int) -> None:
    ranges = Workers(threads).map_ranges(lambda start, stop: (start, stop), count)
    assert [k for start, stop in ranges for k in range(start, stop)] == list(range(count))
    assert len(ranges) <= threads


def test_short_loops_stay_in_one_piece() -> None:
    smallest, workers = threads.SMALLEST_RANGE, Workers(4)
    for count, pieces in ((2 * smallest - 1, 1), (2 * smallest, 2), (9 * smallest, 4)):
        assert len(workers.map_ranges(lambda *_: None, count)) == pieces


def test_ranges_run_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=20)
    Workers(2).map_ranges(lambda *_: together.wait(), 2 * threads.SMALLEST_RANGE)


def test_errors_come_through() -> None:
    def fail(start: int, stop: int) -> None:
        raise ArithmeticError(f"{start}-{stop}")

    for count in (1, 2):
        with pytest.raises(ArithmeticError, match="0-"):
            Workers(count).map_ranges(fail, 10_000)


def test_by_default_one_thread_for_each_processor() -> None:
    assert Workers().threads == count_processors() >= 1


def test_processors_are_those_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert count_processors() == 3
    monkeypatch.delattr(threads.os, "sched_getaffinity")
    monkeypatch.setattr(threads.os, "cpu_count", lambda: None)
    assert count_processors() == 1
