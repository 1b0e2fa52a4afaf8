"""Bounds on W_p between two images, refined level by level until the interval is narrow."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

from stipple.bounds.clock import Clock, PunctualWorkers
from stipple.bounds.grid import AXES
from stipple.bounds.keops_transforms import choose_engine
from stipple.bounds.masses import MassPair
from stipple.bounds.pooling import bound_pooled, choose_side
from stipple.bounds.problem import Level
from stipple.bounds.proof import Proof
from stipple.bounds.pyramid import build_pyramid
from stipple.bounds.results import BoundResult, LevelRecord, Solver, Stop
from stipple.bounds.search import Search, Solution
from stipple.bounds.transforms import check_order
from stipple.choices import Device, KernelEngine
from stipple.errors import StippleError

# The coarsest level has no side longer than this, and is solved with all arcs.
COARSEST = 16
# "auto" solves images up to this side on sparse arcs: half a second.
SPARSE_SIDE = 64
# Levels that only prepare the next are left after this many steps; for distances themselves, and in
# volumes for all orders but 2, after more: their potentials, not their plans, are what takes long
# to become good on fine levels.
STEPS_ON_THE_WAY, DISTANCE_STEPS = 2, 4
# A level that is cut short takes about so many times what the whole level before took.
ENTRY = 1.25
# For orders other than 2, a proof transforms potentials of all pixels in much longer than coarse
# levels are solved in: of images with more pixels than the first, levels that have so many times
# fewer pixels are not proved.
PROVED_PIXELS, PROVED_SHARE = 2**14, 16
# A level is proved if so many times the gap is expected, or less: for squares and next to the last
# level, where expectations err upwards, or else, where they err downwards.
WORTH_PROVING, SURE = 1.5, 0.7


@dataclass(frozen=True)
class _Aim:
    """What is to be reached, how, and by when.

    Attributes
    ----------
    order : float
        p.
    method : {"sparse", "fast"}
    gap : float
        (upper − lower) / lower at which to stop.
    began, end : float
        Times of `time.perf_counter`.
    reading : float
        Seconds that it took to read the images: pooled ones come before others, and take more.
    engine, device : str
        Who transforms potentials, and where.
    threads : int or None
    """

    order: float
    method: Solver
    gap: float
    began: float
    end: float
    reading: float
    engine: KernelEngine
    device: Device
    threads: int | None


def bound_images(
    pair: MassPair,
    order: float,
    *,
    method: Literal["auto", "sparse", "fast"] = "auto",
    gap: float = 0.005,
    time_limit: float | None = None,
    began: float | None = None,
    engine: KernelEngine = "auto",
    device: Device = "auto",
    threads: int | None = None,
    on_level: Callable[[LevelRecord], None] | None = None,
) -> BoundResult:
    """Enclose W_p between two images, level by level, until the interval is narrow enough.

    From 16 pixels a side upwards, potentials are interpolated and plans shared among children,
    then improved. "sparse" solves each level exactly on the arcs that the potentials leave in
    question, and looks again (in the manner of Schmitzer, "A sparse multiscale algorithm for
    dense optimal transport", 2016); between smooth images, for p = 1 and gaps that are not tiny,
    it sends mass in short steps. "fast" raises the potentials back and forth; up to 256 × 256
    pixels, or 64 × 64 × 64 voxels, it then makes a plan that is as good as the gap asks, or an
    exact one for gaps below 1e-5, and improves the plan of larger images in overlapping cells.
    Before all that, neighbours exchange what they send and receive, which often suffices.

    Parameters
    ----------
    pair : MassPair
        Images of shape (h, w), or volumes of shape (d, h, w).
    order : float
        p ≥ 1.
    method : {"auto", "sparse", "fast"}
        "fast" knows p = 2 only; "auto" takes it there for images of more than 64 pixels a side.
    gap : float
        (upper − lower) / lower at which to stop.
    time_limit : float, optional
        Seconds from `began` after which solvers stop; they leave the time that a proof takes, and
        the proofs of coarse levels are left out where they would take much of it. A proof that is
        late by a tenth and half a second is given up. Images that are too large for it are pooled
        in blocks first; there is no plan and no potential then.
    engine : {"auto", "numpy", "keops"}
        Who transforms potentials for orders other than 2: the compiled loops of this package, here
        called numpy, or KeOps; "auto" takes the loops. The proof is by exact integers whatever the
        engine.
    device : {"auto", "cpu", "cuda"}
        Where KeOps computes.
    threads : int, optional
        By default one for each processor.
    began : float, optional
        Time of `time.perf_counter` at which the work began; now by default.
    on_level : callable, optional
        Receives a `LevelRecord` after each level that something was proved about.

    Raises
    ------
    StippleError
        For an order below 1, "fast" with an order other than 2, a negative gap or time limit, or a
        GPU that is not there.
    """
    if method == "fast" and order != 2:
        raise StippleError(
            f'The method "fast" works for the order 2 only, not {order:g}: take "sparse".'
        )
    if not gap >= 0:
        raise StippleError(f"The gap to reach is {gap:g}: give a number from 0 up.")
    if time_limit is not None and not time_limit >= 0:
        raise StippleError(f"The time limit is {time_limit:g} seconds: give a number from 0 up.")
    if method == "auto":
        method = choose_method(order, pair.shape)
    order = check_order(order)
    began = time.perf_counter() if began is None else began
    end = math.inf if time_limit is None else began + time_limit
    reading = time.perf_counter() - began
    aim = _Aim(order, method, gap, began, end, reading, engine, device, threads)
    side = choose_side(pair.shape, method == "fast", end - time.perf_counter())
    if side == 1 or pair.similar:
        return _bound_directly(pair, on_level, aim=aim)
    return bound_pooled(pair, order, gap, side, end, partial(_bound_directly, aim=aim), on_level)


def choose_method(order: float, shape: tuple[int, ...]) -> Solver:
    """Choose who solves images of a shape: "auto"."""
    large = max(shape) > SPARSE_SIDE or math.prod(shape) > SPARSE_SIDE**2
    return "fast" if order == 2 and large else "sparse"


def _bound_directly(
    pair: MassPair, on_level: Callable[[LevelRecord], None] | None, *, aim: _Aim
) -> BoundResult:
    """Enclose W_p between two images, all of whose pixels are looked at."""
    choice = choose_engine(aim.engine, aim.device, order=aim.order)
    workers = PunctualWorkers(aim.threads, Clock())
    proof = Proof(pair, aim.order, workers, aim.gap, aim.began, aim.end, aim.reading)
    levels: list[LevelRecord] = []
    stopped: Stop = "time"
    with ThreadPoolExecutor(workers.threads) as pool:
        search = Search(aim.order, aim.method, workers, pool, choice)
        for record, reason in refine_levels(pair, search, proof, aim.gap):
            stopped = reason
            levels.append(record)
            if on_level:
                on_level(record)
    reached = proof.gap <= aim.gap or pair.similar
    return BoundResult(
        certificate=proof.certificate,
        reached=reached,
        stopped="gap" if reached else stopped,
        method=aim.method,
        engine=choice,
        levels=tuple(levels),
        seconds=time.perf_counter() - aim.began,
        potential=proof.potential,
        plan=proof.certificate.plan,
    )


def refine_levels(
    pair: MassPair, search: Search, proof: Proof, gap: float, *, each: bool = False
) -> Iterator[tuple[LevelRecord, Stop]]:
    """Solve level after level, and prove what that tells; yield why it would stop there.

    Levels that are expected to leave more than the gap are not proved, but for the last: unless
    `each` is to be.
    """
    if proof.comes_too_late:
        return
    pyramid = build_pyramid(pair.source, pair.target, COARSEST, search.order)
    solution: Solution | None = None
    unproved: int | None = None
    took = 0.0
    began = time.perf_counter()
    for number, level in enumerate(pyramid):
        last = number == len(pyramid) - 1
        started = time.perf_counter()
        if number and started + ENTRY * took > proof.deadline:
            break
        few = search.order == 2 or (search.order != 1 and len(pair.shape) < AXES)
        most = None if last else STEPS_ON_THE_WAY if few else DISTANCE_STEPS
        halvings = len(pyramid) - 1 - number
        found = search.solve(level, solution, gap, most, proof.deadline, halvings)
        if found is None:
            break
        solution, unproved = found, number
        proof.expect(search.transform_seconds, search.transformed)
        took = time.perf_counter() - started
        share = WORTH_PROVING if search.order == 2 or halvings == 1 else SURE
        near = search.expected <= share * gap
        useless = _prepares_only(level, pair, search.order) or not (near or each or pair.similar)
        spared = proof.is_costly or useless
        if spared and not last and time.perf_counter() + ENTRY * took < proof.deadline:
            continue
        # Before the proof: one that takes less than was expected moves the deadline.
        late = search.late or time.perf_counter() >= proof.deadline
        if not proof.add(solution, pyramid[number:], improve=near):
            unproved = None
            break
        unproved = None
        late |= time.perf_counter() >= proof.deadline
        inherent: Stop = "cells" if search.ends_with_cells(level) else "precision"
        yield _record(level, proof, began), inherent if last and not late else "time"
        began = time.perf_counter()
        if late or proof.gap <= gap or pair.similar:
            return
    if unproved is not None and solution is not None and proof.add(solution, pyramid[unproved:]):
        yield _record(pyramid[unproved], proof, began), "time"


def _prepares_only(level: Level, pair: MassPair, order: float) -> bool:
    """Whether a level is too coarse for what its proof takes."""
    pixels = pair.source.size
    return order != 2 and pixels > max(PROVED_PIXELS, PROVED_SHARE * level.source.size)


def _record(level: Level, proof: Proof, began: float) -> LevelRecord:
    seconds = time.perf_counter() - began
    return LevelRecord(level.source.shape, proof.certificate.distance, seconds)
