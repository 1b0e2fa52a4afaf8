"""How far ink lies beyond the picture, in a module so light that planning stays fast."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reach:
    """How far ink may lie beyond the edge of the picture; the larger of the two counts.

    Attributes
    ----------
    pixels : float
        In pixels of the picture: the radius of dots that keep the tone.
    millimetres : float
        On the page: half the width of a pen, or the radius of dots of a given size.
    """

    pixels: float = 0.0
    millimetres: float = 0.0


NO_REACH = Reach()
