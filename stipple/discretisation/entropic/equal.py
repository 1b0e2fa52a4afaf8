"""Equal weights without regularisation: every atom stands for the same mass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from stipple.arrays import Floats
from stipple.discretisation.entropic.cells import check_count, choose_start, merge_duplicates
from stipple.discretisation.entropic.expectation import find_directions
from stipple.discretisation.entropic.problem import Target, pool_targets
from stipple.discretisation.entropic.sinkhorn import check_cost
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric
from stipple.transport.quasi_newton import QuasiNewton, limit_shift
from stipple.transport.semi_dual import SemiDual

# Shifted atoms start this far off along each axis, at most, in distances to the nearest.
START_SHIFT = 0.25
# ζ of the smoothed dual as parts of the mean cost: for moves, and at the end.
MOVING_ZETA = 1e-2
LAST_ZETA = 1e-3
# No atom moves by more than this part of the mean distance that mass goes, or than a plain step.
LONGEST_STEP = 0.7
# Σ_j |mass of atom j − 1/m| of solves between moves, and of the last one.
MOVING_ERROR = 1e-3
LAST_ERROR = 1e-8


@dataclass(frozen=True)
class EqualStep:
    """One move of the atoms: `number` 0 is the start; cost as in `EqualQuantisation`."""

    number: int
    cost: float


@dataclass(frozen=True, eq=False)
class EqualQuantisation:
    """Atoms of equal weight near one measure, or several.

    Attributes
    ----------
    atoms : ndarray, shape (m, d)
        y, in units of the samples.
    weights : ndarray, shape (m,)
        1/m each.
    cost : float
        Σ_l λ_l⟨P_l, C_l⟩ for plans whose rows are exact, near W_k^k up to the mass error and
        LAST_ZETA of itself times the logarithm of the candidates of a sample.
    potentials : ndarray, shape (measures, m)
        g of each measure, in units of cost: they certify the cost (`certify_discrete`).
    mass_error : float
        Largest Σ_j |Σ_i P_ij − 1/m| of a measure.
    history : tuple of float
        The cost of the start and after each move, for plans of MOVING_ZETA.
    iterations : int
        Moves.
    converged : bool
        Whether a move lowered the cost by less than the tolerance, and the masses are right.
    """

    atoms: Floats
    weights: Floats
    cost: float
    potentials: Floats
    mass_error: float
    history: tuple[float, ...]
    iterations: int
    converged: bool


def quantise_equally(
    targets: Sequence[Target],
    count: int,
    *,
    order: float = 2.0,
    metric: Metric | None = None,
    iterations: int = 100,
    tolerance: float = 1e-4,
    seed: int | None = None,
    shifted: bool = False,
    on_step: Callable[[EqualStep], None] | None = None,
) -> EqualQuantisation:
    """Minimise Σ_l λ_l·W_k^k(μ^l, Σ_j δ_{y_j}/m) over atoms, to a local minimum.

    In turn, atoms move towards the centres of what they are for, by quasi-Newton steps that fall
    back on plain ones where these are no better, and the transport is solved anew: Newton's method
    on the semi-dual, smoothed by a ζ far below the mean cost, between each sample and its nearest
    atoms only. For several targets that is the free-support barycentre of Cuturi and Doucet (ICML
    2014) with fixed weights.

    Parameters
    ----------
    targets : sequence of Target
        μ^l with shares λ_l, from `make_targets`.
    count : int
        m, at most as many as there are distinct samples.
    order : float
        k ≥ 1: costs are k-th powers of distances.
    metric : Metric, optional
        The distance, one that grows with that of the coordinates; Euclidean by default.
    iterations : int
        Most moves.
    tolerance : float
        Stop when a move lowers the cost by less than this part of it.
    seed : int, optional
        Start from samples drawn by it; by default from a division of the samples, not random.
    shifted : bool
        Whether atoms start a little off that, always in the same way: a division of samples on a
        lattice is critical, but may be no minimum.
    on_step : callable, optional
        Told of the start and of each move.

    Raises
    ------
    StippleError
        For counts or orders that make no sense.
    """
    metric = metric or Euclidean()
    check_cost(1.0, order)
    if iterations < 0:
        raise StippleError(f"The number of iterations must be at least 0, not {iterations}.")
    targets = [replace(target, samples=merge_duplicates(target.samples)) for target in targets]
    pool = pool_targets(targets)
    check_count(pool, count)
    random = None if seed is None else np.random.default_rng(seed)
    atoms = choose_start(pool, count, False, order, random)
    if shifted and count > 1:
        atoms = metric.move(atoms, _draw_shifts(atoms))
    shares = [target.share for target in targets]
    duals = [SemiDual(target.samples, count, order, metric) for target in targets]
    quasi_newton = QuasiNewton()
    accuracy = MOVING_ERROR

    def solve(atoms: Floats) -> float:
        return _solve_all(shares, duals, atoms, MOVING_ZETA, accuracy)

    cost = solve(atoms)
    history = [cost]
    best = (cost, atoms, [dual.potential for dual in duals])
    settled = False
    while True:
        if on_step is not None:
            on_step(EqualStep(len(history) - 1, cost))
        if settled or len(history) > iterations:
            break
        directions = _find_directions(shares, duals, atoms, order, metric)
        shift = quasi_newton.find_shift(atoms, -directions)
        shift = limit_shift(shift, directions, LONGEST_STEP * cost ** (1 / order))
        moved = metric.move(atoms, shift)
        cost = solve(moved)
        if cost > history[-1]:
            quasi_newton.forget()
            moved = metric.move(atoms, directions)
            cost = solve(moved)
        atoms = moved
        decrease = history[-1] - cost
        settled = abs(decrease) <= tolerance * cost or (decrease < 0 and accuracy <= LAST_ERROR)
        if decrease < 0:
            # Only inexact masses can make a step towards the centres a step up.
            accuracy = max(accuracy / 10, LAST_ERROR)
        history.append(cost)
        if cost < best[0]:
            best = (cost, atoms, [dual.potential for dual in duals])
    _, atoms, potentials = best
    for dual, potential in zip(duals, potentials, strict=True):
        dual.potential = potential
    cost = _solve_all(shares, duals, atoms, LAST_ZETA, LAST_ERROR)
    error = max(dual.mass_error for dual in duals)
    return EqualQuantisation(
        atoms=atoms,
        weights=np.full(count, 1 / count),
        cost=cost,
        potentials=np.array([dual.potential for dual in duals]),
        mass_error=error,
        history=tuple(history),
        iterations=len(history) - 1,
        converged=settled and error <= MOVING_ERROR,
    )


def _draw_shifts(atoms: Floats) -> Floats:
    """Shifts, always the same, off what may be a saddle: a division of lattices is one."""
    nearest = cKDTree(atoms).query(atoms, k=2)[0][:, 1:]
    random = np.random.default_rng(0)
    return np.asarray(START_SHIFT * nearest * random.uniform(-1, 1, atoms.shape))


def _solve_all(
    shares: Sequence[float],
    duals: Sequence[SemiDual],
    atoms: Floats,
    zeta: float,
    tolerance: float,
) -> float:
    """Solve every transport; Σ_l λ_l⟨P_l, C_l⟩."""
    return sum(
        share * dual.solve(atoms, zeta, tolerance)
        for share, dual in zip(shares, duals, strict=True)
    )


def _find_directions(
    shares: Sequence[float],
    duals: Sequence[SemiDual],
    atoms: Floats,
    order: float,
    metric: Metric,
) -> Floats:
    """From each atom towards the centre of what it receives from all targets."""
    received: list[list[tuple[Floats, Floats, Floats]]] = [[] for _ in atoms]
    for share, dual in zip(shares, duals, strict=True):
        for rows, columns, atom in dual.list_columns():
            amounts = share * dual.plan[rows, columns]
            received[atom].append(
                (dual.samples.points[rows], amounts, dual.distances[rows, columns])
            )
    directions = np.zeros_like(atoms)
    for atom, parts in enumerate(received):
        if parts:
            points, amounts, distances = (
                np.concatenate(arrays) for arrays in zip(*parts, strict=True)
            )
            directions[atom] = find_directions(
                points, atoms[atom : atom + 1], amounts[:, None], distances[:, None], order, metric
            )[0]
    return directions
