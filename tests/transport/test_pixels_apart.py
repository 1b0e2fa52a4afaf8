"""Densities on pixels apart: which they are, what is kept, and the samples that stand for them."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stipple.measures.density import Density
from stipple.transport import damped_ascent, pixels_apart, semi_dual
from stipple.transport.continuation import continue_solving
from stipple.transport.damped_ascent import ascend
from stipple.transport.newton import NewtonSolver


def test_apart_are_several_pieces_of_few_pixels() -> None:
    apart = np.zeros((9, 9))
    apart[1, 1] = apart[7, 7] = 1
    assert pixels_apart.are_pixels_apart(Density(apart), 5)
    diagonal = Density(np.eye(4))  # corners join pixels
    assert not pixels_apart.are_pixels_apart(diagonal, 5)
    assert not pixels_apart.are_pixels_apart(Density(np.ones((2, 2))), 5)
    corners = np.zeros((9, 9))
    corners[::8, ::8] = 1
    assert pixels_apart.are_pixels_apart(Density(corners), 1)  # four pixels for a point
    apart[7, :7:2] = 1
    assert pixels_apart.are_pixels_apart(Density(apart), 2)
    assert not pixels_apart.are_pixels_apart(Density(apart), 1)


@pytest.mark.parametrize(("first", "second"), [(0.3, 0.2), (0.2, 0.3)])
def test_the_better_of_two_ascents_is_kept(
    monkeypatch: pytest.MonkeyPatch, first: float, second: float
) -> None:
    ascents = iter([first, second])
    monkeypatch.setattr(damped_ascent, "ascend", lambda *_: next(ascents))
    monkeypatch.setattr(pixels_apart, "_solve_samples", lambda *_: None)
    newton: Any = SimpleNamespace(
        find_error=float,
        is_spent=False,
        density=None,
        masses=None,
        measure=lambda *_: None,
    )
    start: Any = SimpleNamespace(cells=SimpleNamespace(points=None))
    assert pixels_apart.solve_apart(newton, start, 1e-6) == 0.2


def test_samples_have_the_masses_and_moments_of_the_density(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[Any] = []

    class Recorder:
        potential = np.zeros(3)

        def __init__(self, samples: Any, *_: Any) -> None:
            found.append(samples)

        def solve(self, *_: Any) -> None:
            pass

    monkeypatch.setattr(semi_dual, "SemiDual", Recorder)
    values = np.zeros((6, 9))
    values[1, 2], values[4, 8], values[5, 0] = 1.0, 2.0, 5.0
    pixels_apart._solve_samples(Density(values), np.ones((3, 2)))
    (samples,) = found
    assert len(samples.points) > 3
    centre = samples.masses @ samples.points / samples.masses.sum()
    expected = (np.array([2.5, 1.5]) + 2 * np.array([8.5, 4.5]) + 5 * np.array([0.5, 5.5])) / 8
    np.testing.assert_allclose(centre, expected)
    np.testing.assert_allclose(samples.points.max(axis=0) // 1, [8, 5])


def test_an_ascent_gives_each_cell_its_mass() -> None:
    values = np.zeros((6, 8))
    values[1, 1] = values[4, 6] = values[1, 6] = 1.0
    newton = NewtonSolver(Density(values))
    points = np.random.default_rng(0).random((6, 2)) * (8, 6)
    start = newton.measure(points, np.zeros(6))
    assert newton.find_error(start) > 0.1
    end = ascend(newton, start, 1e-6, 60)
    assert newton.find_error(end) <= 1e-6
    assert newton.diagrams <= 61


def test_continuation_ends_without_uniform_density() -> None:
    calls: list[tuple[float, float]] = []

    def iterate(diagram: int, share: float, tolerance: float) -> int:
        calls.append((share, tolerance))
        return diagram + 1

    newton: Any = SimpleNamespace(
        iterate=iterate, find_error=lambda _, share: 0.0 if share >= 1e-2 else 1.0
    )
    start: Any = 0
    assert continue_solving(newton, start, 1e-9) == len(calls) - 1
    shares, tolerances = zip(*calls, strict=True)
    assert shares[0] == 1e-4
    # From the first share that is solved, each time a tenth of it.
    assert shares[1] == 1e-2
    np.testing.assert_allclose(np.divide(shares[2:-1], shares[1:-2]), 0.1)
    assert 1e-9 < shares[-2] < 1.1e-8
    assert shares[-1] == 0
    assert tolerances[:-1] == (0.1,) * (len(calls) - 1)
    assert tolerances[-1] == 1e-9
