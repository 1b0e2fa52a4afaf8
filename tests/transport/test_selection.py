"""Which of several runs, and of several steps, is kept, and what a run says of itself."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stipple.measures.density import Density
from stipple.transport import quantisation
from stipple.transport.descent import move
from stipple.transport.direction import Direction
from stipple.transport.quantisation import Quantisation, Step, quantise, quantise_best
from stipple.transport.semi_discrete import TransportSolver

HALF_WHITE = Density(np.hstack([np.ones((6, 3)), np.zeros((6, 7))]))


def make_transport(value: float, converged: bool = True) -> Any:
    return SimpleNamespace(w2_squared=value, converged=converged)


def run_best(monkeypatch: pytest.MonkeyPatch, *transports: Any) -> tuple[Quantisation, Any, int]:
    """Run from as many starts as transports; the result, the steps told, the number of runs."""
    runs = []

    def answer(
        _: Any, points: Any, __: Any, *, on_step: Callable[[Any], None], **___: Any
    ) -> Quantisation:
        runs.append(points)
        on_step(f"a step from start {points}")
        seconds = {"start": 1.0, "steps": 10.0 * (points + 1)}
        return Quantisation(transports[points], 1, True, False, seconds)

    monkeypatch.setattr(quantisation, "quantise", answer)
    solver = SimpleNamespace(diagrams=0, density=SimpleNamespace(width=10, height=20))
    starts = [(number, None) for number in range(len(transports))]
    steps: list[Any] = []
    result = quantise_best(solver, starts, on_step=steps.append)  # type: ignore[arg-type]
    return result, steps, len(runs)


def test_the_best_of_several_starts_is_kept_with_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    transports = [make_transport(value) for value in (3.0, 1.0, 2.0)]
    result, steps, runs = run_best(monkeypatch, *transports)
    assert result.transport is transports[1]
    assert steps == ["a step from start 1"]
    assert runs == 3
    assert result.seconds == {"start": 3.0, "steps": 60.0}  # of all runs


def test_an_unsolved_start_is_no_better_and_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    transports = [make_transport(3.0), make_transport(1.0, converged=False), make_transport(2.0)]
    result, steps, runs = run_best(monkeypatch, *transports)
    assert result.transport is transports[0]
    assert steps == ["a step from start 0"]
    assert runs == 2


def test_the_best_step_is_kept_and_a_small_change_ends() -> None:
    transports = [make_transport(value) for value in (5000.0, 4000.0, 4500.0, 4498.0, 4499.0)]
    run = quantisation._Run(None, iter(transports), "lloyd", 0.1, None)  # type: ignore[arg-type]
    assert [run.step(1e-3) for _ in range(4)] == [False, False, True, True]
    assert run.best is transports[1]
    assert run.current is transports[-1]
    assert run.taken == 4


def test_quality_counts_the_area_with_ink() -> None:
    """A line of four points on a strip of 3 × 6 pixels, each with 1.5 × 3 pixels around it."""
    points = np.array([[0.75, 1.5], [2.25, 1.5], [0.75, 4.5], [2.25, 4.5]])
    steps: list[Step] = []
    quantise(TransportSolver(HALF_WHITE), points, iterations=0, on_step=steps.append)
    assert steps[0].w2_squared == pytest.approx((1.5**2 + 3**2) / 12, rel=1e-9)
    assert steps[0].quality == pytest.approx(4 * (1.5**2 + 3**2) / 12 / 18, rel=1e-9)


def test_a_run_that_ends_unsolved_is_not_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.array([[1.0, 1.4], [2.0, 4.0]])
    assert quantise(TransportSolver(HALF_WHITE), points).settled

    def finish(self: Any, _: float) -> None:
        self.best = replace(self.best, converged=False)

    monkeypatch.setattr(quantisation._Run, "finish", finish)
    assert not quantise(TransportSolver(HALF_WHITE), points).settled


def test_saddles_are_told_after_the_last_step(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.array([[1.5, 1.5], [1.5, 4.5]])
    for descent in (None, np.ones((2, 2))):
        monkeypatch.setattr(quantisation, "find_descent", lambda *_, found=descent: found)
        result = quantise(TransportSolver(HALF_WHITE), points, iterations=1, tolerance=0)
        assert (result.settled, result.saddle) == (False, descent is not None)


@pytest.mark.parametrize("shift", [(-9.0, 0.0), (0.0, -9.0), (99.0, 0.0), (0.0, 99.0)])
def test_points_that_would_leave_go_to_their_barycentres(shift: tuple[float, float]) -> None:
    solver = TransportSolver(HALF_WHITE)
    current = solver.solve(np.array([[1.0, 2.0], [2.0, 3.5]]))
    moved = move(solver, current, np.array([shift, (0.1, 0.2)]), 1e-6)
    np.testing.assert_allclose(moved.points, [current.barycentres[0], (2.1, 3.7)])


def test_directions_go_the_parts_of_the_way_in_turn() -> None:
    transport: Any = SimpleNamespace(points=np.ones((1, 2)), barycentres=np.zeros((1, 2)))
    lloyd = Direction("lloyd", (0.5, 0.25))
    shares = [-lloyd.find(transport)[0, 0] for _ in range(4)]
    assert shares == [0.5, 0.25, 0.25, 0.25]
    assert not lloyd.bold
    relaxed = Direction("relaxed", (1.0,))
    assert [-relaxed.find(transport)[0, 0] for _ in range(2)] == [1.7, 1.7]
    assert Direction("lbfgs", (1.0,)).bold


def test_a_solve_counts_its_own_work() -> None:
    density = Density(np.random.default_rng(0).random((5, 6)) + 0.1)
    points = np.random.default_rng(1).random((6, 2)) * (6, 5)
    solver = TransportSolver(density)
    first, again = solver.solve(points), solver.solve(points)
    assert first.newton_iterations == again.newton_iterations > 0
    assert first.diagrams == again.diagrams > 0
    assert solver.diagrams == 2 * first.diagrams
    assert first.converged
    assert first.mass_error == pytest.approx(max(abs(6 * first.masses - 1)), abs=1e-12)
    assert solver.unsolved == 0
    solver.most_diagrams = solver.diagrams + 1
    rough = solver.solve(points)
    assert not rough.converged
    assert rough.mass_error > 1e-6
    assert solver.unsolved == 1
