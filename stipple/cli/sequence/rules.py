"""Options of `stipple sequence` that do not go together; the first rule that is broken is told."""

from collections.abc import Mapping
from typing import Any

from stipple.choices import LARGEST_COUNT, MOST_COMPARED, MOST_STRIPS
from stipple.cli.shared.conflicts import ANIMATION, ONE_WIDTH, Rule, allow_suffixes, refuse_each
from stipple.cli.shared.images import TONE

# Options that ask for certificates of prefixes.
CERTIFIED = ("certify", "prefixes", "exact_w2", "discrepancy", "compare")


def _has_density(options: Mapping[str, Any]) -> bool:
    return options["density"] is not None


def _compares(options: Mapping[str, Any]) -> set[str]:
    return set(options["compare"] or ())


def _find_largest(options: Mapping[str, Any]) -> int:
    """Find the most points that are measured, if they are given."""
    prefixes = options["prefixes"]
    return int(prefixes[-1] if prefixes else options["points"] or 0)


RULES = (
    *refuse_each(
        ("relaxation", "animate", *TONE, "resize"),
        "--{} needs --density IMAGE.",
        lambda options: not _has_density(options),
    ),
    Rule(
        lambda options: not _has_density(options) and "stipple" in _compares(options),
        "--compare stipple needs --density IMAGE.",
    ),
    *refuse_each(
        ("skip", "certify", "partition", "order", "discrepancy", "construction"),
        "--{} is for the cube: leave --density out.",
        _has_density,
    ),
    Rule(
        lambda options: _has_density(options) and (options["points"] or 0) > LARGEST_COUNT,
        f"--density takes at most {LARGEST_COUNT:,} points.",
    ),
    Rule(
        lambda options: _has_density(options) and options["dimension"] != 2,
        "--density needs --dimension 2.",
    ),
    Rule(
        lambda options: _has_density(options) and options["draw"] == "boxes",
        "--draw boxes is for the cube: leave --density out.",
    ),
    Rule(
        lambda options: _has_density(options) and bool(_compares(options) - {"stipple"}),
        "With --density the points compared are --compare stipple.",
    ),
    *refuse_each(
        ("skip", "draw", "partition", "animate"),
        "--{} does not go with --prefixes.",
        lambda options: bool(options["prefixes"]),
    ),
    *refuse_each(
        ("certify", "exact_w2", "discrepancy", "compare", "partition"),
        "--{} is about prefixes: leave --skip out.",
        lambda options: options["skip"] > 0,
    ),
    *refuse_each(
        ("order",),
        "--{} is of what is certified: add --certify or --prefixes.",
        lambda options: not any(map(options.get, CERTIFIED)),
    ),
    *refuse_each(
        ("construction",),
        "--{} is of boxes: add --certify, --prefixes, --partition or --draw boxes.",
        lambda options: (
            not any(map(options.get, (*CERTIFIED, "partition"))) and options["draw"] != "boxes"
        ),
    ),
    Rule(
        lambda options: options["construction"] == "paper" and options["dimension"] == 1,
        "--construction paper needs --dimension 2 or more, not 1: there is no theorem on the line.",
    ),
    Rule(
        lambda options: options["construction"] == "paper" and _find_largest(options) > MOST_STRIPS,
        lambda options: (
            f"--construction paper takes at most {MOST_STRIPS:,} points,"
            f" not {_find_largest(options):,}."
        ),
    ),
    Rule(
        lambda options: options["skip"] > 0 and options["draw"] != "points",
        lambda options: f"--draw {options['draw']} shows prefixes: leave --skip out.",
    ),
    Rule(
        lambda options: options["exact_w2"] and options["dimension"] == 1,
        "--exact-w2 needs --dimension 2, not 1: in dimension 1 --certify gives W1, W2 and W∞ in"
        " closed form.",
    ),
    Rule(
        lambda options: options["exact_w2"] and options["dimension"] != 2,
        lambda options: f"--exact-w2 needs --dimension 2, not {options['dimension']}.",
    ),
    Rule(
        lambda options: "grid" in _compares(options) and options["dimension"] > 2,
        lambda options: f"--compare grid is for dimensions 1 and 2, not {options['dimension']}.",
    ),
    Rule(
        lambda options: (
            bool(options["compare"])
            and options["dimension"] > 2
            and _find_largest(options) > MOST_COMPARED
        ),
        lambda options: (
            f"--compare in dimension {options['dimension']} takes at most {MOST_COMPARED:,} points,"
            f" not {_find_largest(options):,}."
        ),
    ),
    ONE_WIDTH,
    ANIMATION,
    # Standard output, -, has none.
    allow_suffixes("partition", [".csv", ""], "a .csv file"),
)
