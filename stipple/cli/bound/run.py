"""One pair of files for `stipple bound`: read, and bounded."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, BinaryIO

from stipple.bounds.grid import AXES
from stipple.cli.bound.plan import PairJob, Settings
from stipple.cli.shared.digits import format_interval
from stipple.cli.shared.images import Reading, decode_image
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.progress import Progress, print_note
from stipple.cli.shared.volumes import refuse_tone
from stipple.errors import StippleError

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.bounds.bound import ImageBounds
    from stipple.bounds.results import LevelRecord

# The darkness of an image is a mass in steps of 2^-16 of the 255 levels of a byte: greys of eight
# bits are exact, and small integers make exact sums fast.
STEPS = 255 * 2**16


def bound_pair(job: PairJob) -> "tuple[tuple[Floats, Floats], ImageBounds]":
    """Bound the distance of a pair, and show the interval of each resolution meanwhile."""
    label, reporting = " and ".join(job.images), job.reporting
    done = count(1)
    with Progress(label, 0, quiet=reporting.quiet, verbose=reporting.verbose) as progress:

        def show(level: "LevelRecord") -> None:
            size = " × ".join(map(str, level.shape[::-1]))
            interval = format_interval(level.lower, level.upper, 9)
            progress.advance(next(done), f"{size}: W within {interval}")

        masses = read_pair(job.images, job.settings)
        if masses[0].ndim == AXES and job.needs_plan:
            raise StippleError(
                f"{job.images[0]} is a volume: pictures are drawn of images. Leave them out, or"
                " write .json or .csv."
            )
        return masses, bound_masses(masses, job.settings, show)


def read_pair(paths: Sequence[str], settings: Settings) -> "tuple[Floats, Floats]":
    """Read the masses of two files, and tell what bounding them takes if that is much."""
    from stipple.machine.memory import predict_bounds

    first, second = (read_masses(path, settings.reading) for path in paths)
    check_shapes(paths, (first.shape, second.shape))
    announce_memory(predict_bounds(first.shape, settings.order), quiet=settings.quiet)
    return first, second


def bound_masses(
    masses: "tuple[Floats, Floats]",
    settings: Settings,
    on_level: "Callable[[LevelRecord], None] | None" = None,
) -> "ImageBounds":
    """Bound the distance between the masses of two files."""
    from stipple.bounds.bound import bound

    return bound(
        *masses,
        settings.order,
        gap=settings.gap,
        method=settings.method,
        block=settings.block,
        time_limit=settings.time_limit,
        unit=settings.unit,
        pixels=settings.pixels,
        engine=settings.engine,
        device=settings.device,
        threads=settings.threads,
        on_level=on_level,
    )


def check_shapes(paths: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> None:
    """Refuse two files whose images, or volumes, have not the same size."""
    if shapes[0] == shapes[1]:
        return
    sizes = [" × ".join(map(str, shape[::-1])) for shape in shapes]
    grain, other = ("pixels" if len(shape) == 2 else "voxels" for shape in shapes)
    told = f"{paths[0]} has {sizes[0]} {grain} and {paths[1]} {sizes[1]}"
    if grain != other:
        raise StippleError(f"{told} {other}: give two pictures, or two volumes.")
    if grain == "voxels":
        raise StippleError(f"{told}: give two volumes of one size.")
    raise StippleError(f"{told}: bring them to the same size with --resize WxH.")


def read_masses(path: str, reading: Reading) -> "Floats":
    """Read masses: of an image in steps that 8-bit greys fall on, of a matrix or volume as is."""
    from stipple.files.open import open_source
    from stipple.files.volumes import is_volume

    with open_source(path) as (stream, name):
        if is_volume(stream):
            return _read_voxels(stream, name, reading)
        return _read_pixels(stream, name, path, reading)


def _read_voxels(stream: BinaryIO, name: str, reading: Reading) -> "Floats":
    from stipple.files.number_table import check_entries
    from stipple.files.volumes import decode_volume

    refuse_tone(name, reading)
    values, spacing = decode_volume(stream, name)
    check_entries(values.size, name, reading.max_pixels)
    if spacing is not None and len(set(spacing)) > 1:
        told = " × ".join(f"{length:g}" for length in spacing)
        print_note(
            f"The voxels of {name} are {told}, as its header says: here they are cubes of side 1.",
            quiet=reading.quiet,
        )
    return values


def _read_pixels(stream: BinaryIO, name: str, path: str, reading: Reading) -> "Floats":
    import numpy as np

    from stipple.measures.blank import find_darkness
    from stipple.measures.picture import Picture
    from stipple.measures.tone import Tone

    original = decode_image(stream, name, path, reading)
    source, tone = original.source, original.tone
    if isinstance(source, Picture):
        return np.rint(find_darkness(source, tone) * STEPS)
    # Darkness is scaled to 1, which rounds: bounds are for the numbers that were given.
    return source if tone == Tone(alpha=tone.alpha) else find_darkness(source, tone)
