"""How `stipple edot` reads its sources: formulas, samples, and images with their tone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from stipple.choices import SourceKind
from stipple.cli.shared.domains import (
    PIXELS,
    FormulaDomain,
    is_formula,
    plan_formula_domain,
    read_formula,
    refuse_region,
    refuse_spacing,
)
from stipple.cli.shared.images import TONE, Reading, plan_reading, prepare_image
from stipple.cli.shared.progress import print_note
from stipple.cli.shared.volumes import Spacing, decode_volume_density

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.measures.measure import Measure


@dataclass(frozen=True)
class Input:
    """How sources are read.

    Attributes
    ----------
    kind : SourceKind
        What a file holds.
    domain : FormulaDomain
        Where formulas are in the plane.
    interval : (float, float) or None
        Where they are on a line, if they are.
    spacing : (float, float, float) or None
        Sides of a voxel of volumes, if they are given.
    reading : Reading
        The tone of images.
    toned : tuple of str
        Options given that are for images.
    """

    kind: SourceKind
    domain: FormulaDomain
    interval: tuple[float, float] | None
    spacing: Spacing | None
    reading: Reading
    toned: tuple[str, ...]


def plan_input(options: Mapping[str, Any], given: Collection[str]) -> Input:
    """Say how sources are read.

    Raises
    ------
    click.UsageError
        For a domain without a formula, or one that is none, and a tone without an image.
    """
    box = options["box"]
    interval = box if box and len(box) == 2 and not (options["disc"] or options["ball"]) else None
    domain = plan_formula_domain({**options, "box": None} if interval else options)
    formulas = [is_formula(source) for source in options["sources"]]
    if options["color"] == "rgb" and any(formulas):
        raise click.UsageError("A formula has no colours: --color rgb needs a picture.")
    if not all(formulas):
        refuse_region(domain)
    if interval and not all(formulas):
        raise click.UsageError("--box is for formulas, not for files.")
    if any(formulas):
        refuse_spacing(options["spacing"])
    if "pixels" in given and not any(formulas):
        raise click.UsageError("--pixels is for formulas, not for files.")
    toned = tuple(name for name in (*TONE, "resize") if name in given)
    if all(formulas):
        _refuse_tone(toned)
    return Input(
        options["read"], domain, interval, options["spacing"], plan_reading(options), toned
    )


def refuse_idle_tone(sources: Sequence[str], measures: Sequence["Measure"], how: Input) -> None:
    """Refuse what only images have, where no source turned out to be one."""
    if all(
        is_formula(source) or measure.domain is None
        for source, measure in zip(sources, measures, strict=True)
    ):
        _refuse_tone(how.toned)


def _refuse_tone(names: Sequence[str]) -> None:
    """Refuse what only images have."""
    if names:
        option = names[0].replace("_", "-")
        raise click.UsageError(f"--{option} is for images, and there is none: leave it out.")


def read_start(path: str) -> "Floats":
    """Read places of atoms: as samples, but a column of weights tells nothing."""
    from stipple.files.samples import read_samples

    return read_samples(path).points


def read(source: str, how: Input, *, quiet: bool) -> "Measure":
    """Read a formula, samples, an image with its tone, or a volume."""
    from stipple.files.open import open_source
    from stipple.files.samples import decode_samples_or_density
    from stipple.files.volumes import is_volume
    from stipple.measures.blank import find_darkness
    from stipple.measures.density import Density
    from stipple.measures.formula import Domain
    from stipple.measures.measure import Measure
    from stipple.measures.samples import Samples
    from stipple.measures.solid import VolumeDomain

    if is_formula(source):
        return _read_formula(source, how)
    with open_source(source) as (stream, name):
        if how.spacing is not None or (how.kind == "auto" and is_volume(stream)):
            volume = decode_volume_density(stream, name, how.spacing, quiet=quiet)
            return Measure.from_volume(VolumeDomain(volume))
        content = decode_samples_or_density(
            stream,
            name,
            how.kind,
            max_pixels=how.reading.max_pixels,
            tell=partial(print_note, quiet=quiet),
        )
    if isinstance(content, Samples):
        return Measure.from_samples(content)
    original = prepare_image(content, how.reading, source)
    density = Density(find_darkness(original.source, original.tone))
    return Measure.from_domain(Domain.from_image(density))


def _read_formula(source: str, how: Input) -> "Measure":
    """Integrate a formula over parts of its interval, over pixels or over voxels."""
    from stipple.measures.measure import Measure
    from stipple.measures.solid import VolumeDomain

    if how.interval:
        return _read_on_line(source, how.interval, how.domain.pixels or PIXELS)
    domain = read_formula(source, how.domain)
    if isinstance(domain, VolumeDomain):
        return Measure.from_volume(domain)
    return Measure.from_domain(domain)


def _read_on_line(source: str, interval: tuple[float, float], pixels: int) -> "Measure":
    """Cut a formula on an interval into as many parts as a square has pixels."""
    from stipple.measures.formula import parse_density
    from stipple.measures.line import LineDensity
    from stipple.measures.line_parts import LineParts
    from stipple.measures.measure import Measure

    density = LineDensity(parse_density(source), *interval)
    return Measure.from_line(LineParts.cut(density, pixels**2))
