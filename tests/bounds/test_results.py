"""What `bound` returns: plain numbers, a short repr, and certificates that combine."""

from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from bound_images import draw_noise

import stipple
from stipple.bounds.certificate import BoundCertificate
from stipple.bounds.grid import cut_blocks, find_offsets, measure_shifts
from stipple.bounds.plans import Plan
from stipple.interval import Interval


def list_numbers(thing: object) -> list[object]:
    """Every number that is in a result, but for those in arrays."""
    if is_dataclass(thing):
        return [one for field in fields(thing) for one in list_numbers(getattr(thing, field.name))]
    if isinstance(thing, tuple):
        return [one for part in thing for one in list_numbers(part)]
    return [thing] if isinstance(thing, (int, float, np.generic)) else []


@pytest.mark.parametrize("method", ["sparse", "fast", "paper"])
@pytest.mark.parametrize("pixels", ["points", "squares"])
def test_numbers_are_plain(method: str, pixels: str) -> None:
    if method == "paper":
        pytest.importorskip("ot", reason="the linear programs need POT")
    a, b = draw_noise(1, (9, 12)), draw_noise(2, (9, 12))
    result = stipple.bound(a, b, np.float32(2), pixels=pixels, unit="side", method=method)  # type: ignore[arg-type]
    numbers = [*list_numbers(result), *list_numbers(result.summarise_plan())]
    numbers += [result.lower, result.upper, result.gap]
    assert len(numbers) > 15
    assert {type(number) for number in numbers} <= {int, float, bool}


def test_the_repr_is_short_and_has_both_ends() -> None:
    a, b = draw_noise(1, (60, 70)), draw_noise(2, (60, 70))
    result = stipple.bound(a, b, 1.5, gap=0.2, unit="side", method="sparse")
    assert repr(result) == (
        f"ImageBounds({result.lower!r} ≤ W_1.5 ≤ {result.upper!r} sides,\n"
        f"            gap {100 * result.gap:.3g} % (reached), 60 × 70 points, method sparse)"
    )
    assert "(not reached)" in repr(stipple.bound(a, b, gap=1e-9, time_limit=0))


def make_certificate(lower: float, upper: float, plan: Plan | None = None) -> BoundCertificate:
    cost = Interval(lower**2, upper**2)
    return BoundCertificate(2, Interval(lower, upper), cost, 1.0 if plan is None else 0.5, plan)


def test_certificates_combine_to_the_better_ends() -> None:
    plan = Plan(np.zeros(1, np.int64), np.zeros(1, np.int64), np.ones(1))
    low, high = make_certificate(1, 3, plan), make_certificate(2, 4)
    for found in (low.combine(high), high.combine(low)):
        assert (found.lower, found.upper) == (2, 3)
        assert (found.cost.lower, found.cost.upper) == (4, 9)
        assert found.plan is plan
        assert found.repaired == 0.5
    # Of upper ends that agree, the later one, with its plan or without.
    assert low.combine(make_certificate(0, 3)).plan is None
    assert make_certificate(0, 3).combine(low).plan is plan


def test_blocks_and_offsets_by_flat_index() -> None:
    image = np.arange(1, 36).reshape(5, 7)
    blocks = cut_blocks(image, 3)
    assert blocks.shape == (2, 3, 3, 3)
    assert blocks.sum() == image.sum()
    for row in range(5):
        for column in range(7):
            assert blocks[row // 3, row % 3, column // 3, column % 3] == image[row, column]
    source, target = np.array([0, 6, 34]), np.array([34, 28, 1])
    np.testing.assert_array_equal(measure_shifts(source, target, (6, 7)), [[6, -6, -5], [4, 4, -4]])
    np.testing.assert_array_equal(find_offsets(source, target, (6, 7)), [[4, 4, 4], [6, 6, 5]])
