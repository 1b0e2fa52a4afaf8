"""Densities with units, from a formula or an image on the command line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stipple.cli.shared.conflicts import Rule, refuse_conflicts
from stipple.cli.shared.images import Reading, decode_density
from stipple.cli.shared.options import add_options
from stipple.cli.shared.types import NUMBERS, SPACING
from stipple.cli.shared.volumes import Spacing, decode_volume_density, refuse_tone

if TYPE_CHECKING:
    from stipple.measures.formula import Domain
    from stipple.measures.solid import VolumeDomain

# Along the longest side of a formula's domain, in the plane and in space.
PIXELS, VOXELS = 512, 64

ball_option = click.option(
    "--ball", type=NUMBERS, metavar="X,Y,Z,R", help="A ball as the domain of a formula, in space."
)
domain_options = add_options(
    click.option(
        "--box",
        type=NUMBERS,
        metavar="X0,Y0,X1,Y1",
        show_default="0,0,1,1",
        help="Domain of a formula; X0,X1 is an interval, X0,Y0,Z0,X1,Y1,Z1 a box in space.",
    ),
    click.option(
        "--disc", type=NUMBERS, metavar="X,Y,R", help="A disc as the domain of a formula."
    ),
    ball_option,
    click.option(
        "--spacing",
        type=SPACING,
        metavar="X,Y,Z",
        show_default="the header's, else 1,1,1; either is told",
        help="Width, height and depth of a voxel of a volume, in any unit of length.",
    ),
    click.option(
        "--pixels",
        type=click.IntRange(min=1),
        metavar="P",
        show_default=f"{PIXELS}, in space {VOXELS}",
        help="Pixels, or voxels, along the longest side on which a formula is integrated.",
    ),
    group="Source",
)


BALL = Rule(
    lambda options: options["ball"] and (len(options["ball"]) != 4 or options["ball"][3] <= 0),
    "--ball takes four numbers, X,Y,Z,R, with R above zero.",
)
RULES = (
    Rule(
        lambda options: sum(bool(options[name]) for name in ("box", "disc", "ball")) > 1,
        "Give one of --box, --disc and --ball.",
    ),
    Rule(
        lambda options: options["box"] and len(options["box"]) not in (4, 6),
        "--box takes four numbers, X0,Y0,X1,Y1, two on a line, or six in space.",
    ),
    Rule(
        lambda options: options["disc"] and (len(options["disc"]) != 3 or options["disc"][2] <= 0),
        "--disc takes three numbers, X,Y,R, with R above zero.",
    ),
    BALL,
)


def is_formula(source: str) -> bool:
    """Tell a formula from the path of a file: it names none that exists, and has no suffix."""
    return (
        source != "-" and not Path(source).exists() and not re.search(r"\.[a-z]\w*$", source, re.I)
    )


@dataclass(frozen=True)
class FormulaDomain:
    """Where a formula is a density, in its units, and on how many pixels or voxels.

    Attributes
    ----------
    box : tuple of float or None
        Two opposite corners: X0, Y0, X1, Y1, or X0, Y0, Z0, X1, Y1, Z1.
    disc : tuple of float or None
        X, Y, R.
    ball : tuple of float or None
        X, Y, Z, R. Without any of them the domain is the unit square.
    pixels : int or None
        Along the longest side; None leaves it to the dimension.
    """

    box: tuple[float, ...] | None = None
    disc: tuple[float, float, float] | None = None
    ball: tuple[float, float, float, float] | None = None
    pixels: int | None = None

    @property
    def in_space(self) -> bool:
        """Whether it has three dimensions."""
        return self.ball is not None or (self.box is not None and len(self.box) == 6)


def plan_formula_domain(options: Mapping[str, Any]) -> FormulaDomain:
    """Collect `domain_options`.

    Raises
    ------
    click.UsageError
        If they do not describe one domain.
    """
    refuse_conflicts(options, RULES)
    return FormulaDomain(*(options[name] for name in ("box", "disc", "ball", "pixels")))


def read_formula(source: str, domain: FormulaDomain) -> "Domain | VolumeDomain":
    """Integrate a formula over the pixels or voxels of its domain."""
    if domain.in_space:
        return read_formula_in_space(source, domain)
    from stipple.measures.formula import Region, parse_density, rasterise_density

    region = Region()
    if domain.box:
        x0, y0, x1, y1 = domain.box
        region = Region(x0, y0, x1, y1)
    if domain.disc:
        x, y, radius = domain.disc
        region = Region(x - radius, y - radius, x + radius, y + radius, round=True)
    return rasterise_density(parse_density(source), region, domain.pixels or PIXELS)


def read_formula_in_space(source: str, domain: FormulaDomain) -> "VolumeDomain":
    """Integrate a formula over voxels of a ball or a box, by default the unit cube."""
    from stipple.measures.formula import parse_density
    from stipple.measures.solid import Solid, rasterise_in_space

    solid = Solid()
    if domain.box:
        x0, y0, z0, x1, y1, z1 = domain.box
        solid = Solid((x0, y0, z0), (x1, y1, z1))
    if domain.ball:
        x, y, z, r = domain.ball
        solid = Solid((x - r, y - r, z - r), (x + r, y + r, z + r), round=True)
    return rasterise_in_space(parse_density(source), solid, domain.pixels or VOXELS)


def refuse_region(domain: FormulaDomain) -> None:
    """Refuse the domain of a formula where there is none."""
    if domain.box or domain.disc or domain.ball:
        raise click.UsageError("--box, --disc and --ball are for formulas, not for files.")


def read_domain(
    source: str, domain: FormulaDomain, reading: Reading, spacing: Spacing | None
) -> "tuple[Domain | VolumeDomain, bool]":
    """Read a density with its units, and whether it is an image, of which pixels are the units."""
    if is_formula(source):
        refuse_spacing(spacing)
        return read_formula(source, domain), False
    refuse_region(domain)
    from stipple.files.open import open_source
    from stipple.files.volumes import is_volume
    from stipple.measures.formula import Domain
    from stipple.measures.solid import VolumeDomain

    with open_source(source) as (stream, name):
        if spacing is not None or is_volume(stream):
            refuse_tone(name, reading)
            density = decode_volume_density(stream, name, spacing, quiet=reading.quiet)
            return VolumeDomain(density), False
        return Domain.from_image(decode_density(stream, name, source, reading)), True


def refuse_spacing(spacing: Spacing | None) -> None:
    """Refuse the size of voxels where there are none."""
    if spacing is not None:
        raise click.UsageError("--spacing is for volumes, not for formulas: leave it out.")
