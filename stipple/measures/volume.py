"""A volume as a probability density: constant on each voxel, zero where voxels are empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from stipple.arguments import read_pixels
from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.machine.compiled import compile_loop
from stipple.measures.continued import Continued, Pads

# Voxels along z of which moments are added up from their common lower end.
BLOCK = 16
# Lengths of a voxel whose powers are far from the ends of double precision.
SHORTEST, LONGEST = 1e-30, 1e30


@dataclass(frozen=True, eq=False)
class VolumeDensity:
    """A piecewise-constant density on a box, by voxels that need not be cubes.

    Voxel (slice k, row j, column i) is [i, i+1]·spacing[0] × [j, j+1]·spacing[1] ×
    [k, k+1]·spacing[2]: x runs along columns, y along rows, z along slices.

    Parameters
    ----------
    values : array_like, shape (slices, rows, columns)
        What each voxel holds per volume, not negative, on any scale; masked voxels hold nothing.
    spacing : sequence of 3 floats
        Width, height and depth of a voxel, along x, y and z, in any unit of length.

    Raises
    ------
    StippleError
        If the values are no three axes of finite numbers ≥ 0, or are zero everywhere, or if the
        spacing is not three positive numbers, none beyond 1e30 or below 1e-30.

    Examples
    --------
    >>> import numpy, stipple
    >>> stipple.VolumeDensity(numpy.ones((2, 3, 4)), (1, 1, 2.5))
    VolumeDensity(4 × 3 × 2 voxels of 1 × 1 × 2.5)
    """

    values: Floats
    spacing: Floats

    def __init__(self, values: ArrayLike, spacing: Sequence[float] = (1.0, 1.0, 1.0)) -> None:
        with np.errstate(over="ignore"):  # what overflows float64 is refused as infinite
            array = np.array(read_pixels(values, "volume"), dtype=np.float64)
        if array.ndim != 3 or array.size == 0:
            raise StippleError(
                "A volume needs three axes (slices, rows, columns), but the array has shape"
                f" {array.shape}."
            )
        missing = int(np.count_nonzero(~np.isfinite(array)))
        if missing:
            verb = "is" if missing == 1 else "are"
            raise StippleError(
                f"Of the volume's {array.size:,} voxels {missing:,} {verb} not finite:"
                " replace NaN and infinite values, by 0 where nothing is to be placed."
            )
        if array.min() < 0:
            raise StippleError(
                f"The volume has negative values (least {array.min():g}): a density needs values of"
                " 0 or more."
            )
        if array.max() == 0:
            raise StippleError("The volume is zero everywhere: there is nothing to divide.")
        array /= array.max()
        array.flags.writeable = False
        object.__setattr__(self, "values", array)
        object.__setattr__(self, "spacing", read_spacing(spacing))

    def __repr__(self) -> str:
        shape = " × ".join(map(str, self.values.shape[::-1]))
        return f"VolumeDensity({shape} voxels of {' × '.join(f'{s:g}' for s in self.spacing)})"

    @property
    def size(self) -> Floats:
        """Sides of the box along x, y and z, shape (3,)."""
        sides: Floats = self.spacing * np.array(self.values.shape[::-1])
        return sides

    @cached_property
    def densities(self) -> Floats:
        """ρ of each voxel, with integral 1, shape (slices, rows, columns)."""
        return self.values / (float(self.values.sum()) * float(self.spacing.prod()))

    @cached_property
    def support_volume(self) -> float:
        """Volume A of {ρ > 0}."""
        return int(np.count_nonzero(self.values)) * float(self.spacing.prod())

    @cached_property
    def zador_integral(self) -> float:
        """∫ρ^(1/3): A^(2/3) for a density that is constant on its support, and less for others.

        Cells of n equal masses have volumes 1/(n·ρ), so that the least W2² of many points is
        the constant of the best lattice times this over n^(2/3) (Zador, 1982).
        """
        return float(np.cbrt(self.densities).sum()) * float(self.spacing.prod())

    @cached_property
    def columns(self) -> Floats:
        """ρ of each voxel, and moments of ρ along z below it, shape (rows, columns, slices, 4).

        The moments ∫ρ, ∫tρ and ∫t²ρ dt begin at the lower end of each block of voxels, from which
        t is counted in voxels: no large numbers are subtracted later.
        """
        return _sum_columns(self.densities)

    @cached_property
    def continued(self) -> Continued[Voxels]:
        """The density continued periodically beyond its box."""

        def build(pads: Pads) -> Voxels:
            return Voxels(_sum_columns(np.pad(self.densities, pads, mode="wrap")), self.spacing)

        return Continued(self.values.shape, self.spacing, build)


class Voxels(NamedTuple):
    """Voxels as integrals need them: as `VolumeDensity.columns` and `VolumeDensity.spacing`."""

    columns: Floats
    spacing: Floats


def read_spacing(spacing: Sequence[float]) -> Floats:
    """Read three positive lengths of a voxel, along x, y and z, shape (3,)."""
    try:
        lengths = np.array([float(length) for length in spacing])
    except (TypeError, ValueError, OverflowError):
        lengths = np.empty(0)
    if lengths.shape != (3,) or not ((lengths >= SHORTEST) & (lengths <= LONGEST)).all():
        raise StippleError(
            "The spacing must be three positive lengths, of a voxel along x, y and z, such as"
            f" 1,1,2.5, in a unit in which they are from {SHORTEST:g} to {LONGEST:g}."
        )
    return lengths


@compile_loop
def _sum_columns(densities: Floats) -> Floats:
    slices, rows, columns = densities.shape
    sums = np.empty((rows, columns, slices, 4))
    for j in range(rows):
        for i in range(columns):
            zeroth = first = second = 0.0
            for k in range(slices):
                t = k % BLOCK
                if t == 0:
                    zeroth = first = second = 0.0
                density = densities[k, j, i]
                entry = sums[j, i, k]
                entry[0], entry[1], entry[2], entry[3] = density, zeroth, first, second
                zeroth += density
                first += density * (t + 0.5)
                second += density * (t * (t + 1) + 1 / 3)
    return sums
