"""Naive random samplings with equal weights: what a discretisation has to beat."""

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.evidence import certify_cost, measure_regularised
from stipple.discretisation.result import Discretisation
from stipple.measures.measure import Measure


@dataclass(frozen=True)
class Naive:
    """Random samplings with equal weights to compare with: their size, and how many."""

    size: int
    repeats: int


class Beaten(TypedDict):
    """Size and number of the samplings, and the parts of them that a discretisation beats."""

    size: int
    repeats: int
    beaten_in_sharp: float | None
    beaten_in_cost: float


@dataclass(frozen=True, eq=False)
class NaiveComparison:
    """Costs of random samplings with equal weights, in both metrics.

    Attributes
    ----------
    size : int
        Points of each sampling.
    sharp : ndarray, shape (repeats,), or None
        ⟨P, C⟩ of the entropic plan, where it can be computed.
    cost : ndarray, shape (repeats,)
        W_k^k: the middle of its certified interval.
    """

    size: int
    sharp: Floats | None
    cost: Floats

    def compare(self, result: Discretisation) -> Beaten:
        """Parts of the samplings that a discretisation beats, in either metric."""
        mine = result.regularised.sharp
        sharp = None
        if mine is not None and self.sharp is not None:
            sharp = float((self.sharp > mine).mean())
        return {
            "size": self.size,
            "repeats": len(self.cost),
            "beaten_in_sharp": sharp,
            "beaten_in_cost": float((self.cost > result.cost.upper).mean()),
        }

    def describe(self, result: Discretisation) -> str:
        """Say how many of the samplings a discretisation beats."""
        parts = self.compare(result)
        known = parts["beaten_in_sharp"]
        sharp = "" if known is None else f"{known:.1%} in the sharp metric, "
        return (
            f"{len(result.atoms):,} atoms beat, of {len(self.cost):,} random samplings of"
            f" {self.size:,} points, {sharp}{parts['beaten_in_cost']:.1%} in the true"
            f" W_{result.settings.order:g}"
        )


def compare_naive(
    measure: Measure, result: Discretisation, n: int, repeats: int
) -> NaiveComparison:
    """Draw random samplings of a measure, and measure them as the discretisation was.

    Parameters
    ----------
    measure : Measure
        What was discretised.
    result : Discretisation
        Its settings, ζ and seed are used.
    n : int
        Points of each sampling, drawn with replacement by mass; each has the weight 1/n.
    repeats : int
        How many samplings.
    """
    generator = np.random.default_rng(result.settings.seed)
    samples = measure.samples
    weights = np.full(n, 1 / n)
    sharp, cost = [], []
    for _ in range(repeats):
        drawn = samples.points[generator.choice(len(samples), n, p=samples.masses)]
        cost.append(certify_cost(samples, drawn, weights, result.settings).middle)
        found = measure_regularised(samples, drawn, weights, result.settings, result.diameter)
        sharp.append(found.sharp)
    known = [value for value in sharp if value is not None]
    return NaiveComparison(n, np.array(known) if len(known) == repeats else None, np.array(cost))
