"""Powers of two by which samples are scaled where their costs would over- or underflow."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stipple.discretisation.certificate.problem import find_exponent, scale_power
from stipple.discretisation.settings import Settings
from stipple.discretisation.solution import AtomCell, OnStep, Solution
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples

# Samples are left as they are while costs are within 2^±200 or so.
LARGEST_POWER = 200


def choose_exponent(targets: Sequence[Samples], settings: Settings) -> int:
    """Exponent of the power of two to divide coordinates by: 0 where costs are of usual size."""
    if settings.metric == "sphere":
        return 0
    exponent = find_exponent(np.concatenate([target.points for target in targets]))
    return exponent if abs(exponent) * max(2.0, settings.order) > LARGEST_POWER else 0


def shrink_samples(samples: Samples, exponent: int) -> Samples:
    """Divide coordinates by 2^exponent."""
    if exponent == 0:
        return samples
    volume = samples.volume
    if volume is not None:
        volume = float(scale_power(volume, -exponent, samples.dimension))
    return Samples(np.ldexp(samples.points, -exponent), samples.given, volume)


def shrink_measure(measure: Measure, exponent: int) -> Measure:
    """Divide coordinates by 2^exponent."""
    if exponent == 0:
        return measure
    if measure.domain is not None:
        x, y = (math.ldexp(place, -exponent) for place in measure.domain.origin)
        unit = math.ldexp(measure.domain.unit, -exponent)
        return Measure.from_domain(replace(measure.domain, origin=(x, y), unit=unit))
    return replace(
        measure,
        samples=shrink_samples(measure.samples, exponent),
        lower=np.ldexp(measure.lower, -exponent),
        upper=np.ldexp(measure.upper, -exponent),
    )


def expand_solution(solution: Solution, exponent: int, order: float) -> Solution:
    """Undo the scaling of what was found for shrunk samples."""
    if exponent == 0:
        return solution
    potentials = solution.potentials
    return replace(
        solution,
        atoms=np.ldexp(solution.atoms, exponent),
        history=scale_power(solution.history, exponent, order),
        losses=scale_power(solution.losses, exponent, order),
        potentials=None if potentials is None else scale_power(potentials, exponent, order),
        cells=tuple(_expand_cell(cell, exponent, order) for cell in solution.cells),
    )


def _expand_cell(cell: AtomCell, exponent: int, order: float) -> AtomCell:
    lower, upper = (np.ldexp(corner, exponent) for corner in (cell.lower, cell.upper))
    zeta = float(scale_power(cell.zeta, exponent, order))
    return replace(cell, lower=lower, upper=upper, zeta=zeta)


def expand_steps(on_step: OnStep, exponent: int, order: float) -> OnStep:
    """Tell the objective of each step in the units of the samples."""
    if on_step is None or exponent == 0:
        return on_step

    def show(step: int, value: float | None) -> None:
        on_step(step, None if value is None else float(scale_power(value, exponent, order)))

    return show


def expand_cost(cost: float, exponent: int, order: float) -> float | None:
    """Undo the scaling of a cost; None if it is beyond floating-point numbers."""
    expanded = float(scale_power(cost, exponent, order))
    return expanded if np.finfo(float).tiny <= expanded < np.inf or expanded == cost else None
