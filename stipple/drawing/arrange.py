"""Several drawings on one page, side by side."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stipple.arrays import Floats
from stipple.drawing.marks import Dots, Drawing, Polygons, Polylines


def arrange_drawings(drawings: Sequence[Drawing]) -> Drawing:
    """Put drawings with the same layers into rows, about as many as columns.

    Parameters
    ----------
    drawings : sequence of Drawing
        At least one, from left to right and from the top row down; the first says what the page
        and its inks are.
    """
    columns = math.ceil(math.sqrt(len(drawings)))
    width = max(drawing.width for drawing in drawings)
    height = max(drawing.height for drawing in drawings)
    places = [
        (drawing, np.array([width * (number % columns), height * (number // columns)]))
        for number, drawing in enumerate(drawings)
    ]
    layers = tuple(
        replace(
            layer,
            marks=tuple(
                _move(mark, place)
                for drawing, place in places
                for mark in drawing.layers[number].marks
            ),
        )
        for number, layer in enumerate(drawings[0].layers)
    )
    rows = math.ceil(len(drawings) / columns)
    return replace(drawings[0], width=columns * width, height=rows * height, layers=layers)


def _move(mark: Dots | Polylines | Polygons, place: Floats) -> Dots | Polylines | Polygons:
    if isinstance(mark, Dots):
        return replace(mark, centres=mark.centres + place)
    return replace(mark, vertices=mark.vertices + place)
