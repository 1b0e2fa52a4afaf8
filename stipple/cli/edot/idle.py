"""Options that one of the algorithms looks at, where the number of atoms decides which is taken."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from stipple.cli.edot.rules import CELL_OPTIONS, STEP_OPTIONS

if TYPE_CHECKING:
    from stipple.discretisation.settings import Settings


def find_bound(given: Collection[str], options: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the options given that are for one algorithm."""
    names = tuple(name for name in (*CELL_OPTIONS, *STEP_OPTIONS, "steps") if name in given)
    return (*names, "draw cells") if "cells" in options["draw"] else names


def refuse_idle(
    bound: Iterable[str], runs: Iterable[tuple["Settings", int]], *, preset: bool = False
) -> None:
    """Refuse options that are for an algorithm which no run, of so many atoms, takes.

    Raises
    ------
    click.UsageError
        With what to do, which for a preset is to leave the option out.
    """
    taken = {
        "exact" if settings.objective == "exact" else settings.choose_algorithm(n).algorithm
        for settings, n in runs
    }
    for name in bound:
        cells = name in CELL_OPTIONS or name == "draw cells"
        needed, few = ("adaptive", "few") if cells else ("simple", "many")
        # The exact objective takes steps too.
        if needed in taken or (name == "steps" and "exact" in taken):
            continue
        option = f"--{name.replace('_', '-')} is for the {needed} algorithm, and"
        if preset:
            raise click.UsageError(f"{option} this preset takes another: leave it out.")
        raise click.UsageError(f"{option} so {few} atoms take another: say --algorithm {needed}.")
