"""The certified distance between two images as a Python call."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import ArrayLike

from stipple import __version__
from stipple.arrays import Floats
from stipple.choices import BoundMethod, Device, DistanceUnit, PixelModel, SinkhornEngine
from stipple.errors import StippleError
from stipple.solvers.bounds.certificate import lower_for_squares, measure_gap
from stipple.solvers.bounds.marginals import measure_shift
from stipple.solvers.bounds.masses import pair_masses
from stipple.solvers.bounds.plans import Plan
from stipple.solvers.parallel import Workers

if TYPE_CHECKING:
    from stipple.solvers.bounds.blocks import PaperEstimates
    from stipple.solvers.bounds.refine import LevelRecord
    from stipple.solvers.keops_library import EngineChoice


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
        Whether the gap asked for was reached.
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
        The interval by resolution, for points and in pixels; none for "paper".
    estimates : PaperEstimates or None
        The published estimators, for "paper".
    potential : ndarray, shape (h, w), or None
        ψ on the second image, in pixels to the power p.
    plan : Plan or None
        The plan, in pixels.
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
    a: ArrayLike,
    b: ArrayLike,
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
        Masses ≥ 0 of the pixels; images with different sums are scaled to the same.
    p : float
        Order, at least 1; the cost is the Euclidean distance to this power.
    gap : float
        Refine until (upper − lower)/lower is at most this.
    method : {"auto", "paper", "sparse", "fast"}
        Multiscale linear programmes, back-and-forth potentials (p = 2), or the four estimators of
        "Quantization-based Bounds on the Wasserstein Metric" with blocks.
    block : int
        Side of the blocks of "paper", in pixels.
    time_limit : float, optional
        Seconds after which solvers stop where they stand; the interval is valid all the same. The
        coarsest resolution is always solved. Beyond the limit go at most one step that cannot be
        interrupted, such as the transform of a potential, and the certificate.
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
    _check_choice("method", method, get_args(BoundMethod))
    _check_choice("unit", unit, get_args(DistanceUnit))
    _check_choice("pixel model", pixels, get_args(PixelModel))
    _check_choice("engine", engine, get_args(SinkhornEngine))
    _check_choice("device", device, get_args(Device))
    began = time.perf_counter()
    pair = pair_masses(a, b)
    potential: Floats | None = None
    plan: Plan | None = None
    levels: tuple[LevelRecord, ...] = ()
    estimates = None
    if method == "paper":
        from stipple.solvers.bounds.blocks import estimate_blocks
        from stipple.solvers.bounds.keops_transforms import choose_engine

        choice = choose_engine(engine, device, order=p, method=method)
        estimates = estimate_blocks(pair, p, block, workers=Workers(threads))
        lower, upper, used = estimates.lower, estimates.upper, "paper"
    else:
        from stipple.solvers.bounds.refine import bound_images

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
            on_level=on_level,
        )
        lower, upper, used = result.lower, result.upper, str(result.method)
        potential, plan, levels = result.potential, result.plan, result.levels
        choice = result.engine
    if pixels == "squares":
        lower = lower_for_squares(lower, p)
    if unit == "side":
        side = max(pair.shape)
        lower = max(0.0, math.nextafter(lower / side, -math.inf)) if lower else 0.0
        upper = math.nextafter(upper / side, math.inf) if upper else 0.0
    reached_gap = measure_gap(lower, upper)
    return ImageBounds(
        lower=lower,
        upper=upper,
        gap=reached_gap,
        reached=reached_gap <= gap,
        order=p,
        unit=unit,
        pixels=pixels,
        normalised=pair.normalised,
        method=used,
        engine=choice,
        levels=levels,
        estimates=estimates,
        potential=potential,
        plan=plan,
        shape=pair.shape,
        seconds=time.perf_counter() - began,
        version=__version__,
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
            f"The method {result.method} leaves no plan to draw: use sparse, fast or auto."
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


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise StippleError(f"The {name} is {value!r}: give one of {', '.join(known)}.")
