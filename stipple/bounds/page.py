"""The page of `stipple bound`: where mass goes over both images, and the interval."""

import numpy as np

from stipple.arrays import Floats
from stipple.bounds.bound import ImageBounds
from stipple.bounds.displacement import measure_displacement
from stipple.bounds.grid import expect_image
from stipple.bounds.plot import ARROW_COLOUR, ARROWS, FAINTEST
from stipple.choices import UNITS
from stipple.drawing.html import Backdrop, Chart, Page, Rows
from stipple.drawing.marks import Drawing, Layer, Polygons, Polylines
from stipple.drawing.originals import show_masses
from stipple.drawing.page import place

MARGIN = 5.0  # millimetres
PEN_WIDTH = 0.5
# Millimetres of the longest head of an arrow, and the part of a shorter one that its head takes.
HEAD, HEAD_PART = 2.0, 0.4


def compose_page(
    masses: tuple[Floats, Floats], result: ImageBounds, names: tuple[str, str], rows: Rows
) -> Page:
    """Compose arrows from parts of the first image to where their mass goes, over both images.

    Parameters
    ----------
    masses : pair of ndarray, shape (h, w)
        The images; mass is dark.
    result : ImageBounds
        With a plan.
    names : pair of str
        Of the images.
    rows : sequence of pairs of str
        Figures by name.

    Raises
    ------
    StippleError
        If there is no plan.
    """
    shape = expect_image(result.shape)
    moved = measure_displacement(result.plan, shape, ARROWS)
    drawn = moved.masses > FAINTEST * moved.masses.mean()
    placement = place(shape, margin=MARGIN)
    tails = placement.to_page(moved.starts[drawn])
    arrows = _draw_arrows(tails, placement.scale * moved.shifts[drawn])
    layer = Layer("where mass goes on average", ARROW_COLOUR, arrows)
    labels = (f"first: {names[0]}", f"second: {names[1]}")
    return Page(
        " → ".join(names),
        Drawing(placement.width, placement.height, "#ffffff", (layer,)),
        rows,
        backdrops=tuple(
            Backdrop(label, show_masses(image), placement)
            for label, image in zip(labels, masses, strict=True)
        ),
        under=labels[0],
        beside=labels[1],
        chart=_chart_levels(result) if len(result.levels) > 1 else None,
    )


def _draw_arrows(tails: Floats, shifts: Floats) -> tuple[Polylines, Polygons]:
    """Draw shafts and heads of arrows, shape (k, 2) each, in millimetres."""
    count = len(tails)
    lengths = np.hypot(*shifts.T)[:, None]
    along = shifts / np.maximum(lengths, np.finfo(float).tiny)
    across = along[:, ::-1] * [-1, 1]
    heads = np.minimum(HEAD, HEAD_PART * lengths)
    tips = tails + shifts
    necks = tips - heads * along
    shafts = np.stack([tails, necks], axis=1).reshape(-1, 2)
    sides = 0.4 * heads * across
    triangles = np.stack([tips, necks + sides, necks - sides], axis=1).reshape(-1, 2)
    return (
        Polylines(shafts, np.arange(0, 2 * count + 1, 2), PEN_WIDTH),
        Polygons(triangles, np.arange(0, 3 * count + 1, 3)),
    )


def _chart_levels(result: ImageBounds) -> Chart:
    lower = np.array([level.lower for level in result.levels])
    upper = np.array([level.upper for level in result.levels])
    sides = np.array([float(max(level.shape)) for level in result.levels])
    unit = UNITS[result.unit]
    title = f"certified interval for W_{result.order:g} in {unit}, by pixels of the longer side"
    return Chart(f"{title}; marks are lower ends", sides, lower, lower, upper)
