"""Images for the tests of bounds, and their distance by an independent linear programme."""

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import linprog
from scipy.sparse import eye_array, kron, vstack

from stipple.arrays import Floats


def draw_smooth(seed: int, shape: tuple[int, int], sigma: float = 3.0) -> Floats:
    noise = np.random.default_rng(seed).standard_normal(shape)
    return np.exp(3 * sigma * gaussian_filter(noise, sigma))


def draw_noise(seed: int, shape: tuple[int, int]) -> Floats:
    return np.random.default_rng(seed).random(shape)


def draw_blobs(seed: int, shape: tuple[int, int]) -> Floats:
    smooth = draw_smooth(seed, shape, 2.0)
    return np.where(smooth > np.quantile(smooth, 0.7), smooth, 0.0)


def solve_exactly(a: Floats, b: Floats, order: float) -> float:
    """W_p between two images, by HiGHS over all pairs of pixels with mass."""
    first, second = np.argwhere(a > 0), np.argwhere(b > 0)
    costs = ((first[:, None] - second) ** 2).sum(axis=-1) ** (order / 2)
    rows = kron(eye_array(len(first)), np.ones((1, len(second))))
    columns = kron(np.ones((1, len(first))), eye_array(len(second)))
    masses = np.concatenate([a[a > 0] / a.sum(), b[b > 0] / b.sum()])
    # The last equation follows from the others: rounding must not make it contradict them.
    solved = linprog(costs.ravel(), A_eq=vstack([rows, columns]).tocsr()[:-1], b_eq=masses[:-1])
    assert solved.success
    return float(max(solved.fun, 0.0) ** (1 / order))
