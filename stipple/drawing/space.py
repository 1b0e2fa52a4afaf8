"""Points in space as a page for browsers, to be turned round: one file, which loads nothing."""

from html import escape

import numpy as np

from stipple.arrays import Floats
from stipple.drawing.html import Rows, dump_json, encode_bytes, fill_template, read_body, read_part


def render_space(
    title: str, points: Floats, radii: Floats, size: Floats, figures: Rows = ()
) -> bytes:
    """Write points as balls in a box.

    Positions are embedded as the nearest float32, about the middle of the box, in parts of its
    longest side. Equal points give equal bytes.

    Parameters
    ----------
    title : str
        Such as the name of the volume.
    points : ndarray, shape (n, 3)
        In [0, size].
    radii : ndarray, shape (n,)
        Of the balls.
    size : ndarray, shape (3,)
        Sides of the box.
    figures : rows
        What is known of the points, by name.
    """
    longest = float(size.max())
    places, balls = (points - size / 2) / longest, radii / longest
    data = {
        "points": encode_bytes(places.astype("<f4").tobytes()),
        "radii": encode_bytes(balls.astype("<f4").tobytes()),
        "half": np.asarray(size / (2 * longest)).tolist(),
        "figures": list(figures),
    }
    parts = {
        "title": escape(title),
        "style": read_part("viewer.css"),
        "script": read_part("space.js"),
        "data": dump_json(data),
    }
    return fill_template(read_body("space.html"), parts)
