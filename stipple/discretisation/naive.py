"""Naive random samplings with equal weights: what a discretisation has to beat."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.discretise import Discretisation
from stipple.discretisation.evidence import certify_cost, measure_regularised
from stipple.discretisation.measure import Measure


@dataclass(frozen=True, eq=False)
class NaiveComparison:
    """Costs of random samplings with equal weights, in both metrics.

    Attributes
    ----------
    size : int
        Points of each sampling.
    sharp : ndarray, shape (repeats,)
        ⟨P, C⟩ of the entropic plan.
    cost : ndarray, shape (repeats,)
        W_k^k: the middle of its certified interval.
    """

    size: int
    sharp: Floats
    cost: Floats

    def compare(self, result: Discretisation) -> dict[str, Any]:
        """Parts of the samplings that a discretisation beats, in either metric."""
        return {
            "size": self.size,
            "repeats": len(self.cost),
            "beaten_in_sharp": float((self.sharp > result.regularised.sharp).mean()),
            "beaten_in_cost": float((self.cost > result.cost.upper).mean()),
        }

    def describe(self, result: Discretisation) -> str:
        """Say how many of the samplings a discretisation beats."""
        parts = self.compare(result)
        order = f"{result.settings.order:g}"
        return (
            f"{len(result.atoms):,} atoms beat {parts['beaten_in_sharp']:.1%} of"
            f" {len(self.cost):,} random samplings of {self.size:,} points in the sharp metric,"
            f" {parts['beaten_in_cost']:.1%} in the true W_{order}"
        )


def compare_naive(
    measure: Measure, result: Discretisation, size: int, repeats: int
) -> NaiveComparison:
    """Draw random samplings of a measure, and measure them as the discretisation was.

    Parameters
    ----------
    measure : Measure
        What was discretised.
    result : Discretisation
        Its settings, ζ and seed are used.
    size : int
        Points of each sampling, drawn with replacement by mass; each has the weight 1/size.
    repeats : int
        How many samplings.
    """
    generator = np.random.default_rng(result.settings.seed)
    samples = measure.samples
    weights = np.full(size, 1 / size)
    sharp, cost = [], []
    for _ in range(repeats):
        drawn = samples.points[generator.choice(len(samples), size, p=samples.masses)]
        cost.append(certify_cost(samples, drawn, weights, result.settings).middle)
        regularised = measure_regularised(samples, drawn, weights, result.settings, result.zeta)
        sharp.append(regularised.sharp)
    return NaiveComparison(size, np.array(sharp), np.array(cost))
