"""What a search for the nearest of many images found, and what proves it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.choices import DistanceUnit, PixelModel

NearestStop: TypeAlias = Literal["proved", "gap", "precision", "squares", "time"]


@dataclass(frozen=True, eq=False, repr=False)
class NearestImages:
    """The k images that are nearest to a query in W_p, and what proves it.

    Attributes
    ----------
    indices : ndarray, shape (k,)
        Places of the nearest among the images, by the upper ends of their intervals.
    lower, upper : ndarray, shape (n,)
        W_p between the query and each image lies between them, in `unit`. They are as near to each
        other as the proof needed.
    rivals : ndarray
        Places of all other images that may be nearer than one of the nearest; none if it is proved.
    excess : float
        An image left out is nearer than one of the nearest by this at most; 0 if it is proved.
    stopped : {"proved", "gap", "precision", "squares", "time"}
        Why nothing was refined further: the answer was proved; what is left to decide are ties, as
        all their intervals are as narrow as the gap, or as double precision allows, or, of squares,
        as those between their centres allow; the time was up.
    levels : ndarray, shape (n,)
        Rounds of refinement of each pair; 0 where sums of rows and columns decided.
    pair_seconds : ndarray, shape (n,)
        What they took.
    solved : ndarray of bool, shape (n,)
        Pairs that were refined as far as the gap.
    order : float
        p.
    unit : {"pixel", "side"}
    pixels : {"points", "squares"}
    seconds : float
        Time taken.
    version : str
        Version of this package.

    Examples
    --------
    >>> import stipple
    >>> images = [[[0, 0, 0, 1]], [[0, 1, 0, 0]], [[0, 0, 1, 0]]]
    >>> stipple.find_nearest([[1, 0, 0, 0]], images, 2)
    NearestImages([1, 2] of 3 images, proved, 0 pairs refined)
    """

    indices: Integers
    lower: Floats
    upper: Floats
    rivals: Integers
    excess: float
    stopped: NearestStop
    levels: Integers
    pair_seconds: Floats
    solved: Booleans
    order: float
    unit: DistanceUnit
    pixels: PixelModel
    seconds: float
    version: str

    @property
    def proved(self) -> bool:
        """Whether no image that was left out is nearer than one of the nearest."""
        return self.stopped == "proved"

    @property
    def in_order(self) -> bool:
        """Whether it is proved that none of the nearest is nearer than one before it."""
        farthest = np.maximum.accumulate(self.upper[self.indices])
        return bool((farthest[:-1] <= self.lower[self.indices][1:]).all())

    @property
    def refined(self) -> int:
        """Pairs that bounds by sums of rows and columns did not decide."""
        return int(np.count_nonzero(self.levels))

    @property
    def saving(self) -> float | None:
        """How many times longer all pairs would have taken, if they took what solved ones did.

        None if no pair was solved.
        """
        taken = self.pair_seconds[self.solved & (self.levels > 0)]
        return len(self.lower) * float(taken.mean()) / self.seconds if len(taken) else None

    def __repr__(self) -> str:
        verdict = "proved" if self.proved else f"not decided ({self.stopped})"
        return (
            f"NearestImages({self.indices.tolist()} of {len(self.lower)} images, {verdict},"
            f" {self.refined} pairs refined)"
        )
