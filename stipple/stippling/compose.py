"""From stipplings to a drawing: which marks go where on the page."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stipple.arrays import Floats
from stipple.drawing.diagram import CELL_COLOUR, draw_edges
from stipple.drawing.look import Look
from stipple.drawing.marks import Dots, Drawing, Layer, Polylines
from stipple.drawing.page import Placement
from stipple.stippling.pens import InkedStippling


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
        pen = one.ink.number
        positions = placement.to_page(stippling.points)
        if "cells" in look.draw:
            lines = draw_edges(stippling.cells, placement, look.pen_width)
            layers.append(Layer(f"{name} cells", CELL_COLOUR, (lines,), pen))
        if "tour" in look.draw:
            tour = Polylines(positions, np.array([0, len(positions)]), look.pen_width, closed=True)
            layers.append(Layer(f"{name} tour", colour, (tour,), pen))
        if "dots" in look.draw:
            places, reaches = stippling.place_dots()
            radii = look.choose_radii(placement.scale * reaches)
            dots = Dots(placement.to_page(places), radii, look.dots, look.pen_width, stippling.ids)
            layers.append(Layer(name, colour, (dots,), pen))
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
        The inks, with radii in the order of the frames; one that settled early waits for the
        others.
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
