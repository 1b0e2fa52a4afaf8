"""Dots that move, as one SVG that browsers play (SMIL)."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Easing
from stipple.drawing.svg import NUMBER, open_page
from stipple.errors import StippleError

# 3t² − 2t³, the smooth easing, is the Bézier curve of these control points.
SMOOTH = "0.3333 0 0.6667 1"


@dataclass(frozen=True, eq=False)
class MovingDots:
    """Dots on straight lines from moment to moment, over and over.

    Attributes
    ----------
    width, height : float
        The page in millimetres.
    background, colour : str or None, and str
        `#rrggbb` of the paper, or None for none, and of the dots.
    centres : ndarray, shape (k, n, 2)
        Where each dot is at each moment, in millimetres.
    radii : ndarray, shape (k, n)
        How large it is then, in millimetres; 0 where there is none.
    times : ndarray, shape (k,)
        The moments in seconds, rising from 0.
    easing : {"smooth", "linear"}
        How a dot goes from moment to moment: it starts and ends slowly, or at one speed.

    Raises
    ------
    StippleError
        If there are less than two moments, or they do not rise.
    """

    width: float
    height: float
    background: str | None
    colour: str
    centres: Floats
    radii: Floats
    times: Floats
    easing: Easing

    def __post_init__(self) -> None:
        if len(self.times) < 2 or not (np.diff(self.times) > 0).all():
            raise StippleError(
                f"Moving dots came with {len(self.times)} moments: give two or more, each later"
                " than the one before."
            )


def render_moving_svg(moving: MovingDots) -> bytes:
    """Write moving dots as an SVG, each dot with its number as id: dot1, dot2, and so on.

    Programs that play no animation show the first moment.

    Parameters
    ----------
    moving : MovingDots

    Returns
    -------
    bytes
        The file, in UTF-8.
    """
    parts = [
        open_page(moving.width, moving.height, moving.background),
        '<g id="layer1" inkscape:groupmode="layer" inkscape:label="1 black"'
        f' fill="{moving.colour}">\n',
    ]
    pace = _describe_pace(moving)
    shifts = moving.centres - moving.centres[0]
    for dot in range(moving.centres.shape[1]):
        x, y = moving.centres[0, dot].round(3) + 0.0
        radii = moving.radii[:, dot].round(4) + 0.0
        head = f'<circle id="dot{dot + 1}" cx="{NUMBER}" cy="{NUMBER}" r="{NUMBER}">'
        parts.append(head % (x, y, radii[0]))
        ways = ";".join(f"{NUMBER} {NUMBER}" % tuple(at) for at in shifts[:, dot].round(3) + 0.0)
        parts.append(
            f'<animateTransform attributeName="transform" type="translate" values="{ways}"{pace}/>'
        )
        if (radii != radii[0]).any():
            sizes = ";".join(NUMBER % radius for radius in radii)
            parts.append(f'<animate attributeName="r" values="{sizes}"{pace}/>')
        parts.append("</circle>\n")
    parts.append("</g>\n</svg>\n")
    return "".join(parts).encode()


def _describe_pace(moving: MovingDots) -> str:
    """Attributes of an animation that say when it is where."""
    whole = float(moving.times[-1])
    shares = [NUMBER % share for share in (moving.times / whole).round(6)]
    pace = f' keyTimes="{";".join(shares)}" dur="{NUMBER % round(whole, 3)}s"'
    if moving.easing == "smooth":
        splines = ";".join([SMOOTH] * (len(shares) - 1))
        pace += f' calcMode="spline" keySplines="{splines}"'
    return f'{pace} repeatCount="indefinite"'
