"""Progressive stippling: one ordered list of points of which every prefix stipples the picture."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.errors import StippleError
from stipple.geometry.bisection import bisect_mass
from stipple.geometry.cell_integrals import integrate_boxes
from stipple.geometry.strays import find_strays, move_to_ink
from stipple.measures.density import Density
from stipple.transport.direction import RELAXATION
from stipple.transport.quantisation import STEP_TOLERANCE
from stipple.transport.semi_discrete import Transport, TransportSolver
from stipple.transport.strays import place_on_ink


@dataclass(frozen=True)
class PrefixQuality:
    """How well the first `count` points quantise the density.

    `w2_squared` and its certified bounds are in square pixels; `quality` is N·W2²/A with A the
    area of {ρ > 0}, which free points bring to about 0.1604; `mass_error` is the largest relative
    error of a cell's mass.
    """

    count: int
    w2_squared: float
    w2_squared_lower: float
    w2_squared_upper: float
    quality: float
    mass_error: float


def order_progressively(
    density: Density,
    n: int,
    *,
    relaxation: int = 10,
    on_doubling: Callable[[int], None] | None = None,
) -> Floats:
    """Place n points so that each prefix of the list is a good stippling.

    The dyadic sequence with equal-mass boxes in place of dyadic cubes (Gwóźdź, "Uniform
    optimal-order Wasserstein quantisation"): the boxes of level k have mass 2^−k each, and the
    first 2^k points are one in each. To double them, cut every box into halves of equal mass, the
    longer side first; its point keeps the half where it lies, and point i + 2^k goes to the
    barycentre of the other half of the box of point i. The choice of the half, free in the
    sequence, makes barycentres possible where the corners of the sequence would do badly.

    Without relaxation each box of level k holds ⌊N/2^k⌋ or ⌈N/2^k⌉ of the first N points. The
    relaxation trades this for quality: after each doubling all points move, a few times, 1.7 times
    the way to the mean of their barycentres in the power cells of the prefixes of 1, √2, 2, 2√2,
    4, … and all points that they belong to. This descends along the sum of N·W2² over those
    prefixes; a prefix in between is good because it is nearly one of them. Nested prefixes cannot
    all be optimal: see docs/sequence.md for the qualities measured.

    A barycentre off the ink gives way to the nearest ink of its half, and a point that has moved
    there to that of its power cell, at the end.

    Parameters
    ----------
    density : Density
        The density.
    n : int
        How many points, at least 1. With relaxation, another n gives other points.
    relaxation : int
        Moves of all points after each doubling; 0 for none.
    on_doubling : callable, optional
        Receives the number of points placed, after each doubling.

    Returns
    -------
    ndarray, shape (n, 2)
        x, y in pixels.

    Raises
    ------
    StippleError
        If n is less than 1.
    """
    if n < 1:
        raise StippleError(f"The number of points is {n}: ask for at least 1.")
    solver = TransportSolver(density)
    transports: dict[int, Transport] = {}
    points = _place_in_boxes(density, bisect_mass(density, 1))
    homes = np.zeros(1, dtype=np.int64)
    while len(points) < n:
        points, homes = _double(density, points, homes)
        points = points[:n]
        for _ in range(relaxation):
            points = _relax(solver, points, transports)
        if on_doubling is not None:
            on_doubling(len(points))
    if relaxation and len(find_strays(density, points)):
        near = transports.get(len(points))
        return place_on_ink(solver.solve(points, tolerance=STEP_TOLERANCE, near=near))
    return points


def measure_prefixes(
    density: Density, points: Floats, counts: Iterable[int], *, tolerance: float = 1e-6
) -> Iterator[PrefixQuality]:
    """Solve the transport from the density to the first points, for each of the counts.

    Parameters
    ----------
    density : Density
        The density.
    points : ndarray, shape (n, 2)
        Distinct points in the domain, in pixels.
    counts : iterable of int
        How many points, each from 1 to n.
    tolerance : float
        Largest relative error of a cell's mass.

    Raises
    ------
    StippleError
        If a count is out of range.
    """
    solver = TransportSolver(density)
    for count in counts:
        if not 1 <= count <= len(points):
            raise StippleError(
                f"The prefix of {count} points is asked for: give 1 to {len(points)}."
            )
        transport = solver.solve(points[:count], tolerance=tolerance)
        yield PrefixQuality(
            count=count,
            w2_squared=transport.w2_squared,
            w2_squared_lower=transport.interval.lower,
            w2_squared_upper=transport.interval.upper,
            quality=count * transport.w2_squared / density.support_area,
            mass_error=transport.mass_error,
        )


def _double(density: Density, points: Floats, homes: Integers) -> tuple[Floats, Integers]:
    """Add a point to the box `homes[i]` of each point i, and tell the new boxes of all."""
    boxes = bisect_mass(density, 2 * len(points))
    first, second = 2 * homes, 2 * homes + 1
    swapped = _measure_distance(points, boxes[second]) < _measure_distance(points, boxes[first])
    own = np.where(swapped, second, first)
    other = np.where(swapped, first, second)
    placed = _place_in_boxes(density, boxes[other])
    return np.concatenate([points, placed]), np.concatenate([own, other])


def _place_in_boxes(density: Density, boxes: Floats) -> Floats:
    """Barycentre of each box, or the ink of the box that is nearest to it."""
    points, _ = integrate_boxes(density, boxes)

    def get_corners(box: int) -> Floats:
        return boxes[box, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2)

    return move_to_ink(density, points, points, get_corners)


def _measure_distance(points: Floats, boxes: Floats) -> Floats:
    """Distance of each point to its box: a relaxed point may have left it."""
    away = points - np.clip(points, boxes[:, :2], boxes[:, 2:])
    return np.asarray(np.hypot(away[:, 0], away[:, 1]))


def _relax(solver: TransportSolver, points: Floats, transports: dict[int, Transport]) -> Floats:
    """Move each point towards the mean of its barycentres in the prefixes that it belongs to.

    `transports` keeps the last transport of each prefix, for a warm start.
    """
    count = len(points)
    halfway = (round(2 ** (k / 2)) for k in range(2 * count.bit_length()))
    total = np.zeros_like(points)
    uses = np.zeros((count, 1))
    for stage in sorted({min(size, count) for size in halfway} | {count}):
        transport = solver.solve(
            points[:stage], tolerance=STEP_TOLERANCE, near=transports.get(stage)
        )
        transports[stage] = transport
        total[:stage] += transport.barycentres
        uses[:stage] += 1
    moved = points + RELAXATION * (total / uses - points)
    return np.clip(moved, 0.0, (solver.density.width, solver.density.height))
