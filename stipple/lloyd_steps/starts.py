"""Where the points of an experiment begin."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.geometry.bisection import start_from_bisection
from stipple.lloyd_steps.paths import AnyDomain
from stipple.lloyd_steps.theory import SLACK
from stipple.machine.threads import Workers
from stipple.measures.formula import Region, Term, rasterise_density
from stipple.measures.solid import Solid, VolumeDomain, rasterise_in_space
from stipple.transport.starts import (
    place_by_density,
    place_on_grid,
    place_on_koch_curve,
    place_on_line,
    place_uniformly,
)
from stipple.volumes.start import start_in_boxes

# Where a density is drawn from, its voxels are no larger than this part of the longest side.
FEWEST_VOXELS = 64

Start: TypeAlias = Callable[[AnyDomain, int, np.random.Generator], Floats]


@dataclass(frozen=True)
class RandomStart:
    """A start of independent points.

    Attributes
    ----------
    terms : tuple of Term or None
        The density that each is drawn from, on the box of the domain, in its units; None: uniform.
    """

    terms: tuple[Term, ...] | None = None

    def __call__(self, domain: AnyDomain, count: int, generator: np.random.Generator) -> Floats:
        """Place points, shape (count, d), in the units of the domain."""
        if self.terms is None:
            return domain.to_domain(place_uniformly(domain.density, count, generator))
        density = self._rasterise(domain).density
        return domain.to_domain(place_by_density(density, count, generator))

    def find_largest_density(self, domain: AnyDomain) -> float:
        """Bound the density that points are drawn from, on the volume of the domain."""
        volume = float(np.prod(domain.unit * domain.size))
        if self.terms is None:
            return (1 + SLACK) / volume
        values = self._rasterise(domain).density.values
        return float(values.max() / values.mean()) * (1 + SLACK) / volume

    def _rasterise(self, domain: AnyDomain) -> AnyDomain:
        lower, upper = domain.to_domain(np.stack([np.zeros(domain.dimension), domain.size]))
        terms, pixels = self.terms or (), max(domain.density.values.shape)
        if isinstance(domain, VolumeDomain):
            x, y, z = zip(lower.tolist(), upper.tolist(), strict=True)
            solid = Solid((x[0], y[0], z[0]), (x[1], y[1], z[1]))
            return rasterise_in_space(terms, solid, max(pixels, FEWEST_VOXELS))
        return rasterise_density(terms, Region(*lower.tolist(), *upper.tolist()), pixels)


def make_start(name: str) -> Start:
    """Make a start by its name: uniform, grid, bisection, line, or koch in the plane.

    The last two are stretched from the unit square or cube to the domain.
    """
    if name == "uniform":
        return RandomStart()

    def place(domain: AnyDomain, count: int, _generator: np.random.Generator) -> Floats:
        if name == "grid":
            return domain.to_domain(place_on_grid(domain.density, count))
        if name == "bisection":
            return domain.to_domain(_divide(domain, count))
        if name == "line":
            return stretch(domain, place_on_line(count, domain.dimension))
        if isinstance(domain, VolumeDomain):
            raise StippleError("The von Koch curve lies in the plane: choose another start.")
        return stretch(domain, place_on_koch_curve(count))

    return place


def _divide(domain: AnyDomain, count: int) -> Floats:
    """Barycentres of boxes of equal mass, in pixels or from the corner of the box."""
    if isinstance(domain, VolumeDomain):
        masses = np.full(count, 1.0 / count)
        still = start_in_boxes(domain.density, masses, 0, Workers(1), moving=False, periodic=False)
        return still[0]
    return start_from_bisection(domain.density, count)[0]


def stretch(domain: AnyDomain, points: Floats) -> Floats:
    """Carry points of the unit square or cube to the domain."""
    return domain.to_domain(points * domain.size)


def combine(line: Floats, dimension: int) -> Floats:
    """Combine places on a line to a grid, the first coordinate fastest, shape (n^d, d)."""
    grid = np.stack(np.meshgrid(*[line] * dimension, indexing="ij"), axis=-1)
    return grid.reshape(-1, dimension)[:, ::-1]


def start_on_split_grid(domain: AnyDomain, count: int, _generator: np.random.Generator) -> Floats:
    """Place n^d points on the product of critical clouds on the line, for masses 1/n and 1 − 1/n.

    Each has one point at −½, and the others evenly on [0, 1].
    """
    side = round(count ** (1 / domain.dimension))
    return combine(np.append(-0.5, (np.arange(side - 1) + 0.5) / (side - 1)), domain.dimension)


def start_at(points: Floats) -> Start:
    """Make a start at given points, shape (n, d), in the units of the domain."""
    return lambda _domain, _count, _generator: points
