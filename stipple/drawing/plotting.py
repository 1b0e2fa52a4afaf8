"""What a pen plotter does with a drawing: how far its pen goes, how often it lifts, how long."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.drawing.marks import Dots, Drawing, Polygons, Polylines
from stipple.drawing.spirals import draw_spirals

# Those of a small plotter as it is sold (AxiDraw: 25 % and 75 % of its speed).
DRAWING_SPEED = 50.0  # mm/s with the pen down
TRAVEL_SPEED = 150.0  # mm/s with the pen up
SECONDS_PER_LIFT = 0.3  # down and up again, once for each mark
CORNER = np.zeros((1, 2))


@dataclass(frozen=True)
class Plot:
    """The work of a plotter, with the corner of the page as the place where pens are changed.

    Attributes
    ----------
    drawn_mm : float
        Way of the pen on the paper.
    travel_mm : float
        Way of the pen above the paper, from the corner to the marks of each layer and back.
    lifts : int
        How often the pen goes down and up.
    seconds : float
        Time at `DRAWING_SPEED`, `TRAVEL_SPEED` and `SECONDS_PER_LIFT`, without changing pens.
    """

    drawn_mm: float
    travel_mm: float
    lifts: int
    seconds: float


def measure_plot(drawing: Drawing) -> Plot | None:
    """Estimate the work of a plotter; None for a drawing with filled shapes, which it cannot fill.

    Parameters
    ----------
    drawing : Drawing
        Layers of strokes, spirals and lines.

    Examples
    --------
    >>> import numpy as np
    >>> from stipple.drawing.marks import Drawing, Layer, Polylines
    >>> line = Polylines(np.array([[30.0, 40.0], [90.0, 40.0]]), np.array([0, 2]), 0.3)
    >>> plot = measure_plot(Drawing(100, 100, None, (Layer("black", "#000000", (line,)),)))
    >>> plot.drawn_mm, round(plot.travel_mm, 3), plot.lifts
    (60.0, 148.489, 1)
    """
    drawn = travel = 0.0
    lifts = 0
    for layer in drawing.layers:
        starts, ends = [], [CORNER]
        for mark in layer.marks:
            lines = _trace(mark)
            if lines is None:
                return None
            first, last = lines.offsets[:-1], lines.offsets[1:] - 1
            starts.append(lines.vertices[first])
            ends.append(lines.vertices[first if lines.closed else last])
            drawn += _measure_drawn(lines)
            lifts += len(first)
        travel += _measure(np.concatenate([*starts, CORNER]) - np.concatenate(ends))
    seconds = drawn / DRAWING_SPEED + travel / TRAVEL_SPEED + lifts * SECONDS_PER_LIFT
    return Plot(drawn, travel, lifts, seconds)


def count_strokes(darkness: float, pen_width: float) -> int:
    """Count the dots of a pen that have an area of darkness together, in square millimetres.

    Parameters
    ----------
    darkness : float
        Area of ink that has the tone of the picture, in square millimetres.
    pen_width : float
        Diameter of a dot in millimetres.
    """
    return max(1, round(darkness / (np.pi * (pen_width / 2) ** 2)))


def _trace(mark: Dots | Polylines | Polygons) -> Polylines | None:
    """Lines that a pen follows for marks; None for filled shapes."""
    if isinstance(mark, Polylines):
        return mark
    if isinstance(mark, Dots) and mark.style == "spiral":
        return draw_spirals(mark)
    if isinstance(mark, Dots) and mark.style == "stroke":
        return Polylines(mark.centres, np.arange(len(mark.centres) + 1), 1.0)
    return None


def _measure_drawn(lines: Polylines) -> float:
    """Length of all lines together."""
    first, last = lines.offsets[:-1], lines.offsets[1:] - 1
    steps = np.diff(lines.vertices, axis=0)
    steps[last[:-1]] = 0.0  # from one line to the next
    closing = lines.vertices[first] - lines.vertices[last]
    return _measure(steps) + (_measure(closing) if lines.closed else 0.0)


def _measure(steps: Floats) -> float:
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())
