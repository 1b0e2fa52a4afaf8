"""Discretising the Wasserstein barycentre of several measures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stipple.arguments import read_count, read_floats
from stipple.arrays import Floats, PointsLike
from stipple.choices import AtomWeights, Device, KernelEngine, MetricName, Objective
from stipple.discretisation.assess import assess
from stipple.discretisation.bounded_methods import alternate
from stipple.discretisation.certificate.certify import put_on_sphere
from stipple.discretisation.discretise import read_measure
from stipple.discretisation.evidence import measure_diameter, name_smallest_zeta, scale_zeta
from stipple.discretisation.former import accept_former_call
from stipple.discretisation.methods import descend
from stipple.discretisation.result import Discretisation
from stipple.discretisation.scale import (
    choose_exponent,
    expand_solution,
    expand_steps,
    shrink_measure,
    shrink_samples,
)
from stipple.discretisation.settings import Settings
from stipple.discretisation.solution import OnStep
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


@accept_former_call("sources", "shares", "n", renamed={"atoms": "n"})
def discretise_barycentre(
    sources: Sequence[Measure | Samples | PointsLike],
    n: int,
    *,
    shares: PointsLike | None = None,
    objective: Objective = "exact",
    p: float = 2.0,
    zeta: float | None = None,
    weights: AtomWeights = "free",
    metric: MetricName = "euclidean",
    batch: int = 1000,
    steps: int | None = None,
    seed: int = 0,
    engine: KernelEngine = "auto",
    device: Device = "auto",
    threads: int | None = None,
    on_step: OnStep = None,
) -> Discretisation:
    """Find atoms ν of small Σ_l λ_l W_p^p(μ^l, ν), or of an entropic objective in its place.

    The exact objective takes equal weights: with free ones it is no k-means problem. Costs of the
    result are the λ-weighted sums; there is no reference of Zador.

    Parameters
    ----------
    sources : sequence of Measure, Samples or array_like, shape (samples, d)
        μ^l, of one dimension; each as `edot` takes it.
    n : int
        Number of atoms.
    shares : array_like, shape (sources,), optional
        λ ≥ 0, in any scale; equal by default.
    objective, p, zeta, weights, metric, batch, steps, seed, engine, device, threads
        As of `edot`; for the exact objective weights are equal whatever they say.
    on_step : callable, optional
        Receives the number of each step and the objective there.

    Raises
    ------
    StippleError
        As `edot`, for measures of different dimensions, and for shares that are not as many, or
        are negative or all zero.

    Examples
    --------
    >>> discretise_barycentre([[[0.0]], [[4.0]]], 1, shares=[1, 3]).atoms.tolist()
    [[3.0]]
    """
    settings = Settings(
        objective=objective,
        zeta=zeta,
        order=p,
        weights=weights,
        metric=metric,
        batch=batch,
        steps=steps,
        seed=seed,
        engine=engine,
        device=device,
        threads=threads,
    )
    measures = [read_measure(source) for source in sources]
    parts = np.ones(len(measures)) if shares is None else _read_shares(shares, len(measures))
    n = read_count(n, "number of atoms", 1)
    return average(measures, parts, n, settings, on_step=on_step)


def average(
    measures: Sequence[Measure],
    shares: Floats,
    n: int,
    settings: Settings,
    *,
    on_step: OnStep = None,
) -> Discretisation:
    """Do what `discretise_barycentre` does, with settings that are collected already."""
    mixture = mix_measures(measures, shares)
    share = shares / shares.sum()
    # Many atoms too are found at once: cells of several measures do not match.
    settings = replace(settings, algorithm="simple").choose_algorithm(n)
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
        solution = alternate(small, share, n, settings, show)
    else:
        diameter = measure_diameter(shrink_measure(mixture, exponent), settings)
        with name_smallest_zeta(settings):
            zeta = scale_zeta(diameter, settings)
            solution = descend(small, share, n, settings, zeta, show)
    solved = time.perf_counter() - began
    solution = expand_solution(solution, exponent, settings.order)
    return assess(targets, share.tolist(), solution, settings, mixture, solved)


def _read_shares(shares: PointsLike, sources: int) -> Floats:
    found, _ = read_floats(shares, "shares")
    if found.shape != (sources,):
        raise StippleError(
            f"The shares have the shape {found.shape}: give one for each of {sources} sources."
        )
    if not (np.isfinite(found).all() and (found >= 0).all() and found.any()):
        raise StippleError(
            f"The shares are {found.tolist()}: give finite numbers of at least 0, not all 0."
        )
    return found
