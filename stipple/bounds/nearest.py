"""The nearest of many images to one, proved: cheap bounds decide most, and few pairs are solved."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from stipple.arguments import read_choice, read_count, read_number, read_threads
from stipple.arrays import Floats, ImageLike, Integers
from stipple.bounds.certificate import certify_cheaply, certify_line, measure_gap
from stipple.bounds.clock import Clock, PunctualWorkers
from stipple.bounds.grid import is_line
from stipple.bounds.keops_transforms import choose_engine
from stipple.bounds.masses import MassPair, pair_masses
from stipple.bounds.nearest_images import NearestImages, NearestStop
from stipple.bounds.proof import Proof
from stipple.bounds.refine import choose_method, refine_levels
from stipple.bounds.search import Search
from stipple.bounds.transforms import check_order
from stipple.bounds.units import Conversion
from stipple.choices import DistanceUnit, PixelModel
from stipple.errors import StippleError
from stipple.interval import Interval
from stipple.version import __version__


def find_nearest(
    query: ImageLike,
    images: Sequence[ImageLike],
    k: int = 1,
    p: float = 2,
    *,
    gap: float = 0.005,
    time_limit: float | None = None,
    unit: DistanceUnit = "pixel",
    pixels: PixelModel = "points",
    threads: int | None = None,
    names: Sequence[str] | None = None,
    on_round: Callable[[int, int], None] | None = None,
) -> NearestImages:
    """Find the k images nearest to a query in the Wasserstein distance W_p, and prove it.

    Sums of rows and columns bound all distances. Then the pair with the least lower bound of those
    that may still change the answer is refined by one resolution, again and again, until k images
    are proved to be no farther than any other, or ties are left.

    Parameters
    ----------
    query : array_like, shape (h, w)
        Masses ≥ 0 of the pixels; images with different sums are scaled to the same.
    images : sequence of array_like, shape (h, w)
        What is searched.
    k : int
        How many to find.
    p : float
        Order, from 1 to 32; the cost is the Euclidean distance to this power.
    gap : float
        Where (upper − lower)/lower is at most this, a pair is not refined any more.
    time_limit : float, optional
        Seconds after which to stop; every interval is valid all the same.
    unit : {"pixel", "side"}
        Unit of the distance: a pixel, or the longer side of the images.
    pixels : {"points", "squares"}
        Whether the mass of a pixel is at its centre or spread evenly over it.
    threads : int, optional
        By default one for each processor.
    names : sequence of str, optional
        What messages call the query, and then each image.
    on_round : callable, optional
        Receives after each round how many there were, and how many pairs may change the answer.

    Returns
    -------
    NearestImages

    Raises
    ------
    StippleError
        If an array is no image of the same shape with some mass, there are less than k images, or
        an option makes no sense.

    Examples
    --------
    >>> import stipple
    >>> images = [[[0, 0, 0, 1]], [[0, 1, 0, 0]], [[0, 0, 1, 0]]]
    >>> stipple.find_nearest([[1, 0, 0, 0]], images).indices.tolist()
    [1]
    """
    read_choice(unit, "unit", DistanceUnit)
    read_choice(pixels, "pixel model", PixelModel)
    k = read_count(k, "number of nearest images", 1)
    if k > len(images):
        raise StippleError(f"The {k} nearest of {len(images)} images were asked for: give more.")
    order = check_order(p)
    gap = read_number(gap, "gap to reach", 0, finite=False)
    began = time.perf_counter()
    end = math.inf
    if time_limit is not None:
        end = began + read_number(time_limit, "time limit", 0, finite=False)
    threads = read_threads(threads)
    if names is None:
        names = ["query", *(f"image {place + 1} of {len(images)}" for place in range(len(images)))]
    if len(names) != len(images) + 1:
        raise StippleError(
            f"{len(names)} names came for the query and {len(images)} images: give one for each."
        )
    workers = PunctualWorkers(threads, Clock())
    with ThreadPoolExecutor(workers.threads) as pool:
        aim = _Aim(order, gap, end, unit, pixels, workers, pool)
        pairs = [
            _Comparison(query, image, (names[0], name), aim)
            for image, name in zip(images, names[1:], strict=True)
        ]
        stopped = _refine_pairs(pairs, k, aim, on_round)
    return _collect(pairs, k, stopped, aim, time.perf_counter() - began)


@dataclass(frozen=True)
class _Aim:
    """What is asked of every pair, and who works on it."""

    order: float
    gap: float
    end: float
    unit: DistanceUnit
    pixels: PixelModel
    workers: PunctualWorkers
    pool: Executor


class _Comparison:
    """The query and an image: sums of rows and columns bound their distance, then levels.

    `interval` is in the unit asked for; a pair that is `finished` has no narrower one.
    """

    def __init__(
        self, query: ImageLike, image: ImageLike, names: tuple[str, str], aim: _Aim
    ) -> None:
        self._images, self._names, self._aim = (query, image), names, aim
        self._steps: Iterator[object] | None = None
        self.levels, self.seconds, self.finished = 0, 0.0, False
        # What is made of the images is made again for the few that are refined.
        pair = self._pair()
        line = is_line(pair.shape)
        certify = certify_line if line else certify_cheaply
        self._note(pair, certify(pair, aim.order).distance)
        self.finished |= line

    def refine(self) -> None:
        """Solve the next resolution, and prove what it tells."""
        began = time.perf_counter()
        if self._steps is None:
            self._steps = self._refine()
        self.finished = next(self._steps, None) is None or self.finished
        self.levels += 1
        self.seconds += time.perf_counter() - began

    def forget(self) -> None:
        """Give the memory of a pair back that will not be refined any more."""
        self._steps = None

    def _pair(self) -> MassPair:
        return pair_masses(*self._images, self._names)

    def _refine(self) -> Iterator[object]:
        aim, began = self._aim, time.perf_counter()
        pair = self._pair()
        method = choose_method(aim.order, pair.shape)
        choice = choose_engine("auto", "auto", order=aim.order)
        proof = Proof(pair, aim.order, aim.workers, aim.gap, began, aim.end)
        search = Search(aim.order, method, aim.workers, aim.pool, choice)
        for level in refine_levels(pair, search, proof, aim.gap, each=True):
            self._note(pair, proof.certificate.distance)
            yield level

    def _note(self, pair: MassPair, proved: Interval) -> None:
        aim = self._aim
        self.solved = measure_gap(proved) <= aim.gap
        self.finished = self.solved
        self.interval = Conversion(pair, aim.order, aim.unit, aim.pixels).convert(proved)


@dataclass(frozen=True)
class _Standing:
    """What the intervals decide.

    Attributes
    ----------
    nearest : ndarray, shape (k,)
        The places with the least upper ends.
    contested : ndarray
        Places of the nearest that may be farther than another image.
    rivals : ndarray
        Places of other images that may be nearer than one of the nearest.
    excess : float
    """

    nearest: Integers
    contested: Integers
    rivals: Integers
    excess: float


def _compare(lower: Floats, upper: Floats, k: int) -> _Standing:
    order = np.lexsort((lower, upper))
    nearest, others = order[:k], order[k:]
    farthest, least = float(upper[nearest].max()), float(lower[others].min(initial=math.inf))
    return _Standing(
        nearest,
        nearest[upper[nearest] > least],
        others[lower[others] < farthest],
        max(farthest - least, 0.0),
    )


def _refine_pairs(
    pairs: Sequence[_Comparison], k: int, aim: _Aim, on_round: Callable[[int, int], None] | None
) -> NearestStop:
    """Refine pairs until the answer is proved, nothing can be refined, or the time is up."""
    rounds = 0
    while True:
        lower, upper = _stack(pairs)
        standing = _compare(lower, upper, k)
        if not len(standing.rivals):
            return "proved"
        doubtful = [*standing.contested, *standing.rivals]
        open_ = [place for place in doubtful if not pairs[place].finished]
        if on_round:
            on_round(rounds, len(open_))
        if time.perf_counter() >= aim.end:
            return "time"
        if not open_:
            return _explain_ties([pairs[place] for place in doubtful], aim)
        pair = pairs[min(open_, key=lambda place: (lower[place], upper[place]))]
        pair.refine()
        rounds += 1
        if pair.finished or pair.interval.lower >= upper[standing.nearest].max():
            pair.forget()


def _explain_ties(pairs: Sequence[_Comparison], aim: _Aim) -> NearestStop:
    """Tell what keeps pairs that are finished from being told apart."""
    if all(measure_gap(pair.interval) <= aim.gap for pair in pairs):
        return "gap"
    return "squares" if aim.pixels == "squares" else "precision"


def _stack(pairs: Sequence[_Comparison]) -> tuple[Floats, Floats]:
    return (
        np.array([pair.interval.lower for pair in pairs]),
        np.array([pair.interval.upper for pair in pairs]),
    )


def _collect(
    pairs: Sequence[_Comparison], k: int, stopped: NearestStop, aim: _Aim, seconds: float
) -> NearestImages:
    lower, upper = _stack(pairs)
    standing = _compare(lower, upper, k)
    return NearestImages(
        indices=standing.nearest,
        lower=lower,
        upper=upper,
        rivals=np.sort(standing.rivals),
        excess=standing.excess,
        stopped=stopped,
        levels=np.array([pair.levels for pair in pairs]),
        pair_seconds=np.array([pair.seconds for pair in pairs]),
        solved=np.array([pair.solved for pair in pairs]),
        order=aim.order,
        unit=aim.unit,
        pixels=aim.pixels,
        seconds=seconds,
        version=__version__,
    )
