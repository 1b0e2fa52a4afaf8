"""Where dots begin, how many there are, what each is to weigh and which of them stay."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import click

from stipple.choices import Start
from stipple.cli.stipple.inks import is_one

if TYPE_CHECKING:
    from stipple.arrays import Floats


@dataclass(frozen=True, eq=False)
class Placing:
    """What the files and options say of dots before they move.

    Attributes
    ----------
    start : str or ndarray, shape (n, 2)
        Where they begin.
    points : int or None
        How many there are; None for as many of the pen's as have the darkness of the picture.
    masses : ndarray, shape (n,), or None
        What each is to weigh, relative to others.
    fixed : ndarray, shape (k, 2), or None
        Where those are that stay.
    """

    start: "Start | Floats"
    points: int | None
    masses: "Floats | None"
    fixed: "Floats | None"


def take_pen(options: dict[str, Any], given: frozenset[str]) -> dict[str, Any]:
    """Draw dots alone by the pen that is given, in a short order, as many as have the tone."""
    if options["pen"] is None:
        return options
    implied: dict[str, Any] = {}
    if options["draw"] == {"dots"} and not {"dots", "radius"} & given:
        implied["dots"] = "stroke"
        if "order" not in given:
            implied["order"] = "tsp"
    strokes = {**options, **implied}["dots"] == "stroke" and "dots" in options["draw"]
    if strokes and "points" not in given:
        implied["points"] = None
    return {**options, **implied}


def read_placing(options: Mapping[str, Any], given: frozenset[str]) -> Placing:
    """Read the files that say where dots begin, what they weigh and which of them stay.

    Raises
    ------
    click.UsageError
        If there is no such start, or numbers of points differ.
    StippleError
        If a file cannot be read.
    """
    start = _read_start(options)
    points: int | None = options["points"]
    counts = {} if isinstance(start, str) else {"the start": len(start)}
    masses = fixed = None
    if options["masses"] or options["fixed"]:
        from stipple.files.tables import read_masses_csv, read_points_csv

        if options["masses"]:
            masses = read_masses_csv(options["masses"])
            counts["the file of masses"] = len(masses)
        if options["fixed"]:
            fixed = read_points_csv(options["fixed"])
    for name, count in counts.items():
        if "points" in given and points != count:
            raise click.UsageError(
                f"--points is {points}, but {name} has {count}: leave --points out."
            )
    if len(set(counts.values())) > 1:
        raise click.UsageError(
            f"The start has {counts['the start']} points, but the file of masses"
            f" {counts['the file of masses']}: give as many."
        )
    return Placing(start, next(iter(counts.values()), points), masses, fixed)


def _read_start(options: Mapping[str, Any]) -> "Start | Floats":
    start: str = options["start"]
    if start in get_args(Start):
        return cast("Start", start)
    from stipple.files.tables import read_points_csv

    if not is_one(options):
        raise click.UsageError("--start PATH needs --color mono.")
    if not Path(start).exists():
        known = ", ".join(get_args(Start))
        raise click.UsageError(f"--start is {start!r}: give {known}, or an existing CSV file.")
    return read_points_csv(start)
