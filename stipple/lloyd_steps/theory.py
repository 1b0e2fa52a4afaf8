"""Statements about uniform quantisation by Lloyd and gradient steps, checked on actual points.

Source: Mérigot, Santambrogio, Sarrazin, "Non-asymptotic convergence bounds for Wasserstein
approximation using point clouds", NeurIPS 2021. d is 2 in the plane and 3 in space. Both sides of
an inequality are rounded to the side that speaks against it (docs/certificates.md has the proofs).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from stipple.arrays import Floats

# Covers chains of a few dozen roundings, relative.
SLACK = 2.0**-47
# Allowed for the rounding of cell masses, of a total of 1, and of barycentres, in diameters.
ALLOWANCE = 2.0**-40
# More steps than this are as good as infinitely many.
MOST_STEPS = 1e15
# The theorems are for points at distances of at most this in the units of the domain.
LARGEST_EPSILON = 1.0


@dataclass(frozen=True)
class Inequality:
    """An inequality left ≤ right, evaluated where it is least likely to hold.

    Attributes
    ----------
    left, right : float
        Not below the left side, and not above the right side.
    vacuous : bool
        Whether it holds for any points of the domain, because no W2² exceeds diam² there.
    """

    left: float
    right: float
    vacuous: bool

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
        The ε ≤ 1 for which ε^{1−d}/N + 1 − |I_ε|/N is least, rounded down.
    part : float
        |I_ε|/N: the part of the points at distance ≥ ε from all others.
    isolated : float
        The same for ε = N^(−2/(2d − 1)), that of Corollary 5.
    dimension : int
        d.
    """

    minimum: float
    epsilon: float
    part: float
    isolated: float
    dimension: int = 2

    @property
    def least_epsilon(self) -> float:
        """The largest ε ≤ 1, rounded down, such that all points are at least ε apart."""
        return min(self.minimum * (1 - SLACK), LARGEST_EPSILON)


@dataclass(frozen=True)
class StepTheorem:
    """What the multi-step theorem says of a start.

    Attributes
    ----------
    w2_squared : float
        W2² of the start.
    count : int
        N.
    epsilon : float
        ε ≤ 1: start points are at least so far apart.
    step_size : float
        τ.
    dimension : int
        d.
    """

    w2_squared: float
    count: int
    epsilon: float
    step_size: float
    dimension: int = 2

    @property
    def steps(self) -> int:
        """k_N = ⌊ln(½W2²·N·ε^{d−1})/(dτ)⌋; below 1 there is nothing to do."""
        value = self.w2_squared / 2 * self.count * self._power
        steps = math.log(value) / (self.dimension * self.step_size) if value > 0 else 0.0
        return math.floor(min(max(steps, -MOST_STEPS), MOST_STEPS))

    @property
    def rate(self) -> float:
        """W2(start)^{2(1−1/d)}·(ε^{1−d}/N)^{1/d}: (22), but for a constant of d and Ω."""
        part = 1 / self.dimension
        return math.pow(self.w2_squared, 1 - part) * math.pow(self.count * self._power, -part)

    @property
    def threshold(self) -> float:
        """1/(½W2²·N), which ε^{d−1} has to exceed for the logarithm to be positive."""
        energy = self.w2_squared / 2 * self.count
        return 1 / energy if energy > 0 else math.inf

    @property
    def holds(self) -> bool:
        """Whether the hypothesis on ε holds: 1/(½W2²·N) < ε^{d−1} and ε ≤ 1."""
        return self.threshold < self._power and self.epsilon <= LARGEST_EPSILON

    @property
    def _power(self) -> float:
        """ε^{d−1}."""
        return math.pow(self.epsilon, self.dimension - 1)


def measure_separation(points: Floats, unit: float = 1.0) -> Separation:
    """Measure distances to nearest neighbours, and choose the best ε ≤ 1 for the one-step theorem.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        Positions.
    unit : float
        Length of their unit in that of the domain.
    """
    count, dimension = points.shape
    if count == 1:
        return Separation(math.inf, LARGEST_EPSILON, 1.0, 1.0, dimension)
    nearest = unit * np.sort(cKDTree(points).query(points, k=2)[0][:, 1])
    # Where all points are nearer than the largest ε, that one leaves none in I_ε.
    candidates = np.append(np.minimum(nearest * (1 - SLACK), LARGEST_EPSILON), LARGEST_EPSILON)
    parts = np.append(1 - np.arange(count) / count, (nearest * (1 - SLACK) >= 1).mean())
    with np.errstate(divide="ignore", over="ignore"):
        bounds = 1 / (count * candidates ** (dimension - 1)) + 1 - parts
    best = int(np.argmin(bounds))
    isolated = (nearest * (1 - SLACK) >= count ** (-2 / (2 * dimension - 1))).mean()
    return Separation(
        float(nearest[0]), float(candidates[best]), float(parts[best]), float(isolated), dimension
    )


def compute_constant(diameter: float, dimension: int = 2) -> float:
    """Constant C = 2^{2d−1}/ω_{d−1}·(diam Ω + 1)^{d+1} of the theorems, with ω_1 = 2, ω_2 = π."""
    factor = {2: 4.0, 3: 32 / math.pi}[dimension]
    return factor * (diameter + 1) ** (dimension + 1)


def bound_step(
    upper: float, shifts: Floats, masses: Floats, potentials: Floats, extent: float
) -> tuple[float, float]:
    """Bound N·|∇½W2²|² from below and W2² of the barycentres from above.

    Cells of any potentials will do; what their masses lack of 1/N makes the bounds wider.

    Parameters
    ----------
    upper : float
        Not below W2² of the points.
    shifts : ndarray, shape (n, d)
        From the barycentre of each cell to its point.
    masses, potentials : ndarray, shape (n,)
        Masses of the cells, and φ.
    extent : float
        Diameter of the domain, in the same units.
    """
    count = len(masses)
    lengths = np.linalg.norm(shifts, axis=1)
    error = ALLOWANCE * extent
    # Mass that is in the cell of another point than it ought to be, at least.
    misplaced = float(np.maximum(masses - 1 / count, 0.0).sum()) + 2 * ALLOWANCE
    spread = float(np.ptp(potentials))
    reduction = float(masses @ (lengths * (lengths - 2 * error)))
    above = upper - reduction + misplaced * (extent**2 + spread)
    # Between two power diagrams mass goes from lower to higher differences of potentials: in all
    # at most N - 1 times what the masses differ by.
    moved = (count - 1) * misplaced
    squares = float((np.maximum(lengths - error, 0.0) ** 2).mean())
    below = squares - 4 * moved * extent * (float(lengths.max()) + error)
    return max(0.0, below * (1 - SLACK)), max(0.0, above) * (1 + SLACK)


def check_one_step(
    barycentres_w2_squared: float, separation: Separation, count: int, diameter: float
) -> Inequality:
    """Check W2²(ρ, δ_B) ≤ C·(ε^{1−d}/N + 1 − |I_ε|/N) for B the barycentres (Theorem 3).

    The left side is given by an upper bound.
    """
    d = separation.dimension
    bound = 1 / (separation.epsilon ** (d - 1) * count) + 1 - separation.part
    right = compute_constant(diameter, d) * bound * (1 - SLACK)
    return Inequality(barycentres_w2_squared, right, right >= diameter**2)


def check_polyak_lojasiewicz(
    w2_squared: float, squared_gradient: float, separation: Separation, count: int, diameter: float
) -> Inequality:
    """Check ½W2² − C·ε^{1−d}/N ≤ N·|∇½W2²|², with ε ≤ 1 at most the least distance of points.

    W2² is given by an upper bound, N·|∇½W2²|² by a lower one.
    """
    d = separation.dimension
    divisor = separation.least_epsilon ** (d - 1) * count
    loss = compute_constant(diameter, d) / divisor * (1 - SLACK) if divisor else math.inf
    left = w2_squared / 2 - loss
    return Inequality(left + SLACK * abs(left), squared_gradient, 2 * loss >= diameter**2)


def count_steps(
    w2_squared: float, count: int, epsilon: float, step_size: float, dimension: int = 2
) -> int:
    """Count the steps of the multi-step theorem: ⌊ln(½W2²·N·ε^{d−1})/(dτ)⌋, at least 0."""
    return max(0, StepTheorem(w2_squared, count, epsilon, step_size, dimension).steps)
