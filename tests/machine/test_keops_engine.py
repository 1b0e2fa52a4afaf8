"""Which engine and device are taken, for every answer that the machine may give."""

from contextlib import nullcontext

import numpy as np
import pytest

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.machine import keops_library
from stipple.machine.keops_library import (
    MANY_ROWS,
    MOST_PAIRS,
    EngineChoice,
    choose_scheme,
    decide_engine,
    find_tiny,
)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keops_library, "_has_driver", lambda: True)
    monkeypatch.setattr(keops_library, "has_gpu", lambda: True)
    monkeypatch.setattr(keops_library, "find_obstacle", lambda: None)


@pytest.mark.usefixtures("gpu")
def test_a_device_that_was_asked_for_is_taken() -> None:
    assert decide_engine("keops", "cpu", "gpu") == EngineChoice("keops", "cpu")
    assert decide_engine("keops", "auto", "nowhere") == EngineChoice("keops", "cuda")
    assert decide_engine("auto", "cuda", "nowhere") == EngineChoice("keops", "cuda")
    assert decide_engine("numpy", "auto", "anywhere") == EngineChoice("numpy", "cpu")
    assert decide_engine("auto", "auto", "gpu") == EngineChoice("keops", "cuda")
    assert decide_engine("auto", "cpu", "gpu") == EngineChoice("numpy", "cpu")
    assert decide_engine("auto", "cpu", "anywhere") == EngineChoice("keops", "cpu")
    assert decide_engine("auto", "auto", "nowhere") == EngineChoice("numpy", "cpu")


@pytest.mark.usefixtures("gpu")
def test_an_obstacle_is_told_to_those_who_asked() -> None:
    asked = decide_engine("keops", "auto", "anywhere", "orders are too high")
    assert (asked.engine, asked.device) == ("numpy", "cpu")
    assert "orders are too high" in str(asked.reason)
    assert decide_engine("auto", "auto", "anywhere", "orders").reason is None
    for engine in ("keops", "auto", "numpy"):
        with pytest.raises(StippleError, match="GPU"):
            decide_engine(engine, "cuda", "anywhere", "orders")  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_what_is_lost_beside_squares_has_a_square(precision: str) -> None:
    tiny = find_tiny(precision)  # type: ignore[arg-type]
    kind = np.dtype(precision).type
    assert kind(1e-10) + kind(tiny) == kind(1e-10)
    assert tiny**2 == pytest.approx(float(np.finfo(precision).tiny), rel=1e-6, abs=0)


def test_few_rows_are_cut_into_parts_on_a_gpu() -> None:
    for reduction in ("Sum", "LogSumExp"):
        assert choose_scheme(reduction, "cpu", 1_000, 10_000) == "CPU"
        assert choose_scheme(reduction, "cuda", 1_000, 10_000) == "GPU_2D"
        assert choose_scheme(reduction, "cuda", MANY_ROWS, 10) == "GPU_1D"
        # What the parts give would need gigabytes.
        assert choose_scheme(reduction, "cuda", 2**10, MOST_PAIRS // 2**10) == "GPU_2D"
        assert choose_scheme(reduction, "cuda", 2**10, MOST_PAIRS // 2**10 + 1) == "GPU_1D"
    # KeOps has no such scheme for it.
    assert choose_scheme("ArgMin", "cuda", 1_000, 10_000) == "GPU_1D"


def test_each_scheme_is_compiled_under_a_lock_once(monkeypatch: pytest.MonkeyPatch) -> None:
    locked = []
    monkeypatch.setattr(keops_library, "lock_cache", lambda: nullcontext(locked.append(1)))
    seen = []

    def run(*arguments: Floats, backend: str) -> Floats:
        seen.append(backend)
        return arguments[0]

    routine = keops_library._Compiled(run, "Sum", "cuda")
    few, many = np.zeros((3, 1)), np.zeros((MANY_ROWS, 1))
    for rows in (few, many, few, many):
        assert routine(rows, few) is rows
    assert seen == ["GPU_2D", "GPU_1D"] * 2
    assert len(locked) == 2
