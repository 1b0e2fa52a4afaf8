"""What an algorithm finds, before there is evidence of how good it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from stipple.arrays import Floats

OnStep: TypeAlias = Callable[[int, float | None], None] | None
"""Receives the number of each step and the objective there, or None with the number of cells."""


@dataclass(frozen=True, eq=False)
class AtomCell:
    """A box whose samples were discretised by themselves.

    Attributes
    ----------
    lower, upper : ndarray, shape (d,)
        Opposite corners, in the units of the samples.
    mass : float
        Of its samples, as a part of all.
    atoms : int
        How many stand for it.
    zeta : float
        ζ of its problem, in units of the cost.
    """

    lower: Floats
    upper: Floats
    mass: float
    atoms: int
    zeta: float


@dataclass(frozen=True, eq=False)
class Solution:
    """What an algorithm found.

    `potentials`, shape (targets, m), prove the cost to each target, where they are known; `optimal`
    tells that no other atoms are better, `merged` how many were at the places of others, `cells`
    those of the adaptive algorithm, `losses` the objective of each stochastic step.
    """

    atoms: Floats
    weights: Floats
    history: Floats
    iterations: int
    converged: bool
    algorithm: str
    potentials: Floats | None = None
    optimal: bool = False
    merged: int = 0
    cells: tuple[AtomCell, ...] = ()
    losses: Floats = field(default_factory=lambda: np.empty(0))
