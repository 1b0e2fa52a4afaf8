"""One pair of files for `stipple bound`: read, and bounded."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING

from stipple.cli.bound.plan import PairJob, Settings
from stipple.cli.shared.digits import format_interval
from stipple.cli.shared.images import Reading, read_image
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.progress import Progress
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
            height, width = level.shape
            interval = format_interval(level.lower, level.upper, 9)
            progress.advance(next(done), f"{width} × {height}: W within {interval}")

        return bound_files(job.images, job.settings, show)


def bound_files(
    paths: Sequence[str],
    settings: Settings,
    on_level: "Callable[[LevelRecord], None] | None" = None,
) -> "tuple[tuple[Floats, Floats], ImageBounds]":
    """Read two files, and bound the distance between them: their masses, and the bounds."""
    from stipple.bounds.bound import bound
    from stipple.machine.memory import predict_bounds

    first, second = (read_masses(path, settings.reading) for path in paths)
    check_shapes(paths, (first.shape, second.shape))
    announce_memory(predict_bounds(first.size), quiet=settings.quiet)
    found = bound(
        first,
        second,
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
    return (first, second), found


def check_shapes(paths: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> None:
    """Refuse two files whose images have not the same size."""
    if shapes[0] != shapes[1]:
        sizes = [f"{columns} × {rows}" for rows, columns in shapes]
        raise StippleError(
            f"{paths[0]} has {sizes[0]} pixels and {paths[1]} {sizes[1]}: bring them to the same"
            " size with --resize WxH."
        )


def read_masses(path: str, reading: Reading) -> "Floats":
    """Read the masses of an image, in steps that 8-bit greys fall on, or of a matrix as it is."""
    import numpy as np

    from stipple.measures.blank import find_darkness
    from stipple.measures.picture import Picture
    from stipple.measures.tone import Tone

    original = read_image(path, reading)
    source, tone = original.source, original.tone
    if isinstance(source, Picture):
        return np.rint(find_darkness(source, tone) * STEPS)
    # Darkness is scaled to 1, which rounds: bounds are for the numbers that were given.
    return source if tone == Tone(alpha=tone.alpha) else find_darkness(source, tone)
