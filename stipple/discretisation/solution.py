"""What an algorithm finds, before there is evidence of how good it is."""

from dataclasses import dataclass

from stipple.arrays import Floats


@dataclass(frozen=True, eq=False)
class Solution:
    """What an algorithm found.

    `potentials`, shape (targets, m), prove the cost to each target, where they are known; `optimal`
    tells that no other atoms are better, `merged` how many were at the places of others.
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
