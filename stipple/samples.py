"""Discrete measures: points with masses, in any dimension."""

from dataclasses import dataclass, field

import numpy as np

from stipple.arrays import Floats
from stipple.errors import StippleError


@dataclass(frozen=True, eq=False)
class Samples:
    """Points with masses that add up to 1; points without mass are dropped.

    Attributes
    ----------
    points : ndarray, shape (n, d)
        x, in the units of the source.
    masses : ndarray, shape (n,)
        a > 0, sum 1; given in any scale.
    given : ndarray, shape (n,)
        a as given, in that scale: certificates divide by the exact sum.
    volume : float or None
        Volume of the cell that each point stands for (the area of a pixel); None for samples that
        were drawn.

    Raises
    ------
    StippleError
        For anything but finite points and masses ≥ 0 with a positive finite sum.
    """

    points: Floats
    masses: Floats
    volume: float | None = None
    given: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        points = np.ascontiguousarray(self.points, dtype=float)
        masses = np.array(self.masses, dtype=float)
        if points.ndim != 2 or points.shape[1] == 0 or masses.shape != (len(points),):
            raise StippleError(
                f"Samples take points of shape (n, d) and n masses, not {points.shape} and"
                f" {masses.shape}."
            )
        if not np.isfinite(points).all():
            row = int(np.argmin(np.isfinite(points).all(axis=1)))
            raise StippleError(f"Sample {row + 1} is not finite: {points[row].tolist()}.")
        if not np.isfinite(masses).all() or (masses < 0).any():
            row = int(np.argmin(np.isfinite(masses) & (masses >= 0)))
            raise StippleError(
                f"Sample {row + 1} has the mass {masses[row]:g}: masses must be finite and not"
                " negative."
            )
        total = masses.sum()
        if not (0 < total < np.inf):
            raise StippleError("No sample has any mass: there is nothing to discretise.")
        kept = masses > 0
        object.__setattr__(self, "points", points if kept.all() else points[kept])
        given = masses if kept.all() else masses[kept]
        object.__setattr__(self, "given", given)
        object.__setattr__(self, "masses", given / total)

    def __len__(self) -> int:
        return len(self.points)

    @property
    def dimension(self) -> int:
        """Coordinates of a point."""
        return int(self.points.shape[1])

    def thin(self, most: int) -> "Samples":
        """Return at most so many samples, by systematic sampling of the masses in their order.

        Each has the same mass then; the same samples are drawn each time.
        """
        if len(self) <= most:
            return self
        ends = np.cumsum(self.masses)
        chosen = np.searchsorted(ends, (np.arange(most) + 0.5) / most * ends[-1])
        return Samples(self.points[chosen], np.ones(most))
