"""Atoms for a measure, with settings and a start that fit it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stipple.arguments import read_count
from stipple.arrays import Floats
from stipple.discretisation.certificate.certify import put_on_sphere
from stipple.discretisation.evidence import (
    measure_zeta,
    name_smallest_zeta,
)
from stipple.discretisation.methods import find_atoms
from stipple.discretisation.scale import (
    choose_exponent,
    expand_solution,
    expand_steps,
    shrink_measure,
)
from stipple.discretisation.settings import Settings
from stipple.discretisation.solution import OnStep, Solution
from stipple.errors import StippleError
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples

if TYPE_CHECKING:
    from stipple.discretisation.entropic.adaptive import RunCells


def solve(
    measure: Measure,
    n: int | None,
    settings: Settings,
    *,
    shares: Floats | None = None,
    start: Floats | None = None,
    on_step: OnStep = None,
    run_cells: RunCells | None = None,
) -> Solution:
    """Find atoms as `discretise` does, without evidence of how good they are."""
    n = settle_count(n, measure, settings, shares)
    _check_start(start, n, measure.samples, settings)
    settings = settings.choose_algorithm(n)
    samples = place_samples(measure.samples, settings)
    if start is not None and settings.metric == "sphere":
        start = put_on_sphere(Samples(start, np.ones(n)), "Start").points
    exponent = choose_exponent([samples], settings)
    small = shrink_measure(replace(measure, samples=samples), exponent)
    show = expand_steps(on_step, exponent, settings.order)
    with name_smallest_zeta(settings):
        zeta = measure_zeta(small, settings)
        begin = None if start is None else np.ldexp(start, -exponent)
        solution = find_atoms(small, n, settings, zeta, show, run_cells, begin, shares)
    return expand_solution(solution, exponent, settings.order)


def settle_count(n: int | None, measure: Measure, settings: Settings, shares: Floats | None) -> int:
    """Check the number of atoms, or take it from the weights given."""
    _check_shares(shares, n, settings)
    return _check_count(n if shares is None else len(shares), measure.samples)


def place_samples(samples: Samples, settings: Settings) -> Samples:
    """Put samples on the sphere where distances are arcs."""
    return put_on_sphere(samples) if settings.metric == "sphere" else samples


def _check_shares(shares: Floats | None, n: int | None, settings: Settings) -> None:
    """Refuse weights that do not fit, or that are missing."""
    if (shares is None) != (settings.weights != "given"):
        raise StippleError("The weights are 'given', but not there: give an array of weights.")
    if shares is None:
        return
    if settings.objective != "exact":
        raise StippleError(
            f"Weights were given, and are for the exact objective: the {settings.objective} one"
            " takes free or equal ones."
        )
    if n is not None and n != len(shares):
        raise StippleError(
            f"{n:,} atoms were asked for, and {len(shares):,} weights were given: give as many, or"
            " leave the number of atoms out."
        )


def _check_count(n: int | None, samples: Samples) -> int:
    if n is None:
        raise StippleError("There is no number of atoms: give n, or weights.")
    n = read_count(n, "number of atoms")
    if not 1 <= n <= len(samples):
        raise StippleError(
            f"{n:,} atoms were asked for, and there are {len(samples):,} samples: give a number"
            f" from 1 to {len(samples):,}."
        )
    return n


def _check_start(start: Floats | None, n: int, samples: Samples, settings: Settings) -> None:
    """Refuse a start that is no place for each atom, or that nothing begins from."""
    drawn = settings.start != "auto" or settings.restarts is not None
    if start is None and not drawn:
        return
    if settings.objective != "exact" or settings.weights != "free":
        raise StippleError(
            "A start was given, and is for free weights of the exact objective only: leave it out."
        )
    if start is None:
        return
    if settings.restarts is not None:
        raise StippleError("A start was given at places: leave the number of restarts out.")
    if start.shape != (n, samples.dimension) or not np.isfinite(start).all():
        raise StippleError(
            f"The start has the shape {start.shape}: give {n} finite points of"
            f" {samples.dimension} coordinates."
        )
