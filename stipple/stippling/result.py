"""The result of a stippling: points, dots, and the evidence of how good they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.choices import Method
from stipple.drawing.drawable import Drawable
from stipple.drawing.layout import BLACK, Layout, lay_out
from stipple.geometry.periodic_cells import wrap_cells
from stipple.geometry.power_cells import PowerCells
from stipple.geometry.regularity import Regularity, measure_regularity
from stipple.geometry.torus import copy_points, wrap
from stipple.measures.density import Density
from stipple.stippling.dots import Dots
from stipple.transport.quantisation import HEXAGONAL_QUALITY, Quantisation
from stipple.transport.semi_discrete import TransportSolver
from stipple.transport.sizes import measure_radius
from stipple.version import __version__

if TYPE_CHECKING:
    from stipple.drawing.marks import Drawing


@dataclass(frozen=True, eq=False)
class Stippling(Drawable):
    """Points that stipple a density, and the evidence of how well.

    Attributes
    ----------
    points : ndarray, shape (n, 2)
        x right and y down, in pixels; the centre of the top left pixel is (0.5, 0.5).
    weights : ndarray, shape (n,)
        Mass of each point's power cell; 1/n, or the mass given, up to `mass_error`.
    radius : float
        Radius, in pixels, of equal dots whose total area is the total darkness.
    radii : ndarray, shape (n,)
        Radius, in pixels, of the dot of each point: so that it covers as much of its power cell as
        there is darkness in it. All are `radius` where sizes do not vary and no dot leaves its
        cell; where dots touch they are larger, so that their union keeps the tone.
    w2_squared, w2_squared_lower, w2_squared_upper : float
        Squared Wasserstein distance to the density in square pixels, and its certified bounds.
    quality : float
        n·W2²/A, A the area of {density > 0}, the lower the better; `HEXAGONAL_QUALITY` in the
        limit of many points. Of points of given masses ν, with sum 1, n is 1/Σν² here: as many
        equal ones would have hexagonal cells of the same mean cost.
    mass_error : float
        Largest relative error of a cell's mass.
    converged : bool
        Whether the last transport solve met its tolerance.
    iterations : int
        Steps taken.
    settled : bool
        Whether the steps ended because the tolerance was met, at points that small perturbations
        do not better either.
    strays : int
        How many points were moved off white after that; figures are those of the points as they
        are.
    saddle : bool
        Whether the points are critical, but no minimum: steps towards the barycentres end, and yet
        a small perturbation lowers W2². Only starts other than the bisection are left there.
    reached : bool
        Whether the steps ended because the quality asked for was reached.
    support_area : int
        A, in square pixels.
    diagrams, newton_iterations : int
        Power diagrams computed, and linear systems solved.
    cells : PowerCells
        The power cells, for drawing; those of a periodic picture are whole, and reach beyond it.
    seconds : dict
        Time by stage.
    method, engine : str
        As used; the engine is the one that is asked for neighbours where no search finds them.
    seed : int
        Seed of all that was random.
    version : str
        Version of this package.
    ids : ndarray of int, shape (n,), or None
        In a film the numbers of the dots, from 1, by which they are known in every frame.

    Examples
    --------
    >>> import numpy, stipple
    >>> stipple.stipple(numpy.ones((8, 8)), 1)  # doctest: +ELLIPSIS
    Stippling(1 point, W2² = 10.666..., quality 0.166..., settled)
    """

    points: Floats
    weights: Floats
    radius: float
    radii: Floats
    w2_squared: float
    w2_squared_lower: float
    w2_squared_upper: float
    quality: float
    mass_error: float
    converged: bool
    iterations: int
    settled: bool
    strays: int
    saddle: bool
    reached: bool
    support_area: int
    diagrams: int
    newton_iterations: int
    cells: PowerCells
    seconds: dict[str, float]
    method: Method
    engine: str
    seed: int
    version: str
    ids: Integers | None = None

    def __repr__(self) -> str:
        count = len(self.points)
        return (
            f"Stippling({count:,} point{'s' * (count != 1)}, W2² = {self.w2_squared:.7g}, quality"
            f" {self.quality:.5f}, {'settled' if self.settled else 'not settled'})"
        )

    @property
    def periodic(self) -> bool:
        """Whether opposite sides of the picture are one."""
        return self.cells.laps is not None

    def place_dots(self) -> tuple[Floats, Floats]:
        """Places, shape (m, 2), and radii of the dots that are drawn, in pixels.

        Those that cross a side of a periodic picture are there again beyond the opposite one.
        """
        if not self.periodic:
            return self.points, self.radii
        size = np.array([self.cells.width, self.cells.height])
        copies = copy_points(wrap(self.points, size), size, np.full(2, self.radii.max()))
        radii = self.radii[copies.owners]
        beyond = np.maximum(-copies.places, copies.places - size).max(axis=1)
        seen = beyond < radii
        seen[: len(self.points)] = True
        return copies.places[seen], radii[seen]

    @property
    def quality_hexagonal(self) -> float:
        """The limit of `quality` for the best many points, no bound: 5/(18·√3) = 0.160375."""
        return HEXAGONAL_QUALITY

    @cached_property
    def regularity(self) -> Regularity:
        """How regular the points are: the largest power of a wave, and how many have six sides."""
        return measure_regularity(self.points, self.cells, self.support_area)

    def draw(self, layout: Layout) -> Drawing:
        """Compose dots that keep the tone."""
        from stipple.measures.inks import Ink
        from stipple.stippling.compose import compose_drawing
        from stipple.stippling.pens import InkedStippling

        inked = InkedStippling(Ink("black", layout.ink or BLACK), self)
        shape = int(self.cells.height), int(self.cells.width)
        reach = layout.find_reach(float(self.radii.max()))
        return compose_drawing([inked], *lay_out(layout, shape, reach=reach, tile=self.periodic))

    def _count_dots(self) -> int:
        return len(self.points)

    def render_csv(self) -> bytes:
        """Write x, y, mass and radius of each point, in pixels, and in a film its id."""
        from stipple.files.tables import render_points_csv

        return render_points_csv(self.points, self.weights, self.radii, ids=self.ids)

    def reorder(self, order: Integers) -> Stippling:
        """Return the same stippling with its points (not its cells) listed in another order."""
        return replace(
            self,
            points=self.points[order],
            weights=self.weights[order],
            radii=self.radii[order],
            ids=None if self.ids is None else self.ids[order],
        )


def describe_quantisation(
    density: Density,
    solver: TransportSolver,
    result: Quantisation,
    dots: Dots,
    *,
    method: Method,
    seed: int,
    seconds: dict[str, float],
) -> Stippling:
    """Collect the figures of a result whose points have become dots."""
    transport = solver.narrow(dots.transport) if result.iterations else dots.transport
    cells = wrap_cells(transport.diagram.cells)
    count = len(cells.points)
    lower, upper = transport.interval.lower, transport.interval.upper
    # The dual of a transport that is not solved may be less than what is proved of W2².
    w2_squared = min(max(transport.w2_squared, lower), upper)
    return Stippling(
        points=cells.points,
        weights=transport.masses,
        radius=measure_radius(density, count),
        radii=dots.radii,
        w2_squared=w2_squared,
        w2_squared_lower=lower,
        w2_squared_upper=upper,
        quality=solver.count_equal(count) * w2_squared / density.support_area,
        mass_error=transport.mass_error,
        converged=transport.converged,
        iterations=result.iterations,
        settled=result.settled,
        strays=dots.strays,
        saddle=result.saddle,
        reached=result.reached,
        support_area=density.support_area,
        diagrams=solver.diagrams,
        newton_iterations=solver.newton_iterations,
        cells=cells,
        seconds=seconds,
        method=method,
        engine=solver.engine,
        seed=seed,
        version=__version__,
    )
