"""A density on an interval, cut into many parts that samples stand for."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.measures.line import LineDensity
from stipple.measures.samples import Samples


@dataclass(frozen=True, eq=False)
class LineParts:
    """Parts of equal length, each with its mass at its barycentre.

    Attributes
    ----------
    density : LineDensity
        What is cut.
    samples : Samples
        Barycentres and masses, shape (n, 1) and (n,); parts without mass are left out.
    width : float
        Length of a part: W_k between the density and the samples is at most that, for any k.
    hidden : float
        W_2^2 between the density and the samples: the mean variance of a part.
    """

    density: LineDensity
    samples: Samples
    width: float
    hidden: float

    @classmethod
    def cut(cls, density: LineDensity, count: int) -> "LineParts":
        """Integrate over so many parts."""
        ends = np.linspace(density.start, density.stop, count + 1)
        if not (np.diff(ends) > 0).all():
            raise StippleError(
                f"The interval [{density.start:g}, {density.stop:g}] has less than {count:,} places"
                " in floating-point numbers: give --pixels fewer, or move the interval to 0."
            )
        with np.errstate(invalid="ignore", divide="ignore"):
            masses, barycentres, variances = density.integrate(ends)
        held = masses > 0
        places = np.clip(barycentres, ends[:-1], ends[1:])[held]
        hidden = float(masses[held] @ np.maximum(variances[held], 0))
        samples = Samples(places[:, None], masses[held])
        return cls(density, samples, float(np.diff(ends).max()), hidden)

    def measure_cost(self, atoms: Floats) -> float:
        """W_2^2 from the density to atoms, shape (m,), weighted by their cells."""
        places = np.sort(atoms)
        inner = np.clip((places[:-1] + places[1:]) / 2, self.density.start, self.density.stop)
        ends = np.concatenate(([self.density.start], inner, [self.density.stop]))
        with np.errstate(invalid="ignore", divide="ignore"):
            masses, barycentres, variances = self.density.integrate(ends)
        held = masses > 0
        squares = variances + (barycentres - places) ** 2
        return float(masses[held] @ squares[held])

    def bound_cost(self, count: int, least: float) -> float:
        """Find a number that W_2^2 from the density to no m atoms is below, but for quadrature.

        A part within one cell costs its variance more than its sample does. One in which a border
        lies, between atoms that are Δ apart, may save 2h·(Δ + 4h) of its mass, h its length; all
        these Δ add up to no more than the interval.

        Parameters
        ----------
        count : int
            m.
        least : float
            What no m atoms cost the samples less than.
        """
        heaviest = float(self.samples.masses.max())
        reach = self.density.length + 4 * (count - 1) * self.width
        saved = 2 * heaviest * self.width * reach if count > 1 else 0.0
        return max(0.0, self.hidden + least - saved)
