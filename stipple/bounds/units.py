"""Bounds for points and in pixels, converted to the unit and the pixels that are asked for."""

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from stipple.bounds.certificate import lower_for_squares
from stipple.bounds.marginals import measure_shift
from stipple.bounds.masses import MassPair
from stipple.choices import DistanceUnit, PixelModel
from stipple.interval import Interval
from stipple.machine.rounding import raise_power, round_down, round_up

if TYPE_CHECKING:
    from stipple.bounds.blocks import BlockEstimate, PaperEstimates
    from stipple.bounds.results import LevelRecord


class Conversion:
    """Converts bounds on W_p between points, in pixels; every end is rounded outwards.

    Parameters
    ----------
    pair : MassPair
        The images.
    order : float
        p.
    unit : {"pixel", "side"}
        To pixels, or to the longer side of the images.
    pixels : {"points", "squares"}
        To points, or to masses spread over squares.
    """

    def __init__(
        self, pair: MassPair, order: float, unit: DistanceUnit, pixels: PixelModel
    ) -> None:
        self.order, self.unit, self.pixels = order, unit, pixels
        self._side = max(pair.shape) if unit == "side" else 1
        self._axes = len(pair.shape)
        self._squares = pixels == "squares"
        self._shift = measure_shift(pair) if self._squares else 0.0

    def convert(self, interval: Interval) -> Interval:
        """Convert an interval for W_p."""
        return Interval(self._convert_lower(interval.lower), self._convert_upper(interval.upper))

    def convert_level(self, level: "LevelRecord") -> "LevelRecord":
        """Convert what was proved at a resolution."""
        return replace(level, interval=self.convert(level.interval))

    def convert_estimates(self, estimates: "PaperEstimates") -> "PaperEstimates":
        """Convert the published bounds, each on its side."""
        return replace(
            estimates,
            minimum_cost=self._convert_estimate(estimates.minimum_cost, down=True),
            dual=self._convert_estimate(estimates.dual, down=True),
            weighted_cost=self._convert_estimate(estimates.weighted_cost, down=False),
            primal=self._convert_estimate(estimates.primal, down=False),
            total_variation=self._convert_estimate(estimates.total_variation, down=False),
        )

    def _convert_estimate(self, estimate: "BlockEstimate", *, down: bool) -> "BlockEstimate":
        if not self._squares and self._side == 1:
            return estimate
        convert = self._convert_lower if down else self._convert_upper
        distance = convert(estimate.distance)
        return replace(
            estimate, distance=distance, cost=raise_power(distance, self.order, down=down)
        )

    def _convert_lower(self, lower: float) -> float:
        if self._squares:
            lower = lower_for_squares(lower, self.order, self._axes, self._shift)
        return round_down(Fraction(lower) / self._side)

    def _convert_upper(self, upper: float) -> float:
        return round_up(Fraction(upper) / self._side)
