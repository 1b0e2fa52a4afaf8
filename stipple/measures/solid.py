"""Densities in space with the coordinates that they stand for: formulas on a box or in a ball."""

import math
from dataclasses import dataclass
from functools import reduce

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.errors import StippleError
from stipple.machine.memory import check_memory, predict_volume_reading
from stipple.measures.formula import Term, check_axes
from stipple.measures.units import SLACK, Units
from stipple.measures.volume import LONGEST, SHORTEST, VolumeDensity

# A ball is cut out of voxels split this many times along each axis.
SUBDIVISION = 4


@dataclass(frozen=True)
class Solid:
    """A box, by two opposite corners, or the ball inscribed in it."""

    lower: tuple[float, float, float] = (0.0, 0.0, 0.0)
    upper: tuple[float, float, float] = (1.0, 1.0, 1.0)
    round: bool = False

    def __post_init__(self) -> None:
        sides = np.subtract(self.upper, self.lower)
        name = " × ".join(f"[{a:g}, {b:g}]" for a, b in zip(self.lower, self.upper, strict=True))
        if not (np.isfinite(sides).all() and sides.min() > 0):
            raise StippleError(f"The domain {name} has no volume.")
        if not (sides.min() >= SHORTEST and sides.max() <= LONGEST):
            raise StippleError(
                f"The domain {name} has sides beyond {SHORTEST:g} to {LONGEST:g}: give others."
            )


@dataclass(frozen=True, eq=False)
class VolumeDomain(Units):
    """A density of voxels together with the coordinates that it stands for.

    Attributes
    ----------
    density : VolumeDensity
        The density; lengths of its spacing are those of the domain.
    origin : tuple of float
        Coordinates of the corner of the first voxel.
    unit : float
        1: no other lengths are meant.
    rasterisation : float
        W2 between the formula and its voxels is at most this; 0 for a volume that was given. A
        ball counts as cut out of parts of voxels.
    """

    density: VolumeDensity
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    unit: float = 1.0
    rasterisation: float = 0.0

    @property
    def size(self) -> Floats:
        """Sides of the box, shape (3,)."""
        return self.density.size


def rasterise_in_space(terms: tuple[Term, ...], solid: Solid, voxels: int) -> VolumeDomain:
    """Integrate a mixture over voxels, exactly for boxes.

    Each term is a probability density on the whole space (uniform: on the box), cut to the solid;
    the sum is scaled to mass 1.

    Parameters
    ----------
    terms : tuple of Term
        The mixture.
    solid : Solid
        Where it lives.
    voxels : int
        Along the longest side; along others as many as make voxels about cubes. The uniform
        density of a box needs one.

    Returns
    -------
    VolumeDomain
        Voxels hold the masses of the formula, so W2 to it is at most the diameter of a voxel.

    Raises
    ------
    StippleError
        If there is no mass, not enough memory, or a mean or σ is for other axes.
    """
    check_axes(terms, 3)
    sides = np.subtract(solid.upper, solid.lower)
    exact = len(terms) == 1 and terms[0].sigma is None and not solid.round
    along = 1 if exact else voxels
    counts = np.maximum(np.rint(along * sides / sides.max()), 1).astype(int)
    check_memory(predict_volume_reading("The formula", math.prod(counts.tolist())))
    values = _cut_ball(terms, solid, counts) if solid.round else _integrate(terms, solid, counts)
    if not values.any():
        raise StippleError("The density has no mass on its domain: move the domain, or widen it.")
    spacing = sides / counts
    error = 0.0 if exact else math.hypot(*spacing) * (1 + SLACK)
    density = VolumeDensity(values, tuple(spacing.tolist()))
    return VolumeDomain(density, solid.lower, rasterisation=error)


def _integrate(terms: tuple[Term, ...], solid: Solid, counts: Integers) -> Floats:
    """Masses of boxes, so many along x, y and z, shape (slices, rows, columns)."""
    masses = np.zeros(counts[::-1])
    for factors in _factor(terms, solid, counts):
        masses += reduce(np.multiply.outer, factors)
    return masses


def _factor(terms: tuple[Term, ...], solid: Solid, counts: Integers) -> list[list[Floats]]:
    """Masses of slices, of rows and of columns for each term: their products are those of boxes."""
    edges = [
        np.linspace(solid.lower[axis], solid.upper[axis], counts[axis] + 1) for axis in range(3)
    ]
    return [
        [
            term.weight * term.measure_intervals(edges[2], 2),
            term.measure_intervals(edges[1], 1),
            term.measure_intervals(edges[0], 0),
        ]
        for term in terms
    ]


def _cut_ball(terms: tuple[Term, ...], solid: Solid, counts: Integers) -> Floats:
    """Masses of the parts of voxels with their centres in the ball, a slice after the other."""
    parts = SUBDIVISION * counts
    factors = _factor(terms, solid, parts)
    along_x, along_y, along_z = (((np.arange(n) + 0.5) / n * 2 - 1) ** 2 for n in parts)
    flat = along_y[:, None] + along_x
    masses = np.zeros(counts[::-1])
    for part, height in enumerate(along_z):
        inside = flat + height <= 1
        layer = inside * sum(down[part] * np.outer(row, column) for down, row, column in factors)
        blocks = layer.reshape(counts[1], SUBDIVISION, counts[0], SUBDIVISION)
        masses[part // SUBDIVISION] += blocks.sum(axis=(1, 3))
    return masses
