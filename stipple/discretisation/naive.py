"""Naive random samplings with equal weights: what a discretisation has to beat."""

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.discretisation.evidence import certify_cost, measure_regularised
from stipple.discretisation.result import Discretisation
from stipple.discretisation.settings import Settings, make_metric
from stipple.machine.threads import Workers
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples


@dataclass(frozen=True)
class Naive:
    """Random samplings with equal weights to compare with.

    Attributes
    ----------
    repeats : int
        How many of each size.
    sizes : tuple of int
        Their points; none for as many as there are atoms.
    """

    repeats: int
    sizes: tuple[int, ...] = ()


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
        ⟨P, C⟩ of the entropic plan, where it can be computed; on a line to .2 %, over 128 samples.
    cost : ndarray, shape (repeats,)
        W_k^k: the middle of its certified interval, or to rounding errors on a line.
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
    chosen = generator.choice(len(samples), (repeats, n), p=samples.masses)
    sharp = _measure_sharp(samples, chosen, result)
    return NaiveComparison(n, sharp, _measure_costs(samples, chosen, result.settings))


def _measure_costs(samples: Samples, chosen: Integers, settings: Settings) -> Floats:
    """W_k^k of samplings, shape (repeats,)."""
    if _is_line(samples, settings) and settings.order == 2:
        return _match_on_the_line(samples, chosen)
    weights = np.full(chosen.shape[1], 1 / chosen.shape[1])
    costs = (certify_cost(samples, samples.points[one], weights, settings) for one in chosen)
    return np.array([cost.middle for cost in costs])


def _match_on_the_line(samples: Samples, chosen: Integers) -> Floats:
    """W_2^2 on a line, where the best plan keeps the order: part j of n goes to the j-th point."""
    line = samples.points[:, 0] - samples.masses @ samples.points[:, 0]
    order = np.argsort(line, kind="stable")
    ends = np.concatenate(([0.0], np.cumsum(samples.masses[order])))
    firsts = np.concatenate(([0.0], np.cumsum((samples.masses * line)[order])))
    n = chosen.shape[1]
    parts = np.diff(np.interp(np.arange(n + 1) / n, ends / ends[-1], firsts))
    drawn = np.sort(line[chosen], axis=1)
    costs: Floats = samples.masses @ line**2 - 2 * drawn @ parts + (drawn**2).mean(axis=1)
    return costs


def _measure_sharp(samples: Samples, chosen: Integers, result: Discretisation) -> Floats | None:
    """⟨P, C⟩ of samplings, shape (repeats,), where all can be computed."""
    settings = result.settings
    if _is_line(samples, settings) and result.zeta is not None:
        from stipple.discretisation.entropic.samplings import measure_sharp_samplings

        found = measure_sharp_samplings(
            samples,
            chosen,
            result.zeta,
            order=settings.order,
            metric=make_metric(settings.metric),
            workers=Workers(settings.threads),
        )
        if found is not None:
            return found
    weights = np.full(chosen.shape[1], 1 / chosen.shape[1])
    known = []
    for one in chosen:
        places = samples.points[one]
        cost = measure_regularised(samples, places, weights, settings, result.diameter).sharp
        if cost is None:
            return None
        known.append(cost)
    return np.array(known)


def _is_line(samples: Samples, settings: Settings) -> bool:
    return samples.dimension == 1 and settings.metric == "euclidean"
