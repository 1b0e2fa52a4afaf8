"""Options of `stipple lloyd` that do not go together; the first rule that is broken is told."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

from stipple.cli.shared.conflicts import ANIMATION, PLOT, Rule, allow_suffixes, refuse_each
from stipple.cli.shared.drawings import DRAWING_FORMATS
from stipple.cli.shared.images import TONE
from stipple.cli.shared.outputs import find_format

RUN_FIELDS = ("points", "repeat")
FRAME_FIELDS = ("step", *RUN_FIELDS)
# Files of points that are in space only.
CLOUDS = (".ply", ".vtp")
FRAMES = [f".{form}" for form in DRAWING_FORMATS]


def _find_wrong_size(options: Mapping[str, Any]) -> float | None:
    return next((size for size in options["step_sizes"] if not 0 < size < 2), None)


def _is_pattern(text: str, fields: Collection[str]) -> bool:
    """Whether only some fields are in braces, each with a width at most."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return False
    return all(
        name is None
        or (name in fields and not convert and re.fullmatch(r"(0?[1-9])?d?", form or ""))
        for _, name, form, convert in parts
    )


def _find_wrong_name(options: Mapping[str, Any]) -> str | None:
    """Find what is no name of what is written at the end of a run."""
    drawn = [path for path in options["outputs"] if find_format(path) in DRAWING_FORMATS]
    names = [*drawn, options["last_points"] or ""]
    return next((name for name in names if not _is_pattern(name, RUN_FIELDS)), None)


STEP_RULES = (
    Rule(
        lambda options: _find_wrong_size(options) is not None,
        lambda options: (
            f"--step-size is {_find_wrong_size(options):g}: outside of (0, 2) a step may increase"
            " W2²."
        ),
    ),
    Rule(
        lambda options: "step_sizes" in options["given"] and options["method"] != "lloyd",
        "--step-size needs --method lloyd.",
    ),
    Rule(lambda options: min(options["points"]) < 1, "--points must be at least 1."),
)
FILE_RULES = (
    PLOT,
    allow_suffixes("frames", FRAMES, " or ".join(FRAMES)),
    allow_suffixes(
        "last_points", [".csv", ".npy", *CLOUDS], ".csv or .npy, or in space .ply or .vtp"
    ),
    ANIMATION,
    Rule(
        lambda options: _find_wrong_name(options) is not None,
        lambda options: (
            f"{_find_wrong_name(options)!r} is written at the end of a run: it may have {{points}}"
            " and {repeat} in braces, such as {points:04d}, nothing else."
        ),
    ),
    Rule(
        lambda options: not _is_pattern(options["frames"] or "", FRAME_FIELDS),
        lambda options: (
            f"--frames is {options['frames']!r}: it may have {{step}}, {{points}} and {{repeat}} in"
            " braces, such as {step:03d}, nothing else."
        ),
    ),
)
SOURCE_RULES = (
    Rule(
        lambda options: not options["preset"] and not options["source"],
        "Give a SOURCE, or --preset NAME (--list-presets names them).",
    ),
    *refuse_each(
        ("start", "box", "disc", "ball", "spacing", "pixels"),
        "A preset brings its own density and start: leave --{} or --preset out.",
        lambda options: bool(options["preset"]),
    ),
    *refuse_each(
        (*TONE, "resize", "max_pixels"),
        "--{} is for pictures: give one as SOURCE, or leave it out.",
        lambda options: bool(options["preset"]) and not options["source"],
    ),
)
# Of a domain that is known: whether it is in space is "in_space" among the options.
SPACE_RULES = (
    *refuse_each(
        ("engine", "resize", *TONE),
        "--{} is for the plane, and this is in space: leave it out.",
        lambda options: options["in_space"],
    ),
    Rule(
        lambda options: options["in_space"] and options["start"] == "koch",
        "The von Koch curve lies in the plane: choose another --start.",
    ),
    Rule(
        lambda options: (
            not options["in_space"] and Path(options["last_points"] or "").suffix in CLOUDS
        ),
        "--last-points writes .csv or .npy in the plane: .ply and .vtp are for points in space.",
    ),
)
