"""Options of `stipple stipple` that do not go together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from stipple.choices import Start
from stipple.cli.shared.conflicts import (
    ANIMATION,
    ONE_PLACE,
    ONE_WIDTH,
    Rule,
    allow_suffixes,
    refuse_each,
)
from stipple.cli.shared.outputs import find_format
from stipple.cli.stipple.inks import INK_RULES, choose_overlap, is_one
from stipple.cli.stipple.options import FORMATS


def _find_output(options: Mapping[str, Any]) -> str | None:
    """Find a later one of the images that is rather a file to write: its -o was forgotten."""
    if options["outputs"]:
        return None
    for path in map(Path, options["images"][1:]):
        suffix = find_format(str(path))
        # An SVG that exists would be written over itself; a PNG that does not is an image missed.
        if suffix == "svg" or (suffix in FORMATS and suffix != "png" and not path.exists()):
            return str(path)
    return None


OUTPUT_AS_IMAGE = Rule(
    lambda options: _find_output(options) is not None,
    lambda options: (
        f"{_find_output(options)} stands among the images: to write it, put -o before it."
    ),
)
MOVING = allow_suffixes(
    "animate",
    [".gif", ".png", ".webp", ".svg", ".mp4", ".webm"],
    "a .gif, .png, .webp, .svg, .mp4 or .webm file of frames",
)
CONFLICTS = (
    OUTPUT_AS_IMAGE,
    *INK_RULES,
    Rule(
        lambda options: "tour" in options["draw"] and options["order"] != "tsp",
        "--draw tour needs --order tsp.",
    ),
    Rule(
        lambda options: options["bleed"] and options["start"] not in get_args(Start),
        "--bleed needs a --start by name: positions lie in the image alone.",
    ),
    Rule(
        lambda options: options["bleed"] and bool(options["animate"]),
        "--animate shows the image alone: leave --bleed out.",
    ),
    *refuse_each(
        ["masses", "fixed"],
        "--{} needs --color mono.",
        lambda options: not is_one(options),
    ),
    *refuse_each(
        ["quality", "texture", "size_variation", "bleed"],
        "--{} is for one ink, or for several that are placed alone: give --overlap allow.",
        lambda options: not is_one(options) and choose_overlap(options) == "avoid",
    ),
    *refuse_each(
        ["masses", "fixed"],
        "--{} is for the image alone: leave --bleed out.",
        lambda options: bool(options["bleed"]),
    ),
    Rule(
        lambda options: options["texture"] == "blue" and options["start"] != "bisection",
        "--texture blue has a start of its own: leave --start out.",
    ),
    Rule(
        lambda options: bool(options["fixed"]) and options["start"] not in get_args(Start),
        "--fixed needs a --start by name, for the other dots.",
    ),
    *refuse_each(
        (
            *("masses", "fixed", "bleed", "texture", "size_variation"),
            *("jobs", "scheduler", "skip_existing", "method", "iterations", "tolerance", "quality"),
        ),
        "--coherent goes on from the dots of the frame before: leave --{} out.",
        lambda options: bool(options["coherent"]),
    ),
    Rule(
        lambda options: options["coherent"] and options["order"] != "none",
        "--coherent keeps the order of the dots, by which they are known: give --order none.",
    ),
    Rule(
        lambda options: options["coherent"] and not is_one(options),
        "--coherent follows the dots of one ink: leave --color and --inks out.",
    ),
    Rule(
        lambda options: options["birth"] and not options["coherent"],
        "--birth lets the number of dots follow the darkness of frames: give --coherent too.",
    ),
    ONE_WIDTH,
    Rule(lambda options: not options["coherent"] and ANIMATION.when(options), ANIMATION.sentence),
    Rule(lambda options: options["coherent"] and MOVING.when(options), MOVING.sentence),
    ONE_PLACE,
)
# Other processes have no standard streams.
STREAMS = (
    Rule(
        lambda options: "-" in options["images"],
        "Standard input (-) is for one image, without --scheduler.",
    ),
    Rule(
        lambda options: "-" in options["outputs"],
        "Standard output (-) is for one image, without --scheduler.",
    ),
)
