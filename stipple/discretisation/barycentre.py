"""Discretising the Wasserstein barycentre of several measures."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.certificate.certify import put_on_sphere
from stipple.discretisation.discretise import (
    Discretisation,
    assess,
    measure_diameter,
)
from stipple.discretisation.evidence import name_smallest_zeta, scale_zeta
from stipple.discretisation.methods import OnStep, alternate, descend
from stipple.discretisation.scale import (
    choose_exponent,
    expand_solution,
    expand_steps,
    shrink_measure,
    shrink_samples,
)
from stipple.discretisation.settings import Settings
from stipple.errors import StippleError
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples


def mix_measures(measures: Sequence[Measure], shares: Floats) -> Measure:
    """Mix measures of one dimension, each in its share, in the box that holds all."""
    dimensions = sorted({measure.samples.dimension for measure in measures})
    if len(dimensions) > 1:
        raise StippleError(
            f"The sources have {dimensions[0]} to {dimensions[-1]} coordinates: a barycentre needs"
            " the same number."
        )
    parts = [
        (measure.samples.points, share * measure.samples.masses)
        for measure, share in zip(measures, shares / shares.sum(), strict=True)
    ]
    points, masses = (np.concatenate(column) for column in zip(*parts, strict=True))
    lower = np.min([measure.lower for measure in measures], axis=0)
    upper = np.max([measure.upper for measure in measures], axis=0)
    inks = [measure.ink for measure in measures if measure.ink is not None]
    ink = float(np.mean(inks)) if inks else None
    return Measure(Samples(points, masses), lower, upper, ink)


def discretise_barycentre(
    measures: Sequence[Measure],
    shares: Floats,
    atoms: int,
    settings: Settings,
    *,
    on_step: OnStep = None,
) -> Discretisation:
    """Find atoms ν of small Σ_l λ_l W_k^k(μ^l, ν), or of an entropic objective in its place.

    The exact objective takes equal weights: with free ones it is no k-means problem. Costs of the
    result are the λ-weighted sums; there is no reference of Zador.

    Parameters
    ----------
    measures : sequence of Measure
        μ^l, of one dimension.
    shares : ndarray, shape (measures,)
        λ ≥ 0, in any scale.
    atoms : int
        m.
    settings : Settings
        How; for the exact objective weights are equal whatever they say.
    on_step : callable, optional
        Receives the number of each step and the objective there.

    Raises
    ------
    StippleError
        As `edot`, and for measures of different dimensions.
    """
    mixture = mix_measures(measures, shares)
    share = shares / shares.sum()
    # Many atoms too are found at once: cells of several measures do not match.
    settings = replace(settings, algorithm="simple").choose_algorithm(atoms)
    if settings.objective == "exact":
        settings = replace(settings, weights="equal")
    targets = [measure.samples for measure in measures]
    if settings.metric == "sphere":
        targets = [put_on_sphere(target) for target in targets]
    began = time.perf_counter()
    exponent = choose_exponent([mixture.samples], settings)
    small = [shrink_samples(target, exponent) for target in targets]
    show = expand_steps(on_step, exponent, settings.order)
    if settings.objective == "exact":
        solution = alternate(small, share, atoms, settings, show)
    else:
        diameter = measure_diameter(shrink_measure(mixture, exponent), settings)
        with name_smallest_zeta(settings):
            zeta = scale_zeta(diameter, settings)
            solution = descend(small, share, atoms, settings, zeta, show)
    solved = time.perf_counter() - began
    solution = expand_solution(solution, exponent, settings.order)
    return assess(targets, share.tolist(), solution, settings, mixture, solved)
