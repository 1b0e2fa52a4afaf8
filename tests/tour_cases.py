"""Points that are hard for tours, made by formulas, and the lengths of tours that LKH finds."""

import numpy as np

from stipple.arrays import Floats

WORD = (
    "#..#.####.#....#....####..",
    "#..#.#....#....#....#..#..",
    "####.###..#....#....#..#..",
    "#..#.#....#....#....#..#..",
    "#..#.####.####.####.####..",
)


def fill_disc(count: int, radius: float) -> Floats:
    """Points of a sunflower: even, and without rows."""
    k = np.arange(count) + 0.5
    angles = k * np.pi * (3 - np.sqrt(5))
    return (radius * np.sqrt(k / count) * np.array([np.cos(angles), np.sin(angles)])).T


def make_islands(n: int) -> Floats:
    centres = ((60, 60), (300, 50), (180, 170), (60, 300), (330, 290))
    return np.concatenate([fill_disc(n // 5, 40) + centre for centre in centres])


def make_word(n: int) -> Floats:
    """Jittered points in the letters of a word."""
    boxes = np.argwhere(np.array([list(row) for row in WORD]) == "#")[:, ::-1]
    generator = np.random.default_rng(5)
    chosen = boxes[np.arange(n) % len(boxes)]
    return (chosen + generator.random((n, 2))) * 20.0


def make_lines(n: int) -> Floats:
    """Points along three circles, a little off them."""
    angles = np.linspace(0, 2 * np.pi, n, endpoint=False) * 3
    ring = np.arange(n) % 3
    middle = np.array([[100.0, 100], [220, 120], [150, 220]])[ring]
    around = np.array([np.cos(angles), np.sin(angles)]).T * np.array([90.0, 70, 60])[ring, None]
    return middle + around + np.random.default_rng(2).normal(0, 1.5, (n, 2))


def make_gradient(n: int) -> Floats:
    """Halton points, ever denser towards one side."""
    x, y = np.empty(n), np.empty(n)
    for coordinates, base in ((x, 2), (y, 3)):
        for i in range(n):
            digits, k, part = 0.0, i + 1, 1.0 / base
            while k:
                digits += k % base * part
                k, part = k // base, part / base
            coordinates[i] = digits
    return np.array([300 * x**2, 200 * y]).T


def make_uniform(n: int) -> Floats:
    return np.random.default_rng(3).random((n, 2)) * 300


MAKERS = {
    "islands": make_islands,
    "word": make_word,
    "lines": make_lines,
    "gradient": make_gradient,
    "uniform": make_uniform,
}

# Lengths of closed tours of 500 of these points by LKH: elkai 2.0.1,
# DistanceMatrix(distances in millionths of the longer side).solve_tsp(runs=1).
LENGTHS_OF_500 = {
    "islands": 4186.298308888346,
    "word": 2916.170618378358,
    "lines": 1708.0737117908434,
    "gradient": 4292.157219743862,
    "uniform": 4870.362336881567,
}

# The same for 20,000 points, by a short run: 3-opt moves, quadrant candidates without ascent,
# a greedy start and at most three trials.
LENGTHS_OF_20000 = {
    "islands": 22457.173037323708,
    "uniform": 30700.82713379687,
}
