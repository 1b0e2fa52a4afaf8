"""A decoded picture, before anything is decided about its tone."""

from dataclasses import dataclass

from stipple.arrays import Floats

MAX_PIXELS = 100_000_000
"""The largest picture that is read unless the user asks for more: a guard against bombs."""

Matrix = Floats
"""A density given directly as numbers, shape (h, w), >= 0, any scale: bigger is more ink."""


@dataclass(frozen=True, eq=False)
class Picture:
    """Colours and opacity as the file means them, with no tone decision taken yet.

    Attributes
    ----------
    colour : ndarray of float64, shape (h, w, 1) or (h, w, 3)
        Grey, or red, green and blue of sRGB, in [0, 1] from black to full light; not premultiplied
        by alpha, not linearised.
    alpha : ndarray of float64, shape (h, w), or None
        Opacity in [0, 1]; None where the file has none.
    """

    colour: Floats
    alpha: Floats | None = None
