"""Expectation-maximisation: the full objective with free weights, without Sinkhorn."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import pdist

from stipple.arrays import Floats
from stipple.geometry.metrics import Metric
from stipple.measures.samples import Samples

# ζ comes down from this part of the k-th power of the atoms' spacing, where atoms can still settle
# anew but do not yet fall together (that begins at about twice as much).
WARMTH = 0.04
COOLING = 0.3
# Atoms nearer to each other than this part of the typical distance to a sample are one.
SMALLEST_GAP = 0.05
# Atoms with less than this part of the mean weight are dead.
SMALLEST_WEIGHT = 1e-4


@dataclass(frozen=True, eq=False)
class Mixture:
    """Atoms and weights near a minimum of the full objective.

    Attributes
    ----------
    atoms : ndarray, shape (m, d)
        y, in units of the samples.
    weights : ndarray, shape (m,)
        w ≥ 0, sum 1: the column sums of the plan.
    value : float
        −ζ Σ_i a_i log Σ_j w_j exp(−C_ij/ζ), the full objective at its best potentials g = 0.
    cost : float
        ⟨P, C⟩ of the plan.
    iterations : int
        Steps taken.
    converged : bool
        Whether the last stage settled.
    """

    atoms: Floats
    weights: Floats
    value: float
    cost: float
    iterations: int
    converged: bool

    def count_lost(self, order: float) -> int:
        """Atoms that died, or that coincide with another one."""
        dead = self.weights < SMALLEST_WEIGHT / len(self.weights)
        near = pdist(self.atoms[~dead]) < SMALLEST_GAP * self.cost ** (1 / order)
        second = np.triu_indices(len(dead) - int(dead.sum()), 1)[1]
        return int(dead.sum()) + len(np.unique(second[near]))


def fit_mixture(
    samples: Samples,
    atoms: Floats,
    zeta: float,
    *,
    order: float,
    metric: Metric,
    iterations: int = 500,
    tolerance: float = 1e-4,
) -> Mixture:
    """Minimise the full objective over atoms and weights by expectation-maximisation.

    At the best weights the potentials g of full transport are constant, so that the plan is
    P_ij ∝ w_j exp(−C_ij/ζ) along each row; its column sums are the next weights, and atoms go to
    the barycentres of its columns (order 2), or a step of iterated reweighting towards their
    centres. Neither half raises the objective for orders up to 2. ζ comes down to its end in
    stages, which escapes some poor minima.

    Parameters
    ----------
    samples : Samples
        μ.
    atoms : ndarray, shape (m, d)
        The start.
    zeta : float
        Regularisation ζ > 0, in units of cost.
    order : float
        k ≥ 1: costs are k-th powers of distances.
    metric : Metric
        The distance.
    iterations : int
        Most steps.
    tolerance : float
        A stage ends when a step lowers the objective by less than this part of ⟨P, C⟩.
    """
    weights = np.full(len(atoms), 1 / len(atoms))
    previous = np.inf
    extent = float(np.linalg.norm(np.ptp(samples.points, axis=0)))
    spacing = extent * len(atoms) ** (-1 / samples.dimension)
    warm = max(zeta, WARMTH * spacing**order)
    for iteration in range(iterations + 1):
        distances = metric.measure_distances(samples.points, atoms)
        costs = distances**order
        exponents = costs / -warm
        with np.errstate(divide="ignore"):
            exponents += np.log(weights)
        peaks = exponents.max(axis=1, keepdims=True)
        plan = np.exp(exponents - peaks)
        sums = plan.sum(axis=1, keepdims=True)
        plan *= samples.masses[:, None] / sums
        value = -warm * float(samples.masses @ (peaks + np.log(sums))[:, 0])
        cost = float(np.vdot(plan, costs))
        settled = previous - value <= tolerance * cost
        converged = settled and warm == zeta
        if converged or iteration == iterations:
            break
        if settled:
            warm = max(zeta, warm * COOLING)
            previous = np.inf
            continue
        previous = value
        weights = plan.sum(axis=0)
        directions = find_directions(samples.points, atoms, plan, distances, order, metric)
        atoms = metric.move(atoms, directions)
    return Mixture(atoms, weights / weights.sum(), value, cost, iteration, bool(converged))


def find_directions(
    points: Floats, atoms: Floats, plan: Floats, distances: Floats, order: float, metric: Metric
) -> Floats:
    """Find steps of iterated reweighting towards the centres of the columns of a plan.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        Samples.
    atoms : ndarray, shape (m, d)
        Where the steps begin.
    plan, distances : ndarray, shape (n, m)
        Masses moved, and how far.
    order : float
        k ≥ 1.
    metric : Metric
        The distance.

    Returns
    -------
    ndarray, shape (m, d)
        Tangent directions for `Metric.move`; zero for atoms without mass.

    Notes
    -----
    The gradient is divided by Σ_i P_ij k·max(1, k − 1)·dist^{k−2}: barycentres for order 2,
    Weiszfeld's steps for order 1, with the correction of Vardi and Zhang (2000) at samples.
    """
    gradients = metric.sum_gradients(points, atoms, plan, order)
    if order == 2:
        curvatures = 2 * plan.sum(axis=0)
    else:
        powers = np.power(distances, order - 2, out=np.zeros_like(distances), where=distances > 0)
        curvatures = order * max(1.0, order - 1) * (plan * powers).sum(axis=0)
    held = np.where(distances == 0, plan, 0.0).sum(axis=0)
    return divide_by_curvatures(gradients, curvatures, held, order)


def divide_by_curvatures(
    gradients: Floats, curvatures: Floats, held: Floats, order: float
) -> Floats:
    """Find the steps, shape (m, d), that sums over a plan give; see `find_directions`.

    Parameters
    ----------
    gradients : ndarray, shape (m, d)
        Σ_i P_ij ∂c(x_i, y_j)/∂y_j.
    curvatures, held : ndarray, shape (m,)
        Σ_i P_ij k·max(1, k − 1)·dist^{k−2}, and the mass that goes to each atom at no distance.
    order : float
        k ≥ 1.
    """
    if order == 1:
        # A sample at the atom holds it back by its mass.
        lengths = np.linalg.norm(gradients, axis=1)
        free = np.divide(held, lengths, out=np.ones_like(held), where=lengths > held)
        gradients = gradients * (1 - free)[:, None]
    directions: Floats = np.divide(
        -gradients,
        curvatures[:, None],
        out=np.zeros_like(gradients),
        where=(curvatures > 0)[:, None],
    )
    return directions
