"""Densities written as formulas: uniform and Gaussian mixtures on a box or a disc."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.measures.density import Density
from stipple.measures.units import SLACK, Units

# Cubes of lengths, and squares of their inverses, are still numbers.
LARGEST_SIDE = 1e100
# Sides may be off whole numbers of pixels by this part, as by rounding of what was typed.
ROUNDING = 1e-9
# A disc is cut out of pixels split this many times along each axis.
SUBDIVISION = 8

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_NUMBERS = rf"({_NUMBER}(?:/{_NUMBER}){{0,2}})"
_TERM = re.compile(rf"(?:({_NUMBER})\*)?(?:(uniform)|gaussian:{_NUMBERS},{_NUMBERS})")


@dataclass(frozen=True)
class Term:
    """One part of a mixture: uniform if `sigma` is None, else a Gaussian.

    `mean` and `sigma` (standard deviations) hold a number for each axis, or one for all, in units
    of the domain.
    """

    weight: float
    mean: tuple[float, ...] = (0.0,)
    sigma: tuple[float, ...] | None = None

    def measure_intervals(self, edges: Floats, axis: int) -> Floats:
        """Mass of the factor along an axis between consecutive edges, shape (len(edges) - 1,)."""
        if self.sigma is None:
            widths: Floats = np.diff(edges) / (edges[-1] - edges[0])
            return widths
        mean, sigma = (
            numbers[axis] if len(numbers) > 1 else numbers[0] for numbers in (self.mean, self.sigma)
        )
        masses: Floats = np.diff(erf((edges - mean) / (np.sqrt(2) * sigma))) / 2
        return masses


def check_axes(terms: Sequence[Term], dimension: int) -> None:
    """Refuse numbers for another number of axes than there are.

    Raises
    ------
    StippleError
        If a mean or σ has neither one number nor one for each axis.
    """
    for term in terms:
        for numbers in (term.mean, term.sigma or (1.0,)):
            if len(numbers) not in (1, dimension):
                raise StippleError(
                    f"{'/'.join(f'{number:g}' for number in numbers)} is for {len(numbers)} axes,"
                    f" and there are {dimension}: give one number for all, or one for each."
                )


@dataclass(frozen=True)
class Region:
    """A box [x0, x1] × [y0, y1], or the disc inscribed in it."""

    x0: float = 0.0
    y0: float = 0.0
    x1: float = 1.0
    y1: float = 1.0
    round: bool = False

    def __post_init__(self) -> None:
        sides = (self.x1 - self.x0, self.y1 - self.y0)
        name = f"The domain [{self.x0:g}, {self.x1:g}] × [{self.y0:g}, {self.y1:g}]"
        if not (np.isfinite(sides).all() and min(sides) > 0):
            raise StippleError(f"{name} has no area.")
        if not 1 / LARGEST_SIDE <= max(sides) <= LARGEST_SIDE:
            raise StippleError(
                f"{name} is beyond floating-point numbers: give sides from {1 / LARGEST_SIDE:g} to"
                f" {LARGEST_SIDE:g}."
            )


@dataclass(frozen=True, eq=False)
class Domain(Units):
    """A density on pixels together with the coordinates that it stands for.

    Attributes
    ----------
    density : Density
        The density, in pixels.
    origin : tuple of float
        Coordinates of the top left corner of the first pixel.
    unit : float
        Side of a pixel in the units of the domain.
    rasterisation : float
        W2 between the formula and its pixels is at most this, in the units of the domain; 0 for
        an image. A disc counts as cut out of parts of pixels.
    is_disc : bool
        Whether there is density only on the disc inscribed in the rectangle of pixels.
    """

    density: Density
    origin: tuple[float, float] = (0.0, 0.0)
    unit: float = 1.0
    rasterisation: float = 0.0
    is_disc: bool = False

    @classmethod
    def from_image(cls, density: Density) -> "Domain":
        """Give an image the units in which its longer side is 1."""
        return cls(density, unit=1 / max(density.width, density.height))

    @property
    def size(self) -> Floats:
        """Width and height in pixels, shape (2,)."""
        return self.density.size


def parse_density(text: str) -> tuple[Term, ...]:
    """Read a mixture such as `0.3*gaussian:0.2,0.1+0.7*gaussian:0.7/0.6,0.2` or `uniform`.

    MEAN and SIGMA are one number for all axes, or X/Y, or X/Y/Z in space.

    Raises
    ------
    StippleError
        If the text is not such a mixture.
    """
    terms = []
    for part in re.split(r"(?<![e(,/*:])\+", text.replace(" ", "").lower()):
        match = _TERM.fullmatch(part)
        if not match:
            raise StippleError(
                f"{text!r} is not a density: known are uniform and gaussian:MEAN,SIGMA (each one"
                " number, or X/Y, or X/Y/Z in space), with weights and sums, as in"
                " 0.3*gaussian:0.2,0.1+0.7*gaussian:0.7/0.6,0.2."
            )
        weight, uniform, *numbers = match.groups()
        amount = float(weight or 1)
        if amount <= 0:
            raise StippleError(f"The weight {weight} in {text!r} must be above zero.")
        if uniform:
            terms.append(Term(amount))
            continue
        mean, sigma = (tuple(map(float, part.split("/"))) for part in numbers)
        if min(sigma) <= 0:
            raise StippleError(f"SIGMA in {text!r} must be above zero.")
        terms.append(Term(amount, mean, sigma))
    return tuple(terms)


def rasterise_density(terms: tuple[Term, ...], region: Region, pixels: int) -> Domain:
    """Integrate a mixture over square pixels, exactly for boxes.

    Each term is a probability density on the whole plane (uniform: on the region), cut to the
    region; the sum is scaled to mass 1.

    Parameters
    ----------
    terms : tuple of Term
        The mixture.
    region : Region
        Where it lives. Its sides must be whole multiples of the pixel along the longer side.
    pixels : int
        Pixels along the longer side.

    Returns
    -------
    Domain
        Pixels hold the masses of the formula, so W2 to it is at most the diameter of a pixel.
    """
    check_axes(terms, 2)
    width, height = region.x1 - region.x0, region.y1 - region.y0
    unit = max(width, height) / pixels
    columns, rows = round(width / unit), round(height / unit)
    if max(abs(columns * unit / width - 1), abs(rows * unit / height - 1)) > ROUNDING:
        raise StippleError(
            f"{pixels} square pixels along the longer side do not fill a box of {width:g} ×"
            f" {height:g}: choose another number."
        )
    fine = SUBDIVISION if region.round else 1
    x = np.linspace(region.x0, region.x1, columns * fine + 1)
    y = np.linspace(region.y0, region.y1, rows * fine + 1)
    masses = np.zeros((rows * fine, columns * fine))
    for term in terms:
        across, down = term.measure_intervals(x, 0), term.measure_intervals(y, 1)
        masses += term.weight * down[:, None] * across
    if region.round:
        u = (x[:-1] + x[1:] - region.x0 - region.x1) / width
        v = (y[:-1] + y[1:] - region.y0 - region.y1) / height
        masses[u**2 + v[:, None] ** 2 > 1] = 0
        masses = masses.reshape(rows, fine, columns, fine).sum(axis=(1, 3))
    exact = len(terms) == 1 and terms[0].sigma is None and not region.round
    return Domain(
        Density(masses),
        (region.x0, region.y0),
        unit,
        0.0 if exact else math.sqrt(2) * unit * (1 + SLACK),
        region.round,
    )
