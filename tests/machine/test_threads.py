"""Threads: ranges cover the loop once, in order; tasks share the processors."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stipple.machine import threads
from stipple.machine.threads import Workers, count_processors, share_threads


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


@pytest.mark.parametrize(
    ("chosen", "count", "jobs", "scheduler", "expected"),
    [
        (None, 10, 1, None, None),
        (None, 10, 4, None, 3),
        (None, 2, 4, None, 6),
        (None, 1, 4, None, None),
        (None, 40, 40, None, 1),
        (None, 10, 4, "tcp://somewhere", 1),
        (5, 10, 4, None, 5),
        (5, 10, 4, "tcp://somewhere", 5),
    ],
)
def test_jobs_share_the_processors(
    monkeypatch: pytest.MonkeyPatch,
    chosen: int | None,
    count: int,
    jobs: int,
    scheduler: str | None,
    expected: int | None,
) -> None:
    monkeypatch.setattr(threads, "count_processors", lambda: 12)
    assert share_threads(chosen, count, jobs=jobs, scheduler=scheduler) == expected
