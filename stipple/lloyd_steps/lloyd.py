"""Lloyd's algorithm as a Python call: a density in, every step with its evidence out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from stipple.arguments import read_choice, read_count, read_number, read_points, read_threads
from stipple.arrays import Floats, ImageLike, PointsLike
from stipple.choices import Method, NeighbourEngine, Start
from stipple.drawing.drawable import Drawable
from stipple.drawing.layout import BLACK, Layout, lay_out
from stipple.errors import StippleError
from stipple.lloyd_steps.experiment import Experiment, run_experiment
from stipple.lloyd_steps.figures import Figures, collect_figures, tabulate
from stipple.lloyd_steps.paths import AnyDomain
from stipple.lloyd_steps.starts import Start as PlacePoints
from stipple.lloyd_steps.starts import make_start, start_at
from stipple.machine.notebook import show_steps
from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.measures.solid import VolumeDomain
from stipple.measures.volume import VolumeDensity

if TYPE_CHECKING:
    from stipple.drawing.marks import Drawing


@dataclass(frozen=True, eq=False)
class LloydRun(Drawable):
    """Points that were moved step by step, and the figures of every step.

    Lengths are in the units of the domain.

    Attributes
    ----------
    points, barycentres : ndarray, shape (n, d)
        After the last step, and the barycentres of their power cells.
    trace : tuple of Figures
        A row for the start and for each step: W2² with its certified interval, the gradient, and
        both sides of the inequalities of the theory.
    domain : Domain or VolumeDomain
        The density and its units.

    Examples
    --------
    >>> import numpy, stipple
    >>> stipple.lloyd(numpy.ones((8, 8)), 1, steps=2)
    LloydRun(1 point, 2 steps, W2² from 0.1666667 to 0.1666667)
    """

    points: Floats
    barycentres: Floats
    trace: tuple[Figures, ...]
    domain: AnyDomain

    def __repr__(self) -> str:
        count, steps = len(self.points), len(self.trace) - 1
        return (
            f"LloydRun({count:,} point{'s' * (count != 1)}, {steps} step{'s' * (steps != 1)}, W2²"
            f" from {self.trace[0].w2_squared:.7g} to {self.trace[-1].w2_squared:.7g})"
        )

    @property
    def w2_squared(self) -> float:
        """Squared Wasserstein distance of the points to the density."""
        return self.trace[-1].w2_squared

    def draw(self, layout: Layout) -> Drawing:
        """Compose dots that keep the tone; in space slices, in the look that they have."""
        from stipple.drawing.marks import Dots, Drawing, Layer
        from stipple.transport.sizes import fit_radii, measure_ink
        from stipple.volumes.views import compose_slices, measure_balls

        if isinstance(self.domain, VolumeDomain):
            volume, places = self.domain.density, self.domain.to_grid(self.points)
            equal = np.full(len(places), 1 / len(places))
            return compose_slices(volume, places, measure_balls(volume, equal))
        density = self.domain.density
        points = self.domain.to_grid(self.points)
        inks = np.full(len(points), measure_ink(density) / len(points))
        radii = fit_radii(points, inks, density.width, density.height)
        reach = layout.find_reach(float(radii.max()))
        placement, look = lay_out(layout, density.values.shape, reach=reach)
        radii = look.choose_radii(placement.scale * radii)
        dots = Dots(placement.to_page(points), radii, look.dots, look.pen_width)
        layer = Layer("points", layout.ink or BLACK, (dots,))
        return Drawing(placement.width, placement.height, look.background, (layer,))

    def _count_dots(self) -> int:
        return len(self.points)

    def render_csv(self) -> bytes:
        """Write the figures of each step, a row a step."""
        from stipple.files.tables import render_table_csv

        return render_table_csv([tabulate(figures) for figures in self.trace])


def lloyd(
    density: ImageLike | Density | VolumeDensity | AnyDomain,
    n: int = 1000,
    *,
    steps: int = 20,
    step_size: float = 1.0,
    method: Method = "lloyd",
    start: Start | PointsLike = "bisection",
    seed: int = 0,
    engine: NeighbourEngine = "auto",
    threads: int | None = None,
) -> LloydRun:
    """Follow uniform quantisation step by step, and check the theory at each of them.

    Parameters
    ----------
    density : array_like of shape (h, w), Density, VolumeDensity or Domain
        Darkness of each pixel, not negative. It is scaled so that its longer side is 1; a
        `Domain` brings its own units, and a `VolumeDensity` those of its spacing. y points down.
    n : int
        How many points. A start given as an array brings its own number.
    steps : int
        How many steps.
    step_size : float
        Part of the way to the barycentres, in (0, 2); 1 is Lloyd. Only for that method.
    method : {"lloyd", "relaxed", "lbfgs"}
        How points move: Lloyd, over-relaxed Lloyd, or quasi-Newton.
    start : {"bisection", "uniform", "grid"} or array_like, shape (n, d)
        Where points begin: equal-mass bisection, random, a grid, or given positions in the units
        of the domain.
    seed : int
        Seed of the random start.
    engine : {"auto", "pysdot", "qhull"}
        Backend for neighbours of power cells in the plane; the result does not depend on it.
    threads : int, optional
        Threads for cutting and integrating cells; by default one per processor.

    Returns
    -------
    LloydRun

    Raises
    ------
    StippleError
        If the density is not one, a setting makes no sense, or start points coincide or lie
        outside the domain.

    Notes
    -----
    Source: Mérigot, Santambrogio, Sarrazin, "Non-asymptotic convergence bounds for Wasserstein
    approximation using point clouds", NeurIPS 2021.

    Examples
    --------
    >>> import numpy, stipple
    >>> run = stipple.lloyd(numpy.ones((8, 8)), start=[[0.1, 0.5], [0.6, 0.5]], steps=1)
    >>> run.points.round(6)
    array([[0.25, 0.5 ],
           [0.75, 0.5 ]])
    >>> stipple.lloyd(stipple.VolumeDensity(numpy.ones((2, 2, 2))), 8, steps=1)
    LloydRun(8 points, 1 step, W2² from 0.25 to 0.25)
    """
    read_choice(method, "method", Method)
    read_choice(engine, "engine", NeighbourEngine)
    size = read_number(step_size, "step size", 0, most=2, above=True)
    if size == 2:
        raise StippleError("The step size is 2: give a number below 2, or W2² may increase.")
    if size != 1 and method != "lloyd":
        raise StippleError(f"The step size is for the method lloyd, not {method}: leave it out.")
    threads = read_threads(threads)
    domain = _read_domain(density)
    place, n = _plan_start(start, n, domain.dimension)
    steps = read_count(steps, "number of steps", 0)
    experiment = Experiment(
        lambda _count: domain, place, (n,), steps=steps, method=method, step_sizes=(size,)
    )
    run = partial(run_experiment, seed=read_count(seed, "seed", 0), engine=engine, threads=threads)
    trace: list[Figures] = []
    with show_steps("lloyd", steps + 1, trace.append) as tell:
        for one in run(experiment):
            tell(collect_figures(one))
            transport = one.row.transport
    return LloydRun(
        domain.to_domain(transport.points),
        domain.to_domain(transport.barycentres),
        tuple(trace),
        domain,
    )


def _read_domain(density: ImageLike | Density | VolumeDensity | AnyDomain) -> AnyDomain:
    if isinstance(density, Domain | VolumeDomain):
        return density
    if isinstance(density, VolumeDensity):
        return VolumeDomain(density)
    return Domain.from_image(density if isinstance(density, Density) else Density(density))


def _plan_start(start: Start | PointsLike, n: int, dimension: int) -> tuple[PlacePoints, int]:
    """Say how points are placed, and how many there are."""
    if isinstance(start, str):
        read_choice(start, "start", Start)
        return make_start(start), read_count(n, "number of points", 1)
    points = read_points(start, "start")
    if points.ndim != 2 or points.shape[1] != dimension or len(points) == 0:
        raise StippleError(
            f"The start has shape {points.shape}: give at least one point as (n, {dimension})."
        )
    return start_at(points), len(points)
