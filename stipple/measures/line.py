"""Densities on an interval, from formulas: quantiles and moments without any grid."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.measures.formula import LARGEST_SIDE, Term

# Nodes of Gauss-Legendre on each panel: a Gaussian over half of its σ is integrated to rounding.
NODES = 16
PANEL = 0.5
# Beyond so many σ a Gaussian is below every positive number.
FARTHEST = 40.0
# Halvings of the interval after which a quantile is as near as doubles allow.
HALVINGS = 64
SQRT_2_PI = float(np.sqrt(2 * np.pi))


@dataclass(frozen=True)
class LineDensity:
    """A mixture on [start, stop], scaled to mass 1.

    Attributes
    ----------
    terms : tuple of Term
        The mixture; of means and σ the first number counts.
    start, stop : float
        Ends of the interval.

    Raises
    ------
    StippleError
        If the interval has no length, one whose square is no number, or no mass on it.
    """

    terms: tuple[Term, ...]
    start: float
    stop: float

    def __post_init__(self) -> None:
        name = f"The interval [{self.start:g}, {self.stop:g}]"
        if not 0 < self.stop - self.start < np.inf:
            raise StippleError(f"{name} has no length: give X0,X1 with X0 below X1.")
        if not 1 / LARGEST_SIDE <= self.length <= LARGEST_SIDE:
            raise StippleError(
                f"{name} is beyond floating-point numbers: give a length from {1 / LARGEST_SIDE:g}"
                f" to {LARGEST_SIDE:g}."
            )
        if not self._total > 0:
            raise StippleError(f"The density has no mass on [{self.start:g}, {self.stop:g}].")

    @property
    def length(self) -> float:
        """Length of the interval."""
        return self.stop - self.start

    @property
    def _total(self) -> float:
        return float(self._accumulate(np.array([self.stop], dtype=float))[0])

    def _accumulate(self, x: Floats) -> Floats:
        """Mass from the start to x, not scaled."""
        mass = np.zeros(x.shape)
        for term in self.terms:
            if term.sigma is None:
                mass += term.weight * (x - self.start) / self.length
                continue
            mean, sigma = term.mean[0], term.sigma[0]
            first, last = (self.start - mean) / sigma, (x - mean) / sigma
            # Right of the mean the tails are subtracted, which keeps their digits.
            below = ndtr(-first) - ndtr(-last) if first > 0 else ndtr(last) - ndtr(first)
            mass += term.weight * below
        return mass

    def _evaluate(self, x: Floats) -> Floats:
        density = np.zeros(x.shape)
        for term in self.terms:
            if term.sigma is None:
                density += term.weight / self.length
                continue
            mean, sigma = term.mean[0], term.sigma[0]
            density += term.weight * np.exp(-0.5 * ((x - mean) / sigma) ** 2) / sigma / SQRT_2_PI
        return density

    def find_quantiles(self, levels: Floats) -> Floats:
        """Find where the mass to the left is a part of the whole, for each of `levels`."""
        wanted = levels * self._total
        low = np.full(levels.shape, float(self.start))
        high = np.full(levels.shape, float(self.stop))
        for _ in range(HALVINGS):
            middle = low + (high - low) / 2
            below = self._accumulate(middle) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return high

    def integrate(self, ends: Floats) -> tuple[Floats, Floats, Floats]:
        """Masses, barycentres and variances of the intervals between increasing ends.

        Parameters
        ----------
        ends : ndarray, shape (n + 1,)
            From `start` to `stop`.

        Returns
        -------
        masses, barycentres, variances : ndarray, shape (n,)
            The mass of the whole is 1; the variance is that of an interval's part of the density.
        """
        panels = self._cut_panels(ends)
        cell = np.searchsorted(ends, panels[:-1], side="right") - 1
        middles = (ends[:-1] + ends[1:]) / 2
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        half = np.diff(panels)[:, None] / 2
        x = panels[:-1, None] + half * (1 + nodes)
        mass = half * weights * self._evaluate(x)
        away = x - middles[cell, None]
        sums = [
            np.bincount(cell, (mass * away**power).sum(axis=1), len(middles)) for power in range(3)
        ]
        shift = sums[1] / sums[0]
        return sums[0] / sums[0].sum(), middles + shift, sums[2] / sums[0] - shift**2

    def _cut_panels(self, ends: Floats) -> Floats:
        """Cut the intervals where Gaussians change, so that each piece is smooth."""
        steps = np.arange(-FARTHEST, FARTHEST + PANEL, PANEL)
        cuts = [
            term.mean[0] + term.sigma[0] * steps for term in self.terms if term.sigma is not None
        ]
        panels = np.unique(np.concatenate([ends, *cuts]))
        return panels[(panels >= self.start) & (panels <= self.stop)]
