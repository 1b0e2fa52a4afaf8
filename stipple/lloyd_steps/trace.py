"""Uniform quantisation followed step by step, with the theory's inequalities checked."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np

from stipple.lloyd_steps.contraction import check_contraction
from stipple.lloyd_steps.paths import AnyDomain, AnyTransport
from stipple.lloyd_steps.theory import (
    Inequality,
    Separation,
    bound_step,
    check_one_step,
    check_polyak_lojasiewicz,
    measure_separation,
)


@dataclass(frozen=True, eq=False)
class TraceRow:
    """One step of a trace; lengths are in the units of the domain.

    Attributes
    ----------
    step : int
        0 for the start.
    w2_squared, lower, upper : float
        W2² of the points, with its certified interval, rounded outwards.
    decrease : float
        By how much W2² fell since the row before; 0 for the start.
    fell : bool or None
        Whether the certified intervals of this row and the row before prove that W2² fell, or that
        it rose; None where they overlap, and for the start.
    gradient_norm : float
        |∇½W2²| = |Y − B|/N.
    separation : Separation
        Least distance between points, ε and |I_ε|/N.
    one_step : Inequality
        The one-step theorem; its left side here is an upper bound of the W2² of the barycentres,
        from the cells of the points.
    polyak_lojasiewicz : Inequality
        The modified Polyak–Łojasiewicz inequality, with the upper end of W2² on its left and a
        lower bound of N·|∇½W2²|² on its right.
    contraction : Inequality
        Least ratio at which the step from here brings two points nearer to each other, beside
        1 − τ.
    mass_error : float
        Largest relative error of a cell's mass.
    newton_iterations : int
        Linear systems solved at this step.
    seconds : float
        Time for this step.
    transport : Transport or VolumeTransport
        The transport itself, in pixels or from the corner of the box, for drawing.
    """

    step: int
    w2_squared: float
    lower: float
    upper: float
    decrease: float
    fell: bool | None
    gradient_norm: float
    separation: Separation
    one_step: Inequality
    polyak_lojasiewicz: Inequality
    contraction: Inequality
    mass_error: float
    newton_iterations: int
    seconds: float
    transport: AnyTransport


def trace_steps(
    domain: AnyDomain, path: Iterator[AnyTransport], step_sizes: Sequence[float]
) -> Iterator[TraceRow]:
    """Yield a row for the start and for every step.

    Parameters
    ----------
    domain : Domain or VolumeDomain
        The density and its units.
    path : iterator of Transport or VolumeTransport
        The transport of the start, and that after each step.
    step_sizes : sequence of float
        The part of the way to the barycentres that points go at each step; the last is kept.
    """
    scale, extent = domain.unit**2, domain.extent
    sizes = chain(step_sizes, repeat(step_sizes[-1]))
    before: TraceRow | None = None
    began = time.perf_counter()
    for number, (transport, size) in enumerate(zip(path, sizes, strict=False)):
        count = len(transport.points)
        shifts = transport.points - transport.barycentres
        w2_squared = scale * transport.w2_squared
        separation = measure_separation(transport.points, domain.unit)
        interval = transport.interval
        lower, upper = domain.scale_down(interval.lower), domain.scale_up(interval.upper)
        gradient, barycentres = bound_step(
            interval.upper, shifts, transport.masses, transport.potentials, extent
        )
        row = TraceRow(
            step=number,
            w2_squared=w2_squared,
            lower=lower,
            upper=upper,
            decrease=0.0 if before is None else before.w2_squared - w2_squared,
            fell=None if before is None else compare_intervals(before, lower, upper),
            gradient_norm=domain.unit * float(np.linalg.norm(shifts)) / count,
            separation=separation,
            one_step=check_one_step(
                domain.scale_up(barycentres), separation, count, domain.diameter
            ),
            polyak_lojasiewicz=check_polyak_lojasiewicz(
                upper, domain.scale_down(gradient), separation, count, domain.diameter
            ),
            contraction=check_contraction(
                transport.points, transport.barycentres, size, extent, transport.workers
            ),
            mass_error=transport.mass_error,
            newton_iterations=transport.newton_iterations,
            seconds=time.perf_counter() - began,
            transport=transport,
        )
        yield row
        before = row
        began = time.perf_counter()


def compare_intervals(before: TraceRow, lower: float, upper: float) -> bool | None:
    """Tell whether W2² fell since a row, or rose, where its interval proves either."""
    if upper < before.lower:
        return True
    return False if lower > before.upper else None
