"""Two images as exact masses of one common total."""

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stipple.arrays import Floats
from stipple.border import read_pixels
from stipple.errors import StippleError

Units: TypeAlias = NDArray[Any]
"""Exact integers: int64 where every sum of them fits, Python integers otherwise."""

LARGEST_TOTAL = 2**60


@dataclass(frozen=True, eq=False)
class MassPair:
    """Two images of equal mass on pixel centres, exactly.

    Attributes
    ----------
    source_units, target_units : ndarray, shape (h, w)
        Integers with the same sum `total`: int64 up to a total of 2⁶⁰, Python integers beyond.
    total : int
        Units in either image.
    normalised : bool
        Whether the sums of the images differed and were brought to one.
    source, target : ndarray, shape (h, w)
        The same masses as fractions, sum 1 up to rounding: for solvers, not for proofs.
    """

    source_units: Units
    target_units: Units
    total: int
    normalised: bool
    source: Floats
    target: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.source.shape
        return rows, columns


def pair_masses(a: ArrayLike, b: ArrayLike) -> MassPair:
    """Bring two images to one common total mass, in exact arithmetic.

    Floating-point numbers are integers times a power of two, so nothing is rounded: images with
    different sums are multiplied crosswise.

    Parameters
    ----------
    a, b : array_like, shape (h, w)
        Masses ≥ 0 in any scale, of any integer type or at most double precision.

    Raises
    ------
    StippleError
        For anything but two finite images ≥ 0 of the same shape, each with some mass.
    """
    images = [_check_image(values, name) for values, name in ((a, "first"), (b, "second"))]
    if images[0].shape != images[1].shape:
        first, second = (" × ".join(map(str, image.shape)) for image in images)
        raise StippleError(
            f"The images have {first} and {second} pixels: scale them to the same size first."
        )
    units, exponents, sums = [], [], []
    for image in images:
        integers, exponent = split_dyadic(image)
        divisor = int(np.gcd.reduce(integers, axis=None))
        units.append(integers // divisor)
        sums.append(sum_exactly(units[-1]))
        # The mass of the image is this odd integer times a power of two.
        twos = divisor * sums[-1]
        shift = (twos & -twos).bit_length() - 1
        exponents.append((twos >> shift, exponent + shift))
    total = math.lcm(*sums)
    source, target = (
        _multiply(image, total // mass, total) for image, mass in zip(units, sums, strict=True)
    )
    return MassPair(
        source,
        target,
        total,
        exponents[0] != exponents[1],
        (source / total).astype(float),
        (target / total).astype(float),
    )


def split_dyadic(values: NDArray[Any]) -> tuple[Units, int]:
    """Write finite numbers as integers times one power of two: values = integers · 2^exponent.

    Returns
    -------
    integers : ndarray
        int64 where the sum of their magnitudes stays within 2⁶⁰, Python integers otherwise.
    exponent : int
    """
    if values.dtype.kind != "f":
        return _narrow(values), 0
    mantissas, exponents = np.frexp(values)
    whole = np.ldexp(mantissas, 53).astype(np.int64)
    shifts = exponents.astype(np.int64) - 53
    # Strip trailing zeros, so that round numbers stay small.
    zeros = np.where(whole == 0, 0, np.frexp((whole & -whole).astype(float))[1] - 1)
    whole >>= zeros
    shifts += zeros
    if not whole.any():
        return whole, 0
    lowest = int(shifts[whole != 0].min())
    shifts = np.where(whole == 0, 0, shifts - lowest)
    return _narrow(whole.astype(object) << shifts.astype(object)), lowest


def sum_exactly(units: Units) -> int:
    """Sum of exact integers."""
    return int(units.sum())


def multiply_exactly(a: Units, b: Units) -> int:
    """Σ a·b in Python integers."""
    return int(np.dot(a.ravel().astype(object), b.ravel().astype(object)))


def _check_image(values: ArrayLike, name: str) -> NDArray[Any]:
    image = read_pixels(values, f"{name} image")
    if image.ndim != 2 or image.size == 0:
        raise StippleError(
            f"The {name} image has the shape {image.shape}: give an array of rows and columns."
        )
    if image.dtype.itemsize > 8:
        raise StippleError(
            f"The {name} image has the type {image.dtype}: give integers or floating-point"
            " numbers of at most 64 bits."
        )
    if image.dtype.kind == "b":
        image = image.astype(np.uint8)
    if image.dtype.kind == "f":
        image = image.astype(float, copy=False)
    wrong = ~(np.isfinite(image) & (image >= 0))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise StippleError(
            f"The {name} image holds {image[row, column]} in row {row + 1}, column {column + 1}:"
            " masses must be finite and not negative."
        )
    if not image.any():
        raise StippleError(f"The {name} image has no mass: there is nothing to transport.")
    return image


def _narrow(integers: NDArray[Any]) -> Units:
    """Int64 if the sum of magnitudes fits in 60 bits, Python integers otherwise."""
    largest = max(int(integers.max()), -int(integers.min()))
    if largest * integers.size <= LARGEST_TOTAL:
        return integers.astype(np.int64)
    integers = integers.astype(object)
    fits = int(abs(integers).sum()) <= LARGEST_TOTAL
    return integers.astype(np.int64) if fits else integers


def _multiply(units: Units, factor: int, total: int) -> Units:
    if total <= LARGEST_TOTAL:
        return np.asarray(units.astype(np.int64) * factor)
    return np.asarray(units.astype(object) * factor)
