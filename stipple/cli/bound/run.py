"""One pair of files for `stipple bound`: reading, bounding, telling."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from stipple.cli.shared.digits import round_down, round_up
from stipple.cli.shared.images import plan_reading, read_image
from stipple.cli.shared.memory import announce_memory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stipple.bounds.bound import ImageBounds
    from stipple.bounds.refine import LevelRecord

SETTINGS = (
    *("gap", "method", "block", "time_limit", "unit", "pixels"),
    *("engine", "device", "threads"),
)
DIGITS = 10
# What to do about a gap that was not reached, by the reason why the solvers stopped.
ADVICE = {
    "time": "the time was up; give more time, or a larger --gap",
    "cells": "the method fast goes no further at this size; take --method sparse, which needs"
    " more time, or a larger --gap",
    "precision": "double precision shows no more; give a larger --gap",
    "squares": "squares are bounded through their centres, which are near enough; give a larger"
    " --gap",
    "blocks": "the method paper stops at its blocks; give a smaller --block, or another --method",
}
# The darkness of an image is a mass in steps of 2^-16 of the 255 levels of a byte: greys of eight
# bits are exact, and small integers make exact sums fast.
STEPS = 255 * 2**16


def bound_files(
    paths: Sequence[str],
    options: dict[str, Any],
    on_level: "Callable[[LevelRecord], None] | None" = None,
) -> "tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ImageBounds]":
    """Read two files and bound the distance between them."""
    from stipple.bounds.bound import bound
    from stipple.errors import StippleError
    from stipple.machine.memory import predict_bounds

    first, second = (read_masses(path, options) for path in paths)
    if first.shape != second.shape:
        sizes = [f"{masses.shape[1]} × {masses.shape[0]}" for masses in (first, second)]
        raise StippleError(
            f"{paths[0]} has {sizes[0]} pixels and {paths[1]} {sizes[1]}: bring them to the same"
            " size with --resize WxH."
        )
    announce_memory(predict_bounds(first.size), quiet=options["quiet"])
    settings = {name: options[name] for name in SETTINGS}
    return (first, second), bound(first, second, options["order"], on_level=on_level, **settings)


def read_masses(path: str, options: dict[str, Any]) -> "NDArray[np.float64]":
    """Read the masses of an image, in steps that 8-bit greys fall on, or of a matrix as it is."""
    import numpy as np

    from stipple.measures.picture import Picture
    from stipple.measures.tone import darkness

    reading = plan_reading(options)
    source = read_image(path, reading)
    values = darkness(source, reading.tone)
    return np.rint(values * STEPS) if isinstance(source, Picture) else values


def describe_bounds(paths: Sequence[str], result: "ImageBounds") -> dict[str, Any]:
    """Every figure of a pair."""
    from dataclasses import asdict

    plan = result.summarise_plan()
    figures = {
        "a": paths[0],
        "b": paths[1],
        "lower": result.lower,
        "upper": result.upper,
        "gap": result.gap if result.gap < float("inf") else None,
        "seconds": result.seconds,
        "reached": result.reached,
        "similar": result.similar,
        "stopped": result.stopped,
        "order": result.order,
        "unit": result.unit,
        "pixels": result.pixels,
        "shape": result.shape,
        "normalised": result.normalised,
        "method": result.method,
        "engine": result.engine.engine,
        "device": result.engine.device,
        "levels": [asdict(level) for level in result.levels],
        "plan": None if plan is None else asdict(plan),
    }
    if result.estimates is not None:
        figures["estimates"] = asdict(result.estimates)
    return figures


def list_rows(result: "ImageBounds", gap: float) -> list[tuple[str, str]]:
    """Lines for a person."""
    unit = "pixels" if result.unit == "pixel" else "sides"
    spread = " of masses spread over squares" if result.pixels == "squares" else ""
    rows = [
        (
            f"W_{result.order:g}",
            f"from {round_down(result.lower, DIGITS)} to {round_up(result.upper, DIGITS)} {unit},"
            f" certified{spread}",
        ),
        ("gap", _describe_gap(result, gap)),
        ("method", result.method),
    ]
    if result.engine.engine == "keops":
        rows.append(("engine", f"KeOps on {result.engine.device}"))
    if result.estimates is not None:
        rows += _list_estimates(result)
    if result.levels:
        levels = ", ".join(f"{level.shape[1]}×{level.shape[0]}" for level in result.levels)
        rows.append(("levels", levels))
    plan = result.summarise_plan()
    if plan is not None:
        across, down = plan.shift
        rows.append(
            (
                "plan",
                f"{plan.entries:,} entries; mass goes {plan.mean_distance:.4g} pixels in the mean,"
                f" {round_up(plan.largest_distance, 4)} at most; mean shift ({across:+.4g},"
                f" {down:+.4g})",
            )
        )
    if result.normalised:
        rows.append(("masses", "the sums of the images differ: both were scaled to 1, exactly"))
    rows.append(("seconds", f"{result.seconds:.2f}"))
    return rows


def _describe_gap(result: "ImageBounds", gap: float) -> str:
    percent = math.nextafter(100 * result.gap, math.inf) if result.gap else 0.0
    reached = f"{round_up(percent, 4)}%" if percent < math.inf else "infinite: lower is 0"
    if result.similar and result.gap > 0:
        width = round_up(result.upper - result.lower, 4)
        return f"{reached}; the images are equal up to rounding, and the interval is {width} wide"
    verdict = "reached" if result.reached else f"NOT reached: {ADVICE[result.stopped]}"
    return f"{reached} ({gap:.4g} was asked for: {verdict})"


def _list_estimates(result: "ImageBounds") -> list[tuple[str, str]]:
    estimates = result.estimates
    assert estimates is not None
    unit = "pixels" if result.unit == "pixel" else "sides"
    named = (
        ("minimum cost", "lower", round_down, estimates.minimum_cost),
        ("dual", "lower", round_down, estimates.dual),
        ("weighted cost", "upper", round_up, estimates.weighted_cost),
        ("primal", "upper", round_up, estimates.primal),
        ("variation", "upper", round_up, estimates.total_variation),
    )
    return [
        (name, f"{kind} bound {round_outwards(one.distance, DIGITS)} {unit}, {one.seconds:.3f} s")
        for name, kind, round_outwards, one in named
    ]
