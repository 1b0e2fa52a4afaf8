"""Densities with units, from a formula or an image on the command line."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stipple.cli.shared.images import read_density
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
)


def is_formula(source: str) -> bool:
    """Tell a formula from the path of a file: it names none that exists, and has no suffix."""
    return (
        source != "-" and not Path(source).exists() and not re.search(r"\.[a-z]\w*$", source, re.I)
    )


def read_formula(source: str, options: dict[str, Any]) -> "Domain":
    """Integrate a formula over the pixels of its domain."""
    from stipple.measures.formula import Region, parse_density, rasterise_density

    terms = parse_density(source)
    if options["box"] and options["disc"]:
        raise click.UsageError("Give --box or --disc, not both.")
    region = Region()
    if options["box"]:
        if len(options["box"]) != 4:
            raise click.UsageError("--box takes four numbers, X0,Y0,X1,Y1.")
        region = Region(*options["box"])
    if options["disc"]:
        if len(options["disc"]) != 3 or options["disc"][2] <= 0:
            raise click.UsageError("--disc takes three numbers, X,Y,R, with R above zero.")
        x, y, radius = options["disc"]
        region = Region(x - radius, y - radius, x + radius, y + radius, round=True)
    return rasterise_density(terms, region, options["pixels"])


def refuse_region(options: dict[str, Any]) -> None:
    """Refuse the domain of a formula where there is none."""
    if options["box"] or options["disc"]:
        raise click.UsageError("--box and --disc are for formulas, not for files.")


def read_domain(source: str, options: dict[str, Any]) -> "tuple[Domain, bool]":
    """Read a density with its units, and whether it is an image, of which pixels are the units."""
    if is_formula(source):
        return read_formula(source, options), False
    refuse_region(options)
    from stipple.measures.formula import Domain

    return Domain.from_image(read_density(source, options)), True
