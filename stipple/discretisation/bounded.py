"""Atoms whose masses are given, or bounded, without regularisation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from stipple.arrays import Floats
from stipple.discretisation.entropic.cells import check_count, choose_start, merge_duplicates
from stipple.discretisation.entropic.checks import check_cost
from stipple.discretisation.entropic.expectation import divide_by_curvatures
from stipple.discretisation.entropic.problem import Target, pool_targets
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric
from stipple.measures.samples import Samples
from stipple.transport.bounded_transport import BoundedTransport
from stipple.transport.mass_bounds import MassBounds
from stipple.transport.quasi_newton import QuasiNewton, limit_shift
from stipple.transport.semi_dual import SemiDual

# Shifted atoms start this far off along each axis, at most, in distances to the nearest.
START_SHIFT = 0.25
# Equal weights of so many atoms, or of so many samples times atoms, are smoothed.
MOST_ATOMS, MOST_ENTRIES = 3_000, 300_000_000
# ζ of the smoothed dual as parts of the mean cost: for moves, and at the end.
MOVING_ZETA = 1e-2
LAST_ZETA = 1e-3
# No atom moves by more than this part of the mean distance that mass goes, or than a plain step.
LONGEST_STEP = 0.7
# Σ_j |mass of atom j − 1/m| of solves between moves, and of the last one.
MOVING_ERROR = 1e-3
LAST_ERROR = 1e-8


@dataclass(frozen=True)
class BoundedStep:
    """One move of the atoms: `number` 0 is the start; cost as in `BoundedQuantisation`."""

    number: int
    cost: float


@dataclass(frozen=True, eq=False)
class BoundedQuantisation:
    """Atoms near one measure, or several, with weights within their bounds.

    Attributes
    ----------
    atoms : ndarray, shape (m, d)
        y, in units of the samples.
    weights : ndarray, shape (m,)
        As given, or what atoms hold, sum 1.
    cost : float
        Σ_l λ_l⟨P_l, C_l⟩: W_k^k, or where the dual is smoothed, of plans whose rows are exact, near
        it up to the mass error and LAST_ZETA of itself times the logarithm of the candidates of a
        sample.
    potentials : ndarray, shape (measures, m)
        g of each measure, in units of cost: they certify the cost (`certify_discrete`).
    mass_error : float
        Largest Σ_j |Σ_i P_ij − 1/m| of a measure; 0 unless the dual is smoothed.
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


def quantise_bounded(
    targets: Sequence[Target],
    bounds: MassBounds,
    *,
    order: float = 2.0,
    metric: Metric | None = None,
    iterations: int = 100,
    tolerance: float = 1e-4,
    seed: int | None = None,
    shifted: bool = False,
    start: tuple[Floats, Floats | None] | None = None,
    on_step: Callable[[BoundedStep], None] | None = None,
) -> BoundedQuantisation:
    """Minimise Σ_l λ_l·W_k^k(μ^l, Σ_j w_j δ_{y_j}) over atoms and their w, to a local minimum.

    In turn, atoms move towards the centres of what they are for, by quasi-Newton steps that fall
    back on plain ones where these are no better, and the transport is solved anew: exactly, and of
    very many atoms by Newton's method on the semi-dual, smoothed by a ζ far below the mean cost,
    between each sample and its nearest atoms only. For several targets that is the free-support
    barycentre of Cuturi and Doucet (ICML 2014) with fixed weights.

    Parameters
    ----------
    targets : sequence of Target
        μ^l with shares λ_l, from `make_targets`.
    bounds : MassBounds
        Of the weights of m atoms, at most as many as there are distinct samples; those of several
        targets are fixed.
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
    start : (atoms, potentials), optional
        Distinct atoms, shape (m, d), to start from instead, with potentials, shape (m,), that are
        near for every target, where there are any.
    on_step : callable, optional
        Told of the start and of each move.

    Raises
    ------
    StippleError
        For counts or orders that make no sense, or if no masses are within the bounds.
    """
    metric = metric or Euclidean()
    check_cost(1.0, order)
    if iterations < 0:
        raise StippleError(f"The number of iterations must be at least 0, not {iterations}.")
    count = len(bounds)
    targets = [replace(target, samples=merge_duplicates(target.samples)) for target in targets]
    pool = pool_targets(targets)
    check_count(pool, count)
    if start is None:
        random = None if seed is None else np.random.default_rng(seed)
        start = choose_start(pool, count, False, order, random), None
    atoms, potentials = start
    if shifted and count > 1:
        atoms = metric.move(atoms, _draw_shifts(atoms))
    transports = _Transports(targets, bounds, order, metric, potentials)
    alternation = _Alternation(transports, atoms, tolerance)
    alternation.tell(on_step)
    while alternation.steps < iterations and not alternation.settled:
        alternation.take_step()
        alternation.tell(on_step)
    return alternation.conclude()


class _Transports:
    """The transports from all targets to the same atoms."""

    def __init__(
        self,
        targets: Sequence[Target],
        bounds: MassBounds,
        order: float,
        metric: Metric,
        potentials: Floats | None = None,
    ) -> None:
        self.order = order
        self.metric = metric
        self._bounds = bounds
        self._shares = [target.share for target in targets]
        count = len(bounds)
        self._duals = [
            SemiDual(target.samples, count, order, metric, potential=potentials)
            if is_smoothed(target.samples, bounds)
            else BoundedTransport(target.samples, bounds, order, metric, potentials)
            for target in targets
        ]

    @property
    def weights(self) -> Floats:
        """What atoms weigh, sum 1."""
        first = self._duals[0]
        if self._bounds.fixed or isinstance(first, SemiDual):
            return self._bounds.least
        return first.masses

    @property
    def potentials(self) -> list[Floats]:
        """The g of each target, shape (m,), from which the next solves start."""
        return [dual.potential for dual in self._duals]

    @property
    def mass_error(self) -> float:
        """Largest Σ_j |Σ_i P_ij − 1/m| of a target."""
        return max(dual.mass_error if isinstance(dual, SemiDual) else 0.0 for dual in self._duals)

    def restore(self, potentials: Sequence[Floats]) -> None:
        """Let the next solves start from these."""
        for dual, potential in zip(self._duals, potentials, strict=True):
            dual.potential = potential

    def solve(self, atoms: Floats, zeta: float, tolerance: float) -> float:
        """Solve every transport; Σ_l λ_l⟨P_l, C_l⟩."""
        return sum(
            share
            * (
                dual.solve(atoms, zeta, tolerance)
                if isinstance(dual, SemiDual)
                else dual.solve(atoms)
            )
            for share, dual in zip(self._shares, self._duals, strict=True)
        )

    def find_directions(self) -> Floats:
        """From each atom towards the centre of what it receives from all targets."""
        pulls = [dual.pull() for dual in self._duals]
        gradients, curvatures, held = (
            sum(share * part for share, part in zip(self._shares, parts, strict=True))
            for parts in zip(*pulls, strict=True)
        )
        return divide_by_curvatures(gradients, curvatures, held, self.order)


@dataclass(frozen=True, eq=False)
class _Iterate:
    """Atoms with the cost and potentials of the transports to them."""

    atoms: Floats
    cost: float
    potentials: list[Floats]


class _Alternation:
    """Atoms that move in turn with their transports, and the best ones so far."""

    def __init__(self, transports: _Transports, atoms: Floats, tolerance: float) -> None:
        self.settled = False
        self._transports = transports
        self._tolerance = tolerance
        self._quasi_newton = QuasiNewton()
        # Σ_j |mass of atom j − 1/m| of the solves.
        self._accuracy = MOVING_ERROR
        self._current = self._best = self._solve(atoms)
        self._history = [self._current.cost]

    @property
    def steps(self) -> int:
        """Moves so far."""
        return len(self._history) - 1

    def tell(self, on_step: Callable[[BoundedStep], None] | None) -> None:
        """Report the last move."""
        if on_step is not None:
            on_step(BoundedStep(self.steps, self._current.cost))

    def take_step(self) -> None:
        """Move by a quasi-Newton step, or straight to the centres where that costs more."""
        last, metric = self._current, self._transports.metric
        directions = self._transports.find_directions()
        shift = self._quasi_newton.find_shift(last.atoms, -directions)
        longest = LONGEST_STEP * last.cost ** (1 / self._transports.order)
        shift = limit_shift(shift, directions, longest)
        moved = self._solve(metric.move(last.atoms, shift))
        if moved.cost > last.cost:
            self._quasi_newton.forget()
            moved = self._solve(metric.move(last.atoms, directions))
        self._judge(last.cost - moved.cost, moved.cost)
        self._current = moved
        self._history.append(moved.cost)
        if moved.cost < self._best.cost:
            self._best = moved

    def conclude(self) -> BoundedQuantisation:
        """Solve the transports to the best atoms once more, sharply."""
        atoms = self._best.atoms
        self._transports.restore(self._best.potentials)
        cost = self._transports.solve(atoms, LAST_ZETA, LAST_ERROR)
        error = self._transports.mass_error
        return BoundedQuantisation(
            atoms=atoms,
            weights=self._transports.weights,
            cost=cost,
            potentials=np.array(self._transports.potentials),
            mass_error=error,
            history=tuple(self._history),
            iterations=self.steps,
            converged=self.settled and error <= MOVING_ERROR,
        )

    def _judge(self, decrease: float, cost: float) -> None:
        """Stop where the cost hardly changes; solve more sharply where it went up."""
        at_rest = abs(decrease) <= self._tolerance * cost
        self.settled = at_rest or (decrease < 0 and self._accuracy <= LAST_ERROR)
        if decrease < 0:
            # Only inexact masses can make a step towards the centres a step up.
            self._accuracy = max(self._accuracy / 10, LAST_ERROR)

    def _solve(self, atoms: Floats) -> _Iterate:
        cost = self._transports.solve(atoms, MOVING_ZETA, self._accuracy)
        return _Iterate(atoms, cost, self._transports.potentials)


def is_smoothed(samples: Samples, bounds: MassBounds) -> bool:
    """Whether there are too many equal weights for an exact plan."""
    entries = len(samples) * len(bounds)
    return bounds.equal and (len(bounds) > MOST_ATOMS or entries > MOST_ENTRIES)


def _draw_shifts(atoms: Floats) -> Floats:
    """Shifts, always the same, off what may be a saddle: a division of lattices is one."""
    nearest = cKDTree(atoms).query(atoms, k=2)[0][:, 1:]
    random = np.random.default_rng(0)
    return np.asarray(START_SHIFT * nearest * random.uniform(-1, 1, atoms.shape))
