"""Densities with units, from a formula or an image on the command line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stipple.cli.shared.conflicts import Rule, refuse_conflicts
from stipple.cli.shared.images import Reading, read_density
from stipple.cli.shared.options import add_options
from stipple.cli.shared.types import NUMBERS

if TYPE_CHECKING:
    from stipple.measures.formula import Domain

domain_options = add_options(
    click.option(
        "--box",
        type=NUMBERS,
        metavar="X0,Y0,X1,Y1",
        help="Domain of a formula.  [default: 0,0,1,1]",
    ),
    click.option(
        "--disc", type=NUMBERS, metavar="X,Y,R", help="A disc as the domain of a formula."
    ),
    click.option(
        "--pixels",
        type=click.IntRange(min=1),
        metavar="P",
        default=512,
        help="Pixels along the longer side on which a formula is integrated.",
    ),
    group="Source",
)


RULES = (
    Rule(
        lambda options: options["box"] and options["disc"],
        "Give --box or --disc, not both.",
    ),
    Rule(
        lambda options: options["box"] and len(options["box"]) != 4,
        "--box takes four numbers, X0,Y0,X1,Y1.",
    ),
    Rule(
        lambda options: options["disc"] and (len(options["disc"]) != 3 or options["disc"][2] <= 0),
        "--disc takes three numbers, X,Y,R, with R above zero.",
    ),
)


def is_formula(source: str) -> bool:
    """Tell a formula from the path of a file: it names none that exists, and has no suffix."""
    return (
        source != "-" and not Path(source).exists() and not re.search(r"\.[a-z]\w*$", source, re.I)
    )


@dataclass(frozen=True)
class FormulaDomain:
    """Where a formula is a density, in its units, and on how many pixels.

    Attributes
    ----------
    box : tuple of float or None
        X0, Y0, X1, Y1.
    disc : tuple of float or None
        X, Y, R. Without a box and a disc the domain is the unit square.
    pixels : int
        Along the longer side.
    """

    box: tuple[float, float, float, float] | None
    disc: tuple[float, float, float] | None
    pixels: int


def plan_formula_domain(options: Mapping[str, Any]) -> FormulaDomain:
    """Collect `domain_options`.

    Raises
    ------
    click.UsageError
        If they do not describe one domain.
    """
    refuse_conflicts(options, RULES)
    return FormulaDomain(options["box"], options["disc"], options["pixels"])


def read_formula(source: str, domain: FormulaDomain) -> "Domain":
    """Integrate a formula over the pixels of its domain."""
    from stipple.measures.formula import Region, parse_density, rasterise_density

    region = Region()
    if domain.box:
        region = Region(*domain.box)
    if domain.disc:
        x, y, radius = domain.disc
        region = Region(x - radius, y - radius, x + radius, y + radius, round=True)
    return rasterise_density(parse_density(source), region, domain.pixels)


def refuse_region(domain: FormulaDomain) -> None:
    """Refuse the domain of a formula where there is none."""
    if domain.box or domain.disc:
        raise click.UsageError("--box and --disc are for formulas, not for files.")


def read_domain(source: str, domain: FormulaDomain, reading: Reading) -> "tuple[Domain, bool]":
    """Read a density with its units, and whether it is an image, of which pixels are the units."""
    if is_formula(source):
        return read_formula(source, domain), False
    refuse_region(domain)
    from stipple.measures.formula import Domain

    return Domain.from_image(read_density(source, reading)), True
