"""What is plotted, apart from how: curves in panels over a common axis."""

from collections.abc import Mapping
from dataclasses import dataclass

from stipple.arrays import Floats


@dataclass(frozen=True, eq=False)
class Curve:
    """A line through points; `x` and `y` have the same length."""

    label: str
    x: Floats
    y: Floats


@dataclass(frozen=True, eq=False)
class Band:
    """The area between two lines; `x`, `lower` and `upper` have the same length."""

    label: str
    x: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class Panel:
    """Curves with the same unit.

    Attributes
    ----------
    title : str
        What is plotted upwards.
    curves : tuple of Curve
        From the first drawn to the last.
    levels : mapping of str to float
        Horizontal lines to compare with, by name.
    logarithmic : bool or None
        Whether both axes are, so that powers are straight lines; None: that of numbers is where
        its ends are far apart.
    bands : tuple of Band
        Drawn below the curves.
    """

    title: str
    curves: tuple[Curve, ...]
    levels: Mapping[str, float]
    logarithmic: bool | None = None
    bands: tuple[Band, ...] = ()
