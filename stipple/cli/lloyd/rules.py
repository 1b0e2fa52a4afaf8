"""Options of `stipple lloyd` that do not go together; the first rule that is broken is told."""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

from stipple.cli.shared.conflicts import ANIMATION, PLOT, Rule, allow_suffixes
from stipple.cli.shared.drawings import DRAWING_FORMATS

FRAME_FIELDS = ("step", "points", "repeat")
FRAMES = [f".{form}" for form in DRAWING_FORMATS]


def _find_wrong_size(options: Mapping[str, Any]) -> float | None:
    return next((size for size in options["step_sizes"] if not 0 < size < 2), None)


def _is_no_pattern(options: Mapping[str, Any]) -> bool:
    try:
        parts = list(Formatter().parse(options["frames"] or ""))
    except ValueError:
        return True
    return any(
        name is not None
        and (name not in FRAME_FIELDS or convert or not re.fullmatch(r"(0?[1-9])?d?", form or ""))
        for _, name, form, convert in parts
    )


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
    ANIMATION,
    Rule(
        _is_no_pattern,
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
    Rule(
        lambda options: bool(options["preset"] and options["source"]),
        "--preset brings its own density: leave SOURCE out.",
    ),
)
