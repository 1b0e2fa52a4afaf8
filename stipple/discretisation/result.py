"""The atoms that stand for samples, and the evidence of how well."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stipple.arrays import Floats, Integers
from stipple.choices import Optimum
from stipple.discretisation.evidence import RegularisedCost
from stipple.discretisation.settings import Settings
from stipple.discretisation.solution import AtomCell
from stipple.drawing.drawable import Drawable
from stipple.drawing.layout import BLACK, Layout, lay_out
from stipple.files.tables import render_weighted_csv
from stipple.interval import Interval
from stipple.measures.samples import Samples

if TYPE_CHECKING:
    from stipple.drawing.marks import Drawing

OPTIMA: Mapping[Optimum | None, str] = {
    "global": "global optimum",
    "local": "local optimum",
    None: "not converged",
}


@dataclass(frozen=True, eq=False)
class Discretisation(Drawable):
    """Atoms with weights that stand for samples, and the evidence of how well.

    Attributes
    ----------
    atoms : ndarray, shape (m, d)
        y, in the units of the samples.
    weights : ndarray, shape (m,)
        w ≥ 0, sum 1.
    cost : Interval
        W_k^k between the samples and the atoms with these weights, each divided by its exact sum.
        Narrow where the weights are the masses of the Voronoi cells; both ends are equal only where
        W_k^k is proved to be that number.
    regularised : RegularisedCost
        The costs that entropic methods print.
    zador : float or None
        What W2² of the best atoms comes near to for large m; for densities and pictures only.
    zeta : float or None
        Absolute ζ, in units of the cost; None beyond floating-point numbers.
    diameter : float
        By which ζ was scaled.
    history : ndarray
        The objective, step by step; on all samples where stochastic steps have a finish.
    losses : ndarray
        The objective on the minibatch of each stochastic step, at its ζ, which comes down to that
        asked for over the first half of them; empty for other algorithms.
    iterations : int
        Steps taken.
    converged : bool
        Whether the algorithm stopped by itself, at an optimum of the stated objective.
    optimum : {"global", "local", None}
        Which one: no other atoms are better, or none near these; None where it did not converge.
        Global optima, but for rounding, are found on a line with free weights.
    merged : int
        Atoms of an entropic objective that coincided with others, and are not told apart.
    cells : tuple of AtomCell
        The boxes of the adaptive algorithm, in the order of their atoms.
    algorithm : str
        What found the atoms.
    settings : Settings
        As given.
    seconds : dict
        Time by stage.
    version : str
        Version of this package.
    samples_of_atoms : ndarray of int, shape (m,), or None
        Which samples the atoms are, where distances were given; numbered as in their source, from 0
        or from 1.
    lower_bound : float or None
        What W_k^k of no m atoms is below, whatever their places and weights: proved, where it was
        asked for. Atoms are samples where distances were given.

    Examples
    --------
    >>> import stipple
    >>> stipple.edot([[0, 0], [0, 1], [3, 0], [3, 1]], 2)
    Discretisation(2 atoms in dimension 2, 0.25 <= W_2^2 <= 0.25, local optimum)
    """

    atoms: Floats
    weights: Floats
    cost: Interval
    regularised: RegularisedCost
    zador: float | None
    zeta: float | None
    diameter: float
    history: Floats
    losses: Floats
    iterations: int
    converged: bool
    optimum: Optimum | None
    merged: int
    cells: tuple[AtomCell, ...]
    algorithm: str
    settings: Settings
    seconds: dict[str, float]
    version: str
    samples_of_atoms: Integers | None = None
    lower_bound: float | None = None

    def __repr__(self) -> str:
        n, dimension = self.atoms.shape
        power = f"{self.settings.order:g}"
        return (
            f"Discretisation({n:,} atom{'s' * (n != 1)} in dimension {dimension},"
            f" {self.cost.lower!r} <= W_{power}^{power} <= {self.cost.upper!r},"
            f" {OPTIMA[self.optimum]})"
        )

    def draw(self, layout: Layout) -> Drawing:
        """Compose dots with areas in proportion to the weights."""
        from stipple.discretisation.drawing import (
            Panel,
            compose_panels,
            find_reach,
            measure_row,
            view_measure,
        )
        from stipple.measures.measure import Measure

        box = Measure.from_samples(Samples(self.atoms, self.weights))
        view = view_measure(box, sphere=self.settings.metric == "sphere")
        panel = Panel("atoms", self.atoms, self.weights, colour=layout.ink or BLACK)
        pictures = [[panel]]
        reach = find_reach(pictures, view, layout)
        return compose_panels(pictures, view, *lay_out(layout, measure_row(view, 1), reach=reach))

    def _count_dots(self) -> int:
        return len(self.atoms)

    def render_csv(self) -> bytes:
        """Write the coordinates x1, x2, … and the weight of each atom."""
        return render_weighted_csv(self.atoms, self.weights)

    @property
    def gap(self) -> float | None:
        """By what part of the least possible W_k^k that of the atoms is above it, at most.

        None where no lower bound was asked for; infinite where the bound says nothing.
        """
        if self.lower_bound is None:
            return None
        if self.cost.upper <= self.lower_bound:
            return 0.0
        if self.lower_bound == 0:
            return math.inf
        return math.nextafter(self.cost.upper / self.lower_bound, math.inf) - 1

    @property
    def exact(self) -> bool:
        """Whether W_k^k is proved to be one floating-point number."""
        return self.cost.lower == self.cost.upper
