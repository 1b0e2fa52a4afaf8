"""Steps that lower W2², one after the other."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from stipple.arrays import Floats
from stipple.choices import Method
from stipple.transport.direction import AnyDirection, Direction, Where
from stipple.transport.semi_discrete import Transport, TransportSolver

# Masses that double precision gives safely.
SMALLEST_TOLERANCE = 1e-11


class Sized(Protocol):
    """A density in a box."""

    @property
    def size(self) -> Floats:
        """Sides of the box, shape (d,)."""


class Solver(Protocol[Where]):
    """A transport solver, in the plane or in space."""

    periodic: bool

    @property
    def density(self) -> Sized:
        """The source."""

    def solve(
        self,
        points: Floats,
        potentials: Floats | None = None,
        *,
        tolerance: float = 1e-6,
        near: Where | None = None,
    ) -> Where:
        """Solve the transport to points."""


def follow(
    solver: TransportSolver,
    points: Floats,
    potentials: Floats | None = None,
    *,
    method: Method = "lloyd",
    step_sizes: Sequence[float] = (1.0,),
    mass_tolerance: float = 1e-6,
) -> Iterator[Transport]:
    """Yield the transport of the start, then that after each step, for ever.

    Parameters
    ----------
    solver : TransportSolver
        The transport solver of the density.
    points : ndarray, shape (n, 2)
        The start, in pixels.
    potentials : ndarray, shape (n,), optional
        First potentials for the start, in square pixels.
    method : {"lbfgs", "relaxed", "lloyd"}
        As in `quantise`.
    step_sizes : sequence of float
        For "lloyd": the part of the way to the barycentres that points go at each step, in (0, 2);
        the last one is kept.
    mass_tolerance : float
        Largest relative error of a cell's mass at every step.
    """
    start = solver.solve(points, potentials, tolerance=mass_tolerance)
    direction = Direction(method, step_sizes, masses=solver.masses)
    return descend(solver, start, direction, mass_tolerance)


def descend(
    solver: Solver[Where], current: Where, direction: AnyDirection[Where], mass_tolerance: float
) -> Iterator[Where]:
    """Yield a transport and, for ever, that after each step; no step is to raise W2²."""
    while True:
        yield current
        following = move(solver, current, direction.find(current), mass_tolerance)
        if following.w2_squared > current.w2_squared and direction.bold:
            direction.forget()
            following = move(solver, current, direction.find_lloyd(current), mass_tolerance)
        if following.w2_squared > current.w2_squared:
            # Only inexact masses can make a step towards the barycentres a step up.
            mass_tolerance = max(mass_tolerance / 10, SMALLEST_TOLERANCE)
        current = following


def move(solver: Solver[Where], current: Where, shift: Floats, mass_tolerance: float) -> Where:
    """Solve the transport to the points shifted, but for those that would leave the box."""
    points = current.points + shift
    if not solver.periodic:
        # Clipping could put several points on one corner; barycentres are inside and apart.
        beyond = (points < 0) | (points > solver.density.size)
        if beyond.any():
            outside = beyond.any(axis=1)
            points[outside] = current.barycentres[outside]
    return solver.solve(points, tolerance=mass_tolerance, near=current)
