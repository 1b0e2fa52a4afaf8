"""The inks that the options of `stipple stipple` ask for, and how their dots meet."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from stipple.choices import Blend, Light, Overlap
from stipple.cli.shared.conflicts import Rule, refuse_each
from stipple.errors import StippleError

if TYPE_CHECKING:
    from stipple.cli.stipple.plan import Solving
    from stipple.measures.inks import Palette

# Where black stops if it lies over other inks: longer steps make a lattice of it.
BLACK_QUALITY = 0.17


def is_one(options: Mapping[str, Any]) -> bool:
    """Whether the options ask for a single ink."""
    return len(options["inks"]) == 1 if options["inks"] else options["color"] == "mono"


def choose_overlap(options: Mapping[str, Any]) -> Overlap:
    """Whether dots of several inks may overlap, by the option or by what the colours need."""
    chosen: Overlap | None = options["overlap"]
    return chosen or ("allow" if options["color"] == "rgb" else "avoid")


INK_RULES = (
    Rule(
        lambda options: options["inks"] and "color" in options["given"],
        "--inks are pens of your own, --color names sets of them: give one of the two.",
    ),
    Rule(
        lambda options: options["ink"] and (options["inks"] or options["color"] != "mono"),
        "--ink needs --color mono: the other modes have their own inks.",
    ),
    *refuse_each(
        ["overlap", "balance"], "--{} is for several inks: give --color or --inks.", is_one
    ),
    Rule(
        lambda options: options["inks"] and options["overlap"] == "allow",
        "How pens of your own look where they overlap is not known: leave --overlap allow out.",
    ),
    *refuse_each(
        ["balance"],
        "--{} is for inks that avoid each other: give it with --overlap avoid.",
        lambda options: choose_overlap(options) == "allow",
    ),
)


@dataclass(frozen=True)
class Inks:
    """What a picture is separated into, and drawn with.

    Attributes
    ----------
    palette : Palette
        The inks, on the paper that their amounts are for.
    paper : str
        Its colour as it is drawn, `#rrggbb`.
    light, overlap, balance
        As the options say.
    blend : {"normal", "multiply", "screen"}
        How the inks meet in the drawing.
    """

    palette: "Palette"
    paper: str
    light: Light
    overlap: Overlap
    balance: float
    blend: Blend


def plan_inks(options: Mapping[str, Any]) -> Inks:
    """Say which inks `ink_options` ask for.

    Raises
    ------
    click.UsageError
        If two of paper and inks have the same colour, or there are too many inks.
    """
    from stipple.measures.inks import Ink, Palette, choose_tones, make_palette, name_palette

    color, paper = options["color"], options["paper"]
    overlap = choose_overlap(options)
    blend: Blend = "normal"
    if overlap == "allow" and color != "mono":
        blend = "screen" if color == "rgb" else "multiply"
    try:
        if options["inks"]:
            palette = make_palette(options["inks"], paper or "white")
        elif color == "mono":
            ink = Ink("black", options["ink"] or "#000000")
            drawn = Palette(paper or "#ffffff", (ink,))
            palette = choose_tones(drawn)
        else:
            palette = name_palette(color, paper)
    except StippleError as error:
        raise click.UsageError(str(error)) from None
    return Inks(
        palette=palette,
        paper=paper or palette.paper,
        light=options["light"],
        overlap=overlap,
        balance=options["balance"],
        blend=blend,
    )


def part_ways(solving: "Solving", inks: int) -> "list[Solving]":
    """Vary settings for inks that overlap, the last of them black: dots lie independently.

    On flat colours dots would lie in one lattice, and fall together. What black leaves of the
    others is their product where it lies as if at random.
    """
    varied = [replace(solving, seed=solving.seed + number) for number in range(inks)]
    plain = isinstance(solving.start, str) and solving.start == "bisection"
    if plain and solving.texture == "hexagonal":
        quality = solving.quality or BLACK_QUALITY
        varied[-1] = replace(varied[-1], start="uniform", quality=quality)
    return varied
