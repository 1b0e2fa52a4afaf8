"""What is plotted of a joint discretisation of two lines: plans at the places of their points."""

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.joint import JointDiscretisation, PlacedPlan
from stipple.drawing.placed_plans import Marginal, PlanPicture
from stipple.measures.samples import Samples

BINS = 50


def plot_joint(
    joint: JointDiscretisation, measures: tuple[Samples, Samples]
) -> tuple[PlanPicture, ...]:
    """Show the plan between atoms, and that between as many random points, over the true one.

    This is Figure 3a of the EDOT paper.
    """
    rows, columns = joint.atoms.masses.shape
    marginals = (_bin(measures[0]), _bin(measures[1]))
    source = joint.source
    # The samples have equal masses where they were many: the density is that over their spacing.
    widths = [_find_widths(points[:, 0]) for points in (source.first, source.second)]
    density = source.masses / np.multiply.outer(*widths)
    costs = (joint.errors[0].plan.middle, joint.naive_error.middle)
    titles = (f"{rows} × {columns} atoms", f"{rows} × {columns} random points")
    return tuple(
        PlanPicture(
            f"{title}: W_2^2 {cost:.3g}",
            (source.first[:, 0], source.second[:, 0]),
            density,
            *_list_pairs(plan),
            marginals,
        )
        for title, cost, plan in zip(titles, costs, (joint.atoms, joint.naive), strict=True)
    )


def _bin(samples: Samples) -> Marginal:
    masses, edges = np.histogram(samples.points[:, 0], BINS, weights=samples.masses)
    return Marginal(edges, masses / np.diff(edges))


def _find_widths(places: Floats) -> Floats:
    """Width that each of some places in their order stands for."""
    if len(places) < 2:
        return np.ones(1)
    middles = (places[1:] + places[:-1]) / 2
    ends = (2 * places[0] - middles[0], 2 * places[-1] - middles[-1])
    widths: Floats = np.diff(np.concatenate((ends[:1], middles, ends[1:])))
    return np.maximum(widths, np.finfo(float).tiny)


def _list_pairs(plan: PlacedPlan) -> tuple[Floats, Floats]:
    """Places of all pairs, shape (m·n, 2), and their masses."""
    m, n = plan.masses.shape
    places = np.column_stack((np.repeat(plan.first[:, 0], n), np.tile(plan.second[:, 0], m)))
    return places, plan.masses.ravel()
