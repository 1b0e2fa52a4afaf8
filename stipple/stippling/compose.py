"""From stipplings to a drawing: which marks go where on the page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Blend, DotStyle
from stipple.drawing.marks import Dots, Drawing, Layer, Polylines
from stipple.drawing.page import Placement
from stipple.geometry.power_cells import PowerCells
from stipple.stippling.pens import InkedStippling
from stipple.transport.semi_discrete import Transport

CELL_COLOUR = "#808080"
ARROW_COLOUR = "#c00000"


@dataclass(frozen=True)
class Look:
    """How a drawing looks.

    Attributes
    ----------
    dots : {"circle", "stroke", "spiral"}
        Style of the dots.
    radius : float or None
        Radius of the dots in millimetres; None keeps the tone of the picture.
    pen_width : float
        Width of lines (spirals, cells, the tour) in millimetres.
    background : str or None
        `#rrggbb`, or none.
    draw : collection of str
        Any of "dots", "cells" and "tour".
    blend : {"normal", "multiply", "screen"}
        How inks meet.
    """

    dots: DotStyle
    radius: float | None
    pen_width: float
    background: str | None
    draw: Collection[str]
    blend: Blend


def compose_drawing(inked: Sequence[InkedStippling], placement: Placement, look: Look) -> Drawing:
    """Compose one layer per ink and kind of mark: cells below, then the tour, then dots.

    Parameters
    ----------
    inked : sequence of InkedStippling
        From the first ink drawn to the last; a tour needs its points in that order.
    placement : Placement
        Where the picture lies on the page.
    look : Look
        What to draw and how.
    """
    layers = []
    for one in inked:
        name, colour, stippling = one.ink.name, one.ink.colour, one.stippling
        positions = placement.to_page(stippling.points)
        if "cells" in look.draw:
            edges = placement.to_page(_collect_edges(stippling.cells))
            lines = _draw_lines(edges, 2, look.pen_width)
            layers.append(Layer(f"{name} cells", CELL_COLOUR, (lines,)))
        if "tour" in look.draw:
            tour = Polylines(positions, np.array([0, len(positions)]), look.pen_width, closed=True)
            layers.append(Layer(f"{name} tour", colour, (tour,)))
        if "dots" in look.draw:
            radius = placement.scale * stippling.radius if look.radius is None else look.radius
            radii = np.full(len(positions), radius)
            layers.append(Layer(name, colour, (Dots(positions, radii, look.dots, look.pen_width),)))
    return Drawing(placement.width, placement.height, look.background, tuple(layers), look.blend)


def compose_frames(
    inked: Sequence[InkedStippling],
    frames: Sequence[Sequence[Floats]],
    placement: Placement,
    look: Look,
) -> list[Drawing]:
    """Compose the dots of every step, as filled circles.

    Parameters
    ----------
    inked : sequence of InkedStippling
        The inks; an ink that settled early waits for the others.
    frames : sequence of sequences of ndarray, shape (n, 2)
        For each ink its points at each step, in pixels.
    placement : Placement
        Where the picture lies on the page.
    look : Look
        Radius and background are used.
    """
    dots = replace(look, draw={"dots"}, dots="circle")
    drawings = []
    for step in range(max(len(steps) for steps in frames)):
        moment = []
        for one, steps in zip(inked, frames, strict=True):
            points = steps[min(step, len(steps) - 1)]
            moment.append(replace(one, stippling=replace(one.stippling, points=points)))
        drawings.append(compose_drawing(moment, placement, dots))
    return drawings


def compose_transport(transport: Transport, placement: Placement, pen_width: float) -> Drawing:
    """Compose points, their power cells, and arrows from points to barycentres.

    As in Figure 1 of Mérigot, Santambrogio, Sarrazin (NeurIPS 2021).

    Parameters
    ----------
    transport : Transport
        Points and cells.
    placement : Placement
        Where the picture lies on the page.
    pen_width : float
        Width of lines, in millimetres; dots are three times as wide.
    """
    edges = placement.to_page(_collect_edges(transport.diagram.cells))
    tails = placement.to_page(transport.points)
    shift = placement.to_page(transport.barycentres) - tails
    # A head of two strokes at 30 degrees, a quarter of the length of the arrow.
    turn = np.array([[np.cos(0.5), np.sin(0.5)], [-np.sin(0.5), np.cos(0.5)]])
    heads = tails + shift
    barbs = [heads - 0.25 * shift @ turn, heads - 0.25 * shift @ turn.T]
    arrows = np.stack([tails, heads, barbs[0], heads, barbs[1]], axis=1).reshape(-1, 2)
    radii = np.full(len(tails), 1.5 * pen_width)
    layers = (
        Layer("cells", CELL_COLOUR, (_draw_lines(edges, 2, pen_width / 2),)),
        Layer("arrows", ARROW_COLOUR, (_draw_lines(arrows, 5, pen_width),)),
        Layer("points", "#000000", (Dots(tails, radii),)),
    )
    return Drawing(placement.width, placement.height, "#ffffff", layers)


def _draw_lines(vertices: Floats, corners: int, width: float) -> Polylines:
    """Lines of equally many corners each."""
    return Polylines(vertices, np.arange(0, len(vertices) + 1, corners), width)


def _collect_edges(cells: PowerCells) -> Floats:
    """Both ends of every edge of the diagram, each edge once, shape (2·edges, 2), in pixels."""
    owner, ends = cells.list_edges()
    corners = cells.vertices + cells.points[owner]
    neighbour = cells.adjacency.neighbours
    once = (neighbour < 0) | (neighbour > owner)
    edges: Floats = np.stack([corners[once], corners[ends[once]]], axis=1)
    return edges.reshape(-1, 2)
