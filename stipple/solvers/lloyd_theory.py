"""Statements about uniform quantisation by Lloyd and gradient steps, checked on actual points.

Source: Mérigot, Santambrogio, Sarrazin, "Non-asymptotic convergence bounds for Wasserstein
approximation using point clouds", NeurIPS 2021. Here d = 2 throughout.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from stipple.arrays import Floats


@dataclass(frozen=True)
class Inequality:
    """An inequality left ≤ right, as measured."""

    left: float
    right: float

    @property
    def holds(self) -> bool:
        """Whether it holds."""
        return self.left <= self.right


@dataclass(frozen=True)
class Separation:
    """How far points are apart.

    Attributes
    ----------
    minimum : float
        Least distance between two points; inf for a single one.
    epsilon : float
        The ε for which ε^{1−d}/N + 1 − |I_ε|/N is least.
    part : float
        |I_ε|/N: the part of the points at distance ≥ ε from all others.
    """

    minimum: float
    epsilon: float
    part: float


def measure_separation(points: Floats) -> Separation:
    """Measure distances to nearest neighbours, and choose the best ε for the one-step theorem.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Points, in the units of the domain.
    """
    count = len(points)
    if count == 1:
        return Separation(math.inf, math.inf, 1.0)
    nearest = np.sort(cKDTree(points).query(points, k=2)[0][:, 1])
    parts = 1 - np.arange(count) / count
    with np.errstate(divide="ignore"):
        bounds = 1 / (count * nearest) + 1 - parts
    best = int(np.argmin(bounds))
    return Separation(float(nearest[0]), float(nearest[best]), float(parts[best]))


def compute_constant(diameter: float) -> float:
    """Constant C = 2^{2d−1}/ω_{d−1}·(diam Ω + 1)^{d+1} of the theorems, for d = 2 (ω_1 = 2)."""
    return 4 * (diameter + 1) ** 3


def check_one_step(
    lloyd_w2_squared: float, separation: Separation, count: int, diameter: float
) -> Inequality:
    """Check W2²(ρ, δ_B) ≤ C·(ε^{1−d}/N + 1 − |I_ε|/N) for B the barycentres (Theorem 3)."""
    bound = 1 / (separation.epsilon * count) + 1 - separation.part
    return Inequality(lloyd_w2_squared, compute_constant(diameter) * bound)


def check_polyak_lojasiewicz(
    w2_squared: float, squared_shifts: float, separation: Separation, count: int, diameter: float
) -> Inequality:
    """Check ½W2² − C·ε^{1−d}/N ≤ N·|∇½W2²|², with ε the least distance between points.

    `squared_shifts` is the mean of |y_i − b_i|², which is the right side.
    """
    if separation.minimum == 0:
        return Inequality(-math.inf, squared_shifts)
    loss = compute_constant(diameter) / (separation.minimum * count)
    return Inequality(w2_squared / 2 - loss, squared_shifts)


def count_steps(w2_squared: float, count: int, epsilon: float, step_size: float) -> int:
    """Count the steps of the multi-step theorem: ⌊ln(½W2²·N·ε^{d−1})/(dτ)⌋, at least 0."""
    value = w2_squared / 2 * count * epsilon
    return max(0, math.floor(math.log(value) / (2 * step_size))) if value > 0 else 0
