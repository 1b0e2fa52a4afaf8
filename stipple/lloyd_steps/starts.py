"""Where the points of an experiment begin."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.bisection import start_from_bisection
from stipple.lloyd_steps.theory import SLACK
from stipple.measures.formula import Domain, Region, Term, rasterise_density
from stipple.transport.starts import (
    place_by_density,
    place_on_grid,
    place_on_koch_curve,
    place_on_line,
    place_uniformly,
)

Start: TypeAlias = Callable[[Domain, int, np.random.Generator], Floats]


@dataclass(frozen=True)
class RandomStart:
    """A start of independent points.

    Attributes
    ----------
    terms : tuple of Term or None
        The density that each is drawn from, on the rectangle of the domain, in its units; None:
        uniform.
    """

    terms: tuple[Term, ...] | None = None

    def __call__(self, domain: Domain, count: int, generator: np.random.Generator) -> Floats:
        """Place points, shape (count, 2), in the units of the domain."""
        if self.terms is None:
            return domain.to_domain(place_uniformly(domain.density, count, generator))
        density = self._rasterise(domain).density
        return domain.to_domain(place_by_density(density, count, generator))

    def find_largest_density(self, domain: Domain) -> float:
        """Bound the density that points are drawn from, on the area of the domain."""
        area = domain.unit**2
        if self.terms is None:
            return (1 + SLACK) / (area * domain.density.values.size)
        density = self._rasterise(domain).density
        return float(density.values.max() / density.total) * (1 + SLACK) / area

    def _rasterise(self, domain: Domain) -> Domain:
        x, y = domain.origin
        width, height = domain.density.width, domain.density.height
        region = Region(x, y, x + width * domain.unit, y + height * domain.unit)
        return rasterise_density(self.terms or (), region, max(width, height))


def make_start(name: str) -> Start:
    """Make a start by its name: uniform, grid, bisection, koch or line.

    The last two are stretched from the unit square to the domain.
    """
    if name == "uniform":
        return RandomStart()

    def place(domain: Domain, count: int, _generator: np.random.Generator) -> Floats:
        density = domain.density
        if name == "grid":
            pixels = place_on_grid(density, count)
        elif name == "bisection":
            pixels = start_from_bisection(density, count)[0]
        else:
            curve = place_on_koch_curve(count) if name == "koch" else place_on_line(count)
            pixels = curve * (density.width, density.height)
        return domain.to_domain(pixels)

    return place


def start_at(points: Floats) -> Start:
    """Make a start at given points, shape (n, 2), in the units of the domain."""
    return lambda _domain, _count, _generator: points
