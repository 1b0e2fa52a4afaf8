"""Barycentres: one discrete measure between several."""

from collections.abc import Callable, Sequence

import numpy as np

from stipple.arrays import Floats
from stipple.choices import AtomWeights
from stipple.errors import StippleError
from stipple.samples import Samples
from stipple.solvers.entropic.descent import Target
from stipple.solvers.entropic.equal import (
    EqualQuantisation,
    EqualStep,
    quantise_equally_together,
)
from stipple.solvers.entropic.kernel import SinkhornSettings
from stipple.solvers.entropic.objectives import EntropicObjective
from stipple.solvers.entropic.simple import DescentStep, Discretisation, discretise_together
from stipple.solvers.metrics import Metric


def find_barycentre(
    measures: Sequence[Samples],
    shares: Floats,
    count: int,
    zeta: float,
    *,
    objective: EntropicObjective = "full",
    weights: AtomWeights = "free",
    batch: int = 256,
    iterations: int = 200,
    starts: int = 1,
    order: float = 2.0,
    metric: Metric | None = None,
    settings: SinkhornSettings | None = None,
    seed: int = 0,
    on_step: Callable[[DescentStep], None] | None = None,
) -> Discretisation:
    """Minimise Σ_l λ_l·objective(μ^l, Σ_j w_j δ_{y_j}) over atoms and weights.

    Like `discretise_simple`, with the λ-weighted sum of values and gradients; it starts from the
    mixture of the measures.

    Parameters
    ----------
    measures : sequence of Samples
        μ^l, of one dimension.
    shares : ndarray, shape (measures,)
        λ ≥ 0, in any scale; measures of share 0 take no part.
    count, zeta, objective, weights, batch, iterations, starts, order, metric, settings, seed
        As in `discretise_simple`.
    on_step
        As in `discretise_simple`.

    Raises
    ------
    StippleError
        For shares that do not fit the measures, or measures of different dimensions.
    """
    return discretise_together(
        make_targets(measures, shares),
        count,
        zeta,
        objective=objective,
        weights=weights,
        batch=batch,
        iterations=iterations,
        starts=starts,
        order=order,
        metric=metric,
        settings=settings,
        seed=seed,
        on_step=on_step,
    )


def find_equal_barycentre(
    measures: Sequence[Samples],
    shares: Floats,
    count: int,
    *,
    order: float = 2.0,
    metric: Metric | None = None,
    iterations: int = 100,
    tolerance: float = 1e-4,
    seed: int | None = None,
    on_step: Callable[[EqualStep], None] | None = None,
) -> EqualQuantisation:
    """Minimise Σ_l λ_l·W_k^k(μ^l, Σ_j δ_{y_j}/m) over atoms of equal weight, unregularised.

    The free-support barycentre of Cuturi and Doucet (ICML 2014) with fixed weights: the transport
    to each measure, then, for order 2, each atom to the λ-weighted mean of what it receives from
    all, in turn. A local minimum; other seeds may find better ones.

    Parameters
    ----------
    measures : sequence of Samples
        μ^l, of one dimension.
    shares : ndarray, shape (measures,)
        λ ≥ 0, in any scale; measures of share 0 take no part.
    count, order, metric, iterations, tolerance, seed, on_step
        As in `quantise_equally`.

    Raises
    ------
    StippleError
        For shares that do not fit the measures, or measures of different dimensions.
    """
    return quantise_equally_together(
        make_targets(measures, shares),
        count,
        order=order,
        metric=metric,
        iterations=iterations,
        tolerance=tolerance,
        seed=seed,
        on_step=on_step,
    )


def make_targets(measures: Sequence[Samples], shares: Floats) -> list[Target]:
    """Measures of positive share, with shares that add up to 1."""
    shares = np.asarray(shares, dtype=float)
    if shares.shape != (len(measures),) or len(measures) == 0:
        raise StippleError(
            f"A barycentre takes one share for each measure, not {shares.size} for {len(measures)}."
        )
    if not np.isfinite(shares).all() or (shares < 0).any() or not shares.any():
        raise StippleError(
            f"Shares must be finite, not negative and not all zero: {shares.tolist()}."
        )
    dimensions = sorted({measure.dimension for measure in measures})
    if len(dimensions) > 1:
        raise StippleError(f"Measures of different dimensions have no barycentre: {dimensions}.")
    shares = shares / shares.sum()
    return [
        Target(measure, float(share))
        for measure, share in zip(measures, shares, strict=True)
        if share > 0
    ]
