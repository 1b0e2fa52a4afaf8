"""The published examples of discretisation by entropic transport, as presets.

Source: "Efficient Discretizations of Optimal Transport" (EDOT), its examples and figures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from scipy.special import ndtr

from stipple.arrays import Floats
from stipple.discretisation.settings import Settings
from stipple.files.sample_picture import read_sample
from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples

LINE_CELLS = 1000
SQUARE_CELLS = 100
DISC_PIXELS = 256
CLOUD = 5_000
# Weights, means and standard deviations of a mixture of normals cut to [0, 1].
MIXTURE_1D = ((0.3, (0.2,), (0.1,)), (0.7, (0.7,), (0.2,)))
MIXTURE_2D = ((0.3, (0.2, 0.3), (0.1, 0.2)), (0.7, (0.7, 0.6), (0.2, 0.15)))


@dataclass(frozen=True)
class Case:
    """One run of a preset: a measure, a number of atoms, and how they are found."""

    label: str
    measure: Callable[[], Measure]
    atoms: int
    settings: Settings


@dataclass(frozen=True)
class Naive:
    """Random samplings with equal weights to compare with: their size, and how many."""

    size: int
    repeats: int


@dataclass(frozen=True)
class Preset:
    """A published example.

    Attributes
    ----------
    name, title : str
        What people type, and what it shows.
    cases : tuple of Case
        What is run.
    published : str
        What the source says, or the value that is to be reached.
    naive : Naive or None
        The naive samplings that each case is compared with.
    """

    name: str
    title: str
    cases: tuple[Case, ...]
    published: str
    naive: Naive | None = None


def list_presets() -> dict[str, Preset]:
    """Every preset by its name."""
    return {preset.name: preset for preset in _define()}


def _define() -> tuple[Preset, ...]:
    sharp = Settings(objective="sharp")
    line = _measure_mixture(((1.0, (0.5,), (np.inf,)),), LINE_CELLS)
    mixture = _measure_mixture(MIXTURE_1D, LINE_CELLS)
    return (
        Preset(
            "uniform-1d",
            "uniform on [0, 1], 5 atoms, ζ = 0.01",
            (
                Case("sharp", line, 5, sharp),
                Case("full", line, 5, Settings(objective="full")),
                Case("exact", line, 5, Settings()),
            ),
            "sharp at most .00495, where k-means has .00496; exact 1/300",
        ),
        Preset(
            "mixture-1d",
            "two truncated normals on [0, 1], 5 atoms, ζ = 0.01",
            (
                Case("sharp", mixture, 5, sharp),
                Case("full", mixture, 5, Settings(objective="full")),
                Case("exact", mixture, 5, Settings()),
            ),
            "sharp at most .00494, at .136 .307 .525 .708 .892",
        ),
        Preset(
            "mixture-2d",
            "two truncated normals on the unit square, 7 atoms, ζ = 0.01",
            tuple(
                Case(objective, _measure_mixture(MIXTURE_2D, SQUARE_CELLS), 7, settings)
                for objective, settings in (("sharp", sharp), ("exact", Settings()))
            ),
            "a picture",
        ),
        Preset(
            "discs-24",
            "16 discs on a 4 × 4 grid, 24 atoms with free and with equal weights",
            (
                Case("free", _measure_discs, 24, Settings()),
                Case("equal", _measure_discs, 24, Settings(weights="equal")),
            ),
            "free: no mass between discs, less than half of the error of equal weights",
        ),
        Preset(
            "sphere",
            "a mixture of three normals, carried to the sphere; distances are arcs",
            (
                Case("exact", _measure_sphere, 40, Settings(metric="sphere")),
                Case(
                    "full",
                    _measure_sphere,
                    40,
                    Settings(metric="sphere", objective="full", zeta=1e-3),
                ),
            ),
            "a picture",
        ),
        Preset(
            "swiss-roll",
            "the Swiss roll (r cos πr, r sin πr, z), r uniform on [1, 4], in space",
            (Case("exact", _measure_swiss_roll, 50, Settings()),),
            "a picture",
        ),
        Preset(
            "image",
            "a photograph with 10 to 4,000 atoms, free and equal weights",
            tuple(
                Case(f"{settings.weights}-{count}", _measure_photograph, count, settings)
                for count, settings in product(
                    (10, 100, 1000, 4000), (Settings(), Settings(weights="equal"))
                )
            ),
            "the error falls as 1/m; free weights have less of it",
        ),
        Preset(
            "naive-comparison",
            "5 atoms against 1,000 random samplings of 40 points with equal weights",
            (Case("uniform", line, 5, sharp), Case("mixture", mixture, 5, sharp)),
            "5 atoms beat 95 % of the samplings (in the sharp metric)",
            Naive(40, 1000),
        ),
    )


def _measure_mixture(
    terms: tuple[tuple[float, tuple[float, ...], tuple[float, ...]], ...], cells: int
) -> Callable[[], Measure]:
    """Mixture of products of normals cut to [0, 1], each of mass 1, as cells of equal size."""

    @cache
    def build() -> Measure:
        edges = np.linspace(0, 1, cells + 1)
        dimension = len(terms[0][1])
        masses = np.zeros((cells,) * dimension)
        for weight, means, sigmas in terms:
            factor = np.array(weight)
            for mean, sigma in zip(means, sigmas, strict=True):
                factor = np.multiply.outer(factor, _cut_normal(edges, mean, sigma))
            masses += factor
        centres = (edges[1:] + edges[:-1]) / 2
        grid = np.stack(np.meshgrid(*[centres] * dimension, indexing="ij"), axis=-1)
        samples = Samples(grid.reshape(-1, dimension), masses.ravel(), cells ** -float(dimension))
        return Measure(samples, np.zeros(dimension), np.ones(dimension))

    return build


def _cut_normal(edges: Floats, mean: float, sigma: float) -> Floats:
    """Masses between edges of a normal cut to them; uniform where sigma is infinite."""
    below = edges if np.isinf(sigma) else ndtr((edges - mean) / sigma)
    masses: Floats = np.diff(below) / (below[-1] - below[0])
    return masses


@cache
def _measure_discs() -> Measure:
    """Discs of a quarter of their spacing on a 4 × 4 grid of the unit square."""
    centres = (np.arange(DISC_PIXELS) + 0.5) / DISC_PIXELS
    offset = (4 * centres) % 1 - 0.5
    values = (np.hypot(offset, offset[:, None]) <= 0.25).astype(float)
    return Measure.from_domain(Domain(Density(values), unit=1 / DISC_PIXELS))


@cache
def _measure_sphere() -> Measure:
    """Draw a mixture of normals in the plane, carried to the unit sphere."""
    generator = np.random.default_rng(0)

    def turn(angle: float) -> Floats:
        cosine, sine = np.cos(angle), np.sin(angle)
        return np.array([[cosine, sine], [-sine, cosine]])

    means = np.array([[3.0, 1.0], [0.0, -4.0], [-0.1, 0.2]])
    factors = (
        np.diag([0.5, 2.0]) @ turn(np.pi / 3),
        np.diag([3.0, 1.0]) @ turn(-np.pi / 4),
        0.2 * np.eye(2),
    )
    chosen = generator.choice(3, CLOUD, p=[0.4, 0.2, 0.4])
    normal = generator.standard_normal((CLOUD, 2))
    plane = means[chosen] + np.einsum("ni,nij->nj", normal, np.stack(factors)[chosen])
    square = (plane**2).sum(axis=1, keepdims=True)
    points = np.hstack([2 * plane, square - 1]) / (square + 1)
    samples = Samples(points, np.ones(CLOUD))
    return Measure(samples, -np.ones(3), np.ones(3))


@cache
def _measure_swiss_roll() -> Measure:
    generator = np.random.default_rng(0)
    radius = 1 + 3 * generator.random(CLOUD)
    height = generator.random(CLOUD)
    points = np.column_stack(
        (radius * np.cos(np.pi * radius), radius * np.sin(np.pi * radius), height)
    )
    return Measure.from_samples(Samples(points, np.ones(CLOUD)))


@cache
def _measure_photograph() -> Measure:
    return Measure.from_domain(read_sample())
