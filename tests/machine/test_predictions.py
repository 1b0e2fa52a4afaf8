"""Demands of memory counted by hand, and the limits at which they are told or refused."""

import pytest

from stipple.errors import StippleError
from stipple.machine import memory
from stipple.machine.memory import (
    Demand,
    check_memory,
    describe_size,
    find_available_memory,
    predict_bounds,
    predict_discretisation,
    predict_plan,
    predict_sequence,
    predict_stippling,
    predict_volume,
)


def test_demands_are_those_of_their_parts() -> None:
    base = predict_stippling(0, 0).size
    assert predict_stippling(1, 0).size - base == 2850
    assert predict_stippling(1, 0, moving=False).size - base == 1600
    assert predict_stippling(0, 1).size - base == 52
    assert predict_stippling(0, 1, inks=4).size - base == 52 + 3 * 30
    assert predict_stippling(1, 1, inks=4, together=True).size - base == 5700 + 52 + 3 * 62
    assert predict_bounds((2, 5)).size - predict_bounds((2, 0)).size == 10 * 640
    assert predict_bounds((1, 2, 5)).size == predict_bounds((2, 5)).size
    assert predict_bounds((1, 2, 5), 1).size - predict_bounds((1, 2, 0), 1).size == 10 * 4000
    assert predict_discretisation(10).size - predict_discretisation(0).size == 10 * 90
    plan, text = predict_plan(30, 50, text=False).size, predict_plan(30, 50, text=True).size
    assert plan - predict_plan(0, 50, text=False).size == 30 * 50 * 100
    assert text - plan == 30 * 50 * 160
    # Cells reach half a side beyond either side of the box at most; each voxel there needs half.
    voxels = predict_volume(8, 1000).size - predict_volume(8, 0).size
    for points, more in ((1, 4), (27, 4), (27000, 1.1**3 / 2)):
        added = predict_volume(points, 1000, True).size - predict_volume(points, 1000).size
        assert added == pytest.approx(more * voxels, rel=1e-3)
    empty = predict_sequence(0, 3, text=False).size
    assert predict_sequence(7, 3, text=False).size - empty == 7 * 3 * 16
    assert predict_sequence(7, 3, text=True).size - empty == 7 * (30 + 3 * 15)


def test_half_of_the_memory_is_told_and_more_than_all_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "find_available_memory", lambda: 1000 * 2**20)

    def ask(mebibytes: int) -> str | None:
        return check_memory(Demand("This needs", mebibytes * 2**20, "ask for less"))

    assert ask(500) is None
    assert ask(501) == "This needs about 501 MiB of memory, and 1000 MiB is available."
    assert ask(1000) is not None
    with pytest.raises(StippleError, match="ask for less"):
        ask(1001)
    monkeypatch.setattr(memory, "find_available_memory", lambda: None)
    assert ask(10**6) is None


def test_the_least_of_all_limits_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_find_free_memory", lambda: 500)
    monkeypatch.setattr(memory, "_find_limits", lambda: [700, 300])
    assert find_available_memory() == 300
    monkeypatch.setattr(memory, "_find_free_memory", lambda: None)
    monkeypatch.setattr(memory, "_find_limits", lambda: [])
    assert find_available_memory() is None


def test_sizes_are_told_in_two_units() -> None:
    assert describe_size(2**30 - 1) == "1024 MiB"
    assert describe_size(2**30) == "1.0 GiB"
    assert describe_size(3 * 2**29) == "1.5 GiB"
