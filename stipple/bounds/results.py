"""What refinement finds: an interval, what was proved on the way to it, and why it ends there."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from stipple.arrays import Floats
from stipple.bounds.certificate import BoundCertificate, measure_gap
from stipple.bounds.plans import Plan
from stipple.interval import Interval
from stipple.machine.keops_library import EngineChoice

Solver: TypeAlias = Literal["sparse", "fast"]
Stop: TypeAlias = Literal["gap", "time", "cells", "precision"]


@dataclass(frozen=True)
class LevelRecord:
    """What has been proved about the full images after the solution of one level.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of the level; of volumes, slices before them.
    interval : Interval
        Certified: W_p lies in it, in full pixels.
    seconds : float
        Time spent on this level.
    """

    shape: tuple[int, ...]
    interval: Interval
    seconds: float

    @property
    def lower(self) -> float:
        """Certified lower bound on W_p."""
        return self.interval.lower

    @property
    def upper(self) -> float:
        """Certified upper bound on W_p."""
        return self.interval.upper


@dataclass(frozen=True, eq=False)
class BoundResult:
    """W_p lies between the bounds, in pixels; `potential` and `plan` prove it.

    Attributes
    ----------
    certificate : BoundCertificate
        The interval. Its lower bound is that of `potential`, its upper bound that of `plan`.
    reached : bool
        Whether the gap asked for was reached, or the images are equal up to rounding.
    stopped : {"gap", "time", "cells", "precision"}
        Why there is no narrower interval: the gap was reached, time was up, "fast" solves images of
        this size in cells only, or nothing is left that double precision could show.
    method : {"sparse", "fast"}
    engine : EngineChoice
        Who transformed the potentials.
    levels : tuple of LevelRecord
        The coarsest first; the last is not at full resolution if the gap was reached before.
    seconds : float
    potential : ndarray, shape (h, w) or (d, h, w), or None
        ψ on the target, in pixels to the power p; None if there was no time for a proof by it.
    plan : Plan or None
        The complete plan that proves the upper bound (all of its mass but dust); None if there was
        no time, and the bound is that of independent ends.
    """

    certificate: BoundCertificate
    reached: bool
    stopped: Stop
    method: Solver
    engine: EngineChoice
    levels: tuple[LevelRecord, ...]
    seconds: float
    potential: Floats | None
    plan: Plan | None

    @property
    def interval(self) -> Interval:
        """W_p lies in it, in pixels."""
        return self.certificate.distance

    @property
    def lower(self) -> float:
        """Lower bound on W_p, in pixels."""
        return self.interval.lower

    @property
    def upper(self) -> float:
        """Upper bound on W_p, in pixels."""
        return self.interval.upper

    @property
    def gap(self) -> float:
        """(upper − lower)/lower; 0 if they agree, infinity if only the lower bound is 0."""
        return measure_gap(self.interval)
