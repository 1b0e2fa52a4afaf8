"""What is known of points that stand for a density: figures with their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from stipple.arrays import Floats
from stipple.certification.spectrum import Spectrum
from stipple.drawing.drawable import Savable
from stipple.drawing.formats import PLOT_FORMATS
from stipple.drawing.layout import Layout
from stipple.geometry.power_cells import PowerCells
from stipple.measures.formula import Domain
from stipple.transport.quantisation import HEXAGONAL_QUALITY

# Figures in a table, in this order.
COLUMNS = (
    "coinciding",
    "w2_squared",
    "w2_squared_lower",
    "w2_squared_upper",
    "w_infinity_lower",
    "w_infinity_upper",
    "quality",
    "quality_hexagonal",
    "l2_star_discrepancy",
    "least_distance",
    "mean_distance",
    "hexagonal_distance",
    "largest_power",
    "low_frequency_energy",
    "six_neighboured",
    "mass_error",
    "converged",
    "support_area",
)


@dataclass(frozen=True, eq=False)
class PointsCertificate(Savable):
    """How well points stand for a density.

    Lengths are in the unit of the points: pixels, if the density is an image.

    Attributes
    ----------
    points : ndarray, shape (n, 2)
        As they were given.
    masses : ndarray, shape (n,)
        Mass of each point, ν, with sum 1.
    coinciding : int
        How many points lie where an earlier one does; together they are one of their mass.
    w2_squared, w2_squared_lower, w2_squared_upper : float
        Squared Wasserstein distance W2² to the density, and its certified bounds.
    w_infinity_lower, w_infinity_upper : float
        Certified bounds of W∞, how far mass must go at the least.
    quality : float
        N·W2²/A, A the area of {density > 0}, the lower the better; `HEXAGONAL_QUALITY` in the
        limit of many points. Of points of unequal masses N is 1/Σν².
    l2_star_discrepancy : float or None
        Root mean square, over all boxes with the corner of the least coordinates, of the part of
        the points in a box less its area, the rectangle being scaled to the unit square (Warnock
        1972); only to the uniform density, for equal masses and up to 10,000 points.
    hexagonal_distance : float
        What it is in a hexagonal lattice of as many points on an area A: √(2A/(√3·n)).
    largest_power : float
        Largest power of a wave, N for a lattice and about ln N for points at random.
    low_frequency_energy : float or None
        Mean power of the waves longer than twice the spacing of a square lattice that the density
        does not have: 1 for points at random, near 0 for points that keep apart; None where the
        points are too few for such waves.
    six_neighboured : float
        Part of the cells, off the border, with six neighbours: 1 for hexagons.
    mass_error : float
        Largest relative error of a cell's mass.
    converged : bool
        Whether the transport was solved well; the bounds hold either way.
    support_area : float
        A.
    domain : Domain
        The density, and how its pixels lie.
    cells : PowerCells
        Power cells of the distinct points, in pixels.
    spectrum : Spectrum or None
        The waves; None for very few points.

    Examples
    --------
    >>> import stipple
    >>> stipple.certify([[0.5, 0.5]])  # doctest: +ELLIPSIS
    PointsCertificate(1 point, W2² in [0.16666..., 0.16666...], W∞ in [0.70710..., 0.70710...])
    """

    points: Floats
    masses: Floats
    coinciding: int
    w2_squared: float
    w2_squared_lower: float
    w2_squared_upper: float
    w_infinity_lower: float
    w_infinity_upper: float
    quality: float
    l2_star_discrepancy: float | None
    hexagonal_distance: float
    largest_power: float
    low_frequency_energy: float | None
    six_neighboured: float
    mass_error: float
    converged: bool
    support_area: float
    domain: Domain
    cells: PowerCells
    spectrum: Spectrum | None

    def __repr__(self) -> str:
        count = len(self.points)
        return (
            f"PointsCertificate({count:,} point{'s' * (count != 1)}, W2² in"
            f" [{self.w2_squared_lower!r}, {self.w2_squared_upper!r}], W∞ in"
            f" [{self.w_infinity_lower!r}, {self.w_infinity_upper!r}])"
        )

    FORMATS: ClassVar[tuple[str, ...]] = PLOT_FORMATS

    def render(self, form: str, layout: Layout) -> bytes:
        """Draw the points, their cells, distances and spectrum on a page of its own."""
        from stipple.certification.page import render_page

        count = len(self.points)
        title = f"{count:,} point{'s' * (count != 1)}"
        return render_page(self, title, form, layout.dpi)

    def render_csv(self) -> bytes:
        """Write the figures, in one row."""
        from stipple.files.tables import render_table_csv

        return render_table_csv([self.list_figures()])

    def list_figures(self) -> dict[str, Any]:
        """List the figures by their names."""
        figures = {name: getattr(self, name) for name in COLUMNS}
        return {"points": len(self.points), **figures}

    @property
    def has_equal_masses(self) -> bool:
        """Whether all masses are equal."""
        return bool(self.masses.min() == self.masses.max())

    @property
    def quality_hexagonal(self) -> float:
        """The limit of `quality` for the best many points, no bound: 5/(18·√3) = 0.160375."""
        return HEXAGONAL_QUALITY

    @cached_property
    def nearest_distances(self) -> Floats:
        """Distance from each point to the nearest other one, shape (n,); infinite if there is none.

        In the unit of the points.
        """
        from scipy.spatial import cKDTree

        distances = cKDTree(self.points).query(self.points, k=[2])[0][:, 0]
        return np.asarray(distances, dtype=np.float64)

    @property
    def least_distance(self) -> float | None:
        """The least of `nearest_distances`; None for a single point."""
        return float(self.nearest_distances.min()) if len(self.points) > 1 else None

    @property
    def mean_distance(self) -> float | None:
        """The mean of `nearest_distances`; None for a single point."""
        return float(self.nearest_distances.mean()) if len(self.points) > 1 else None
