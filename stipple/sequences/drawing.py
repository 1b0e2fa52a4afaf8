"""Drawings of an ordered list of points: by doublings, as a strip, growing, or with its boxes."""

from dataclasses import dataclass, replace

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.drawing.look import Look
from stipple.drawing.marks import Dots, Drawing, Layer, Polygons, Polylines
from stipple.drawing.page import Placement

SIDE = 600  # pixels that stand for the side of the unit square
SQUARE_INK = 0.1  # part of the unit square that its dots cover
STRIP_STEP = 4  # each picture of a strip has so many times the points of the one before
STRIP_GAP = 0.04  # between pictures of a strip, in widths of a picture
GROWTH_STEPS = 4  # frames of an animation for each doubling
LINK_COLOUR = "#404040"
EDGE_COLOUR = "#ffffff"
# Boxes that touch never lie the same number of cells apart modulo 3 on both axes.
BOX_COLOURS = (
    "#aec7e8",
    "#ffd8a8",
    "#b2dfb0",
    "#f4b6b6",
    "#d5c3ea",
    "#fff0a8",
    "#a9dfe0",
    "#f3c4e0",
    "#d9cdb8",
)


@dataclass(frozen=True, eq=False)
class Progression:
    """An ordered list of points on a picture.

    Attributes
    ----------
    points : ndarray, shape (n, 2)
        x right and y down, in pixels.
    shape : tuple of int
        Height and width of the picture in pixels.
    ink_area : float
        Area that all dots of a prefix cover together, in square pixels, whatever their number.
    """

    points: Floats
    shape: tuple[int, int]
    ink_area: float

    def measure_radius(self, count: int, placement: Placement, look: Look) -> float:
        """Radius in millimetres of each of the first `count` dots."""
        if look.radius is not None:
            return look.radius
        return placement.scale * measure_dot(self.ink_area, count)


def show_square(points: Floats) -> Progression:
    """Show points of the unit square, shape (n, 2), with the origin at the bottom left."""
    return Progression(_flip(points), (SIDE, SIDE), SQUARE_INK * SIDE**2)


def measure_dot(ink_area: float, count: int) -> float:
    """Radius in pixels of each of `count` dots that cover an area together."""
    return float(np.sqrt(ink_area / (np.pi * count)))


def measure_strip(shape: tuple[int, int], count: int) -> tuple[int, int]:
    """Height and width, in pixels, of the strip of `compose_strip`."""
    height, width = shape
    pictures = len(choose_strip(count))
    return height, pictures * width + (pictures - 1) * round(STRIP_GAP * width)


def compose_doublings(
    progression: Progression, placement: Placement, look: Look, colour: str
) -> Drawing:
    """Compose one layer for each doubling: the first k layers show the first 2^(k − 1) points.

    Parameters
    ----------
    progression : Progression
        The points.
    placement : Placement
        Where the picture lies on the page.
    look : Look
        How dots look; all have the size that suits all points together.
    colour : str
        Ink, as `#rrggbb`.
    """
    positions = placement.to_page(progression.points)
    count = len(positions)
    radius = progression.measure_radius(count, placement, look)
    ends = [2**k for k in range(count.bit_length()) if 2**k < count] + [count]
    layers = []
    for start, stop in zip([0, *ends[:-1]], ends, strict=True):
        label = f"points {start + 1}" + (f"-{stop}" if stop > start + 1 else "")
        layers.append(Layer(label, colour, (_place_dots(positions[start:stop], radius, look),)))
    return Drawing(placement.width, placement.height, look.background, tuple(layers))


def compose_list(
    progression: Progression, placement: Placement, look: Look, colour: str
) -> Drawing:
    """Compose one layer of all points in their order, of the size that suits them together.

    Parameters
    ----------
    progression : Progression
        The points.
    placement : Placement
        Where the picture lies on the page.
    look : Look
        How dots look.
    colour : str
        Ink, as `#rrggbb`.
    """
    positions = placement.to_page(progression.points)
    radius = progression.measure_radius(len(positions), placement, look)
    layer = Layer("points", colour, (_place_dots(positions, radius, look),))
    return Drawing(placement.width, placement.height, look.background, (layer,))


def compose_strip(
    progression: Progression, placement: Placement, look: Look, colour: str
) -> Drawing:
    """Compose prefixes side by side: 1/64, 1/16, 1/4 and all of the points, at the same tone.

    Parameters
    ----------
    progression : Progression
        The points.
    placement : Placement
        Where the strip, of the size of `measure_strip`, lies on the page.
    look : Look
        How dots look.
    colour : str
        Ink, as `#rrggbb`.
    """
    width = progression.shape[1]
    pitch = width + round(STRIP_GAP * width)
    layers = []
    for number, count in enumerate(choose_strip(len(progression.points))):
        shift = np.array([number * pitch, 0.0])
        positions = placement.to_page(progression.points[:count] + shift)
        radius = progression.measure_radius(count, placement, look)
        layers.append(Layer(f"{count} points", colour, (_place_dots(positions, radius, look),)))
    return Drawing(placement.width, placement.height, look.background, tuple(layers))


def compose_growth(
    progression: Progression, placement: Placement, look: Look, colour: str
) -> list[Drawing]:
    """Compose growing prefixes at the same tone, four for each doubling.

    Parameters
    ----------
    progression : Progression
        The points.
    placement : Placement
        Where the picture lies on the page.
    look : Look
        How dots look.
    colour : str
        Ink, as `#rrggbb`.
    """
    points = progression.points
    total = len(points)
    steps = (round(2 ** (k / GROWTH_STEPS)) for k in range(GROWTH_STEPS * total.bit_length()))
    return [
        compose_list(replace(progression, points=points[:count]), placement, look, colour)
        for count in sorted({min(step, total) for step in steps} | {total})
    ]


def compose_partition(
    points: Floats, boxes: Floats, placement: Placement, look: Look, colour: str
) -> Drawing:
    """Compose the boxes of a prefix, a layer for each colour, and links to their points.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        A prefix of the dyadic sequence.
    boxes : ndarray, shape (n, 2, 2)
        Lower and upper corner of the box of each point.
    placement : Placement
        Where the square lies on the page.
    look : Look
        How dots look.
    colour : str
        Ink of the points, as `#rrggbb`.
    """
    corners = boxes[:, [0, 1, 1, 0], 0], boxes[:, [0, 0, 1, 1], 1]
    rectangles = placement.to_page(_flip(np.stack(corners, axis=-1)))  # (n, 4, 2)
    positions = placement.to_page(_flip(points))
    spacing = placement.scale * SIDE / np.sqrt(len(points))
    radius = 0.06 * spacing if look.radius is None else look.radius
    kinds = _colour_boxes(points)
    layers = []
    for number, fill in enumerate(BOX_COLOURS, start=1):
        chosen = rectangles[kinds == number - 1]
        if len(chosen):
            filled = Polygons(chosen.reshape(-1, 2), _split(len(chosen), 4))
            layers.append(Layer(f"boxes {number}", fill, (filled,)))
    count = len(points)
    edges = Polylines(rectangles.reshape(-1, 2), _split(count, 4), 0.03 * spacing, closed=True)
    links = np.stack([positions, rectangles.mean(axis=1)], axis=1).reshape(-1, 2)
    lines = Polylines(links, _split(count, 2), 0.015 * spacing)
    layers += [
        Layer("edges", EDGE_COLOUR, (edges,)),
        Layer("links", LINK_COLOUR, (lines,)),
        Layer("points", colour, (_place_dots(positions, radius, look),)),
    ]
    return Drawing(placement.width, placement.height, look.background, tuple(layers))


def _colour_boxes(points: Floats) -> Integers:
    """Choose one of nine colours for the box of each point, so that boxes that touch differ.

    On the finest dyadic grid with at most one point a cell, points whose boxes touch are less than
    three cells apart on each axis, which a test looks up for many prefixes.
    """
    level = -(-(len(points) - 1).bit_length() // 2)
    cells: Integers = (points * 2.0**level).astype(np.int64) % 3  # (n, 2)
    kinds: Integers = cells[:, 0] + 3 * cells[:, 1]
    return kinds


def choose_strip(count: int) -> list[int]:
    """Numbers of points of the pictures of a strip, from the fewest to the most."""
    return sorted({max(1, count // STRIP_STEP**k) for k in range(4)})


def _split(count: int, corners: int) -> Integers:
    return np.arange(0, corners * count + 1, corners)


def _flip(points: Floats) -> Floats:
    """Carry points of the unit square, shape (..., 2), y upwards, to pixels, y downwards."""
    flipped: Floats = SIDE * np.stack([points[..., 0], 1 - points[..., 1]], axis=-1)
    return flipped


def _place_dots(positions: Floats, radius: float, look: Look) -> Dots:
    return Dots(positions, np.full(len(positions), radius), look.dots, look.pen_width)
