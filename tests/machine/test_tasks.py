"""Tasks of one kind, in this process: what comes out, and how much memory each gets."""

import pytest

from stipple.errors import StippleError
from stipple.machine import tasks
from stipple.machine.failures import Failure
from stipple.machine.memory import find_available_memory
from stipple.machine.tasks import attempt, run_all


def divide(task: int) -> float:
    if task == 2:
        raise StippleError("There is no task 2.")
    if task == 3:
        raise MemoryError
    if task == 4:
        raise FileNotFoundError(2, "No such file", "four.png")
    return 12 / task


def test_failures_take_the_place_of_results() -> None:
    assert attempt(divide, 6) == 2
    assert attempt(divide, 2) == Failure("There is no task 2.")
    assert "not enough memory" in attempt(divide, 3).reason
    assert attempt(divide, 4) == Failure("No such file (four.png).", "system")


def test_one_job_does_every_task_in_order() -> None:
    done = [*run_all(divide, [6, 2, 1], jobs=1, scheduler=None)]
    assert done == [(6, 2), (2, Failure("There is no task 2.")), (1, 12)]
    assert [*run_all(divide, [], jobs=4, scheduler="tcp://nowhere")] == []


def find_memory(_: int) -> int | None:
    return find_available_memory()


def test_jobs_share_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "find_available_memory", lambda: 2**22)
    done = [memory for _, memory in run_all(find_memory, [1, 2, 3], jobs=2, scheduler=None)]
    assert done == [2**21] * 3
