"""The entropic objectives of weighted discretisation, with their gradients."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.entropic.checks import check_atoms, check_cost
from stipple.discretisation.entropic.dual_system import solve_dual_system
from stipple.discretisation.entropic.engines import make_kernel
from stipple.discretisation.entropic.kernel import MetricKernel, SinkhornSettings
from stipple.discretisation.entropic.scaling import EntropicTransport, solve_dual, solve_symmetric
from stipple.geometry.metrics import Euclidean, Metric
from stipple.measures.samples import Samples

EntropicObjective: TypeAlias = Literal["full", "sharp", "debiased"]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """An objective with its gradients, and the transport that they come from.

    Attributes
    ----------
    value : float
        The objective, in units of cost.
    atom_gradient : ndarray, shape (m, d)
        With respect to the atoms, tangent to the metric's space.
    weight_gradient : ndarray, shape (m,)
        With respect to the weights, along the simplex: its mean is zero.
    transport : EntropicTransport
        Between the samples and the atoms.
    """

    value: float
    atom_gradient: Floats
    weight_gradient: Floats
    transport: EntropicTransport


def evaluate_objective(
    samples: Samples,
    atoms: Floats,
    weights: Floats,
    zeta: float,
    *,
    objective: EntropicObjective = "full",
    order: float = 2.0,
    metric: Metric = Euclidean(),  # noqa: B008
    settings: SinkhornSettings = SinkhornSettings(),  # noqa: B008
    start: Floats | None = None,
) -> Evaluation:
    """Evaluate an objective of the atoms and weights, with both gradients.

    "full" is F = ⟨P, C⟩ + ζ·KL(P | a⊗w), whose gradients follow from the envelope theorem; "sharp"
    is ⟨P, C⟩, whose gradients take one adjoint system; "debiased" is F(μ, ν) − ½F(ν, ν), without
    the constant −½F(μ, μ), which `compute_self_term` gives.

    Parameters
    ----------
    samples, atoms, weights, zeta, order, metric, settings, start
        As in `solve_sinkhorn`. Gradients are as good as the marginals: see the tolerance.
    objective : {"full", "sharp", "debiased"}
        Which objective.

    Raises
    ------
    StippleError
        As in `solve_sinkhorn`.
    """
    atoms, weights = check_atoms(samples, atoms, weights)
    check_cost(zeta, order)
    kernel = make_kernel(samples.points, atoms, order, metric, settings)
    transport = solve_dual(kernel, samples.masses, weights, zeta, settings, start)
    if objective == "sharp":
        return _differentiate_cost(kernel, samples.masses, weights, transport)
    atom_gradient = _sum_gradients(kernel, samples.masses, weights, transport)
    value, weight_gradient = transport.regularised_cost, transport.target_potential
    if objective == "debiased":
        kernel = make_kernel(atoms, atoms, order, metric, settings)
        own = solve_symmetric(kernel, weights, zeta, settings)
        value -= own.regularised_cost / 2
        # The plan is symmetric: half of the gradient over both slots is that over one.
        atom_gradient = atom_gradient - _sum_gradients(kernel, weights, weights, own)
        weight_gradient = weight_gradient - own.target_potential
        weight_gradient -= weight_gradient.mean()
    return Evaluation(value, atom_gradient, weight_gradient, transport)


def compute_self_term(
    samples: Samples,
    zeta: float,
    *,
    order: float = 2.0,
    metric: Metric = Euclidean(),  # noqa: B008
    settings: SinkhornSettings = SinkhornSettings(),  # noqa: B008
) -> float:
    """F(μ, μ) of the samples, in units of cost; half of it makes a debiased value a divergence.

    It takes an n×n kernel, once for all atoms. The parameters and errors are those of
    `solve_sinkhorn`.
    """
    check_cost(zeta, order)
    kernel = make_kernel(samples.points, samples.points, order, metric, settings)
    return solve_symmetric(kernel, samples.masses, zeta, settings).regularised_cost


def _sum_gradients(
    kernel: MetricKernel, masses: Floats, weights: Floats, transport: EntropicTransport
) -> Floats:
    """Σ_i P_ij ∂c(x_i, y_j)/∂y_j."""
    zeros = np.zeros(len(weights))
    sums = kernel.sum_gradients(transport.potentials, masses, np.ones(len(masses)), zeros, 0.0)
    return weights[:, None] * sums


def _differentiate_cost(
    kernel: MetricKernel, masses: Floats, weights: Floats, transport: EntropicTransport
) -> Evaluation:
    """Gradients of ⟨P, C⟩ through the optimality of the potentials, in adjoint form.

    With row costs r_i = Σ_j k_ij w_j C_ij and column costs s_j = Σ_i a_i k_ij C_ij, v solves the
    dual system for (s − kᵀ(a∘r))/ζ, and u = r/ζ − k(w∘v).
    """
    potentials, zeta = transport.potentials, transport.zeta
    rows = kernel.sum_over_atoms(potentials, weights, with_costs=True)
    columns = kernel.sum_over_samples(potentials, masses, with_costs=True)
    right = (columns - kernel.sum_over_samples(potentials, masses * rows)) / zeta
    ones = np.ones(len(weights))
    v = solve_dual_system(kernel, potentials, masses, weights, ones, right)
    u = rows / zeta - kernel.sum_over_atoms(potentials, weights * v)
    sums = kernel.sum_gradients(potentials, masses, 1 + u, v, -1 / zeta)
    return Evaluation(transport.cost, weights[:, None] * sums, zeta * (v - v.mean()), transport)
