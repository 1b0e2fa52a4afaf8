"""Grain of points: how near to a lattice they are, and how strong its waves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats
from stipple.geometry.power_cells import PowerCells
from stipple.machine.compiled import compile_loop

# Frequencies that are looked at, in parts of 1/spacing, the spacing being that of a square lattice:
# hexagonal ones have 1.07 and more, and what is below half of that belongs to the picture.
LOWEST, HIGHEST = 0.5, 1.5
# Cells of the grid that points are spread on, along that spacing.
FINENESS = 6
# Most cells of that grid; beyond them only every second frequency is looked at, or every third, …
LARGEST_GRID = 2**22
# Fewer points than these have no texture to speak of.
FEWEST = 3


@dataclass(frozen=True)
class Regularity:
    """How regular points are.

    Attributes
    ----------
    largest_power : float
        Largest power |Σ exp(−2πi f·x)|²/n of a single frequency f: n for a lattice, and about
        ln n for points at random, whose mean is 1.
    six_neighboured : float
        Part of the points, off the border, that have six neighbours: 1 for hexagons.
    """

    largest_power: float
    six_neighboured: float


@dataclass(frozen=True, eq=False)
class Waves:
    """Amplitudes Σ m_i·exp(−2πi f·x_i) of points, or of a density, at frequencies f of a grid.

    Attributes
    ----------
    across, down : ndarray, shapes (1, k) and (h, 1)
        Components of f along x, from zero on, and along y, in cycles for each unit of length.
    amplitudes : ndarray of complex, shape (h, k)
    """

    across: Floats
    down: Floats
    amplitudes: NDArray[np.complex128]

    @property
    def frequencies(self) -> Floats:
        """|f|, shape (h, k)."""
        length: Floats = np.hypot(self.across, self.down)
        return length


def measure_regularity(points: Floats, cells: PowerCells, support_area: float) -> Regularity:
    """Measure how regular points are on a picture, best a flat one.

    The frequencies are those of whole waves across the picture and down it. Left out are low ones,
    which the picture itself has, and those of waves along an axis, which its borders have.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        In pixels.
    cells : PowerCells
        Their cells, in any order.
    support_area : float
        Area where points may be, in square pixels.
    """
    power = find_largest_power(points, cells.width, cells.height, support_area)
    return Regularity(power, _count_six(cells))


def find_largest_power(points: Floats, width: float, height: float, support_area: float) -> float:
    """Find the largest power of a single frequency; the arguments are those of the measure."""
    if len(points) < FEWEST:
        return 1.0
    spacing = float(np.sqrt(support_area / len(points)))
    waves = transform_points(points, np.ones(len(points)), width, height, spacing)
    frequency = spacing * waves.frequencies
    seen = (frequency >= LOWEST) & (frequency <= HIGHEST) & (waves.across != 0) & (waves.down != 0)
    return float((np.abs(waves.amplitudes[seen]) ** 2).max(initial=0.0)) / len(points)


def transform_points(
    points: Floats, masses: Floats, width: float, height: float, spacing: float
) -> Waves:
    """Transform weighted points of a rectangle into whole waves across it and down it.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        In [0, width] × [0, height].
    masses : ndarray, shape (n,)
        What each of them weighs.
    width, height : float
        Sides of the rectangle.
    spacing : float
        Length of the shortest waves that matter; those of a third of it are the last to be there.
    """
    cells = (FINENESS / spacing) ** 2 * width * height
    skipped = max(1, int(np.ceil(np.sqrt(cells / LARGEST_GRID))))
    width, height = width / skipped, height / skipped
    shape = tuple(max(8, int(np.ceil(FINENESS * side / spacing))) for side in (height, width))
    grid = np.zeros(shape)
    _spread(np.ascontiguousarray(points), masses, width, height, grid)
    down = np.fft.fftfreq(shape[0]).astype(np.float64)[:, None]
    across = np.fft.rfftfreq(shape[1]).astype(np.float64)[None, :]
    # What the spline does to waves is undone.
    amplitudes = np.fft.rfft2(grid) / (np.sinc(down) * np.sinc(across)) ** 4
    return Waves(across * (shape[1] / width), down * (shape[0] / height), amplitudes)


def _count_six(cells: PowerCells) -> float:
    sizes = np.diff(cells.adjacency.offsets)
    inside = (sizes > 0) & ~cells.touch_border()
    return float((sizes[inside] == 6).mean()) if inside.any() else 0.0


@compile_loop
def _spread(points: Floats, masses: Floats, width: float, height: float, grid: Floats) -> None:
    """Add a cubic spline about each point, of its mass, to a periodic grid."""
    rows, columns = grid.shape
    down = np.empty(4)
    across = np.empty(4)
    for i in range(len(points)):
        x, y = points[i, 0] / width * columns, points[i, 1] / height * rows
        column, row = int(np.floor(x)), int(np.floor(y))
        _weigh(x - column, across)
        _weigh(y - row, down)
        for a in range(4):
            for b in range(4):
                grid[(row + a - 1) % rows, (column + b - 1) % columns] += (
                    masses[i] * down[a] * across[b]
                )


@compile_loop
def _weigh(t: float, weights: Floats) -> None:
    """Weights of the cubic B-spline at −1, 0, 1 and 2, seen from t in [0, 1)."""
    weights[0] = (1 - t) ** 3 / 6
    weights[1] = (4 - 6 * t**2 + 3 * t**3) / 6
    weights[2] = (1 + 3 * t + 3 * t**2 - 3 * t**3) / 6
    weights[3] = t**3 / 6
