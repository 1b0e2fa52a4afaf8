"""A certified interval for W_k^k between samples and weighted atoms, whatever the weights."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from stipple.arrays import Floats, Integers
from stipple.errors import StippleError
from stipple.samples import Samples
from stipple.solvers.certificate import Interval
from stipple.solvers.metrics import Metric
from stipple.solvers.morton import order_along_curve
from stipple.solvers.nearest import TwoCheapest, find_cheapest
from stipple.solvers.parallel import Workers
from stipple.solvers.weighted_quantisation import EUCLIDEAN, measure_voronoi

# Units of rounding, at the scale of the largest cost and potential, by which ends are moved out.
ROUNDING = 64 * np.finfo(float).eps
# Up to so many pairs of sample and atom the linear program is solved whole.
LARGEST_WHOLE_PROGRAM = 20_000
# Beyond so many atoms the plan is repaired along a curve instead of by a linear program.
LARGEST_PROGRAM = 20_000
# Samples for each atom that may go to their second atom; the same number shapes Newton's steps.
MOVABLE = 12
# Steps that raise the dual, how often one is halved, and by what the band about borders narrows.
ASCENTS = 60
HALVINGS = 10
NARROWING = 4
# Parts of the picture between which no sample is near a border are balanced one by one, up to this
# number of them, down to this mass.
MOST_PARTS = 8
PART_TOLERANCE = 1e-9
# A narrower relative interval is not worth another step.
NARROW = 1e-4
# Programs solved for one certificate; potentials improve with each.
PROGRAMS = 4
# What a program pays for mass that it does not move, in units of the largest gap that it may use.
PENALTY = 1000.0
WEIGHT_TOLERANCE = 1e-6


def certify_discrete(
    samples: Samples,
    atoms: Floats,
    weights: Floats,
    potentials: Floats | None = None,
    *,
    order: float = 2.0,
    metric: Metric = EUCLIDEAN,
    workers: Workers | None = None,
) -> Interval:
    """Bound W_k^k between samples and Σ w_j δ_{y_j}.

    Below: Σ a_i min_j(c(x_i, y_j) − g_j) + w·g, Kantorovich's dual, at the best g that a few Newton
    steps and linear programs find. Above: a plan with exact marginals, in which samples go to the
    cheapest atoms, and near the borders between cells to the next cheapest, as a linear program
    tells. On the line both ends are the sorted matching, which is optimal for k ≥ 1. Both ends are
    equal if the weights are the masses of the Voronoi cells (to 64 units of rounding in all): W_k^k
    is then Σ a_i c(x_i, y_j), each sample at its nearest atom.

    Parameters
    ----------
    samples : Samples
        Unit vectors if the metric is that of the sphere.
    atoms : ndarray, shape (m, d)
        Finite; may coincide.
    weights : ndarray, shape (m,)
        w ≥ 0, sum 1.
    potentials : ndarray, shape (m,), optional
        First g. The interval is valid whatever it is, NaN included.
    order : float
        k ≥ 1.
    metric : Metric
        Distance.
    workers : Workers, optional
        Threads to use; by default all processors.

    Returns
    -------
    Interval
        In units of distance^k, each end moved out by 64 units of rounding at the scale of the
        largest cost and potential met, but for Voronoi masses.

    Raises
    ------
    StippleError
        If atoms or weights have the wrong shape, atoms are not finite, or weights are negative or
        do not add up to 1.
    """
    atoms, weights = _check_atoms(samples, atoms, weights)
    if potentials is not None and np.shape(potentials) != weights.shape:
        raise StippleError(
            f"Potentials of shape {np.shape(potentials)} do not match {len(atoms)} atoms: give one"
            " for each."
        )
    workers = workers or Workers()
    voronoi = measure_voronoi(samples, atoms, order=order, metric=metric, workers=workers)
    if np.abs(voronoi.masses / voronoi.masses.sum() - weights).sum() <= ROUNDING:
        return Interval(voronoi.cost, voronoi.cost)
    # Atoms without weight take no part.
    kept = weights > 0
    problem = _Problem(samples, atoms[kept], weights[kept], order, metric, workers)
    if samples.dimension == 1:
        cost = problem.price(_NO_PLAN)
        return problem.enclose(cost, cost, 0.0)
    if len(samples) * len(problem.atoms) <= LARGEST_WHOLE_PROGRAM:
        return _certify_whole(problem)
    return _certify_by_ascent(problem, None if potentials is None else np.asarray(potentials)[kept])


@dataclass(frozen=True, eq=False)
class _Plan:
    """Amounts that go from samples to atoms."""

    sources: Integers
    targets: Integers
    amounts: Floats


_NO_PLAN = _Plan(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True, eq=False)
class _Dual:
    """Potentials, the two cheapest atoms of each sample under them, and the value of the dual."""

    potentials: Floats
    cheapest: TwoCheapest
    value: float


class _Problem:
    """Transport from the samples to atoms of positive weight."""

    def __init__(
        self,
        samples: Samples,
        atoms: Floats,
        weights: Floats,
        order: float,
        metric: Metric,
        workers: Workers,
    ) -> None:
        # Along the curve threads find near samples near; both sides are sorted by the same one.
        together = np.concatenate((samples.points, atoms))
        straight = samples.dimension == 1
        rank = (
            np.argsort(together[:, 0], kind="stable") if straight else order_along_curve(together)
        )
        count = len(samples)
        curve = rank[rank < count]
        self.curve_of_atoms = rank[rank >= count] - count
        self.points = samples.points[curve]
        self.masses = samples.masses[curve]
        self.atoms = atoms
        self.weights = weights
        self._order = order
        self._arcs = metric.name == "sphere"
        self._workers = workers
        self._metric = metric

    def evaluate(self, potentials: Floats) -> _Dual:
        """Value of the dual at some potentials."""
        # The dual does not change with a constant, its rounding does.
        potentials = potentials - potentials.mean()
        cheapest = find_cheapest(
            self.points,
            self.atoms,
            potentials,
            self._workers,
            order=self._order,
            arcs=self._arcs,
        )
        value = float(self.masses @ cheapest.values + self.weights @ potentials)
        return _Dual(potentials, cheapest, value)

    def reach_empty_cells(self, dual: _Dual) -> _Dual:
        """Raise the potentials of empty cells until they touch a sample, which costs nothing."""
        empty = np.bincount(dual.cheapest.first, minlength=len(self.atoms)) == 0
        if not empty.any():
            return dual
        touched = find_cheapest(
            np.ascontiguousarray(self.atoms[empty]),
            self.points,
            dual.cheapest.values,
            self._workers,
            order=self._order,
            arcs=self._arcs,
        )
        potentials = dual.potentials.copy()
        potentials[empty] = np.maximum(touched.values, potentials[empty])
        return self.evaluate(potentials)

    def fill_parts(self, dual: _Dual, parts: Integers) -> _Dual:
        """Raise the potentials of whole parts of the atoms until they hold their weights.

        The exact best along each of these directions: Newton steps know nothing of samples that
        are far from the border of their part.
        """
        for part in range(parts.max() + 1):
            inside = parts == part
            outside = ~inside[dual.cheapest.first]
            lacking = self.weights[inside].sum() - self.masses[~outside].sum()
            if lacking <= PART_TOLERANCE:
                continue
            entering = find_cheapest(
                np.ascontiguousarray(self.points[outside]),
                np.ascontiguousarray(self.atoms[inside]),
                dual.potentials[inside],
                self._workers,
                order=self._order,
                arcs=self._arcs,
            )
            rises = entering.values - dual.cheapest.values[outside]
            ranked = np.argsort(rises)
            filled = np.cumsum(self.masses[outside][ranked])
            last = min(int(np.searchsorted(filled, lacking)), len(ranked) - 1)
            following = self.evaluate(dual.potentials + inside * rises[ranked[last]])
            if following.value > dual.value:
                dual = following
        return dual

    def measure_costs(self, sources: Integers, targets: Integers) -> Floats:
        """c(x_i, y_j) pair by pair."""
        points, atoms = self.points[sources], self.atoms[targets]
        near = np.linalg.norm(points - atoms, axis=1)
        if self._arcs:
            near = 2 * np.arctan2(near, np.linalg.norm(points + atoms, axis=1))
        costs: Floats = near**self._order
        return costs

    def measure_all_costs(self) -> Floats:
        """c(x_i, y_j), shape (n, m)."""
        costs: Floats = self._metric.measure_distances(self.points, self.atoms) ** self._order
        return costs

    def price(self, plan: _Plan) -> float:
        """Cost of a plan with exact marginals made of one with any.

        Rows and columns that hold too much are scaled down; what is left on both sides is matched
        in the order of the curve.
        """
        sent = _add_up(plan.sources, plan.amounts, len(self.masses))
        ratio = np.divide(self.masses, sent, out=np.ones_like(sent), where=sent > self.masses)
        amounts = plan.amounts * ratio[plan.sources]
        got = _add_up(plan.targets, amounts, len(self.weights))
        ratio = np.divide(self.weights, got, out=np.ones_like(got), where=got > self.weights)
        amounts = amounts * ratio[plan.targets]
        sources, targets, rest = _match_in_order(
            np.maximum(self.masses - _add_up(plan.sources, amounts, len(self.masses)), 0.0),
            np.maximum(self.weights - _add_up(plan.targets, amounts, len(self.weights)), 0.0)[
                self.curve_of_atoms
            ],
        )
        cost = amounts @ self.measure_costs(plan.sources, plan.targets)
        return float(cost + rest @ self.measure_costs(sources, self.curve_of_atoms[targets]))

    def enclose(self, lower: float, upper: float, largest_potential: float) -> Interval:
        """Interval between two values, moved out by the rounding that they may carry."""
        everything = np.concatenate((self.points, self.atoms))
        extent = np.pi if self._arcs else float(np.linalg.norm(np.ptp(everything, axis=0)))
        rounding = float(ROUNDING * (extent**self._order + largest_potential))
        return Interval(max(0.0, lower - rounding), max(lower, upper) + rounding)


def _add_up(places: Integers, amounts: Floats, count: int) -> Floats:
    # The sum of no amounts at all would be of integers.
    return np.bincount(places, amounts, count).astype(float)


def _match_in_order(given: Floats, taken: Floats) -> tuple[Integers, Integers, Floats]:
    """Match two lists of amounts from their beginnings: pairs and what each carries."""
    if given.sum() <= 0 or taken.sum() <= 0:
        return _NO_PLAN.sources, _NO_PLAN.targets, _NO_PLAN.amounts
    given_ends, taken_ends = np.cumsum(given), np.cumsum(taken)
    # Equal totals but for rounding.
    taken_ends *= given_ends[-1] / taken_ends[-1]
    ends = np.union1d(given_ends, taken_ends)
    amounts = np.diff(ends, prepend=0.0)
    middles = ends - amounts / 2
    sources = np.minimum(np.searchsorted(given_ends, middles), len(given) - 1)
    targets = np.minimum(np.searchsorted(taken_ends, middles), len(taken) - 1)
    return sources, targets, amounts


def _certify_whole(problem: _Problem) -> Interval:
    """Solve the linear program with all pairs."""
    from scipy.optimize import linprog

    costs = problem.measure_all_costs()
    count = len(costs)
    sources, targets = (pairs.ravel() for pairs in np.indices(costs.shape))
    columns = np.arange(costs.size)
    rows = sparse.csr_matrix(
        (
            np.ones(2 * costs.size),
            (np.concatenate((sources, count + targets)), np.concatenate((columns, columns))),
        )
    )
    # Tolerances of the solver are absolute: amounts and costs of order one suit them.
    scale = float(costs.max()) or 1.0
    solved = linprog(
        costs.ravel() / scale,
        A_eq=rows,
        b_eq=np.concatenate((problem.masses, problem.weights)) * count,
        method="highs",
    )
    if solved.x is None:
        return _certify_by_ascent(problem, None)
    best = problem.evaluate(solved.eqlin.marginals[count:] * scale)
    upper = problem.price(_Plan(sources, targets, np.maximum(solved.x, 0.0) / count))
    return problem.enclose(best.value, upper, float(np.abs(best.potentials).max()))


def _certify_by_ascent(problem: _Problem, potentials: Floats | None) -> Interval:
    """Raise the dual by Newton steps, then let linear programs mend plan and potentials."""
    best = problem.evaluate(np.zeros(len(problem.atoms)))
    if len(problem.atoms) == 1:
        return problem.enclose(best.value, best.value, 0.0)
    if potentials is not None and np.isfinite(potentials).all():
        given = problem.evaluate(np.asarray(potentials, dtype=float))
        best = max(best, given, key=lambda dual: dual.value)
    best = _ascend(problem, best)
    upper = np.inf
    for _ in range(PROGRAMS):
        plan, change = _repair_plan(problem, best)
        upper = min(upper, problem.price(plan))
        better = problem.evaluate(best.potentials + change)
        if upper - best.value <= NARROW * upper or better.value <= best.value:
            break
        best = better
    return problem.enclose(best.value, upper, float(np.abs(best.potentials).max()))


def _ascend(problem: _Problem, dual: _Dual) -> _Dual:
    """Newton steps; second derivatives are read off samples near the borders between cells.

    Many samples tell of large steps, few of small ones: their number falls when a step fails.
    """
    fewest = MOVABLE * len(problem.weights)
    band = max(len(problem.masses) // 2, fewest)
    for _ in range(ASCENTS):
        dual = problem.reach_empty_cells(dual)
        graph, width = _connect_cells(problem, dual, band)
        parts, part = connected_components(graph, directed=False)
        if 1 < parts <= MOST_PARTS:
            dual = problem.fill_parts(dual, part.astype(np.int64))
            graph, width = _connect_cells(problem, dual, band)
        step = _find_newton_step(problem, dual, graph, width)
        for halving in range(HALVINGS):
            following = problem.evaluate(dual.potentials + step / 2**halving)
            if following.value > dual.value:
                break
        gain = following.value - dual.value
        if gain > 0:
            dual = following
        if gain <= NARROW / 4 * dual.value:
            if band <= fewest:
                break
            band = max(band // NARROWING, fewest)
    return dual


def _connect_cells(problem: _Problem, dual: _Dual, band: int) -> tuple[sparse.csr_matrix, float]:
    """Estimate how much mass cells exchange for each unit between their potentials."""
    cheapest = dual.cheapest
    near, width = _select_near_border(cheapest.second_values - cheapest.values, band)
    count = len(problem.weights)
    # Samples on both sides of a border count.
    flows = problem.masses[near] / (2 * width)
    graph = sparse.coo_matrix(
        (flows, (cheapest.first[near], cheapest.second[near])), shape=(count, count)
    ).tocsr()
    return (graph + graph.T).tocsr(), width


def _find_newton_step(
    problem: _Problem, dual: _Dual, graph: sparse.csr_matrix, width: float
) -> Floats:
    masses = _add_up(dual.cheapest.first, problem.masses, len(problem.weights))
    degrees = np.asarray(graph.sum(axis=1)).ravel()
    # The graph may have several parts, or atoms that no sample near a border knows.
    floor = 1e-3 * degrees + 1e-3 * float(problem.weights.mean()) / width
    hessian = sparse.diags(degrees + floor) - graph
    # Cells of the plane make a planar graph, for which this order is far faster than the default.
    factors = splu(
        hessian.tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0,
        options={"SymmetricMode": True},
    )
    step: Floats = factors.solve(problem.weights - masses)
    return step


def _select_near_border(gaps: Floats, wanted: int) -> tuple[Integers, float]:
    """Choose samples with the least gaps between their two cheapest atoms; tell the largest gap."""
    wanted = min(wanted, len(gaps))
    chosen = np.argpartition(gaps, wanted - 1)[:wanted]
    width = float(gaps[chosen].max())
    return chosen, max(width, np.finfo(float).tiny)


def _repair_plan(problem: _Problem, dual: _Dual) -> tuple[_Plan, Floats]:
    """Move samples near borders to their second atoms so that cells hold their weights.

    Returns the plan and, from the duals of the linear program, how the potentials should change.
    """
    from scipy.optimize import linprog

    cheapest = dual.cheapest
    count = len(problem.weights)
    everyone = np.arange(len(problem.masses))
    plain = _Plan(everyone, cheapest.first, problem.masses)
    if count > LARGEST_PROGRAM:
        return plain, np.zeros(count)
    gaps = cheapest.second_values - cheapest.values
    movable, width = _select_near_border(gaps, MOVABLE * count)
    first, second = cheapest.first[movable], cheapest.second[movable]
    masses = np.bincount(cheapest.first, problem.masses, count)
    size = len(movable)
    columns = np.arange(size)
    atoms = np.arange(count)
    # Net inflow of each cell, with one more column for what it keeps too much, and one for lack.
    rows = sparse.csr_matrix(
        (
            np.concatenate((np.ones(size), -np.ones(size), -np.ones(count), np.ones(count))),
            (
                np.concatenate((second, first, atoms, atoms)),
                np.concatenate((columns, columns, size + np.arange(2 * count))),
            ),
        )
    )
    unit = float(problem.weights.mean())
    solved = linprog(
        np.concatenate((gaps[movable] / width, np.full(2 * count, PENALTY))),
        A_eq=rows,
        b_eq=(problem.weights - masses) / unit,
        bounds=np.column_stack(
            (
                np.zeros(size + 2 * count),
                np.concatenate((problem.masses[movable] / unit, np.full(2 * count, np.inf))),
            )
        ),
        method="highs",
    )
    if solved.x is None:
        return plain, np.zeros(count)
    moved = np.clip(solved.x[:size] * unit, 0.0, problem.masses[movable])
    amounts = problem.masses.copy()
    amounts[movable] -= moved
    plan = _Plan(
        np.concatenate((everyone, movable)),
        np.concatenate((cheapest.first, second)),
        np.concatenate((amounts, moved)),
    )
    return plan, solved.eqlin.marginals * width


def _check_atoms(samples: Samples, atoms: Floats, weights: Floats) -> tuple[Floats, Floats]:
    atoms = np.ascontiguousarray(atoms, dtype=float)
    weights = np.asarray(weights, dtype=float)
    if atoms.ndim != 2 or atoms.shape[1] != samples.dimension or weights.shape != (len(atoms),):
        raise StippleError(
            f"Atoms of shape {atoms.shape} with weights of shape {weights.shape} do not match"
            f" samples in {samples.dimension} dimensions: give shapes (m, {samples.dimension}) and"
            " (m,)."
        )
    if len(atoms) == 0:
        raise StippleError("There are no atoms: give at least one.")
    if not np.isfinite(atoms).all():
        raise StippleError("Some atoms are not finite: give numbers.")
    total = float(weights.sum())
    if not (weights >= 0).all() or abs(total - 1) > WEIGHT_TOLERANCE:
        raise StippleError(
            f"The weights have the sum {total:g} and the least one is {weights.min():g}: they"
            " must not be negative and add up to 1."
        )
    return atoms, weights / total
