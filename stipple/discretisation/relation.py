"""The entropic plan between two discretisations."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats
from stipple.discretisation.result import Discretisation
from stipple.discretisation.settings import make_metric
from stipple.errors import StippleError

if TYPE_CHECKING:
    from stipple.discretisation.entropic.scaling import EntropicTransport


@dataclass(frozen=True, eq=False)
class RelatedDiscretisations:
    """Two discretisations with the entropic plan between their atoms.

    Attributes
    ----------
    first, second : Discretisation
        With m and n atoms.
    plan : ndarray, shape (m, n)
        Mass from each atom of the first to each of the second, sum 1.
    transport : EntropicTransport
        ⟨P, C⟩, marginal error and the rest.
    """

    first: Discretisation
    second: Discretisation
    plan: Floats
    transport: "EntropicTransport"

    def tabulate(self) -> dict[str, NDArray[Any]]:
        """Columns with a row for each pair of atoms: numbers, coordinates and mass."""
        rows, columns = np.indices(self.plan.shape).reshape(2, -1)
        table: dict[str, NDArray[Any]] = {"i": rows + 1, "j": columns + 1}
        for letter, atoms in (("x", self.first.atoms[rows]), ("y", self.second.atoms[columns])):
            table |= {f"{letter}{axis + 1}": values for axis, values in enumerate(atoms.T)}
        return {**table, "mass": self.plan.ravel()}


def relate_discretisations(first: Discretisation, second: Discretisation) -> RelatedDiscretisations:
    """Find the entropic plan between the atoms of two discretisations.

    Costs are those of the first: its metric, order, and ζ, which is relative to the largest cost
    between two atoms.

    Raises
    ------
    StippleError
        If the atoms have different dimensions, or are too many for a dense plan.
    """
    from stipple.discretisation.entropic.sinkhorn import solve_plan

    settings = first.settings
    dimensions = [discretisation.atoms.shape[1] for discretisation in (first, second)]
    if dimensions[0] != dimensions[1]:
        raise StippleError(
            f"The sources have {dimensions[0]} and {dimensions[1]} coordinates: give two with as"
            " many."
        )
    metric = make_metric(settings.metric)
    costs = metric.measure_distances(first.atoms, second.atoms) ** settings.order
    assert settings.zeta is not None
    zeta = settings.zeta * float(costs.max()) or settings.zeta
    solved = solve_plan(costs, first.weights, second.weights, zeta)
    return RelatedDiscretisations(first, second, solved.plan, solved.transport)
