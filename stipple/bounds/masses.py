"""Two images as exact masses of one common total."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stipple.arguments import read_pixels
from stipple.arrays import Floats, Integers
from stipple.bounds.exact import (
    UNIT_BITS,
    Numbers,
    Units,
    count_units,
    split_numbers,
    sum_limbs,
    sum_lines,
)
from stipple.bounds.grid import AXES
from stipple.bounds.lines import LineMatch, match_in_order
from stipple.errors import StippleError
from stipple.machine.rounding import scale_exactly

# Shares of pixels that differ by less than so many roundings of the numbers given are the same:
# two of a division by the sum, two of its error, and as many for what is computed here.
FEW_ROUNDINGS = 4
# So many pixels are read before a thread has begun.
FEW_PIXELS = 2**14


@dataclass(frozen=True, eq=False)
class Image:
    """An image, exactly.

    Attributes
    ----------
    numbers : Numbers
        The pixels, shape (h, w), or the voxels of a volume, shape (d, h, w).
    lines : tuple of ndarray, shape (n, limbs)
        Sums at each place along each axis, in a unit of their own: of rows, and of columns. Whole
        numbers as in `exact.sum_lines`.
    whole : int
        The sum of the image in that unit.
    """

    numbers: Numbers
    lines: tuple[Integers, ...]
    whole: int


@dataclass(frozen=True, eq=False)
class MassPair:
    """Two images of equal mass on pixel centres, exactly.

    Attributes
    ----------
    first, second : Image
        The images as they were given, each in a unit of its own.
    total : int
        Units in either image, from 2¹¹⁸ to 2¹²⁰: a multiple of the sums of both where there is one.
    normalised : bool
        Whether the sums of the images differed and were brought to one.
    identical : bool
        Whether the images are known to be the same in spite of units that were rounded.
    similar : bool
        Whether the shares of all pixels are the same up to rounding of the numbers given.
    source, target : ndarray, shape (h, w) or (d, h, w)
        The masses as fractions, sum 1 up to rounding: for solvers, not for proofs.
    """

    first: Image
    second: Image
    total: int
    normalised: bool
    identical: bool
    similar: bool
    source: Floats
    target: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns; of volumes, slices before them."""
        return self.source.shape

    @cached_property
    def source_units(self) -> Units:
        """Masses of the first image in units, rounded down."""
        return count_units(self.first.numbers, self.first.whole, self.total)

    @cached_property
    def target_units(self) -> Units:
        """Masses of the second image in units, rounded down."""
        return count_units(self.second.numbers, self.second.whole, self.total)

    @cached_property
    def line_matches(self) -> tuple[LineMatch, ...]:
        """The best plans between the sums along each axis: of rows, and of columns."""
        wholes = self.first.whole, self.second.whole
        lines = zip(self.first.lines, self.second.lines, strict=True)
        return tuple(match_in_order(*sides, wholes) for sides in lines)


def pair_masses(
    a: ArrayLike, b: ArrayLike, names: tuple[str, str] = ("first image", "second image")
) -> MassPair:
    """Bring two images to one common total mass, in exact arithmetic.

    Floating-point numbers are integers times a power of two, so their sums are exact. A common
    total below 2¹²⁰ gives each pixel a whole number of units; where there is none, units are
    rounded down, and every bound accounts for what is lost: less than 2⁻¹¹⁷ of the mass a pixel.

    Parameters
    ----------
    a, b : array_like, shape (h, w), or (w,) for one row, or (d, h, w) for a volume
        Masses ≥ 0 in any scale, of any integer type or at most double precision.
    names : pair of str
        What messages call them.

    Raises
    ------
    StippleError
        For anything but two finite images ≥ 0 of the same shape, each with some mass.
    """
    images = [_check_image(values, name) for values, name in zip((a, b), names, strict=True)]
    if images[0].shape != images[1].shape:
        first, second = (" × ".join(map(str, image.shape)) for image in images)
        raise StippleError(
            f"The {names[0]} has {first} pixels and the {names[1]} {second}: scale them to the same"
            " size first."
        )
    with ThreadPoolExecutor(2) as pool:
        each_of = pool.map if images[0].size > FEW_PIXELS else map
        one, other = each_of(_read_exactly, images)
        source, target = each_of(_normalise, images)
    common = math.lcm(one.whole, other.whole)
    spare = UNIT_BITS - common.bit_length()
    sums = [
        scale_exactly(each.whole, each.numbers.exponent + each.numbers.spare)
        for each in (one, other)
    ]
    rounding = max(_measure_rounding(values) for values in (a, b))
    identical = _are_alike(one, other)
    differences = np.abs(source - target)
    similar = identical or bool(
        (differences <= FEW_ROUNDINGS * rounding * np.maximum(source, target)).all()
    )
    return MassPair(
        one,
        other,
        common << spare if spare >= 0 else 1 << (UNIT_BITS - 1),
        sums[0] != sums[1],
        identical,
        similar,
        source,
        target,
    )


def _check_image(values: ArrayLike, name: str) -> NDArray[Any]:
    image = read_pixels(values, name)
    if image.ndim == 1:
        image = image[np.newaxis]
    if image.ndim not in (2, AXES) or image.size == 0:
        raise StippleError(
            f"The {name} has the shape {image.shape}: give an array of rows and columns, or of"
            " slices, rows and columns."
        )
    if image.dtype.itemsize > 8:
        raise StippleError(
            f"The {name} has the type {image.dtype}: give integers or floating-point"
            " numbers of at most 64 bits."
        )
    if image.dtype.kind == "b":
        image = image.astype(np.uint8)
    if image.dtype.kind == "f":
        image = image.astype(float, copy=False)
    wrong = ~(np.isfinite(image) & (image >= 0))
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0])
        names = zip(("slice", "row", "column")[-image.ndim :], place, strict=True)
        told = ", ".join(f"{axis} {number + 1}" for axis, number in names)
        raise StippleError(
            f"The {name} holds {image[place]} in {told}: masses must be finite and not negative."
        )
    if not image.any():
        raise StippleError(f"The {name} has no mass: there is nothing to transport.")
    return image


def _read_exactly(image: NDArray[Any]) -> Image:
    numbers = split_numbers(image)
    lines = sum_lines(numbers)
    return Image(numbers, lines, sum_limbs(lines[0]))


def _are_alike(first: Image, second: Image) -> bool:
    """Whether one image is a power of two times the other."""
    lift = first.numbers.spare - second.numbers.spare
    same = first.whole == second.whole
    same = same and np.array_equal(first.numbers.mantissas, second.numbers.mantissas)
    present = first.numbers.mantissas > 0
    shifts = first.numbers.shifts - second.numbers.shifts
    return bool(same and (shifts[present] == lift).all())


def _normalise(image: NDArray[Any]) -> Floats:
    """Divide an image by its sum, up to rounding; no sum overflows."""
    scaled = image.astype(float)
    scaled /= scaled.max()
    scaled /= scaled.sum()
    return scaled


def _measure_rounding(values: ArrayLike) -> float:
    """Distance from 1 to the next number of the type of some values; 0 for integers."""
    kind = np.asarray(values).dtype
    return float(np.finfo(kind).eps) if kind.kind == "f" else 0.0
