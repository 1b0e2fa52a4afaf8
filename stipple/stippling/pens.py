"""Stipplings with their inks: one for each ink of a picture, in the order of a pen."""

from dataclasses import dataclass, replace

from stipple.choices import Order
from stipple.geometry.tour import measure_travel, order_nearest, order_tour
from stipple.measures.inks import Ink
from stipple.stippling.result import Stippling


@dataclass(frozen=True, eq=False)
class InkedStippling:
    """One ink with its points.

    Attributes
    ----------
    ink : Ink
        Name and colour.
    stippling : Stippling
        The points, in the order in which a pen visits them.
    travel : float or None
        Length of the pen's way from dot to dot, in pixels; None if the points were not ordered.
    """

    ink: Ink
    stippling: Stippling
    travel: float | None = None


def order_for_pen(inked: InkedStippling, order: Order, *, closed: bool) -> InkedStippling:
    """List the points in an order with little pen travel.

    Parameters
    ----------
    inked : InkedStippling
        Points in any order.
    order : {"none", "nearest", "tsp"}
        As they are; the nearest point next; or a short tour.
    closed : bool
        Whether the tour returns to its first point.
    """
    if order == "none":
        return inked
    points = inked.stippling.points
    visit = order_nearest(points) if order == "nearest" else order_tour(points, closed=closed)
    travel = measure_travel(points, visit, closed)
    return replace(inked, stippling=inked.stippling.reorder(visit), travel=travel)
