"""What is discretised: samples with the box that they live in."""

import math
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.measures.formula import Domain
from stipple.measures.line_parts import LineParts
from stipple.measures.samples import Samples
from stipple.measures.solid import VolumeDomain


@dataclass(frozen=True, eq=False)
class Measure:
    """A discrete measure and its box.

    Attributes
    ----------
    samples : Samples
        Points, shape (n, d), with masses.
    lower, upper : ndarray, shape (d,)
        Opposite corners of the box, in the units of the samples.
    ink : float or None
        Area that full ink would cover, in square units of the samples; None where nothing says.
    domain : Domain or None
        The density on pixels that the samples come from, if they do.
    line : LineParts or None
        The density on an interval that they come from, if they do.
    """

    samples: Samples
    lower: Floats
    upper: Floats
    ink: float | None = None
    domain: Domain | None = None
    line: LineParts | None = None

    @classmethod
    def from_samples(cls, samples: Samples) -> "Measure":
        """Give samples their bounding box; those of a grid reach half a cell further."""
        half = 0.0 if samples.volume is None else samples.volume ** (1 / samples.dimension) / 2
        return cls(samples, samples.points.min(axis=0) - half, samples.points.max(axis=0) + half)

    @classmethod
    def from_domain(cls, domain: Domain) -> "Measure":
        """Put the mass of each pixel at its centre; points are in the units of the domain."""
        density = domain.density
        row, column = np.nonzero(density.values)
        centres = domain.to_domain(np.column_stack((column, row)).astype(float) + 0.5)
        samples = Samples(centres, density.values[row, column], domain.unit**2)
        corners = domain.to_domain(np.array([[0.0, 0.0], [density.width, density.height]]))
        ink = density.total / max(1.0, float(density.values.max())) * domain.unit**2
        return cls(samples, corners[0], corners[1], ink, domain)

    @classmethod
    def from_volume(cls, domain: VolumeDomain) -> "Measure":
        """Put the mass of each voxel at its centre; points are in the units of the domain."""
        density = domain.density
        places = np.nonzero(density.values)
        centres = (np.column_stack(places[::-1]) + 0.5) * density.spacing
        volume = float(density.spacing.prod())
        samples = Samples(domain.to_domain(centres), density.values[places], volume)
        corners = domain.to_domain(np.stack([np.zeros(3), density.size]))
        return cls(samples, corners[0], corners[1])

    @classmethod
    def from_line(cls, line: LineParts) -> "Measure":
        """Take the samples that stand for the parts of an interval."""
        ends = np.array([[line.density.start], [line.density.stop]], dtype=float)
        return cls(line.samples, ends[0], ends[1], line=line)

    @property
    def diameter(self) -> float:
        """Diagonal of the box."""
        return math.dist(self.upper, self.lower)
