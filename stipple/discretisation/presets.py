"""The published examples of discretisation by entropic transport, as presets.

Source: "Efficient Discretizations of Optimal Transport" (EDOT), its examples and figures.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import TypeAlias, get_args

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import ndtr, ndtri

from stipple.arrays import Floats
from stipple.choices import CellRule
from stipple.discretisation.naive import Naive
from stipple.discretisation.settings import Settings
from stipple.files.sample_picture import read_sample
from stipple.geometry.distances import Distances
from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples

LINE_CELLS = 1000
SQUARE_CELLS = 100
DISC_PIXELS = 256
CLOUD = 5_000
# Distances between all samples take memory: part of the cloud has them.
PART = 2_000
DRAWN = 10_000

Mixture: TypeAlias = tuple[tuple[float, tuple[float, ...], tuple[float, ...]], ...]
"""Weights, means and standard deviations of normals cut to [0, 1]."""

UNIFORM: Mixture = ((1.0, (0.5,), (np.inf,)),)
MIXTURE_1D: Mixture = ((0.3, (0.2,), (0.1,)), (0.7, (0.7,), (0.2,)))
MIXTURE_2D: Mixture = ((0.3, (0.2, 0.3), (0.1, 0.2)), (0.7, (0.7, 0.6), (0.2, 0.15)))

EXACT, EQUAL = Settings(), Settings(weights="equal")
GEODESIC = Settings(metric="geodesic")
SHARP, FULL = Settings(objective="sharp"), Settings(objective="full")


@dataclass(frozen=True)
class Case:
    """One run of a preset: a measure, a number of atoms, and how they are found.

    `distances` between samples are those of a metric that has no formula.
    """

    label: str
    measure: Callable[[], Measure]
    atoms: int
    settings: Settings
    distances: Callable[[], Distances] | None = None


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
    plan_zeta : float or None
        λ of the plan that the two cases are discretised for jointly, if they are.
    """

    name: str
    title: str
    cases: tuple[Case, ...]
    published: str
    naive: Naive | None = None
    plan_zeta: float | None = None


def list_presets() -> dict[str, Preset]:
    """Every preset by its name."""
    groups = (
        _define_on_the_line,
        _define_plans,
        _define_in_the_plane,
        _define_in_cells,
        _define_in_space,
        _define_others,
    )
    return {preset.name: preset for define in groups for preset in define()}


def _define_on_the_line() -> tuple[Preset, ...]:
    kinds = (("sharp", SHARP), ("full", FULL), ("exact", EXACT))
    return (
        Preset(
            "uniform-1d",
            "uniform on [0, 1], 5 atoms, ζ = 0.01",
            tuple(Case(label, _measure_line, 5, settings) for label, settings in kinds),
            "sharp at most .00495, where k-means has .00496; exact 1/300",
        ),
        Preset(
            "mixture-1d",
            "two truncated normals on [0, 1], 5 atoms, ζ = 0.01",
            tuple(Case(label, _measure_mixture, 5, settings) for label, settings in kinds),
            "sharp at most .00494, at .136 .307 .525 .708 .892",
        ),
    )


def _define_plans() -> tuple[Preset, ...]:
    return (
        Preset(
            "plan-1d",
            "5 × 5 atoms for the entropic plan between uniform and mixture-1d, λ = ζ = 0.01",
            (Case("first", _measure_line, 5, SHARP), Case("second", _measure_mixture, 5, SHARP)),
            "atoms where the plan is, and Proposition 1; 5 × 5 random points for comparison",
            plan_zeta=0.01,
        ),
    )


def _define_in_the_plane() -> tuple[Preset, ...]:
    return (
        Preset(
            "mixture-2d",
            "two truncated normals on the unit square, 7 atoms, ζ = 0.01",
            (
                Case("sharp", _measure_mixture_in_the_plane, 7, SHARP),
                Case("exact", _measure_mixture_in_the_plane, 7, EXACT),
            ),
            "a picture",
        ),
        Preset(
            "discs-24",
            "16 discs on a 4 × 4 grid, 24 atoms with free and with equal weights",
            (
                Case("free", _measure_discs, 24, EXACT),
                Case("equal", _measure_discs, 24, EQUAL),
            ),
            "free: no mass between discs, less than half of the error of equal weights",
        ),
    )


def _define_in_cells() -> tuple[Preset, ...]:
    sharp = Settings(objective="sharp", zeta=1e-2, algorithm="adaptive", cell_atoms=6)
    return (
        Preset(
            "adaptive-30",
            "10,000 samples of two truncated normals on the unit square, 30 atoms cell by cell",
            tuple(
                Case(rule, _draw_mixture_in_the_plane, 30, replace(sharp, cells=rule))
                for rule in get_args(CellRule)
            ),
            "cells that divide where there is mass, each with few atoms (--draw dots,cells)",
        ),
    )


def _define_in_space() -> tuple[Preset, ...]:
    full = Settings(metric="sphere", objective="full", zeta=1e-3)
    return (
        Preset(
            "sphere",
            "a mixture of three normals, carried to the sphere; distances are arcs, or chords",
            (
                Case("exact", _measure_sphere, 40, Settings(metric="sphere")),
                Case("full", _measure_sphere, 40, full),
                Case("chords", _measure_sphere, 40, EXACT),
            ),
            "a picture",
        ),
        Preset(
            "swiss-roll",
            "the Swiss roll (r cos πr, r sin πr, z), r uniform on [1, 4], in space and along it",
            (
                Case("exact", _measure_swiss_roll, 50, EXACT),
                Case("geodesic", _measure_part_of_roll, 50, GEODESIC, _measure_along_roll),
            ),
            "a picture",
        ),
    )


def _define_others() -> tuple[Preset, ...]:
    return (
        Preset(
            "image",
            "a photograph with 10 to 4,000 atoms, free and equal weights",
            tuple(
                Case(f"{settings.weights}-{n}", _measure_photograph, n, settings)
                for n, settings in product((10, 100, 1000, 4000), (EXACT, EQUAL))
            ),
            "the error falls as 1/m; free weights have less of it",
        ),
        Preset(
            "naive-comparison",
            "3 to 8 atoms against 20,000 random samplings of 3 to 200 points with equal weights",
            (
                *(Case(f"uniform-{m}", _measure_line, m, SHARP) for m in range(3, 8)),
                *(Case(f"mixture-{m}", _measure_mixture, m, SHARP) for m in range(3, 9)),
            ),
            "5 atoms beat 95 % of the samplings of 40 points (in the sharp metric)",
            Naive(20_000, (3, 5, 10, 20, 40, 80, 200)),
        ),
    )


def _measure_line() -> Measure:
    return _cut_mixture(UNIFORM, LINE_CELLS)


def _measure_mixture() -> Measure:
    return _cut_mixture(MIXTURE_1D, LINE_CELLS)


def _measure_mixture_in_the_plane() -> Measure:
    return _cut_mixture(MIXTURE_2D, SQUARE_CELLS)


@cache
def _cut_mixture(terms: Mixture, cells: int) -> Measure:
    """Mixture of products of normals cut to [0, 1], each of mass 1, as cells of equal size."""
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


def _cut_normal(edges: Floats, mean: float, sigma: float) -> Floats:
    """Masses between edges of a normal cut to them; uniform where sigma is infinite."""
    below = edges if np.isinf(sigma) else ndtr((edges - mean) / sigma)
    masses: Floats = np.diff(below) / (below[-1] - below[0])
    return masses


@cache
def _draw_mixture_in_the_plane() -> Measure:
    """Draw samples of the mixture in the plane, by the inverse of each distribution function."""
    generator = np.random.default_rng(0)
    chosen = generator.choice(len(MIXTURE_2D), DRAWN, p=[weight for weight, _, _ in MIXTURE_2D])
    means, sigmas = (np.array([term[place] for term in MIXTURE_2D])[chosen] for place in (1, 2))
    lowest, highest = ndtr(-means / sigmas), ndtr((1 - means) / sigmas)
    places = lowest + (highest - lowest) * generator.random((DRAWN, 2))
    points = means + sigmas * ndtri(places)
    return Measure(Samples(points, np.ones(DRAWN)), np.zeros(2), np.ones(2))


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
def _measure_part_of_roll() -> Measure:
    return Measure.from_samples(Samples(_measure_swiss_roll().samples.points[:PART], np.ones(PART)))


@cache
def _measure_along_roll() -> Distances:
    """Distances in the plane that the roll is when unrolled: arc length beside height."""
    points = _measure_part_of_roll().samples.points
    radius = np.hypot(points[:, 0], points[:, 1])
    arc = radius * np.hypot(1, np.pi * radius) / 2 + np.arcsinh(np.pi * radius) / (2 * np.pi)
    unrolled = np.column_stack((arc, points[:, 2]))
    return Distances(cdist(unrolled, unrolled))


@cache
def _measure_photograph() -> Measure:
    return Measure.from_domain(read_sample())
