"""The figures of an image for `stipple stipple`: of each ink, and of all together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from stipple.cli.shared.report import collect_versions
from stipple.drawing.page import Placement
from stipple.machine.rounding import round_down, round_up
from stipple.stippling.pens import InkedStippling


@dataclass(frozen=True)
class InkFigures:
    """One ink; distances in pixels as `Stippling` has them, and millimetres on the page."""

    ink: str
    colour: str
    points: int
    w2_squared: float
    w2_squared_lower: float
    w2_squared_upper: float
    quality: float
    mass_error: float
    converged: bool
    settled: bool
    saddle: bool
    reached: bool
    largest_power: float
    six_neighboured: float
    iterations: int
    diagrams: int
    newton_iterations: int
    radius_mm: float
    travel_mm: float | None


@dataclass(frozen=True)
class ImageFigures:
    """All inks of an image: means weighted by points, the largest error, sums of work and time."""

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
    millimetres_per_pixel: float
    inks: tuple[InkFigures, ...]
    seconds: dict[str, float]
    versions: dict[str, str]

    @property
    def converged(self) -> bool:
        """Whether the last transport solve of every ink met its tolerance."""
        return all(ink.converged for ink in self.inks)

    def add_seconds(self, **stages: float) -> "ImageFigures":
        """Return the same figures with the time of more stages."""
        return replace(self, seconds={**self.seconds, **stages})


def collect_figures(
    inked: Sequence[InkedStippling], placement: Placement, radius: float | None
) -> ImageFigures:
    """Collect the figures of every ink; a radius in millimetres is that of all dots."""
    inks = tuple(_describe_ink(one, placement.scale, radius) for one in inked)
    total = sum(ink.points for ink in inks)

    def average(values: Sequence[float]) -> Fraction:
        whole = sum(
            (ink.points * Fraction(value) for ink, value in zip(inks, values, strict=True)),
            Fraction(),
        )
        return whole / total

    first = inked[0].stippling
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
        millimetres_per_pixel=placement.scale,
        inks=inks,
        seconds={
            stage: sum(one.stippling.seconds[stage] for one in inked) for stage in first.seconds
        },
        versions=collect_versions(),
    )


def _describe_ink(one: InkedStippling, scale: float, radius: float | None) -> InkFigures:
    result = one.stippling
    return InkFigures(
        ink=one.ink.name,
        colour=one.ink.colour,
        points=len(result.points),
        w2_squared=result.w2_squared,
        w2_squared_lower=result.w2_squared_lower,
        w2_squared_upper=result.w2_squared_upper,
        quality=result.quality,
        mass_error=result.mass_error,
        converged=result.converged,
        settled=result.settled,
        saddle=result.saddle,
        reached=result.reached,
        largest_power=result.regularity.largest_power,
        six_neighboured=result.regularity.six_neighboured,
        iterations=result.iterations,
        diagrams=result.diagrams,
        newton_iterations=result.newton_iterations,
        radius_mm=scale * result.radius if radius is None else radius,
        travel_mm=None if one.travel is None else scale * one.travel,
    )
