"""Random instances of every fact that the program proves, each tried against an oracle.

A family checks one kind of instance: it draws it from a generator, asks the public functions of
stipple, and compares with a closed form, exact rationals, brute force or another library. It never
looks at how the certificate was made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np

# One module a subject; each registers its families when it is imported.
MODULES = ("power_cells", "points", "lloyd_theory", "dyadic", "samples", "images", "printed_ends")

Check = Callable[[np.random.Generator], str | None]


@dataclass(frozen=True)
class Family:
    """A kind of instance.

    Attributes
    ----------
    command : str
        The subcommand whose promise is tried.
    name : str
        The kind of instance.
    check : callable
        Draws an instance and tries it: `None` if the fact holds, else a sentence with the
        instance and both figures.
    share : float
        How many instances it gets, relative to the others.
    """

    command: str
    name: str
    check: Check
    share: float

    def try_instance(self, seed: int, number: int) -> str | None:
        """Try instance `number` of a seed: the same one whatever else is tried."""
        words = [*self.name.encode(), number, seed]
        return self.check(np.random.default_rng(np.random.SeedSequence(words)))


FAMILIES: list[Family] = []


def family(command: str, share: float = 1.0) -> Callable[[Check], Check]:
    """Register a check as a family named after the function."""

    def register(check: Check) -> Check:
        FAMILIES.append(Family(command, check.__name__, check, share))
        return check

    return register


def list_families() -> list[Family]:
    """Import all modules, and list what they registered."""
    for module in MODULES:
        import_module(f"proofs.{module}")
    return list(FAMILIES)
