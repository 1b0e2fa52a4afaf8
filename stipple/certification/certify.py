"""Anybody's points judged: their distances to a density, and how evenly they are spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from stipple.arguments import read_masses, read_number, read_points, read_threads
from stipple.arrays import Floats, ImageLike, PointsLike
from stipple.certification.certificate import PointsCertificate
from stipple.certification.spectrum import measure_spectrum
from stipple.certification.w_infinity import bound_w_infinity
from stipple.choices import NeighbourEngine
from stipple.errors import StippleError
from stipple.geometry.discrepancy import measure_discrepancy
from stipple.geometry.regularity import measure_regularity
from stipple.interval import Interval
from stipple.machine.rounding import UNIT_ROUNDING, take_root
from stipple.measures.density import Density
from stipple.measures.formula import ROUNDING, Domain, Region, Term, rasterise_density
from stipple.transport.quantisation import quantise
from stipple.transport.semi_discrete import Transport, TransportSolver

# Sides of boxes are in the ratio of whole numbers up to this.
LARGEST_RATIO = 1000
UNIT_SQUARE = (0.0, 0.0, 1.0, 1.0)


def certify(
    points: PointsLike,
    density: ImageLike | Density | None = None,
    *,
    box: Sequence[float] = UNIT_SQUARE,
    masses: ArrayLike | None = None,
    engine: NeighbourEngine = "auto",
    threads: int | None = None,
) -> PointsCertificate:
    """Judge points by how well they stand for a density, wherever they come from.

    W2 is that of the optimal transport of the density to the points as they are, from potentials
    that give each power cell the mass of its point (Kitagawa, Mérigot, Thibert, JEMS 2019).

    Parameters
    ----------
    points : array_like, shape (n, 2)
        x right and y down, in pixels of the density; or in the unit of the box.
    density : array_like, shape (h, w), or Density, optional
        Not negative, constant on each pixel; by default uniform on the box.
    box : sequence of four numbers
        x0, y0, x1, y1 of the uniform density; by default the unit square.
    masses : array_like, shape (n,), optional
        Mass of each point, relative to others; by default all are equal.
    engine : {"auto", "pysdot", "qhull"}
        Backend for neighbours of power cells; the result does not depend on it.
    threads : int, optional
        Threads for cutting and integrating cells; by default one per processor.

    Returns
    -------
    PointsCertificate

    Raises
    ------
    StippleError
        If there is no point, one is outside of the density or not finite, masses or a box make no
        sense, or points lie closer than double precision tells apart.

    Examples
    --------
    >>> import stipple
    >>> grid = [[x / 4, y / 4] for x in (1, 3) for y in (1, 3)]
    >>> certificate = stipple.certify(grid)
    >>> round(certificate.quality, 9), round(certificate.w_infinity_lower, 9)
    (0.166666667, 0.353553391)
    """
    domain = _make_box(box) if density is None else Domain(_read_density(density, box))
    corners = box if density is None else (0, 0, *_size(domain))
    places = _check_places(read_points(points, "array of points"), corners)
    weights = None if masses is None else _read_weights(masses, len(places))
    threads = read_threads(threads)
    shares = np.full(len(places), 1.0 / len(places)) if weights is None else weights
    pixels = np.clip(domain.to_grid(places), 0.0, _size(domain))
    distinct, owners = np.unique(pixels, axis=0, return_inverse=True)
    merged: Floats = np.bincount(owners.ravel(), shares, len(distinct)).astype(np.float64)
    equal = len(distinct) == len(pixels) and weights is None
    if equal:  # in their own order, which suits the memory if it was made for that
        distinct, merged = pixels, shares
    solver = TransportSolver(domain.density, engine, threads, None if equal else merged)
    solved = solver.narrow(quantise(solver, distinct, iterations=0).transport)
    return _describe(domain, places, shares, pixels, merged, solved)


def _describe(
    domain: Domain,
    points: Floats,
    masses: Floats,
    pixels: Floats,
    merged: Floats,
    transport: Transport,
) -> PointsCertificate:
    """Collect the figures, in the unit of the points."""
    cells, workers = transport.diagram.cells, transport.workers
    shift = domain.rasterisation / domain.unit
    square = _widen(domain, transport.interval, shift)
    longest = bound_w_infinity(domain.density, cells, merged, workers)
    unit, area = domain.unit, domain.density.support_area
    least = max(
        (longest.lower - shift) * unit * (1 - 2.0**-48), take_root(square.lower, 2, down=True)
    )
    value = min(max(transport.w2_squared * unit**2, square.lower), square.upper)
    spectrum = measure_spectrum(domain.density, pixels, masses)
    regularity = measure_regularity(pixels, cells, area)
    return PointsCertificate(
        points=points,
        masses=masses,
        coinciding=len(pixels) - len(merged),
        w2_squared=value,
        w2_squared_lower=square.lower,
        w2_squared_upper=square.upper,
        w_infinity_lower=least,
        w_infinity_upper=(longest.upper + shift) * unit * (1 + 2.0**-48),
        quality=value / (float((merged**2).sum()) * area * unit**2),
        l2_star_discrepancy=_measure_discrepancy(domain.density, pixels, masses),
        hexagonal_distance=unit * math.sqrt(2 * area / (math.sqrt(3) * len(points))),
        largest_power=regularity.largest_power,
        low_frequency_energy=None if spectrum is None else spectrum.low_frequency_energy,
        six_neighboured=regularity.six_neighboured,
        mass_error=transport.mass_error,
        converged=transport.converged,
        support_area=area * unit**2,
        domain=domain,
        cells=cells,
        spectrum=spectrum,
    )


def _widen(domain: Domain, square: Interval, shift: float) -> Interval:
    """Bounds of W2² in the unit of the points, if these may be off by so many pixels."""
    if shift == 0.0:
        return square
    lower = max(0.0, take_root(square.lower, 2, down=True) - shift)
    upper = take_root(square.upper, 2, down=False) + shift
    return Interval(domain.scale_down(lower**2), domain.scale_up(upper**2))


def _measure_discrepancy(density: Density, pixels: Floats, masses: Floats) -> float | None:
    flat = density.values.min() == density.values.max()
    equal = masses.min() == masses.max()
    if not (flat and equal):
        return None
    return measure_discrepancy(pixels / (density.width, density.height))


def _read_density(density: ImageLike | Density, box: Sequence[float]) -> Density:
    if tuple(box) != UNIT_SQUARE:
        raise StippleError("Give a density or a box, not both: pixels are the box of an image.")
    return density if isinstance(density, Density) else Density(density)


def _make_box(box: Sequence[float]) -> Domain:
    """Make the uniform density on a box, with as few pixels as are square.

    Its `rasterisation` is how far either distance may be off, as pixels are square but for
    rounding, and points are rounded on their way to pixels.
    """
    if len(box) != 4:
        raise StippleError(f"The box has {len(box)} numbers: give four, x0, y0, x1, y1.")
    x0, y0, x1, y1 = (read_number(value, "corner of the box", -math.inf) for value in box)
    region = Region(x0, y0, x1, y1)
    ratio = Fraction(x1 - x0) / Fraction(y1 - y0)
    simple = ratio.limit_denominator(LARGEST_RATIO)
    error = float(abs(simple / ratio - 1))
    if simple.numerator > LARGEST_RATIO or simple == 0 or error > ROUNDING / 2:
        raise StippleError(
            f"The sides of the box, {x1 - x0:g} and {y1 - y0:g}, are in no ratio of whole numbers"
            f" up to {LARGEST_RATIO:,}: give such sides, or a density as a matrix."
        )
    domain = rasterise_density((Term(1.0),), region, max(simple.numerator, simple.denominator))
    if error == 0 and domain.unit == 1 and domain.origin == (0.0, 0.0):
        return domain
    doubt = (16 * UNIT_ROUNDING + 2 * error) * domain.unit * sum(_size(domain))
    return replace(domain, rasterisation=doubt)


def _size(domain: Domain) -> tuple[int, int]:
    return domain.density.width, domain.density.height


def _read_weights(masses: ArrayLike, count: int) -> Floats:
    weights = read_masses(masses)
    if len(weights) != count:
        raise StippleError(
            f"There are {len(weights)} masses, but {count} points: give as many of either."
        )
    return weights


def _check_places(points: Floats, corners: Sequence[float]) -> Floats:
    """Refuse what are no points of the rectangle x0, y0, x1, y1."""
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise StippleError(
            f"The points have the shape {points.shape}: give at least one, as (n, 2)."
        )
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        raise StippleError(
            f"Point {int(np.argmin(finite)) + 1} of {len(points)} is not finite: leave out what is"
            " NaN or infinite."
        )
    low, high = corners[:2], corners[2:]
    outside = ~((points >= low) & (points <= high)).all(axis=1)
    if outside.any():
        first = points[outside][0]
        raise StippleError(
            f"{int(outside.sum())} of the {len(points)} points lie outside of [{low[0]:g},"
            f" {high[0]:g}] × [{low[1]:g}, {high[1]:g}], the first at ({first[0]:g},"
            f" {first[1]:g}): give points in pixels of the density, or another box."
        )
    return points
