"""Discrete measures: points with masses, in any dimension."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from stipple.arguments import read_count, read_floats
from stipple.arrays import Floats
from stipple.errors import StippleError

# Arrays of numbers with more columns are images, unless something says otherwise.
MOST_COORDINATES = 10


@dataclass(frozen=True, eq=False)
class Samples:
    """Points with masses that add up to 1; points without mass are dropped.

    Attributes
    ----------
    points : ndarray, shape (n, d)
        x, in the units of the source.
    masses : ndarray, shape (n,)
        a > 0, sum 1; given in any scale. Of masked arrays, samples with a masked coordinate or
        mass are left out.
    given : ndarray, shape (n,)
        a as given, in that scale: certificates divide by the exact sum.
    volume : float or None
        Volume of the cell that each point stands for (the area of a pixel); None for samples that
        were drawn.
    names : tuple of d str, or None
        What the coordinates are called, where that is known.

    Raises
    ------
    StippleError
        For anything but finite points that can be added up, and masses ≥ 0 with a positive finite
        sum.

    Examples
    --------
    >>> import stipple
    >>> samples = stipple.Samples([[0, 0], [1, 0], [0, 1]], [1, 1, 2])
    >>> samples
    Samples(3 points in dimension 2)
    >>> samples.masses.tolist()
    [0.25, 0.25, 0.5]
    """

    points: Floats
    masses: Floats
    volume: float | None = None
    names: tuple[str, ...] | None = field(default=None, repr=False)
    given: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        points, hidden_points = read_floats(self.points, "array of samples")
        masses, hidden_masses = read_floats(self.masses, "array of masses")
        if points.ndim != 2 or points.shape[1] == 0 or masses.shape != (len(points),):
            raise StippleError(
                f"Samples take points of shape (n, d) and n masses, not {points.shape} and"
                f" {masses.shape}."
            )
        if self.names is not None and len(self.names) != points.shape[1]:
            raise StippleError(
                f"There are {len(self.names)} names for {points.shape[1]} coordinates: give each"
                " a name."
            )
        if hidden_points is not None or hidden_masses is not None:
            hidden = np.zeros(len(points), bool)
            if hidden_points is not None:
                hidden |= hidden_points.any(axis=1)
            if hidden_masses is not None:
                hidden |= hidden_masses
            points, masses = points[~hidden], masses[~hidden]
        if not np.isfinite(points).all():
            row = int(np.argmin(np.isfinite(points).all(axis=1)))
            raise StippleError(f"Sample {row + 1} is not finite: {points[row].tolist()}.")
        if not np.isfinite(masses).all() or (masses < 0).any():
            row = int(np.argmin(np.isfinite(masses) & (masses >= 0)))
            raise StippleError(
                f"Sample {row + 1} has the mass {masses[row]:g}: masses must be finite and not"
                " negative."
            )
        with np.errstate(over="ignore"):
            total = masses.sum()
            size = max(points.max(initial=0), -points.min(initial=0)) * len(points)
        if total == 0:
            raise StippleError("No sample has any mass: there is nothing to discretise.")
        if not np.isfinite(total):
            raise StippleError("The masses of samples are too large to add up: scale them down.")
        if not np.isfinite(size):
            raise StippleError("The coordinates are too large to add up: scale the samples down.")
        kept = masses > 0
        object.__setattr__(self, "points", points if kept.all() else points[kept])
        given = masses if kept.all() else masses[kept]
        object.__setattr__(self, "given", given)
        object.__setattr__(self, "masses", given / total)

    def __repr__(self) -> str:
        count = len(self)
        return f"Samples({count:,} point{'s' * (count != 1)} in dimension {self.dimension})"

    def __len__(self) -> int:
        return len(self.points)

    @property
    def dimension(self) -> int:
        """Coordinates of a point."""
        return int(self.points.shape[1])

    def thin(self, most: int) -> Samples:
        """Return at most so many samples, by systematic sampling of the masses in their order.

        Each has the same mass then; the same samples are drawn each time.
        """
        most = read_count(most, "number of samples to keep", 1)
        if len(self) <= most:
            return self
        ends = np.cumsum(self.masses)
        chosen = np.searchsorted(ends, (np.arange(most) + 0.5) / most * ends[-1])
        return Samples(self.points[chosen], np.ones(most))
