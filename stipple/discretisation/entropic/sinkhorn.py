"""Entropic optimal transport between samples and weighted atoms, solved to tight marginals."""

from dataclasses import dataclass, replace

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.entropic.checks import check_atoms, check_cost, check_masses
from stipple.discretisation.entropic.engines import make_kernel
from stipple.discretisation.entropic.kernel import (
    LARGEST_STORED,
    SinkhornSettings,
)
from stipple.discretisation.entropic.numpy_kernel import DenseKernel, NumpyKernel
from stipple.discretisation.entropic.scaling import EntropicTransport, solve_dual
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric
from stipple.measures.samples import Samples


@dataclass(frozen=True, eq=False)
class EntropicPlan:
    """A dense plan, shape (n, m), with the transport that proves how good it is."""

    plan: Floats
    transport: EntropicTransport


def solve_sinkhorn(
    samples: Samples,
    atoms: Floats,
    weights: Floats,
    zeta: float,
    *,
    order: float = 2.0,
    metric: Metric = Euclidean(),  # noqa: B008
    settings: SinkhornSettings = SinkhornSettings(),  # noqa: B008
    start: Floats | None = None,
) -> EntropicTransport:
    """Solve entropic transport for the cost dist(x, y)^order.

    Sinkhorn's iteration, with ζ annealed from the largest cost. Where it is slow, damped Newton
    steps on the concave semi-dual of g take over: its Hessian is −(diag(Pᵀ1) − Pᵀ diag(1/a) P)/ζ
    (Cuturi and Peyré, SIAM Review 2018), and each step must lower the marginal error.

    Parameters
    ----------
    samples : Samples
        x_i and a_i.
    atoms : ndarray, shape (m, d)
        y_j.
    weights : ndarray, shape (m,)
        w_j ≥ 0, sum 1; atoms without mass are legal.
    zeta : float
        ζ > 0, in units of cost.
    order : float
        k ≥ 1.
    metric : Metric
        The distance.
    settings : SinkhornSettings
        Engine, precision, stopping rule.
    start : ndarray, shape (m,), optional
        First g, in units of cost: that of a problem nearby saves most iterations. Where it leads
        nowhere, the solve begins again with annealing.

    Raises
    ------
    StippleError
        For input that is no problem of transport, or a ζ too small for the arithmetic.
    """
    atoms, weights = check_atoms(samples, atoms, weights)
    check_cost(zeta, order)
    kernel = make_kernel(samples.points, atoms, order, metric, settings)
    return solve_dual(kernel, samples.masses, weights, zeta, settings, start)


def compute_plan(
    samples: Samples,
    atoms: Floats,
    weights: Floats,
    transport: EntropicTransport,
    *,
    order: float = 2.0,
    metric: Metric = Euclidean(),  # noqa: B008
) -> Floats:
    """Dense plan P, shape (n, m), of a solved transport; the arguments are those it was solved for.

    Raises
    ------
    StippleError
        For a plan of more than 2^25 entries (256 MiB).
    """
    atoms, weights = check_atoms(samples, atoms, weights)
    _check_size(len(samples), len(atoms))
    kernel = NumpyKernel(samples.points, atoms, order, metric, "float64")
    density = kernel.form_density(transport.potentials)
    plan: Floats = samples.masses[:, None] * density * weights
    return plan


def solve_plan(
    costs: Floats,
    source_masses: Floats,
    target_masses: Floats,
    zeta: float,
    settings: SinkhornSettings = SinkhornSettings(),  # noqa: B008
) -> EntropicPlan:
    """Entropic plan between two discrete marginals for any matrix of finite costs.

    Parameters
    ----------
    costs : ndarray, shape (n, m)
        C_ij, of any sign.
    source_masses, target_masses : ndarray, shape (n,) and (m,)
        a and w, each ≥ 0 with sum 1.
    zeta : float
        ζ > 0, in units of cost.
    settings : SinkhornSettings
        Stopping rule; the engine is always NumPy.

    Raises
    ------
    StippleError
        For anything but finite costs, masses of matching shapes, at most 2^25 entries.
    """
    costs = np.asarray(costs, dtype=float)
    source = check_masses(source_masses, "source masses")
    target = check_masses(target_masses, "target masses")
    if costs.shape != (len(source), len(target)):
        raise StippleError(
            f"The cost matrix has the shape {costs.shape}, but there are {len(source)} sources and"
            f" {len(target)} targets."
        )
    if not np.isfinite(costs).all():
        raise StippleError("The cost matrix must be finite.")
    _check_size(*costs.shape)
    check_cost(zeta, 1.0)
    lowest = float(costs.min())
    shifted = costs - lowest
    kernel = DenseKernel(
        shifted.__getitem__, shifted.shape, float(shifted.max()), settings.precision
    )
    transport = solve_dual(kernel, source, target, zeta, settings, None)
    plan = source[:, None] * kernel.form_density(transport.potentials) * target
    transport = replace(
        transport,
        source_potential=transport.source_potential + lowest,
        cost=transport.cost + lowest,
        regularised_cost=transport.regularised_cost + lowest,
    )
    return EntropicPlan(plan, transport)


def _check_size(samples: int, atoms: int) -> None:
    if samples * atoms > LARGEST_STORED:
        raise StippleError(
            f"A plan of {samples} × {atoms} entries is too large to be written out: at most"
            f" {LARGEST_STORED} are."
        )
