"""Inks placed together: the dots of each spread well, and so do the dots of all.

What is minimised is Σ_c λ_c·n_c·W2²(ρ_c, Y_c) + (1 − λ)·n·W2²(Σρ_c, ∪Y_c), Y_c the n_c points of
ink c with the density ρ_c. The gradient for a point y of ink c is 2(λ_c(y − b) + (1 − λ)(y − b')),
b and b' its barycentres in the power diagrams of its ink and of the union; so their mean with those
weights is for all inks what the barycentre is for one, and `quantise` does the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np

from stipple.arguments import read_count, read_darkness, read_number
from stipple.arrays import Floats, ImageLike
from stipple.choices import Method, NeighbourEngine, Spacing, Start, Strays
from stipple.drawing.drawable import Drawable
from stipple.drawing.layout import Layout, lay_out
from stipple.errors import StippleError
from stipple.machine.notebook import show_steps
from stipple.measures.density import Density
from stipple.measures.inks import Ink, InkDensity, share_points
from stipple.stippling.dots import Dots
from stipple.stippling.joint_solver import JointSolver, JointTransport
from stipple.stippling.pens import InkedStippling
from stipple.stippling.result import Stippling, describe_quantisation
from stipple.stippling.stippling import stipple
from stipple.stippling.visible import fit_visible_radii
from stipple.transport.quantisation import Step, quantise
from stipple.transport.sizes import fit_radii, measure_ink
from stipple.transport.strays import move_points, place_on_ink

if TYPE_CHECKING:
    from stipple.drawing.marks import Drawing

# The part of the steps that each ink first takes alone: the union then has less to mend.
ALONE = 1 / 3
# Points nearer than this part of the spacing are moved apart by that part.
TOGETHER, APART = 1e-3, 0.25


@dataclass(frozen=True, eq=False)
class JointStippling(Drawable):
    """Inks stippled together, and the evidence of how well, of each and of all.

    Attributes
    ----------
    inks : tuple of Ink
        Those that have points, in drawing order.
    stipplings : tuple of Stippling
        The points of each ink; iterations, what they ended with, and seconds are of all inks.
        Where dots touch they have `radii` for which each shows its area, beside those of inks drawn
        later.
    union : Stippling
        The points of all inks, one ink after the other, for the sum of the densities: its `cells`
        tell the dots of all inks apart.
    balance : float
        As given: 1 looks at the inks alone, 0 at the union.

    Examples
    --------
    >>> import stipple
    >>> left, right = [[1.0, 0.5, 0.0, 0.0]], [[0.0, 0.0, 0.5, 1.0]]
    >>> stipple.stipple_inks([left, right], 6)  # doctest: +ELLIPSIS
    JointStippling(6 points of 2 inks, quality of the union ...)
    """

    inks: tuple[Ink, ...]
    stipplings: tuple[Stippling, ...]
    union: Stippling
    balance: float

    def __repr__(self) -> str:
        count, inks = len(self.union.points), len(self.inks)
        return (
            f"JointStippling({count:,} point{'s' * (count != 1)} of {inks} ink{'s' * (inks != 1)},"
            f" quality of the union {self.union.quality:.5f},"
            f" {'settled' if self.union.settled else 'not settled'})"
        )

    @property
    def inked(self) -> list[InkedStippling]:
        """Each ink with its points, for drawing."""
        return [InkedStippling(*one) for one in zip(self.inks, self.stipplings, strict=True)]

    def draw(self, layout: Layout) -> Drawing:
        """Compose the dots of each ink in its colour."""
        from stipple.stippling.compose import compose_drawing

        shape = int(self.union.cells.height), int(self.union.cells.width)
        reach = layout.find_reach(float(self.union.radii.max()))
        return compose_drawing(self.inked, *lay_out(layout, shape, reach=reach))

    def _count_dots(self) -> int:
        return len(self.union.points)

    def render_csv(self) -> bytes:
        """Write x, y, mass, radius and ink of each point, in pixels."""
        from stipple.files.tables import render_points_csv

        names = [one.ink.name for one in self.inked for _ in one.stippling.points]
        masses = np.concatenate([one.weights for one in self.stipplings])
        return render_points_csv(self.union.points, masses, self.union.radii, names)


def stipple_inks(
    inks: Sequence[ImageLike | InkDensity],
    n: int = 5000,
    *,
    balance: float = 0.5,
    method: Method = "lbfgs",
    iterations: int = 30,
    tolerance: float = 1e-5,
    start: Start = "bisection",
    seed: int = 0,
    engine: NeighbourEngine = "auto",
    threads: int | None = None,
    on_step: Callable[[Step], None] | None = None,
    strays: Strays = "move",
    spacing: Spacing = "touch",
) -> JointStippling:
    """Place the dots of several inks together, so that they avoid each other.

    Parameters
    ----------
    inks : sequence of array_like, shape (h, w), or InkDensity
        How much of each ink every pixel gets, in [0, 1]; `stipple.read_inks` makes them of a
        picture. Zero everywhere is legal for some.
    n : int
        How many points in all; inks share them in proportion to their totals, and those too faint
        for one have none.
    balance : float
        From 0, for which only the dots of all inks together are well spread, to 1, for which the
        dots of each ink are, whatever the others do.
    method, iterations, tolerance, seed, engine, threads
        As `stipple.stipple` takes them.
    start : {"bisection", "uniform", "grid"}
        Where points of each ink begin. They take a third of the steps alone before the first step
        together.
    on_step : callable, optional
        Receives a `Step` for each step together: the points of all inks, and what is minimised.
    strays, spacing
        As `stipple.stipple` takes them: each dot stays on its own ink, and sizes are those that
        the dots of all inks need side by side.

    Returns
    -------
    JointStippling

    Raises
    ------
    StippleError
        If there is no ink, shapes differ, or a setting makes no sense.

    Examples
    --------
    >>> import numpy, stipple
    >>> red, blue = numpy.full((8, 8), 0.2), numpy.full((8, 8), 0.6)
    >>> result = stipple.stipple_inks([red, blue], 40)
    >>> [len(one.points) for one in result.stipplings]
    [10, 30]
    >>> result.union.points.shape
    (40, 2)
    """
    balance = read_number(balance, "balance", 0, most=1)
    iterations = read_count(iterations, "number of iterations", 0)
    seed = read_count(seed, "seed", 0)
    shares = share_points(_read_inks(inks), read_count(n, "number of points", 1))
    began = time.perf_counter()
    drawn = tuple(one.ink for one, _ in shares)
    densities = [Density(one.darkness) for one, _ in shares]
    run = partial(
        stipple,
        method=method,
        tolerance=tolerance,
        start=start,
        engine=engine,
        threads=threads,
        spacing=spacing,
    )
    if len(shares) == 1:
        only = run(
            densities[0], n, iterations=iterations, seed=seed, strays=strays, on_step=on_step
        )
        return JointStippling(drawn, (only,), only, balance)
    counts = [count for _, count in shares]
    alone = [
        run(*one, iterations=int(ALONE * iterations), seed=seed + number, strays="keep")
        for number, one in enumerate(zip(densities, counts, strict=True))
    ]
    solver = JointSolver(densities, counts, balance, engine, threads)
    points = _part_points(solver.density, np.concatenate([one.points for one in alone]), seed)
    placed = time.perf_counter() - began
    with show_steps("inks together", iterations + 1, on_step) as told:
        found = quantise(
            solver,
            points,
            method=method,
            iterations=iterations,
            tolerance=tolerance,
            leave_saddles=start == "bisection",
            seed=seed,
            on_step=told,
        )
    moving = strays == "move" and iterations > 0
    dots = _make_dots(solver, cast(JointTransport, found.transport), spacing, moving=moving)
    seconds = {"placement": placed, **found.seconds}
    describe = partial(describe_quantisation, method=method, seed=seed, seconds=seconds)
    union, *parts = [
        describe(one.transport.density, of, found, one)
        for of, one in zip([solver, *solver.inks], dots, strict=True)
    ]
    return JointStippling(drawn, tuple(parts), union, balance)


def _make_dots(
    solver: JointSolver, last: JointTransport, spacing: Spacing, *, moving: bool
) -> list[Dots]:
    """Make dots of the union, then of each ink: all on their own ink, if strays are moving."""
    strays = np.zeros(len(last.points), dtype=bool)
    if moving:
        placed = np.concatenate([place_on_ink(one) for one in last.inks])
        # Inks whose dots would coincide leave theirs where they are.
        if len(np.unique(placed, axis=0)) < len(placed):
            placed = last.points
        strays = (placed != last.points).any(axis=1)
        if strays.any():
            last = cast(JointTransport, move_points(solver, last, placed))
    parts = [one.points for one in last.inks]
    borders = np.cumsum([len(points) for points in parts])[:-1]
    areas = [measure_ink(one.density) / len(one.points) for one in last.inks]
    inks = [np.full(len(points), area) for points, area in zip(parts, areas, strict=True)]
    if spacing == "touch":
        fitted = fit_visible_radii(parts, [np.sqrt(ink / np.pi) for ink in inks])
    else:
        width, height = solver.density.width, solver.density.height
        together = fit_radii(last.points, np.concatenate(inks), width, height, spacing)
        fitted = np.split(together, borders)
    moved = [int(one.sum()) for one in np.split(strays, borders)]
    return [
        Dots(last.union, np.concatenate(fitted), sum(moved)),
        *map(Dots, last.inks, fitted, moved),
    ]


def measure_union(
    densities: Sequence[InkDensity], stipplings: Sequence[Stippling]
) -> Stippling | None:
    """Measure how well the points of inks that were placed alone serve the sum of the densities.

    None where points of several inks coincide, which no power diagram tells apart.
    """
    points = np.concatenate([one.points for one in stipplings])
    if len(np.unique(points, axis=0)) < len(points):
        return None
    first = stipplings[0]
    total = np.sum([one.darkness for one in densities], axis=0)
    return stipple(total, method=first.method, iterations=0, start=points, seed=first.seed)


def _read_inks(inks: Sequence[ImageLike | InkDensity]) -> list[InkDensity]:
    """Make inks of arrays too, and leave out those that are zero everywhere."""
    given = [
        one
        if isinstance(one, InkDensity)
        else InkDensity(Ink(f"ink {number}", "#000000", number), read_darkness(one, "ink"))
        for number, one in enumerate(inks, 1)
    ]
    shapes = {one.darkness.shape for one in given}
    if len(shapes) > 1:
        raise StippleError(f"The inks have the shapes {sorted(shapes)}: give them one shape.")
    drawn = [one for one in given if np.any(one.darkness)]
    if not drawn:
        raise StippleError(
            f"None of the {len(given)} inks has anything to draw: give a darker one."
        )
    return drawn


def _part_points(density: Density, points: Floats, seed: int) -> Floats:
    """Move points of several inks apart that are, nearly, in one place."""
    spacing = np.sqrt(density.width * density.height / len(points))
    generator = np.random.default_rng(seed)
    from scipy.spatial import cKDTree

    pairs = cKDTree(points).query_pairs(TOGETHER * spacing, output_type="ndarray")
    moved = np.unique(pairs[:, 1])
    parted = points.copy()
    parted[moved] += APART * spacing * generator.uniform(-1, 1, (len(moved), 2))
    inside: Floats = np.clip(parted, 0, (density.width, density.height))
    return inside
