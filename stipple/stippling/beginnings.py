"""Where the points of a stippling begin, which of them stay, and what each is to weigh."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stipple.arguments import VANISHING, read_array, read_count, read_masses, read_points
from stipple.arrays import Booleans, Floats, Integers, PointsLike
from stipple.choices import LARGEST_COUNT, Start, Texture
from stipple.errors import StippleError
from stipple.geometry.bisection import start_from_bisection
from stipple.geometry.bricks import place_near_bisection
from stipple.geometry.morton import order_along_curve
from stipple.geometry.shares import place_shares
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.transport.starts import (
    begin_on_ink,
    place_by_density,
    place_on_grid,
    place_uniformly,
)

DEFAULT_COUNT = 5000


@dataclass(frozen=True, eq=False)
class Beginning:
    """What a quantisation begins with.

    Attributes
    ----------
    starts : sequence of (points, potentials)
        One or several, as `quantise_best` takes them.
    masses : ndarray, shape (n,), or None
        Masses of the points, with sum 1, unless they are equal.
    fixed : ndarray of bool, shape (n,), or None
        Points that stay.
    order : ndarray of int, shape (n,), or None
        The place of each point in the caller's list, unless it is the same.
    """

    starts: Sequence[tuple[Floats, Floats | None]]
    masses: Floats | None
    fixed: Booleans | None
    order: Integers | None = None

    def sort(self) -> "Beginning":
        """List what is near in space near in memory: given masses come in any order."""
        order = order_along_curve(self.starts[0][0])
        return Beginning(
            [
                (points[order], None if near is None else near[order])
                for points, near in self.starts
            ],
            None if self.masses is None else self.masses[order],
            None if self.fixed is None else self.fixed[order],
            order,
        )


def begin(
    density: Density,
    count: int | None,
    start: Start | PointsLike,
    seed: int,
    *,
    masses: ArrayLike | None,
    fixed: ArrayLike | None,
    texture: Texture,
    moving: bool,
    in_rows: bool = True,
    workers: Workers | None = None,
) -> Beginning:
    """Place the points before they move; the arguments are those of `stipple.stipple`.

    `in_rows` and `workers` are those of `place_near_bisection`.
    """
    weights = None if masses is None else read_masses(masses)
    if not isinstance(start, str):
        points = check_points(density, start, "start")
        _refuse_blue(texture)
        count = _agree(len(points), weights, "start points")
        mask = None if fixed is None else _read_mask(fixed, count)
        given = Beginning([(points, None)], weights, mask)
        return given if weights is None else given.sort()
    if start not in ("bisection", "uniform", "grid"):
        raise StippleError(
            f"The start is {start!r}: give bisection, uniform, grid or an array of positions."
        )
    if count is None:
        count = DEFAULT_COUNT if weights is None else len(weights)
    count = _agree(read_number_of_points(count), weights, "points")
    if start != "bisection":
        _refuse_blue(texture)
    stay = np.empty((0, 2)) if fixed is None else _read_fixed(density, fixed, count)
    mask = None if fixed is None else np.arange(count) < len(stay)
    generator = np.random.default_rng(seed)
    starts: Sequence[tuple[Floats, Floats | None]]
    if texture == "blue" or start != "bisection":
        others = _place_others(density, count - len(stay), start, texture, generator)
        starts = [(np.concatenate([stay, others]), None)]
    elif weights is not None or len(stay):
        places = np.full((count, 2), np.nan)
        places[: len(stay)] = stay
        equal = np.full(count, 1.0 / count)
        points, potentials = place_shares(
            density, equal if weights is None else weights, places, generator
        )
        if moving and weights is not None:
            points, potentials = begin_on_ink(density, (points, potentials), generator)
        points[: len(stay)] = stay
        starts = [(points, potentials)]
    elif moving:
        starts = [
            begin_on_ink(density, near, generator)
            for near in place_near_bisection(density, count, seed, in_rows=in_rows, workers=workers)
        ]
    else:
        starts = [start_from_bisection(density, count, workers)]
    beginning = Beginning(starts, weights, mask)
    return beginning if weights is None else beginning.sort()


def read_number_of_points(count: int) -> int:
    """Read how many points are asked for, and refuse what cannot be."""
    count = read_count(count, "number of points")
    if not 1 <= count <= LARGEST_COUNT:
        raise StippleError(
            f"{count} points were asked for: give a number from 1 to {LARGEST_COUNT:,}."
        )
    return count


def check_points(density: Density, given: PointsLike, name: str) -> Floats:
    """Read positions in pixels, and refuse those outside the picture."""
    positions = np.array(read_points(given, name))
    if positions.ndim != 2 or positions.shape[1] != 2 or len(positions) == 0:
        raise StippleError(
            f"The {name} has shape {positions.shape}: give at least one point as (n, 2)."
        )
    size = (density.width, density.height)
    outside = ~((positions >= 0) & (positions <= size)).all(axis=1)
    if outside.any():
        first = positions[outside][0]
        raise StippleError(
            f"{int(outside.sum())} of the {len(positions)} {name} points lie outside the picture of"
            f" {size[0]}×{size[1]} pixels, the first at ({first[0]:g}, {first[1]:g}):"
            " give positions in pixels, x right and y down."
        )
    positions[positions < VANISHING] = 0.0
    return positions


def _agree(count: int, masses: Floats | None, name: str) -> int:
    if masses is not None and len(masses) != count:
        raise StippleError(
            f"There are {len(masses)} masses, but {count} {name}: give as many of either."
        )
    return count


def _refuse_blue(texture: Texture) -> None:
    if texture == "blue":
        raise StippleError("The texture blue has a start of its own: leave the start out.")


def _read_mask(fixed: ArrayLike, count: int) -> Booleans:
    mask, hidden = read_array(fixed, "list of fixed points")
    if mask.shape != (count,) or mask.dtype != np.bool_ or hidden is not None:
        raise StippleError(
            f"The fixed points have the shape {mask.shape} and type {mask.dtype}: with a start that"
            f" is an array, give {count} booleans, one for each of its points."
        )
    return mask


def _read_fixed(density: Density, fixed: ArrayLike, count: int) -> Floats:
    if np.ndim(fixed) == 1:
        raise StippleError(
            "A list of which points are fixed needs a start that is an array; without one, give"
            " the positions of the fixed points as (k, 2)."
        )
    stay = check_points(density, fixed, "fixed")
    if len(stay) > count:
        raise StippleError(
            f"{len(stay)} points are fixed, but there are {count} in all: they count among them."
        )
    return stay


def _place_others(
    density: Density, count: int, start: str, texture: Texture, generator: np.random.Generator
) -> Floats:
    if count == 0:
        return np.empty((0, 2))
    if texture == "blue":
        return place_by_density(density, count, generator)
    if start == "uniform":
        return place_uniformly(density, count, generator)
    return place_on_grid(density, count)
