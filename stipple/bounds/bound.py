"""The certified distance between two images as a Python call."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np

from stipple.arguments import read_choice, read_count, read_number
from stipple.arrays import Floats, ImageLike
from stipple.bounds.certificate import lower_for_squares, measure_gap
from stipple.bounds.marginals import measure_shift
from stipple.bounds.masses import MassPair, pair_masses
from stipple.bounds.plans import Plan
from stipple.bounds.transforms import check_order
from stipple.choices import BoundMethod, Device, DistanceUnit, PixelModel, SinkhornEngine
from stipple.errors import StippleError
from stipple.machine.rounding import raise_power, round_down, round_up
from stipple.machine.threads import Workers
from stipple.version import __version__

if TYPE_CHECKING:
    from stipple.bounds.blocks import BlockEstimate, PaperEstimates
    from stipple.bounds.refine import LevelRecord, Stop
    from stipple.machine.keops_library import EngineChoice


@dataclass(frozen=True)
class PlanSummary:
    """What a plan does on average.

    Attributes
    ----------
    entries : int
        Pairs of pixels between which mass goes.
    shift : tuple of float
        Mean displacement (x, y) in pixels.
    mean_distance, largest_distance : float
        How far mass goes, in pixels.
    """

    entries: int
    shift: tuple[float, float]
    mean_distance: float
    largest_distance: float


@dataclass(frozen=True, eq=False)
class ImageBounds:
    """A strict interval for the distance W_p between two images, and what proves it.

    Attributes
    ----------
    lower, upper : float
        W_p lies between them, in `unit`.
    gap : float
        (upper − lower)/lower; 0 if they agree, infinity if only lower is 0.
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
    method : {"sparse", "fast", "paper"}
        Which solver the proof comes from.
    engine : EngineChoice
        Who transformed potentials, and where; its `reason` tells why not the engine asked for.
    levels : tuple of LevelRecord
        The interval by resolution, in the same unit and for the same `pixels`; none for "paper".
    estimates : PaperEstimates or None
        The published estimators, for "paper", likewise.
    potential : ndarray, shape (h, w), or None
        ψ on the second image, in pixels to the power p.
    plan : Plan or None
        The plan that proves the upper bound for points, complete but for dust of less than 2⁻⁵⁹ of
        the mass an entry; None for "paper", or if there was no time to make one.
    shape : tuple of int
        Rows and columns of the images.
    seconds : float
        Time taken.
    version : str
        Version of this package.
    """

    lower: float
    upper: float
    gap: float
    reached: bool
    similar: bool
    stopped: "Stop | Literal['blocks', 'squares']"
    order: float
    unit: DistanceUnit
    pixels: PixelModel
    normalised: bool
    method: str
    engine: "EngineChoice"
    levels: "tuple[LevelRecord, ...]"
    estimates: "PaperEstimates | None"
    potential: Floats | None
    plan: Plan | None
    shape: tuple[int, int]
    seconds: float
    version: str

    def summarise_plan(self) -> PlanSummary | None:
        """Summarise the plan; None where there is none."""
        if self.plan is None or len(self.plan.amounts) == 0:
            return None
        shifts = _measure_shifts(self.plan, self.shape)
        distances = np.hypot(*shifts.T)
        amounts = self.plan.amounts / self.plan.amounts.sum()
        across, down = (amounts @ shifts).tolist()
        return PlanSummary(
            len(amounts), (across, down), float(amounts @ distances), float(distances.max())
        )


@dataclass(frozen=True, eq=False)
class Displacement:
    """Where the mass of parts of the first image goes on average.

    Attributes
    ----------
    starts, shifts : ndarray, shape (k, 2)
        Barycentre of the part, and its mean displacement, (x, y) in pixels.
    masses : ndarray, shape (k,)
        Mass of the part.
    """

    starts: Floats
    shifts: Floats
    masses: Floats


def bound(
    a: "ImageLike",
    b: "ImageLike",
    p: float = 2,
    gap: float = 0.005,
    *,
    method: BoundMethod = "auto",
    block: int = 4,
    time_limit: float | None = None,
    unit: DistanceUnit = "pixel",
    pixels: PixelModel = "points",
    engine: SinkhornEngine = "auto",
    device: Device = "auto",
    threads: int | None = None,
    on_level: "Callable[[LevelRecord], None] | None" = None,
) -> ImageBounds:
    """Enclose the Wasserstein distance W_p between two images, strictly.

    Parameters
    ----------
    a, b : array_like, shape (h, w)
        Masses ≥ 0 of the pixels; images with different sums are scaled to the same. Masked pixels
        of a masked array have no mass.
    p : float
        Order, from 1 to 32; the cost is the Euclidean distance to this power.
    gap : float
        Refine until (upper − lower)/lower is at most this.
    method : {"auto", "paper", "sparse", "fast"}
        Multiscale linear programmes, back-and-forth potentials (p = 2), or the four estimators of
        "Quantization-based Bounds on the Wasserstein Metric" with blocks.
    block : int
        Side of the blocks of "paper", in pixels.
    time_limit : float, optional
        Seconds after which to stop; the interval is valid all the same. It is kept within a tenth
        and a second: what is left of the time goes to a certificate, and one that comes too late
        is given up for bounds by the sums of rows and columns. Images with too many pixels for it
        are pooled in blocks; `plan` and `potential` are None then.
    unit : {"pixel", "side"}
        Unit of the distance: a pixel, or the longer side of the images.
    pixels : {"points", "squares"}
        Whether the mass of a pixel is at its centre or spread evenly over it.
    engine : {"auto", "numpy", "keops"}
        Who transforms potentials for p other than 2: compiled loops of this package (numpy), or
        KeOps; "auto" takes KeOps for large images where there is a GPU. Certificates are computed
        in exact integers whatever the engine.
    device : {"auto", "cpu", "cuda"}
        Where KeOps computes.
    threads : int, optional
        By default one for each processor.
    on_level : callable, optional
        Receives a `LevelRecord` after each resolution.

    Returns
    -------
    ImageBounds

    Raises
    ------
    StippleError
        If the arrays are not two images of the same shape with some mass each, an option makes no
        sense, or the GPU that was asked for cannot be used.

    Examples
    --------
    >>> import stipple
    >>> result = stipple.bound([[1, 0, 0]], [[0, 0, 1]])
    >>> (result.lower, result.upper)
    (2.0, 2.0)
    """
    read_choice(method, "method", BoundMethod)
    read_choice(unit, "unit", DistanceUnit)
    read_choice(pixels, "pixel model", PixelModel)
    read_choice(engine, "engine", SinkhornEngine)
    read_choice(device, "device", Device)
    gap = read_number(gap, "gap to reach", 0, finite=False)
    block = read_count(block, "side of the blocks", 1)
    if time_limit is not None:
        time_limit = read_number(time_limit, "time limit", 0, finite=False)
    if threads is not None:
        threads = read_count(threads, "number of threads", 1)
    began = time.perf_counter()
    p = check_order(p)
    pair = pair_masses(a, b)
    measure = _Measure(pair, p, unit, pixels)
    potential: Floats | None = None
    plan: Plan | None = None
    stopped: Stop | Literal["blocks", "squares"]
    levels: tuple[LevelRecord, ...] = ()
    estimates = None
    if method == "paper":
        from stipple.bounds.blocks import estimate_blocks
        from stipple.bounds.keops_transforms import choose_engine

        choice = choose_engine(engine, device, order=p, method=method)
        estimates = estimate_blocks(pair, p, block, workers=Workers(threads))
        lower, upper, used = estimates.lower, estimates.upper, "paper"
        stopped = "blocks"
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
            on_level=on_level and (lambda level: on_level(measure.convert_level(level))),
        )
        lower, upper, used = result.lower, result.upper, str(result.method)
        potential, plan, levels = result.potential, result.plan, result.levels
        # Points are near enough where it is the squares that are not.
        stopped = "squares" if result.stopped == "gap" else result.stopped
        choice = result.engine
    lower, upper = measure.convert_lower(lower), measure.convert_upper(upper)
    reached_gap = measure_gap(lower, upper)
    reached = reached_gap <= gap or pair.similar
    return ImageBounds(
        lower=lower,
        upper=upper,
        gap=reached_gap,
        reached=reached,
        similar=pair.similar,
        stopped="gap" if reached else stopped,
        order=p,
        unit=unit,
        pixels=pixels,
        normalised=pair.normalised,
        method=used,
        engine=choice,
        levels=tuple(map(measure.convert_level, levels)),
        estimates=estimates and measure.convert_estimates(estimates),
        potential=potential,
        plan=plan,
        shape=pair.shape,
        seconds=time.perf_counter() - began,
        version=__version__,
    )


class _Measure:
    """Bounds for points and in pixels, converted to the unit and the pixels asked for."""

    def __init__(
        self, pair: MassPair, order: float, unit: DistanceUnit, pixels: PixelModel
    ) -> None:
        self._order = order
        self._side = max(pair.shape) if unit == "side" else 1
        self._squares = pixels == "squares"
        self._shift = measure_shift(pair) if self._squares else 0.0

    def convert_lower(self, lower: float) -> float:
        if self._squares:
            lower = lower_for_squares(lower, self._order, self._shift)
        return round_down(Fraction(lower) / self._side)

    def convert_upper(self, upper: float) -> float:
        return round_up(Fraction(upper) / self._side)

    def convert_level(self, level: "LevelRecord") -> "LevelRecord":
        lower, upper = self.convert_lower(level.lower), self.convert_upper(level.upper)
        return replace(level, lower=lower, upper=upper)

    def convert_estimates(self, estimates: "PaperEstimates") -> "PaperEstimates":
        def convert(estimate: "BlockEstimate", down: bool) -> "BlockEstimate":
            if not self._squares and self._side == 1:
                return estimate
            conversion = self.convert_lower if down else self.convert_upper
            distance = conversion(estimate.distance)
            cost = raise_power(distance, self._order, down=down)
            return replace(estimate, distance=distance, cost=cost)

        return replace(
            estimates,
            minimum_cost=convert(estimates.minimum_cost, True),
            dual=convert(estimates.dual, True),
            weighted_cost=convert(estimates.weighted_cost, False),
            primal=convert(estimates.primal, False),
            total_variation=convert(estimates.total_variation, False),
        )


def measure_displacement(result: ImageBounds, parts: int) -> Displacement:
    """Average the plan over square parts of the first image, `parts` along its longer side.

    Raises
    ------
    StippleError
        If there is no plan to average.
    """
    plan = result.plan
    if plan is None or len(plan.amounts) == 0:
        raise StippleError(
            "There is no plan to draw: give more time, and a method other than paper."
        )
    rows, columns = result.shape
    side = max(rows, columns) / parts
    row, column = np.divmod(plan.source, columns)
    places = np.column_stack((column, row)) + 0.5
    part = (row / side).astype(int) * parts + (column / side).astype(int)
    masses = np.bincount(part, plan.amounts, parts**2).astype(float)
    used = masses > 0

    def average(values: Floats) -> Floats:
        sums = [np.bincount(part, plan.amounts * axis, parts**2) for axis in values.T]
        means: Floats = np.column_stack(sums)[used] / masses[used, None]
        return means

    shifts = _measure_shifts(plan, result.shape)
    return Displacement(average(places), average(shifts), masses[used])


def _measure_shifts(plan: Plan, shape: tuple[int, int]) -> Floats:
    """Displacement (x, y) of each entry of a plan, shape (k, 2), in pixels."""
    source, target = (np.divmod(flat, shape[1]) for flat in (plan.source, plan.target))
    return np.column_stack((target[1] - source[1], target[0] - source[0])).astype(float)
