"""What the one-step theorem says of families of starts: separated ones, and random ones.

Source: Corollaries 4 and 5 of Mérigot, Santambrogio, Sarrazin (NeurIPS 2021), for d = 2 and 3.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stipple.lloyd_steps.figures import Figures
from stipple.lloyd_steps.theory import compute_constant

# Moving one point changes for at most so many whether another is near: itself, and those around it
# in directions more than 60° apart, of which there are 5 in the plane and 12 in space.
CHANGED = {2: 6, 3: 13}
# Volumes of the unit ball.
BALLS = {2: math.pi, 3: 4 * math.pi / 3}
# Fitted exponents nearer to 0 than this are 0.
FITTED = 5e-3


@dataclass(frozen=True)
class SeparationRate:
    """Corollary 4: starts at least c·N^(−1/β) apart have W2² of order N^exponent after a step.

    Attributes
    ----------
    beta : float
        β, from least squares of the logarithm of the least distance over ln N; 2 for grids, 1 for
        points on a line, inf where the distance does not fall with N.
    dimension : int
        d.
    """

    beta: float
    dimension: int = 2

    @property
    def exponent(self) -> float:
        """−(1 − (d − 1)/β), the exponent of N."""
        return (self.dimension - 1) / self.beta - 1

    @property
    def says_something(self) -> bool:
        """Whether β > d − 1 by more than a fit is off, so that the bound falls with N."""
        return self.exponent < -FITTED


@dataclass(frozen=True)
class RandomStarts:
    """Corollary 5: independent starts from a density of at most `largest_density`.

    With ε = N^(−2/(2d − 1)), a point has another nearer than ε with probability at most
    ω_d·`largest_density`·N^(−1/(2d − 1)). Moving one point changes for at most six whether they
    have (in space for at most 13), and McDiarmid's inequality bounds by how much their part exceeds
    its mean.

    Attributes
    ----------
    points, clouds : int
        N, and how many starts there were.
    largest_density : float
        Not below the density of a single start point.
    bound : float
        1 − |I_ε|/N is at most this but for rare clouds.
    probability : float
        That of such a cloud is at least this.
    held : int
        On how many clouds it was so.
    w2_squared : float
        W2² after a step is at most this for such clouds: C·(N^(−1/(2d − 1)) + bound).
    vacuous : bool
        Whether no W2² of the domain exceeds that.
    """

    points: int
    clouds: int
    largest_density: float
    bound: float
    probability: float
    held: int
    w2_squared: float
    vacuous: bool


def fit_separation(figures: Sequence[Figures], dimension: int = 2) -> SeparationRate | None:
    """Estimate β from the starts of all runs; None for fewer than two numbers of points.

    Of several runs the mean of the logarithms counts. Single points are at no distance.
    """
    distances: dict[int, list[float]] = {}
    for row in figures:
        if row.step == 0 and math.isfinite(row.minimum_distance):
            distances.setdefault(row.points, []).append(math.log(row.minimum_distance))
    if len(distances) < 2:
        return None
    means = [float(np.mean(values)) for values in distances.values()]
    slope = float(np.polyfit(np.log(list(distances)), means, 1)[0])
    return SeparationRate(-1 / slope if slope < 0 else math.inf, dimension)


def judge_random_starts(
    figures: Sequence[Figures], largest_density: float, diameter: float, dimension: int = 2
) -> list[RandomStarts]:
    """Compare how often Corollary 5 holds with what it promises, for each number of points.

    Parameters
    ----------
    figures : sequence of Figures
        Rows of all runs.
    largest_density : float
        Not below the density that start points are drawn from, in the units of the domain.
    diameter : float
        Of the domain.
    dimension : int
        d.
    """
    found = []
    starts = [row for row in figures if row.step == 0]
    for points in dict.fromkeys(row.points for row in starts):
        mine = [row for row in starts if row.points == points]
        root = points ** (1 / (2 * dimension - 1))
        bound = (BALLS[dimension] * largest_density + 1) / root
        most = compute_constant(diameter, dimension) * (1 / root + bound)
        squares = 2 * points / (root * CHANGED[dimension]) ** 2
        found.append(
            RandomStarts(
                points=points,
                clouds=len(mine),
                largest_density=largest_density,
                bound=bound,
                probability=-math.expm1(-squares),
                held=sum(1 - row.isolated_part <= bound for row in mine),
                w2_squared=most,
                vacuous=most >= diameter**2,
            )
        )
    return found
