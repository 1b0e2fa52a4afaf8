"""A certified interval for W_k^k between samples and weighted atoms, whatever the weights."""

import warnings

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.certificate.ascent import NARROW, ascend, repair_plan
from stipple.discretisation.certificate.exact import find_exact_cost
from stipple.discretisation.certificate.problem import DiscreteProblem, Plan
from stipple.discretisation.weighted_cells import EUCLIDEAN
from stipple.errors import StippleError
from stipple.geometry.metrics import Metric
from stipple.interval import Interval
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples
from stipple.transport.bounded_flow import find_flow
from stipple.transport.mass_bounds import MassBounds, count_whole

# Up to so many pairs of sample and atom the linear program is solved whole.
LARGEST_WHOLE_PROGRAM = 20_000
# By so much the best potentials are lowered to see whether rounding does less harm there.
LESS = 2.0**-30
# Voronoi masses but for this part are tried first, and are enough where the interval is so narrow.
NEARLY_VORONOI = 1e-6
NARROWEST = 1e-9
# Potentials whose interval is so narrow before any step are the best.
SOLVED = 2e-6
# Programs solved for one certificate; potentials improve with each.
PROGRAMS = 4
# Sums of weights further from 1 are said, and those beyond the second number refused.
SAID_TOLERANCE, WEIGHT_TOLERANCE = 1e-9, 1e-6
# Vectors off the unit sphere by less than this are put on it; beyond it they are refused.
SPHERE_TOLERANCE = 1e-6


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

    Masses and weights are those given, each divided by their exact sum. Below: Σ a_i min_j(c(x_i,
    y_j) − g_j) + w·g, Kantorovich's dual, at the best g that a few Newton steps and linear programs
    find; all 0 if the weights are nearly the masses of the Voronoi cells. Above: a plan with exact
    marginals, in which samples go to the cheapest atoms, and near the borders between cells to the
    next cheapest, as a linear program tells. On the line both ends are the sorted matching, which
    is optimal for k ≥ 1. All rounding is accounted for: docs/certificates.md has the proof.

    Parameters
    ----------
    samples : Samples
        Unit vectors if the metric is that of the sphere.
    atoms : ndarray, shape (m, d)
        Finite; may coincide. Unit vectors if the metric is that of the sphere.
    weights : ndarray, shape (m,)
        w ≥ 0, sum 1; one that is off by up to 1e-6 is divided out, with a warning.
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
        In units of distance^k. Both ends are equal only where W_k^k is known to be that number.

    Raises
    ------
    StippleError
        If atoms or weights have the wrong shape, atoms are not finite, weights are negative or do
        not add up to 1, vectors are off the sphere, or W_k^k is beyond floating-point numbers.
    """
    atoms, weights = _check_atoms(samples, atoms, weights)
    if potentials is not None and np.shape(potentials) != weights.shape:
        raise StippleError(
            f"Potentials of shape {np.shape(potentials)} do not match {len(atoms)} atoms: give one"
            " for each."
        )
    if metric.name == "sphere":
        samples = put_on_sphere(samples)
        atoms = put_on_sphere(Samples(atoms, np.ones(len(atoms))), "Atom").points
    # Atoms without weight take no part.
    kept = weights > 0
    atoms, weights = atoms[kept], weights[kept]
    workers = workers or Workers()
    problem = DiscreteProblem(samples, atoms, weights, order, metric, workers)
    exact = None if problem.arcs else find_exact_cost(samples, atoms, weights, order)
    if exact is not None:
        return exact
    if samples.dimension == 1:
        return problem.enclose_on_line()
    nearest = _certify_nearest(problem)
    if nearest is not None:
        return nearest
    problem.merge_duplicates()
    start = None if potentials is None else np.asarray(potentials, dtype=float)[kept]
    if len(problem.points) * len(problem.atoms) <= LARGEST_WHOLE_PROGRAM:
        return _certify_whole(problem, start)
    return _certify_by_ascent(problem, start)


def put_on_sphere(samples: Samples, name: str = "Sample") -> Samples:
    """Put samples that are on the unit sphere but for rounding exactly on it.

    Raises
    ------
    StippleError
        If one is off the sphere.
    """
    lengths = np.linalg.norm(samples.points, axis=1)
    off = np.abs(lengths - 1) > SPHERE_TOLERANCE
    if samples.dimension < 2 or off.any():
        row = int(np.argmax(off))
        raise StippleError(
            f"{name} {row + 1} has length {lengths[row]:g}: the metric sphere takes unit vectors of"
            " at least two coordinates."
        )
    return Samples(samples.points / lengths[:, None], samples.given)


def _certify_nearest(problem: DiscreteProblem) -> Interval | None:
    """Send samples to their nearest atoms: enough where the weights are those of the cells."""
    dual = problem.assign_to_nearest()
    lower, upper, misplaced = problem.bound_nearest(dual)
    if misplaced > NEARLY_VORONOI:
        return None
    if upper - lower > NARROWEST * upper:
        everyone = np.arange(len(problem.points))
        upper = problem.bound_above(Plan(everyone, dual.cheapest.first, problem.masses))
    if upper - lower > NARROWEST * upper and len(problem.atoms) > 1:
        return None
    return problem.enclose(lower, upper)


def _certify_whole(problem: DiscreteProblem, potentials: Floats | None) -> Interval:
    """Find the best flow of all, from potentials that may be near."""
    whole = count_whole(problem.masses, MassBounds.fix(problem.weights))
    start = np.zeros(len(problem.atoms))
    if potentials is not None and np.isfinite(potentials).all():
        start = problem.scale_down(potentials)
    flow = find_flow(
        problem.points,
        whole.amounts,
        problem.atoms,
        whole.least,
        whole.most,
        start,
        order=problem.order,
        arcs=problem.arcs,
    )
    amounts = flow.amounts / whole.amounts.sum()
    upper = problem.bound_above(Plan(flow.samples, flow.atoms, amounts))
    # A little less potential leaves no sample between two atoms.
    duals = [problem.evaluate(flow.potential * part) for part in (1.0, 1 - LESS)]
    return problem.enclose(max(map(problem.bound_below, duals)), upper)


def _certify_by_ascent(problem: DiscreteProblem, potentials: Floats | None) -> Interval:
    """Raise the dual by Newton steps, then let linear programs mend plan and potentials."""
    best = problem.evaluate(np.zeros(len(problem.atoms)))
    if potentials is not None and np.isfinite(potentials).all():
        given = problem.evaluate(problem.scale_down(potentials))
        best = max(best, given, key=lambda dual: dual.value)
        # Those of the best flow have nothing to gain: steps would be halved in vain.
        lower, upper = problem.bound_below(best), problem.bound_above(repair_plan(problem, best)[0])
        if upper - lower <= SOLVED * upper:
            return problem.enclose(lower, upper)
    best = ascend(problem, best)
    upper = np.inf
    for _ in range(PROGRAMS):
        plan, change = repair_plan(problem, best)
        upper = min(upper, problem.bound_above(plan))
        better = problem.evaluate(best.potentials + change)
        if upper - best.value <= NARROW * upper or better.value <= best.value:
            break
        best = better
    return problem.enclose(problem.bound_below(best), upper)


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
    if not (weights >= 0).all() or not abs(total - 1) <= WEIGHT_TOLERANCE:
        raise StippleError(
            f"The weights have the sum {total:g} and the least one is {weights.min():g}: they"
            " must not be negative and add up to 1."
        )
    if abs(total - 1) > SAID_TOLERANCE:
        warnings.warn(
            f"The weights add up to {total:.17g}: they are divided by their sum.", stacklevel=3
        )
    return atoms, weights
