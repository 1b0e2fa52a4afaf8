"""The figures of an image for `stipple stipple`: of each ink, and of all together."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from stipple.cli.shared.report import collect_versions
from stipple.drawing.page import Placement
from stipple.drawing.plotting import Plot
from stipple.machine.rounding import round_down, round_up
from stipple.measures.levels import GreyLevels
from stipple.stippling.pens import InkedStippling
from stipple.stippling.result import Stippling
from stipple.transport.sizes import measure_coverage

# What is said of a drawing whose transport was not solved.
UNSOLVED = "the transport is not solved: the dots are not at their best, and W2² is not known well"


@dataclass(frozen=True)
class InkFigures:
    """One ink; distances in pixels as `Stippling` has them, and millimetres on the page.

    `radius_mm` is that of equal dots with the area of the darkness, unless another was asked for;
    the smallest and the largest are those drawn. `coverage` is the part of the picture that dots
    cover, and `darkness` the part that they should.
    """

    ink: str
    colour: str
    pen: int
    points: int
    w2_squared: float
    w2_squared_lower: float
    w2_squared_upper: float
    quality: float
    mass_error: float
    converged: bool
    settled: bool
    strays: int
    saddle: bool
    reached: bool
    largest_power: float
    six_neighboured: float
    iterations: int
    diagrams: int
    newton_iterations: int
    radius_mm: float
    smallest_radius_mm: float
    largest_radius_mm: float
    coverage: float
    darkness: float
    travel_mm: float | None


@dataclass(frozen=True)
class UnionFigures:
    """The dots of all inks together, for the sum of their densities; distances in pixels."""

    points: int
    w2_squared: float
    w2_squared_lower: float
    w2_squared_upper: float
    quality: float
    mass_error: float
    converged: bool
    diagrams: int


@dataclass(frozen=True)
class ImageFigures:
    """All inks of an image: means weighted by points, the largest error, sums of work and time.

    `coverage` is the part of the picture that dots of any ink cover, `darkness` the sum of what
    the inks should; `plot` is the work of a plotter, if there is nothing to fill; `union` is for
    several inks, whose dots do not coincide; `thumbnail` is a small PNG, if one was asked for.
    """

    points: int
    w2_squared: float
    w2_squared_lower: float
    w2_squared_upper: float
    quality: float
    quality_hexagonal: float
    mass_error: float
    iterations: int
    diagrams: int
    engine: str
    page_mm: tuple[float, float]
    picture_mm: tuple[float, float]
    coverage: float
    darkness: float
    plot: Plot | None
    millimetres_per_pixel: float
    inks: tuple[InkFigures, ...]
    union: UnionFigures | None
    seconds: dict[str, float]
    versions: dict[str, str]
    levels: GreyLevels | None = None
    notes: tuple[str, ...] = ()
    advice: str | None = None
    thumbnail: bytes | None = None

    @property
    def converged(self) -> bool:
        """Whether the last transport solve of every ink, and of all, met its tolerance."""
        return all(one.converged for one in (*self.inks, self.union) if one)

    def describe(self) -> dict[str, Any]:
        """Describe the figures for a report in JSON, which holds no picture."""
        described = asdict(self)
        del described["thumbnail"]
        return described

    def add_seconds(self, **stages: float) -> "ImageFigures":
        """Return the same figures with the time of more stages."""
        return replace(self, seconds={**self.seconds, **stages})


def collect_figures(
    inked: Sequence[InkedStippling],
    placement: Placement,
    radius: float | None,
    plot: Plot | None,
    union: Stippling | None = None,
) -> ImageFigures:
    """Collect the figures of every ink.

    Parameters
    ----------
    inked : sequence of InkedStippling
        The inks.
    placement : Placement
        Where the picture lies on the page.
    radius : float or None
        That of all dots in millimetres, if it is given.
    plot : Plot or None
        The work of a plotter.
    union : Stippling or None
        The points of all inks together, if there are several.
    """
    inks = tuple(_describe_ink(one, placement.scale, radius) for one in inked)
    total = sum(ink.points for ink in inks)

    def average(values: Sequence[float]) -> Fraction:
        whole = sum(
            (ink.points * Fraction(value) for ink, value in zip(inks, values, strict=True)),
            Fraction(),
        )
        return whole / total

    first = inked[0].stippling
    height, width = first.cells.height, first.cells.width
    return ImageFigures(
        points=total,
        w2_squared=float(average([ink.w2_squared for ink in inks])),
        w2_squared_lower=round_down(average([ink.w2_squared_lower for ink in inks])),
        w2_squared_upper=round_up(average([ink.w2_squared_upper for ink in inks])),
        quality=float(average([ink.quality for ink in inks])),
        quality_hexagonal=first.quality_hexagonal,
        mass_error=max(ink.mass_error for ink in inks),
        iterations=max(ink.iterations for ink in inks),
        diagrams=sum(ink.diagrams for ink in inks),
        engine=first.engine,
        page_mm=(placement.width, placement.height),
        picture_mm=(placement.scale * width, placement.scale * height),
        coverage=inks[0].coverage if len(inks) == 1 else _measure_union(inked),
        darkness=sum(ink.darkness for ink in inks),
        plot=plot,
        millimetres_per_pixel=placement.scale,
        inks=inks,
        union=None if union is None else _describe_union(union),
        seconds=_add_seconds(inked, union),
        versions=collect_versions(),
    )


def _measure_union(inked: Sequence[InkedStippling]) -> float:
    """Part of the picture that dots of all inks cover."""
    cells = inked[0].stippling.cells
    points = np.concatenate([one.stippling.points for one in inked])
    radii = np.concatenate([one.stippling.radii for one in inked])
    return measure_coverage(points, radii, cells.width, cells.height)


def _add_seconds(inked: Sequence[InkedStippling], union: Stippling | None) -> dict[str, float]:
    """Time by stage of inks that were solved one after the other, or once of all together."""
    alone = [one.stippling.seconds for one in inked]
    if union is None:
        return {stage: sum(seconds[stage] for seconds in alone) for stage in alone[0]}
    if alone[0] == union.seconds:
        return dict(union.seconds)
    told = {stage: sum(seconds[stage] for seconds in alone) for stage in alone[0]}
    return {**told, "union": sum(union.seconds.values())}


def _describe_union(union: Stippling) -> UnionFigures:
    return UnionFigures(
        points=len(union.points),
        w2_squared=union.w2_squared,
        w2_squared_lower=union.w2_squared_lower,
        w2_squared_upper=union.w2_squared_upper,
        quality=union.quality,
        mass_error=union.mass_error,
        converged=union.converged,
        diagrams=union.diagrams,
    )


def _describe_ink(one: InkedStippling, scale: float, radius: float | None) -> InkFigures:
    result = one.stippling
    radii = result.radii
    width, height = result.cells.width, result.cells.height
    return InkFigures(
        ink=one.ink.name,
        colour=one.ink.colour,
        pen=one.ink.number,
        points=len(result.points),
        w2_squared=result.w2_squared,
        w2_squared_lower=result.w2_squared_lower,
        w2_squared_upper=result.w2_squared_upper,
        quality=result.quality,
        mass_error=result.mass_error,
        converged=result.converged,
        settled=result.settled,
        strays=result.strays,
        saddle=result.saddle,
        reached=result.reached,
        largest_power=result.regularity.largest_power,
        six_neighboured=result.regularity.six_neighboured,
        iterations=result.iterations,
        diagrams=result.diagrams,
        newton_iterations=result.newton_iterations,
        radius_mm=scale * result.radius if radius is None else radius,
        smallest_radius_mm=scale * float(radii.min()),
        largest_radius_mm=scale * float(radii.max()),
        coverage=measure_coverage(*result.place_dots(), width, height),
        darkness=len(radii) * np.pi * result.radius**2 / (width * height),
        travel_mm=None if one.travel is None else scale * one.travel,
    )
