"""The certified distance between two images as a Python call."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stipple.arguments import accept_positional, read_choice, read_count, read_number, read_threads
from stipple.arrays import Floats, ImageLike
from stipple.bounds.certificate import certify_cheaply, certify_line, measure_gap
from stipple.bounds.displacement import PlanSummary, summarise_plan
from stipple.bounds.grid import is_line
from stipple.bounds.masses import MassPair, pair_masses
from stipple.bounds.plans import Plan
from stipple.bounds.transforms import check_order
from stipple.bounds.units import Conversion
from stipple.choices import UNITS, BoundMethod, Device, DistanceUnit, KernelEngine, PixelModel
from stipple.drawing.drawable import Savable
from stipple.drawing.layout import Layout
from stipple.interval import Interval
from stipple.machine.threads import Workers
from stipple.version import __version__

if TYPE_CHECKING:
    from stipple.bounds.blocks import PaperEstimates
    from stipple.bounds.results import BoundResult, LevelRecord, Stop
    from stipple.machine.keops_library import EngineChoice


@dataclass(frozen=True, eq=False, repr=False)
class ImageBounds(Savable):
    """A strict interval for the distance W_p between two images, and what proves it.

    Attributes
    ----------
    interval : Interval
        W_p lies in it, in `unit`; `lower` and `upper` are its ends.
    reached : bool
        Whether the gap asked for was reached, or the images are `similar`.
    similar : bool
        Whether the images are equal up to rounding: their shares of the mass agree in every pixel
        within a few units in the last place of the numbers given.
    stopped : {"gap", "time", "cells", "precision", "blocks", "squares"}
        Why the interval is not narrower: the gap was reached; the time was up; "fast" solves images
        of this size in cells only; double precision shows no more; blocks are of one size; the gap
        was reached for points, and squares are bounded through them.
    order : float
        p.
    unit : {"pixel", "side"}
        Pixels, or the longer side of the images.
    pixels : {"points", "squares"}
        Whether the mass of a pixel is at its centre or spread over it.
    normalised : bool
        Whether the images had different sums, and were scaled to one.
    method : {"line", "sparse", "fast", "paper"}
        Which solver the proof comes from; "line" is exact, for one row or column.
    engine : EngineChoice
        Who transformed potentials, and where; its `reason` tells why not the engine asked for.
    levels : tuple of LevelRecord
        The interval by resolution certified, in the same unit and `pixels`; none for "paper".
    estimates : PaperEstimates or None
        The published estimators, for "paper", likewise.
    potential : ndarray, shape (h, w) or (d, h, w), or None
        ψ on the second image, in pixels to the power p.
    plan : Plan or None
        The plan that proves the upper bound for points, complete but for dust of less than 2⁻⁵⁹ of
        the mass an entry, or for "line" rounded to doubles; None for "paper", or if there was no
        time to make one.
    shape : tuple of int
        Rows and columns of the images; slices, rows and columns of volumes.
    seconds : float
        Time taken.
    version : str
        Version of this package.

    Examples
    --------
    >>> import stipple
    >>> result = stipple.bound([[1, 0, 0]], [[0, 0, 1]])
    >>> result.summarise_plan()
    PlanSummary(entries=1, shift=(2.0, 0.0), mean_distance=2.0, largest_distance=2.0)
    """

    interval: Interval
    reached: bool
    similar: bool
    stopped: Stop | Literal["blocks", "squares"]
    order: float
    unit: DistanceUnit
    pixels: PixelModel
    normalised: bool
    method: str
    engine: EngineChoice
    levels: tuple[LevelRecord, ...]
    estimates: PaperEstimates | None
    potential: Floats | None
    plan: Plan | None
    shape: tuple[int, ...]
    seconds: float
    version: str

    @property
    def lower(self) -> float:
        """Certified lower bound on W_p, in `unit`."""
        return self.interval.lower

    @property
    def upper(self) -> float:
        """Certified upper bound on W_p, in `unit`."""
        return self.interval.upper

    @property
    def gap(self) -> float:
        """(upper − lower)/lower; 0 if they agree, infinity if only lower is 0."""
        return measure_gap(self.interval)

    def __repr__(self) -> str:
        size = " × ".join(map(str, self.shape))
        return (
            f"ImageBounds({self.lower!r} ≤ W_{self.order:g} ≤ {self.upper!r}"
            f" {UNITS[self.unit]},\n"
            f"            gap {100 * self.gap:.3g} % ({'' if self.reached else 'not '}reached),"
            f" {size} {self.pixels}, method {self.method})"
        )

    def render(self, form: str, layout: Layout) -> bytes:
        """Plot where mass goes between images, on a page of its own; needs a plan."""
        from stipple.bounds.show_plan import render_plan

        return render_plan(self, form, layout.dpi)

    def render_csv(self) -> bytes:
        """Write the plan: x, y, to_x, to_y and mass, between centres of pixels; z in volumes."""
        from stipple.bounds.show_plan import render_plan_csv

        return render_plan_csv(self)

    def summarise_plan(self) -> PlanSummary | None:
        """Summarise the plan; None where there is none."""
        return summarise_plan(self.plan, self.shape)


@accept_positional("gap")
def bound(
    a: ImageLike,
    b: ImageLike,
    p: float = 2,
    *,
    gap: float = 0.005,
    method: BoundMethod = "auto",
    block: int = 4,
    time_limit: float | None = None,
    unit: DistanceUnit = "pixel",
    pixels: PixelModel = "points",
    engine: KernelEngine = "auto",
    device: Device = "auto",
    threads: int | None = None,
    on_level: Callable[[LevelRecord], None] | None = None,
) -> ImageBounds:
    """Enclose the Wasserstein distance W_p between two images or two volumes, strictly.

    Parameters
    ----------
    a, b : array_like, shape (h, w), or (w,) for one row, or (d, h, w) for voxels, which are cubes
        Masses ≥ 0 of the pixels; images with different sums are scaled to the same. Masked pixels
        of a masked array have no mass.
    p : float
        Order, from 1 to 32; the cost is the Euclidean distance to this power.
    gap : float
        Refine until (upper − lower)/lower is at most this.
    method : {"auto", "paper", "sparse", "fast"}
        Multiscale linear programmes, back-and-forth potentials (p = 2), or the four estimators of
        "Quantization-based Bounds on the Wasserstein Metric" with blocks, of images only. "auto"
        matches the masses of one row or one column in their order, which is exact.
    block : int
        Side of the blocks of "paper", in pixels.
    time_limit : float, optional
        Seconds after which to stop; the interval is valid all the same. It is kept within a tenth
        and a second: what is left of the time goes to a certificate, and one that comes too late
        is given up for bounds by the sums of rows and columns. Images with too many pixels for it
        are pooled in blocks; `plan` and `potential` are None then. One row or column is matched
        whatever the time, in about a third of a second of the processor for a million pixels.
    unit : {"pixel", "side"}
        Unit of the distance: a pixel, or the longer side of the images.
    pixels : {"points", "squares"}
        Whether the mass of a pixel is at its centre or spread evenly over it: its square, or the
        cube of a voxel.
    engine : {"auto", "numpy", "keops"}
        Who transforms potentials for p other than 2: compiled loops of this package (numpy), or
        KeOps; "auto" takes the loops. Certificates are computed in exact integers whatever the
        engine.
    device : {"auto", "cpu", "cuda"}
        Where KeOps computes.
    threads : int, optional
        By default one for each processor.
    on_level : callable, optional
        Receives a `LevelRecord` after each resolution that is certified.

    Returns
    -------
    ImageBounds

    Raises
    ------
    StippleError
        If the arrays are not two images or volumes of the same shape with some mass each, an
        option makes no sense, or the GPU that was asked for cannot be used.

    Examples
    --------
    >>> import stipple
    >>> result = stipple.bound([1, 0, 0], [0, 0, 1])
    >>> (result.lower, result.upper)
    (2.0, 2.0)
    >>> result
    ImageBounds(2.0 ≤ W_2 ≤ 2.0 pixels,
                gap 0 % (reached), 1 × 3 points, method line)
    """
    read_choice(method, "method", BoundMethod)
    read_choice(unit, "unit", DistanceUnit)
    read_choice(pixels, "pixel model", PixelModel)
    read_choice(engine, "engine", KernelEngine)
    read_choice(device, "device", Device)
    gap = read_number(gap, "gap to reach", 0, finite=False)
    block = read_count(block, "side of the blocks", 1)
    if time_limit is not None:
        time_limit = read_number(time_limit, "time limit", 0, finite=False)
    threads = read_threads(threads)
    began = time.perf_counter()
    p = check_order(p)
    pair = pair_masses(a, b)
    conversion = Conversion(pair, p, unit, pixels)
    if method == "paper":
        evidence = _collect_estimates(pair, p, block, engine, device, threads)
    elif method == "auto" and is_line(pair.shape):
        evidence = _match_line(pair, p, gap, engine, device, began)
        if on_level:
            on_level(conversion.convert_level(evidence.levels[0]))
    else:
        from stipple.bounds.refine import bound_images

        result = bound_images(
            pair,
            p,
            method=method,
            gap=gap,
            time_limit=time_limit,
            began=began,
            engine=engine,
            device=device,
            threads=threads,
            on_level=on_level and (lambda level: on_level(conversion.convert_level(level))),
        )
        evidence = _collect_levels(result)
    return _assemble_bounds(evidence, pair, gap, conversion, began)


@dataclass(frozen=True, eq=False)
class _Evidence:
    """What a method proves about points, in pixels; the names are those of `ImageBounds`."""

    interval: Interval
    method: str
    stopped: Stop | Literal["blocks", "squares"]
    engine: EngineChoice
    levels: tuple[LevelRecord, ...] = ()
    estimates: PaperEstimates | None = None
    potential: Floats | None = None
    plan: Plan | None = None


def _collect_estimates(
    pair: MassPair,
    order: float,
    block: int,
    engine: KernelEngine,
    device: Device,
    threads: int | None,
) -> _Evidence:
    from stipple.bounds.blocks import estimate_blocks
    from stipple.bounds.keops_transforms import choose_engine

    choice = choose_engine(engine, device, order=order, method="paper")
    estimates = estimate_blocks(pair, order, block, workers=Workers(threads))
    # Sums of rows and columns cost nothing, and no block knows more of rough images.
    interval = Interval(max(estimates.lower, certify_cheaply(pair, order).lower), estimates.upper)
    return _Evidence(interval, "paper", "blocks", choice, estimates=estimates)


def _match_line(
    pair: MassPair, order: float, gap: float, engine: KernelEngine, device: Device, began: float
) -> _Evidence:
    from stipple.bounds.keops_transforms import choose_engine
    from stipple.bounds.results import LevelRecord

    found = certify_line(pair, order)
    level = LevelRecord(pair.shape, found.distance, time.perf_counter() - began)
    choice = choose_engine(engine, device, order=order)
    # Points are near enough where it is the squares that are not.
    stopped: Literal["squares", "precision"] = (
        "squares" if measure_gap(found.distance) <= gap else "precision"
    )
    return _Evidence(found.distance, "line", stopped, choice, (level,), plan=found.plan)


def _collect_levels(result: BoundResult) -> _Evidence:
    return _Evidence(
        result.interval,
        result.method,
        # Points are near enough where it is the squares that are not.
        "squares" if result.stopped == "gap" else result.stopped,
        result.engine,
        levels=result.levels,
        potential=result.potential,
        plan=result.plan,
    )


def _assemble_bounds(
    evidence: _Evidence,
    pair: MassPair,
    gap: float,
    conversion: Conversion,
    began: float,
) -> ImageBounds:
    """Convert what was proved about points to the unit and the pixels asked for."""
    interval = conversion.convert(evidence.interval)
    reached = measure_gap(interval) <= gap or pair.similar
    estimates = evidence.estimates
    return ImageBounds(
        interval=interval,
        reached=reached,
        similar=pair.similar,
        stopped="gap" if reached else evidence.stopped,
        order=conversion.order,
        unit=conversion.unit,
        pixels=conversion.pixels,
        normalised=pair.normalised,
        method=evidence.method,
        engine=evidence.engine,
        levels=tuple(map(conversion.convert_level, evidence.levels)),
        estimates=None if estimates is None else conversion.convert_estimates(estimates),
        potential=evidence.potential,
        plan=evidence.plan,
        shape=pair.shape,
        seconds=time.perf_counter() - began,
        version=__version__,
    )
