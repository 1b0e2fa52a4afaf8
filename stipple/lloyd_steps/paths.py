"""Points followed step by step, in the plane or in space."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Method, NeighbourEngine
from stipple.measures.formula import Domain
from stipple.measures.solid import VolumeDomain
from stipple.measures.volume import VolumeDensity
from stipple.transport.descent import descend, follow
from stipple.transport.semi_discrete import Transport, TransportSolver
from stipple.volumes.quantisation import SpaceDirection
from stipple.volumes.transport import VolumeSolver, VolumeTransport

AnyDomain: TypeAlias = Domain | VolumeDomain
AnyTransport: TypeAlias = Transport | VolumeTransport
Path: TypeAlias = Callable[[Floats], Iterator[AnyTransport]]


def plan_path(
    domain: AnyDomain,
    *,
    method: Method,
    step_sizes: Sequence[float],
    engine: NeighbourEngine,
    threads: int | None,
    mass_tolerance: float,
) -> Path:
    """Say how points in a domain are followed: from a start, to transports one after the other.

    Parameters
    ----------
    domain : Domain or VolumeDomain
        The density.
    method, step_sizes, mass_tolerance
        As in `stipple.transport.descent.follow`.
    engine, threads
        As in `TransportSolver`; in space there is one engine.
    """
    if isinstance(domain, VolumeDomain):
        return partial(
            _follow_in_space,
            domain.density,
            method=method,
            step_sizes=step_sizes,
            threads=threads,
            mass_tolerance=mass_tolerance,
        )
    solver = TransportSolver(domain.density, engine, threads)
    return partial(
        follow, solver, method=method, step_sizes=step_sizes, mass_tolerance=mass_tolerance
    )


def _follow_in_space(
    density: VolumeDensity,
    points: Floats,
    *,
    method: Method,
    step_sizes: Sequence[float],
    threads: int | None,
    mass_tolerance: float,
) -> Iterator[VolumeTransport]:
    solver = VolumeSolver(density, np.full(len(points), 1.0 / len(points)), threads)
    start = solver.solve(points, tolerance=mass_tolerance)
    direction = SpaceDirection(method, step_sizes, masses=solver.masses)
    return descend(solver, start, direction, mass_tolerance)
