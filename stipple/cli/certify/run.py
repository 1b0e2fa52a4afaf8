"""What `stipple certify` runs: a job in, certificates out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stipple.cli.certify.plan import Job
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.images import read_density
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.progress import Progress, show_stage
from stipple.errors import StippleError

if TYPE_CHECKING:
    from stipple.certification.certificate import PointsCertificate
    from stipple.measures.density import Density


def run(job: Job) -> "list[PointsCertificate]":
    """Certify the points of each file.

    Raises
    ------
    StippleError
        For files that cannot be read, points outside of the density, or too little memory.
    """
    density = None if job.density is None else read_density(job.density, job.reading)
    total = len(job.files)
    if total == 1:
        with show_stage("Certifying the points", quiet=job.quiet):
            return [_certify_file(job, job.files[0], density)]
    found = []
    label = f"{count_things(total, 'file')} of points"
    with Progress(label, total, quiet=job.quiet, verbose=job.verbose) as progress:
        for number, path in enumerate(job.files, 1):
            found.append(_certify_file(job, path, density))
            progress.advance(number, f"{path}: quality {found[-1].quality:.6f}")
    return found


def _certify_file(job: Job, path: str, density: "Density | None") -> "PointsCertificate":
    from stipple.certification.certify import UNIT_SQUARE, certify
    from stipple.files.tables import read_weighted_points
    from stipple.machine.memory import predict_stippling

    points, masses = read_weighted_points(path)
    pixels = 1 if density is None else density.values.size
    announce_memory(predict_stippling(len(points), pixels), quiet=job.quiet)
    with _name_file(path):
        return certify(
            points,
            density,
            box=job.box or UNIT_SQUARE,
            masses=masses,
            engine=job.engine,
            threads=job.threads,
        )


@contextmanager
def _name_file(path: str) -> Iterator[None]:
    """Say which file a sentence is about."""
    try:
        yield
    except StippleError as error:
        raise StippleError(f"{'Standard input' if path == '-' else path}: {error}") from None
