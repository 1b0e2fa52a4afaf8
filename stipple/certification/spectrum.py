"""Spectrum of points beside that of their density: what differs, wave by wave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats
from stipple.geometry.regularity import FEWEST, HIGHEST, LOWEST, Waves, transform_points
from stipple.measures.density import Density

# Bins of the radial spectrum, up to HIGHEST times 1/spacing.
BINS = 48


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Power of the difference between weighted points and their density.

    The power of a frequency f is |Σ ν_i exp(−2πi f·y_i) − ∫ exp(−2πi f·x) dρ|²/Σν²: 1 on average
    for points at random from the density, and N for a lattice.

    Attributes
    ----------
    across, down : ndarray, shapes (1, k) and (h, 1)
        Components of f in parts of 1/spacing, the spacing being that of a square lattice of as many
        points; those across from zero on, for the power is the same on the other side.
    power : ndarray, shape (h, k)
    low_frequency_energy : float or None
        Mean power of the frequencies below half of 1/spacing; None where there are none.
    """

    across: Floats
    down: Floats
    power: Floats
    low_frequency_energy: float | None

    def average_radially(self) -> tuple[Floats, Floats]:
        """Mean power of rings of frequencies: their radii, and the means, of rings with some."""
        frequency = np.hypot(self.across, self.down)
        ring = (frequency * (BINS / HIGHEST)).astype(np.int64).ravel()
        seen = (ring < BINS) & (frequency.ravel() > 0)
        counts = np.bincount(ring[seen], minlength=BINS)
        sums = np.bincount(ring[seen], self.power.ravel()[seen], BINS).astype(np.float64)
        some = np.flatnonzero(counts)
        radii = (some + 0.5).astype(np.float64) * (HIGHEST / BINS)
        means: Floats = sums[some] / counts[some]
        return radii, means


def measure_spectrum(density: Density, points: Floats, masses: Floats) -> Spectrum | None:
    """Compare the waves of points with those of their density; None for very few points.

    Parameters
    ----------
    density : Density
        ρ.
    points : ndarray, shape (n, 2)
        In pixels.
    masses : ndarray, shape (n,)
        ν, with sum 1.
    """
    if len(points) < FEWEST:
        return None
    squares = float((masses**2).sum())
    spacing = float(np.sqrt(density.support_area * squares))
    waves = transform_points(points, masses, density.width, density.height, spacing)
    power = np.abs(waves.amplitudes - _transform_density(density, waves)) ** 2 / squares
    across, down = spacing * waves.across, spacing * waves.down
    frequency = np.hypot(across, down)
    low = (frequency > 0) & (frequency <= LOWEST) & ((across > 0) | (down > 0))
    energy = float(power[low].mean()) if low.any() else None
    return Spectrum(across, down, power, energy)


def _transform_density(density: Density, waves: Waves) -> NDArray[np.complex128]:
    """Amplitudes of the density at the same frequencies, exactly those of its pixels."""
    across = np.rint(waves.across * density.width).astype(np.int64)
    down = np.rint(waves.down * density.height).astype(np.int64)
    whole = np.fft.fft2(density.row_sums.pixels[:, :, 3])
    amplitudes: NDArray[np.complex128] = whole[down % density.height, across % density.width]
    # From the corner of each pixel to all of it.
    for waves_along in (waves.across, waves.down):
        amplitudes = amplitudes * np.sinc(waves_along) * np.exp(-1j * np.pi * waves_along)
    return amplitudes
