"""The problem of entropic discretisation: measures to come near to, and what atoms cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.entropic.cells import merge_duplicates
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.objectives import EntropicObjective, evaluate_objective
from stipple.errors import StippleError
from stipple.geometry.metrics import Metric, Sphere
from stipple.measures.samples import Samples


@dataclass(frozen=True, eq=False)
class Target:
    """A measure to come near to, with its share λ of the objective."""

    samples: Samples
    share: float


@dataclass(frozen=True, eq=False)
class TotalEvaluation:
    """Σ_l λ_l·(objective, cost and gradients) of several targets.

    `potentials` are the g of each, from which the next solves start; `converged` tells whether all
    their transports did.
    """

    value: float
    cost: float
    atom_gradient: Floats
    weight_gradient: Floats
    potentials: list[Floats]
    converged: bool


@dataclass(frozen=True, eq=False)
class EntropicProblem:
    """Minimise Σ_l λ_l·objective(μ^l, Σ_j w_j δ_{y_j}) over atoms y, and weights w where free.

    Attributes
    ----------
    targets : sequence of Target
        μ^l with shares λ_l: measures of one dimension.
    zeta : float
        Regularisation ζ, in units of cost.
    objective : {"full", "sharp", "debiased"}
        As in `evaluate_objective`.
    free : bool
        Whether weights are free, or kept.
    order : float
        k ≥ 1: costs are k-th powers of distances.
    metric : Metric
        The distance.
    settings : SinkhornSettings
        Of the inner solves, whose errors limit how near to a minimum one can come.
    """

    targets: Sequence[Target]
    zeta: float
    objective: EntropicObjective
    free: bool
    order: float
    metric: Metric
    settings: SinkhornSettings

    @property
    def is_on_sphere(self) -> bool:
        """Whether atoms are unit vectors."""
        return isinstance(self.metric, Sphere)

    def evaluate(
        self, atoms: Floats, weights: Floats, starts: Sequence[Floats | None]
    ) -> TotalEvaluation:
        """Add up the objectives of all targets, each times its share; see `evaluate_objective`.

        Parameters
        ----------
        atoms, weights : ndarray, shape (m, d) and (m,)
            y and w.
        starts : sequence of ndarray, shape (m,), or None
            First g for each target.
        """
        value = cost = 0.0
        atom_gradient, weight_gradient = np.zeros_like(atoms), np.zeros_like(weights)
        potentials, converged = [], True
        for target, start in zip(self.targets, starts, strict=True):
            one = evaluate_objective(
                target.samples,
                atoms,
                weights,
                self.zeta,
                objective=self.objective,
                order=self.order,
                metric=self.metric,
                settings=self.settings,
                start=start,
            )
            value += target.share * one.value
            cost += target.share * one.transport.cost
            atom_gradient += target.share * one.atom_gradient
            weight_gradient += target.share * one.weight_gradient
            potentials.append(one.transport.target_potential)
            converged &= one.transport.converged
        return TotalEvaluation(value, cost, atom_gradient, weight_gradient, potentials, converged)

    def find_box(self) -> tuple[Floats, Floats]:
        """Opposite corners, shape (d,), of the box that bounds the samples of all targets."""
        points = [target.samples.points for target in self.targets]
        lower = np.min([one.min(axis=0) for one in points], axis=0)
        upper = np.max([one.max(axis=0) for one in points], axis=0)
        return lower, upper


def make_targets(measures: Sequence[Samples], shares: Floats) -> list[Target]:
    """Measures of positive share, with shares that add up to 1.

    Raises
    ------
    StippleError
        For shares that are no proportions, or measures of different dimensions.
    """
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


def pool_targets(targets: Sequence[Target]) -> Samples:
    """Mix the samples of all targets by their shares into one measure, which starts are from."""
    points = np.concatenate([target.samples.points for target in targets])
    masses = np.concatenate([target.share * target.samples.masses for target in targets])
    volume = targets[0].samples.volume if len(targets) == 1 else None
    return merge_duplicates(Samples(points, masses, volume))
