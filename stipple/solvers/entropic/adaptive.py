"""Adaptive discretisation: many atoms by divide and conquer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.choices import AtomWeights, CellRule
from stipple.samples import Samples
from stipple.solvers.entropic.cells import Cell, check_count, divide, merge_duplicates, place_start
from stipple.solvers.entropic.descent import Target, descend
from stipple.solvers.entropic.expectation import Mixture, fit_mixture
from stipple.solvers.entropic.kernel import SinkhornSettings
from stipple.solvers.entropic.objectives import EntropicObjective
from stipple.solvers.entropic.sinkhorn import check_cost
from stipple.solvers.metrics import Euclidean, Metric
from stipple.solvers.parallel import count_processors

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
    zetas: Floats
    counts: Integers
    cooled: int
    lost: int
    iterations: int
    converged: bool


@dataclass(frozen=True, eq=False)
class _Solved:
    mixture: Mixture
    zeta: float
    cooled: bool
    lost: int


def discretise_adaptive(
    samples: Samples,
    count: int,
    zeta: float,
    *,
    objective: EntropicObjective = "full",
    weights: AtomWeights = "free",
    rule: CellRule = "bisect",
    largest: int = 32,
    order: float = 2.0,
    metric: Metric | None = None,
    settings: SinkhornSettings | None = None,
    workers: int | None = None,
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
    largest : int
        Most atoms of a cell.
    order : float
        k ≥ 1: costs are k-th powers of distances.
    metric : Metric, optional
        The distance; Euclidean by default.
    settings : SinkhornSettings, optional
        For objectives that take Sinkhorn.
    workers : int, optional
        Threads; by default one for each processor. They do not change the result.
    on_cell : callable, optional
        Told in the calling thread as cells are solved.

    Raises
    ------
    StippleError
        For counts, orders or regularisations that make no sense.
    """
    metric = metric or Euclidean()
    check_cost(zeta, order)
    samples = merge_duplicates(samples)
    check_count(samples, count)
    free = weights == "free"
    exponent = samples.dimension / (samples.dimension + order) if free else 1.0
    # Equal weights: a share by mass, whatever the size.
    size_order = order if free else 0.0
    cells = divide(samples, count, max(1, largest), rule=rule, exponent=exponent, order=size_order)

    def solve(cell: Cell) -> _Solved:
        part = Samples(samples.points[cell.indices], samples.masses[cell.indices], samples.volume)
        start = place_start(part, cell.count, exponent=exponent, order=size_order)
        # A cell without extent has one sample, which any ζ serves.
        wanted = zeta * cell.diameter**order or 1.0
        if objective == "full" and free:
            return _fit_without_losses(part, start, wanted, order, metric)
        even = np.full(cell.count, 1 / cell.count)
        descent = descend(
            [Target(part, 1.0)],
            start,
            even,
            wanted,
            objective=objective,
            free=free,
            order=order,
            metric=metric,
            settings=settings or SinkhornSettings(),
            iterations=CELL_ITERATIONS,
        )
        mixture = Mixture(
            descent.atoms,
            descent.weights,
            descent.value,
            descent.cost,
            len(descent.history) - 1,
            descent.converged,
        )
        return _Solved(mixture, wanted, False, mixture.count_lost(order))

    solved = _map_cells(solve, cells, workers or count_processors(), on_cell)
    masses = np.array([cell.mass for cell in cells])
    masses /= masses.sum()
    counts = np.array([cell.count for cell in cells])
    merged = np.concatenate(
        [mass * one.mixture.weights for mass, one in zip(masses, solved, strict=True)]
    )
    return AdaptiveDiscretisation(
        atoms=np.concatenate([one.mixture.atoms for one in solved]),
        weights=merged / merged.sum() if free else np.full(count, 1 / count),
        value=float(masses @ [one.mixture.value for one in solved]),
        cost=float(masses @ [one.mixture.cost for one in solved]),
        zeta=zeta,
        zetas=np.array([one.zeta for one in solved]),
        counts=counts,
        cooled=sum(one.cooled for one in solved),
        lost=sum(one.lost for one in solved),
        iterations=sum(one.mixture.iterations for one in solved),
        converged=all(one.mixture.converged for one in solved),
    )


def _fit_without_losses(
    samples: Samples, start: Floats, zeta: float, order: float, metric: Metric
) -> _Solved:
    """Fit at the ζ wanted, or at the first lower one where no atom dies or meets another."""
    mixture = fit_mixture(samples, start, zeta, order=order, metric=metric)
    lost = mixture.count_lost(order)
    coolings = 0
    while lost and coolings < MOST_COOLINGS:
        coolings += 1
        zeta /= COOLING
        mixture = fit_mixture(samples, start, zeta, order=order, metric=metric)
        lost = mixture.count_lost(order)
    return _Solved(mixture, zeta, coolings > 0, lost)


def _map_cells(
    solve: Callable[[Cell], _Solved],
    cells: list[Cell],
    workers: int,
    on_cell: Callable[[CellProgress], None] | None,
) -> list[_Solved]:
    """Solve all cells; an interruption drops those that have not begun."""
    with ThreadPoolExecutor(workers) as pool:
        try:
            futures = [pool.submit(solve, cell) for cell in cells]
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                if on_cell is not None:
                    on_cell(CellProgress(done, len(cells)))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]
