"""Dots filled by a pen: spirals whose turns touch each other."""

import numpy as np

from stipple.drawing.marks import Dots, Polylines


def draw_spirals(dots: Dots) -> Polylines:
    """Fill each dot with a spiral that a pen can draw, from the centre outwards.

    Each path is an Archimedean spiral whose turns touch each other, and ends with a full turn at
    half a pen width inside the rim. A dot no wider than the pen is a single point. The steps
    widen outwards so that all chords leave their arc by the same distance, far below what a pen
    shows.

    Parameters
    ----------
    dots : Dots
        Dots with a positive `pen_width`.

    Returns
    -------
    Polylines
        One line for each dot, in the same order.
    """
    sagitta = dots.pen_width / 64
    pitch = dots.pen_width - sagitta  # so that chords leave no gap between turns
    outer = np.maximum(dots.radii - dots.pen_width / 2, 0.0)  # (n,)
    end = 2 * np.pi * outer / pitch  # angle at which the spiral meets its closing turn

    # A chord over the angle t at radius R leaves its arc by R t^2 / 8. Steps that keep this equal
    # to the sagitta, at R = pitch angle / 2 pi, make the angle grow as (number of steps)^(2/3).
    growth = 1.5 * np.sqrt(16 * np.pi * sagitta / pitch)
    spiral_steps = np.ceil(end**1.5 / growth).astype(np.int64)
    turn_steps = np.ceil(2 * np.pi * np.sqrt(outer / (8 * sagitta))).astype(np.int64)
    offsets = np.concatenate(([0], np.cumsum(spiral_steps + turn_steps + 1)))

    dot = np.repeat(np.arange(len(outer)), np.diff(offsets))  # (k,)
    step = np.arange(offsets[-1]) - offsets[dot]
    progress = np.minimum(step / np.maximum(spiral_steps, 1)[dot], 1.0)
    turned = np.maximum(step - spiral_steps[dot], 0) / np.maximum(turn_steps, 1)[dot]
    angle = end[dot] * progress ** (2 / 3)
    distance = pitch * angle / (2 * np.pi)
    angle += 2 * np.pi * turned
    direction = np.column_stack((np.cos(angle), np.sin(angle)))
    vertices = dots.centres[dot] + distance[:, None] * direction
    return Polylines(vertices, offsets, dots.pen_width)
