"""Adaptive discretisation: many atoms by divide and conquer."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.choices import AtomWeights, CellRule
from stipple.discretisation.entropic.cells import (
    Cell,
    check_count,
    choose_largest,
    choose_shares,
    divide,
    merge_duplicates,
    place_start,
)
from stipple.discretisation.entropic.checks import check_cost
from stipple.discretisation.entropic.descent import descend
from stipple.discretisation.entropic.expectation import Mixture, fit_mixture
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.objectives import EntropicObjective
from stipple.discretisation.entropic.problem import EntropicProblem, Target
from stipple.geometry.metrics import Euclidean, Metric
from stipple.machine.threads import count_processors
from stipple.measures.samples import Samples

# ζ of a cell that loses atoms is divided by this, at most so many times.
COOLING = 4.0
MOST_COOLINGS = 10
# Steps of the descent of a cell whose objective has no expectation-maximisation.
CELL_ITERATIONS = 100


@dataclass(frozen=True)
class CellProgress:
    """One more cell has been solved: `done` of `cells`."""

    done: int
    cells: int


@dataclass(frozen=True, eq=False)
class AdaptiveDiscretisation:
    """Atoms of all cells together.

    Attributes
    ----------
    atoms : ndarray, shape (m, d)
        y, cell by cell, in units of the samples.
    weights : ndarray, shape (m,)
        w ≥ 0, sum 1.
    value : float
        Σ_i P_i·(objective of cell i at its own ζ_i).
    cost : float
        Σ_i P_i⟨P, C⟩_i with free weights: the cost of a plan, so not less than W_k^k. With equal
        weights cells hold a little more or less than their atoms, and this is only near it.
    zeta : float
        The ζ asked for, as a part of diam_i^k.
    lower, upper : ndarray, shape (cells, d)
        Opposite corners of the cells, in the order of their atoms.
    masses : ndarray, shape (cells,)
        P_i, sum 1.
    zetas : ndarray, shape (cells,)
        ζ_i of the cells, in units of cost.
    counts : ndarray, shape (cells,)
        Atoms of the cells.
    cooled : int
        Cells whose ζ_i was lowered below ζ·diam_i^k, since atoms died or coincided there.
    lost : int
        Atoms that died or coincide all the same.
    iterations : int
        Steps, summed over cells.
    converged : bool
        Whether every cell converged.
    """

    atoms: Floats
    weights: Floats
    value: float
    cost: float
    zeta: float
    lower: Floats
    upper: Floats
    masses: Floats
    zetas: Floats
    counts: Integers
    cooled: int
    lost: int
    iterations: int
    converged: bool


@dataclass(frozen=True, eq=False)
class CellTask:
    """All that it takes to solve a cell, wherever that is done.

    Attributes
    ----------
    number : int
        Of the cell, from 1.
    count : int
        Its atoms.
    problem : EntropicProblem
        To come near to the samples in the cell, at ζ_i.
    """

    number: int
    count: int
    problem: EntropicProblem

    @property
    def samples(self) -> Samples:
        """Those in the cell."""
        return self.problem.targets[0].samples


@dataclass(frozen=True, eq=False)
class CellSolution:
    """Atoms of a cell.

    Attributes
    ----------
    mixture : Mixture
        The atoms, with weights of sum 1.
    zeta : float
        ζ_i that they were found at.
    cooled : bool
        Whether it was lowered.
    lost : int
        Atoms that died or coincide all the same.
    """

    mixture: Mixture
    zeta: float
    cooled: bool
    lost: int


RunCells: TypeAlias = Callable[
    [Callable[[CellTask], CellSolution], Sequence[CellTask]],
    Generator[tuple[CellTask, CellSolution], None, None],
]
"""Calls a function of a module on every task, and gives each with what came out, in any order."""


def discretise_adaptive(
    samples: Samples,
    count: int,
    zeta: float,
    *,
    objective: EntropicObjective = "full",
    weights: AtomWeights = "free",
    rule: CellRule = "bisect",
    largest: int | None = None,
    order: float = 2.0,
    metric: Metric | None = None,
    settings: SinkhornSettings | None = None,
    workers: int | None = None,
    run_cells: RunCells | None = None,
    on_cell: Callable[[CellProgress], None] | None = None,
) -> AdaptiveDiscretisation:
    """Cut the samples into cells, discretise each by entropic transport and merge the atoms.

    Atoms start at the samples nearest to the barycentres of still smaller cells, so that nothing
    here is random. The full objective with free weights takes expectation-maximisation, others a
    descent on all samples of the cell.

    Parameters
    ----------
    samples : Samples
        μ.
    count : int
        m, at most as many as there are distinct samples.
    zeta : float
        Regularisation as a part of diam_i^k, the largest cost in cell i.
    objective : {"full", "sharp", "debiased"}
        As in `evaluate_objective`.
    weights : {"free", "equal"}
        "equal" gives each atom 1/m, and shares atoms by mass.
    rule : {"bisect", "occupied", "sparsest"}
        How cells are cut, see `divide`.
    largest : int, optional
        Most atoms of a cell; by default 32, or half of all where there are no more than that.
    order : float
        k ≥ 1: costs are k-th powers of distances.
    metric : Metric, optional
        The distance; Euclidean by default.
    settings : SinkhornSettings, optional
        For objectives that take Sinkhorn.
    workers : int, optional
        Threads; by default one for each processor. They do not change the result.
    run_cells : callable, optional
        Solves the cells elsewhere, in place of threads. It is closed at the end or when
        interrupted.
    on_cell : callable, optional
        Told in the calling thread as cells are solved.

    Raises
    ------
    StippleError
        For counts, orders or regularisations that make no sense.
    """
    check_cost(zeta, order)
    samples = merge_duplicates(samples)
    check_count(samples, count)
    problem = EntropicProblem(
        [Target(samples, 1.0)],
        zeta,
        objective=objective,
        free=weights == "free",
        order=order,
        metric=metric or Euclidean(),
        settings=settings or SinkhornSettings(),
    )
    exponent, size_order = choose_shares(problem.free, order, samples.dimension)
    largest = choose_largest(count) if largest is None else largest
    cells = divide(samples, count, max(1, largest), rule=rule, exponent=exponent, order=size_order)
    tasks = [_make_task(problem, cell, number) for number, cell in enumerate(cells, 1)]
    run_cells = run_cells or partial(_run_in_threads, workers=workers or count_processors())
    solutions = _solve_all(tasks, run_cells, on_cell)
    return _merge(problem, cells, solutions)


def solve_cell(task: CellTask) -> CellSolution:
    """Find the atoms of a cell."""
    problem = task.problem
    exponent, size_order = choose_shares(problem.free, problem.order, task.samples.dimension)
    start = place_start(task.samples, task.count, exponent=exponent, order=size_order)
    if problem.objective == "full" and problem.free:
        return _fit_without_losses(task.samples, start, problem.zeta, problem.order, problem.metric)
    equal = np.full(task.count, 1 / task.count)
    descent = descend(problem, start, equal, iterations=CELL_ITERATIONS)
    mixture = Mixture(
        descent.atoms,
        descent.weights,
        descent.value,
        descent.cost,
        len(descent.history) - 1,
        descent.converged,
    )
    return CellSolution(mixture, problem.zeta, False, mixture.count_lost(problem.order))


def _make_task(problem: EntropicProblem, cell: Cell, number: int) -> CellTask:
    """Cut a cell out of the problem, where ζ is a part of the largest cost in the cell."""
    whole = problem.targets[0].samples
    inside = Samples(whole.points[cell.indices], whole.masses[cell.indices], whole.volume)
    # A cell without extent has one sample, which any ζ serves.
    zeta = problem.zeta * cell.diameter**problem.order or 1.0
    return CellTask(number, cell.count, replace(problem, targets=[Target(inside, 1.0)], zeta=zeta))


def _solve_all(
    tasks: Sequence[CellTask], run_cells: RunCells, on_cell: Callable[[CellProgress], None] | None
) -> list[CellSolution]:
    """Solve the cells, in any order; the solutions are in that of the tasks."""
    solutions: dict[int, CellSolution] = {}
    with closing(run_cells(solve_cell, tasks)) as outcomes:
        for done, (task, solution) in enumerate(outcomes, 1):
            solutions[task.number] = solution
            if on_cell is not None:
                on_cell(CellProgress(done, len(tasks)))
    return [solutions[task.number] for task in tasks]


def _merge(
    problem: EntropicProblem, cells: Sequence[Cell], solutions: Sequence[CellSolution]
) -> AdaptiveDiscretisation:
    """Put the atoms of all cells together, each cell with its mass."""
    masses = np.array([cell.mass for cell in cells])
    masses /= masses.sum()
    mixtures = [one.mixture for one in solutions]
    counts = np.array([cell.count for cell in cells])
    count = int(counts.sum())
    merged = np.concatenate(
        [mass * one.weights for mass, one in zip(masses, mixtures, strict=True)]
    )
    return AdaptiveDiscretisation(
        atoms=np.concatenate([one.atoms for one in mixtures]),
        weights=merged / merged.sum() if problem.free else np.full(count, 1 / count),
        value=float(masses @ [one.value for one in mixtures]),
        cost=float(masses @ [one.cost for one in mixtures]),
        zeta=problem.zeta,
        lower=np.array([cell.lower for cell in cells]),
        upper=np.array([cell.upper for cell in cells]),
        masses=masses,
        zetas=np.array([one.zeta for one in solutions]),
        counts=counts,
        cooled=sum(one.cooled for one in solutions),
        lost=sum(one.lost for one in solutions),
        iterations=sum(one.iterations for one in mixtures),
        converged=all(one.converged for one in mixtures),
    )


def _fit_without_losses(
    samples: Samples, start: Floats, zeta: float, order: float, metric: Metric
) -> CellSolution:
    """Fit at the ζ wanted, or at the first lower one where no atom dies or meets another."""
    mixture = fit_mixture(samples, start, zeta, order=order, metric=metric)
    lost = mixture.count_lost(order)
    coolings = 0
    while lost and coolings < MOST_COOLINGS:
        coolings += 1
        zeta /= COOLING
        mixture = fit_mixture(samples, start, zeta, order=order, metric=metric)
        lost = mixture.count_lost(order)
    return CellSolution(mixture, zeta, coolings > 0, lost)


def _run_in_threads(
    work: Callable[[CellTask], CellSolution], tasks: Sequence[CellTask], *, workers: int
) -> Generator[tuple[CellTask, CellSolution], None, None]:
    """Solve cells here; when closed early, drop those that have not begun."""
    with ThreadPoolExecutor(workers) as pool:
        try:
            futures = {pool.submit(work, task): task for task in tasks}
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
