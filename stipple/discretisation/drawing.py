"""Drawing discretisations: a dot for each atom, with an area in proportion to its weight."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.discretisation.cell_colours import COLOURS, colour_cells
from stipple.discretisation.solution import AtomCell
from stipple.drawing.layout import Layout
from stipple.drawing.look import Look
from stipple.drawing.marks import Dots, Drawing, Layer, Polylines
from stipple.drawing.page import Placement
from stipple.drawing.reach import Reach
from stipple.errors import StippleError
from stipple.measures.measure import Measure

SIDE = 512  # pixels along the longer side of a picture that has no pixels of its own
STRIP = 0.15  # height of the picture of a line, over its width
GAP = 0.06  # between pictures side by side, over the width of one
SHARE_OF_INK = 0.12  # area of all dots over that of the box, where the source has no ink
MOST_SAMPLES = 4000
SAMPLE_COLOUR = "#c8c8c8"
CELL_COLOUR = "#d1495b"
RIM_CORNERS = 180
SAMPLE_RADIUS = 0.004  # over the longer side


@dataclass(frozen=True, eq=False)
class View:
    """How a measure is shown in the plane.

    Attributes
    ----------
    shape : tuple of int
        Height and width of the picture in pixels.
    project : callable
        Carries points, shape (n, d), to pixels, shape (n, 2), x right and y down.
    ink : float
        Area of all dots together, in square pixels.
    rims : ndarray, shape (rims, corners, 2)
        Closed outlines, in pixels.
    """

    shape: tuple[int, int]
    project: Callable[[Floats], Floats]
    ink: float
    rims: Floats = field(default_factory=lambda: np.empty((0, 0, 2)))


@dataclass(frozen=True, eq=False)
class Panel:
    """Atoms with weights in one colour, and the samples that they stand for, if shown.

    `atoms` has shape (m, d), `weights` (m,), `samples` (n, d). `cells`, shape (n,), are the atoms
    that samples go to: then their colours tell. `boxes` (cells, 2, d) are opposite corners of the
    cells that are drawn where marks are "cells".
    """

    label: str
    atoms: Floats
    weights: Floats
    samples: Floats | None = None
    colour: str = "#000000"
    cells: Integers | None = None
    boxes: Floats | None = None


def view_measure(measure: Measure, *, sphere: bool = False) -> View:
    """Choose how to show a measure.

    A line is shown as a strip, the plane as it is (y down), the sphere in space as its two
    hemispheres seen from above and from below, and more dimensions by their first two coordinates.

    Raises
    ------
    StippleError
        If the box has no extent.
    """
    if sphere and measure.samples.dimension == 3:
        return _view_sphere()
    sides = (measure.upper - measure.lower)[:2]
    longer = float(sides.max())
    if not longer > 0:
        raise StippleError("All samples are at one place: there is nothing to draw.")
    volume = measure.samples.volume
    unit = np.sqrt(volume) if volume and measure.samples.dimension == 2 else longer / SIDE
    if len(sides) == 1:
        height = round(STRIP * SIDE)
        area = 0.25 * height**2

        def project(points: Floats) -> Floats:
            across = (points[:, 0] - measure.lower[0]) / unit
            return np.column_stack((across, np.full(len(points), height / 2)))

        return View((height, round(longer / unit)), project, area)
    columns, rows = (max(1, round(float(side) / unit)) for side in sides)
    area = SHARE_OF_INK * rows * columns if measure.ink is None else measure.ink / unit**2
    return View((rows, columns), lambda points: (points[:, :2] - measure.lower[:2]) / unit, area)


def _view_sphere() -> View:
    radius = SIDE / 4

    def project(points: Floats) -> Floats:
        # Seen from below, the first axis runs the other way.
        above = points[:, 2] >= 0
        across = np.where(above, 1 + points[:, 0], 3 - points[:, 0])
        return radius * np.column_stack((across, 1 - points[:, 1]))

    angles = np.linspace(0, 2 * np.pi, RIM_CORNERS, endpoint=False)
    circle = radius * np.column_stack((1 + np.cos(angles), 1 + np.sin(angles)))
    rims = np.stack([circle, circle + np.array([2 * radius, 0.0])])
    return View((SIDE // 2, SIDE), project, SHARE_OF_INK * SIDE**2 / 4, rims)


def stack_boxes(cells: Sequence[AtomCell]) -> Floats | None:
    """Opposite corners of cells, shape (cells, 2, d), or None without any."""
    return np.array([(cell.lower, cell.upper) for cell in cells]) if cells else None


def _outline_boxes(view: View, boxes: Floats) -> Floats:
    """Corners in pixels, shape (cells, 4, 2), of boxes; those of a line are as high as it."""
    lower, upper = view.project(boxes[:, 0]), view.project(boxes[:, 1])
    if boxes.shape[2] == 1:
        lower[:, 1], upper[:, 1] = 0.0, view.shape[0]
    across = np.stack([lower[:, 0], upper[:, 0], upper[:, 0], lower[:, 0]], axis=1)
    down = np.stack([lower[:, 1], lower[:, 1], upper[:, 1], upper[:, 1]], axis=1)
    return np.stack([across, down], axis=2)


def measure_row(view: View, pictures: int) -> tuple[int, int]:
    """Height and width, in pixels, of pictures side by side."""
    height, width = view.shape
    return height, pictures * width + (pictures - 1) * round(GAP * width)


def find_reach(pictures: Sequence[Sequence[Panel]], view: View, layout: Layout) -> Reach:
    """Say how far the marks of `compose_panels` reach beyond their row of pictures."""
    largest = max(
        float(_size_dots(panel, ink, 1.0, layout.radius).max())
        for panels in pictures
        for panel, ink in _share_ink(panels, view)
    )
    pixels, millimetres = (largest, 0.0) if layout.radius is None else (0.0, largest)
    if any(panel.samples is not None for panels in pictures for panel in panels):
        pixels = max(pixels, SAMPLE_RADIUS * max(view.shape))
    if len(view.rims):
        millimetres = max(millimetres, layout.pen_width / 2)
    return Reach(pixels, millimetres)


def compose_panels(
    pictures: Sequence[Sequence[Panel]], view: View, placement: Placement, look: Look
) -> Drawing:
    """Compose pictures side by side, each of panels one over the other.

    Parameters
    ----------
    pictures : sequence of sequences of Panel
        What is drawn in each.
    view : View
        How points are shown.
    placement : Placement
        Where the row, of the size of `measure_row`, lies on the page.
    look : Look
        How dots look; a radius is that of a dot of average weight, in millimetres.
    """
    pitch = view.shape[1] + round(GAP * view.shape[1])
    layers: list[Layer] = []
    for number, panels in enumerate(pictures):
        shift = np.array([number * pitch, 0.0])
        if len(view.rims):
            corners = placement.to_page(view.rims.reshape(-1, 2) + shift)
            offsets = np.arange(len(view.rims) + 1) * view.rims.shape[1]
            rims = Polylines(corners, offsets, look.pen_width, closed=True)
            layers.append(Layer("rim", SAMPLE_COLOUR, (rims,)))
        for panel, ink in _share_ink(panels, view):
            if panel.samples is not None:
                shown = placement.to_page(view.project(panel.samples) + shift)
                size = SAMPLE_RADIUS * max(view.shape) * placement.scale
                small = Dots(shown, np.full(len(shown), size / np.sqrt(len(panels))))
                layers.extend(_lay_samples(panel, small, view))
            if panel.boxes is not None and "cells" in look.draw:
                corners = _outline_boxes(view, panel.boxes) + shift
                lines = placement.to_page(corners.reshape(-1, 2))
                offsets = np.arange(len(corners) + 1) * 4
                cells = Polylines(lines, offsets, look.pen_width, closed=True)
                layers.append(Layer(f"{panel.label} cells", CELL_COLOUR, (cells,)))
            if "dots" not in look.draw:
                continue
            radii = _size_dots(panel, ink, placement.scale, look.radius)
            drawn: Booleans = radii > 0
            places = placement.to_page(view.project(panel.atoms[drawn]) + shift)
            marks = Dots(places, radii[drawn], look.dots, look.pen_width)
            layers.append(Layer(panel.label, panel.colour, (marks,)))
    return Drawing(placement.width, placement.height, look.background, tuple(layers), look.blend)


def _lay_samples(panel: Panel, dots: Dots, view: View) -> list[Layer]:
    """Layers of samples: one in grey, or one of each colour of cells."""
    name = f"{panel.label} samples"
    if panel.cells is None:
        return [Layer(name, SAMPLE_COLOUR, (dots,))]
    colours = colour_cells(view.project(panel.atoms))[panel.cells]
    return [
        Layer(f"{name} {number + 1}", colour, (Dots(dots.centres[of], dots.radii[of]),))
        for number, colour in enumerate(COLOURS)
        if (of := colours == number).any()
    ]


def _share_ink(panels: Sequence[Panel], view: View) -> list[tuple[Panel, float]]:
    """Give each panel its share of the ink of a picture; weights of one panel add up to 1."""
    total = sum(len(panel.atoms) for panel in panels)
    return [(panel, view.ink * (len(panel.atoms) / total)) for panel in panels]


def _size_dots(panel: Panel, ink: float, scale: float, radius: float | None) -> Floats:
    """Radii in millimetres, shape (m,): areas of dots are in proportion to the weights."""
    if radius is None:
        return scale * np.sqrt(ink * panel.weights / np.pi)
    return radius * np.sqrt(panel.weights * len(panel.atoms))
