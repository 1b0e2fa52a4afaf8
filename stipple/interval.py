"""A certified pair of bounds: what every proved distance is given as."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A number known to lie between `lower` and `upper`.

    Attributes
    ----------
    lower, upper : float
        The ends, in the unit of the number, moved outwards by what rounding can do.

    Examples
    --------
    >>> Interval(1.0, 1.5).middle
    1.25
    """

    lower: float
    upper: float

    @property
    def middle(self) -> float:
        """Half way between the ends."""
        return (self.lower + self.upper) / 2
