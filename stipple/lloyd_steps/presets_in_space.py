"""The experiments on uniform quantisation one dimension up: what theory says of d = 3, measured.

Source: Mérigot, Santambrogio, Sarrazin, "Non-asymptotic convergence bounds for Wasserstein
approximation using point clouds", NeurIPS 2021, which draws d = 2 only.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from stipple.arrays import Floats
from stipple.lloyd_steps.experiment import Experiment
from stipple.lloyd_steps.paths import AnyDomain
from stipple.lloyd_steps.preset import Preset
from stipple.lloyd_steps.starts import combine, make_start, start_on_split_grid, stretch
from stipple.measures.formula import parse_density
from stipple.measures.solid import Solid, VolumeDomain, rasterise_in_space
from stipple.measures.volume import VolumeDensity

# Voxels along the side of a cube on which a Gaussian is integrated.
GAUSSIAN_VOXELS = 32


def define_in_space() -> tuple[Preset, ...]:
    """Define the presets of d = 3."""
    cube = _rasterise("uniform", 1)
    return (
        Preset(
            "space-line",
            "uniform on the cube, evenly on the middle line: critical, and far from optimal",
            Experiment(cube, make_start("line"), (20, 40, 80), steps=3, measured_step=0),
            "none for d = 3; theory: exponent 0, W2² stays at 1/6 + 1/(12N²)",
            (-0.01, 0.0),
            (0,),
        ),
        Preset(
            "space-plane",
            "uniform on the cube, a grid on the middle plane: critical, and far from optimal",
            Experiment(cube, _start_on_plane, (64, 256, 1024), steps=3, measured_step=0),
            "none for d = 3; theory: exponent 0, W2² stays at 1/12 + 1/(6N)",
            (-0.02, 0.0),
            (0,),
        ),
        Preset(
            "space-tight",
            "product density on 2×2×2 voxels with its product critical cloud: the rate is attained",
            Experiment(
                _split_cube, start_on_split_grid, (1728, 4096, 8000), steps=2, measured_step=0
            ),
            "none for d = 3; theory: exponent −1/d = −0.333 in the limit; the closed form for these"
            " N is −0.357",
            (-0.36, -0.33),
            (0,),
        ),
        Preset(
            "space-random",
            "Gaussian on the cube, one Lloyd step from random points, 10 clouds",
            Experiment(
                _rasterise(f"gaussian:0.5,{32**-0.5!r}", GAUSSIAN_VOXELS),
                make_start("uniform"),
                (125, 343, 1000),
                repeats=10,
            ),
            "none for d = 3; theory: exponent at most −1/(2d − 1) = −0.2 (Corollary 5), at least"
            " −2/d = −0.667",
            (-2 / 3, -0.2),
        ),
    )


def _rasterise(text: str, voxels: int) -> Callable[[int], AnyDomain]:
    @cache
    def build() -> VolumeDomain:
        return rasterise_in_space(parse_density(text), Solid(), voxels)

    return lambda _count: build()


def _start_on_plane(domain: AnyDomain, count: int, _generator: np.random.Generator) -> Floats:
    """Grid on the plane across the middle; `count` is a square."""
    side = round(count**0.5)
    flat = combine((np.arange(side) + 0.5) / side, 2)
    return stretch(domain, np.column_stack([flat, np.full(len(flat), 0.5)]))


def _split_cube(count: int) -> VolumeDomain:
    """ρ = ⊗ of 1/n on [−1, 0] and 1 − 1/n on [0, 1], for N = n³: two voxels along each axis."""
    part = 1 / round(count ** (1 / 3))
    factor = np.array([part, 1 - part])
    values = np.multiply.outer(factor, np.outer(factor, factor))
    return VolumeDomain(VolumeDensity(values), (-1.0, -1.0, -1.0))
