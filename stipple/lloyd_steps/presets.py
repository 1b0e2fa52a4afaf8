"""The published experiments on uniform quantisation, as presets.

Source: Mérigot, Santambrogio, Sarrazin, "Non-asymptotic convergence bounds for Wasserstein
approximation using point clouds", NeurIPS 2021, and the slides of the same.
"""

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np

from stipple.arrays import Floats
from stipple.files.sample_picture import read_sample
from stipple.lloyd_steps.experiment import LAST_STEP, PLATEAU_STEPS, Experiment
from stipple.lloyd_steps.paths import AnyDomain
from stipple.lloyd_steps.preset import Preset
from stipple.lloyd_steps.presets_in_space import define_in_space
from stipple.lloyd_steps.starts import Start, combine, make_start, start_on_split_grid, stretch
from stipple.measures.density import Density
from stipple.measures.formula import Domain, Region, parse_density, rasterise_density

GAUSSIAN_COUNTS = (400, 961, 1600, 2500)
GAUSSIAN_PIXELS = 512


def list_presets() -> dict[str, Preset]:
    """Every preset by its name."""
    in_plane = (*_define_slopes(), *_define_gaussians(), *_define_critical(), *_define_limits())
    return {preset.name: preset for preset in (*in_plane, *define_in_space())}


def _define_slopes() -> tuple[Preset, ...]:
    """Define those of one step for several numbers of points, of which the slope is published."""
    square = _rasterise("uniform", Region(), 1)
    return (
        Preset(
            "image-grid",
            "grey image, one Lloyd step from a regular grid",
            Experiment(
                lambda _count: read_sample(), make_start("grid"), (3750, 7350, 15000, 43350)
            ),
            "slope −1.00",
            (-1.05, -0.95),
            takes_picture=True,
        ),
        Preset(
            "koch",
            "uniform, one Lloyd step from the corners of the von Koch curve",
            Experiment(square, make_start("koch"), (257, 4097, 16385)),
            "slope −1.01 (the theory gives −0.207 only)",
            (-1.07, -0.95),
            (0, 1),
        ),
        Preset(
            "many-steps",
            "uniform, gradient steps of size 4/√N from a grid in a quarter of the square, as many"
            " as Theorem 7 asks for",
            Experiment(
                _rasterise("uniform", Region(-np.pi, -np.pi, np.pi, np.pi), 1),
                _start_in_quarter,
                (256, 1024, 4096),
                steps=None,
                measured_step=LAST_STEP,
                step_sizes=lambda count: (4 / count**0.5,),
            ),
            "rate (22), which is −0.25 here: W2² falls at least as fast",
            (-1.05, -0.25),
        ),
    )


def _define_gaussians() -> tuple[Preset, ...]:
    """Define those of one step towards a Gaussian, with the rates 16 and 8 and a growing one."""
    grid, random = make_start("grid"), make_start("uniform")
    return (
        Preset(
            "gaussian-random",
            "Gaussian on the unit square, one Lloyd step from random points, 100 clouds",
            Experiment(_gaussian(16), random, GAUSSIAN_COUNTS, repeats=100),
            "slope −0.95 (paper), −0.99 (slides)",
            (-1.02, -0.92),
        ),
        Preset(
            "gaussian-random-8",
            "the same with the rate 8 that the paper prints",
            Experiment(_gaussian(8), random, GAUSSIAN_COUNTS, repeats=100),
            "slope −0.95 (paper), −0.99 (slides)",
            (-1.02, -0.97),
        ),
        Preset(
            "gaussian-grid",
            "the same Gaussian, one Lloyd step from an axis-parallel grid",
            Experiment(_gaussian(16), grid, GAUSSIAN_COUNTS),
            "slope −0.80 (paper), −0.78 (slides)",
            (-0.83, -0.75),
        ),
        Preset(
            "gaussian-grid-8",
            "the same with the rate 8 that the paper prints",
            Experiment(_gaussian(8), grid, GAUSSIAN_COUNTS),
            "slope −0.80 (paper), −0.78 (slides); the closed form for 8 is −0.972",
            (-0.99, -0.95),
        ),
        Preset(
            "gaussian-narrow",
            "Gaussian of variance 2/(11·ln N), which goes to 0, one Lloyd step from a grid",
            Experiment(_narrow_gaussian, grid, (400, 1024, 2500, 10000)),
            "exponent −1/d = −0.5 in the limit; the closed form for these N is −0.715",
            (-0.74, -0.69),
        ),
    )


def _define_critical() -> tuple[Preset, ...]:
    """Define those that start at critical points, or come near to them."""
    square = _rasterise("uniform", Region(), 1)
    disc = _rasterise("uniform", Region(-1, -1, 1, 1, round=True), 512)
    return (
        Preset(
            "line",
            "uniform, evenly on the middle line: critical, and far from optimal",
            Experiment(square, make_start("line"), (20, 40), steps=3, measured_step=0),
            "W2² stays at 1/12 + 1/(12N²)",
            None,
            (0,),
        ),
        _define_plateau(
            "critical-diagonal",
            "uniform on the square, from points on its diagonal: strips across it",
            square,
            _start_on_diagonal,
            "W2² tends to 1/12",
        ),
        _define_plateau(
            "critical-diameter",
            "uniform on the disc, from points on a diameter: strips across it",
            disc,
            _start_on_diameter,
            "W2² tends to 1/4",
        ),
        _define_plateau(
            "critical-ring",
            "uniform on the disc, from points on a circle: sectors",
            disc,
            _start_on_ring,
            "W2² tends to 1/18",
        ),
        Preset(
            "tight",
            "product density on 2×2 pixels with its product critical cloud: the rate is attained",
            Experiment(
                _split_square,
                start_on_split_grid,
                (256, 1024, 4096, 16384),
                steps=2,
                measured_step=0,
            ),
            "exponent −1/d = −0.5",
            (-0.53, -0.47),
            (0,),
        ),
    )


def _define_plateau(
    name: str, title: str, domain: Callable[[int], Domain], start: Start, published: str
) -> Preset:
    """Define Lloyd from a symmetric start until the plateau, whose limit is a curve: E_1."""
    experiment = Experiment(
        domain,
        start,
        (40, 80),
        steps=PLATEAU_STEPS,
        stop_on_plateau=True,
        measured_step=LAST_STEP,
    )
    return Preset(name, title, experiment, published, (-0.05, 0.05))


def _define_limits() -> tuple[Preset, ...]:
    """Define those of long runs."""
    square = _rasterise("uniform", Region(), 1)
    return (
        Preset(
            "unstable-grid",
            "uniform, Lloyd from a 10×10 grid: critical, and left by rounding alone",
            Experiment(
                _rasterise("uniform", Region(-np.pi, -np.pi, np.pi, np.pi), 1),
                make_start("grid"),
                (100,),
                steps=200,
            ),
            "pictures at steps 1, 101, 121, 141, 161; the grid is left at about step 100 to 160",
            None,
            (1, 101, 121, 141, 161),
        ),
        Preset(
            "critical-limits",
            "uniform, long Lloyd from 100 points crowded in a corner",
            Experiment(square, _start_crowded, (100,), steps=300),
            "pictures of the limit",
            None,
            (0, 1, 10, 300),
        ),
        Preset(
            "critical-limits-disc",
            "Gaussian on the unit disc, long Lloyd from 100 points crowded near its centre",
            Experiment(
                _rasterise("gaussian:0,0.5", Region(-1, -1, 1, 1, round=True), 256),
                _start_crowded_inside,
                (100,),
                steps=300,
            ),
            "pictures of the limit",
            None,
            (0, 1, 10, 300),
        ),
    )


def _rasterise(text: str, region: Region, pixels: int) -> Callable[[int], Domain]:
    @cache
    def build() -> Domain:
        return rasterise_density(parse_density(text), region, pixels)

    return lambda _count: build()


def _gaussian(rate: float) -> Callable[[int], Domain]:
    """Density ∝ exp(−rate·|x − ½|²) on the unit square.

    With 16 the published slopes come out, −0.80 and −0.95; with 8 they are −0.97 and −0.99
    (docs/experiments.md).
    """
    return _rasterise(f"gaussian:0.5,{(2 * rate) ** -0.5!r}", Region(), GAUSSIAN_PIXELS)


def _narrow_gaussian(count: int) -> Domain:
    """Gaussian of about the variance that is worst for a grid of N points.

    For σ² = 1/(11·ln n), n = √N, the outermost of n cells on the line reach from the border to
    the Gaussian. W2² is of order 1/(n·ln² n): the exponent −1/d of N, but for the logarithm.
    """
    return _gaussian(11 * math.log(count) / 4)(count)


def _start_in_quarter(domain: AnyDomain, count: int, _generator: np.random.Generator) -> Floats:
    """Grid in the first quarter of the domain; `count` is a square."""
    side = round(count**0.5)
    return stretch(domain, combine((np.arange(side) + 0.5) / (2 * side), 2))


def _split_square(count: int) -> Domain:
    """ρ = ⊗ of 1/n on [−1, 0] and 1 − 1/n on [0, 1], for N = n²: two by two pixels."""
    part = 1 / round(count**0.5)
    factor = np.array([part, 1 - part])
    return Domain(Density(np.outer(factor, factor)), (-1.0, -1.0), 1.0)


def _start_on_diagonal(domain: AnyDomain, count: int, _generator: np.random.Generator) -> Floats:
    line = (np.arange(count) + 0.5) / count
    return stretch(domain, np.column_stack([line, line]))


def _start_on_diameter(domain: AnyDomain, count: int, _generator: np.random.Generator) -> Floats:
    line = 0.5 + 0.4 * (2 * np.arange(count) + 1 - count) / count
    return stretch(domain, np.column_stack([line, np.full(count, 0.5)]))


def _start_on_ring(domain: AnyDomain, count: int, _generator: np.random.Generator) -> Floats:
    """Evenly on a circle that is no limit of critical points, symmetric to the pixels."""
    angles = 2 * np.pi * (np.arange(count) + 0.5) / count
    return stretch(domain, 0.5 + 0.25 * np.column_stack([np.cos(angles), np.sin(angles)]))


def _start_crowded(
    domain: AnyDomain,
    count: int,
    generator: np.random.Generator,
    middle: tuple[float, float] = (0.15, 0.15),
) -> Floats:
    return stretch(domain, middle + 0.2 * (generator.random((count, 2)) - 0.5))


_start_crowded_inside = partial(_start_crowded, middle=(0.45, 0.55))
