"""What `stipple morph` runs: pictures in, a morph out."""

from dataclasses import dataclass

from stipple.cli.morph.plan import Job
from stipple.cli.shared.drawings import lay_out
from stipple.cli.shared.images import read_density
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.progress import Progress, show_stage
from stipple.drawing import animation
from stipple.drawing.page import Placement
from stipple.drawing.raster import measure_pixels
from stipple.machine.memory import predict_stippling
from stipple.stippling.morph import Morph, morph
from stipple.stippling.result import Stippling
from stipple.stippling.stippling import stipple


@dataclass(frozen=True, eq=False)
class FoundMorph:
    """The morph, and where it is drawn."""

    morph: Morph
    placement: Placement


def run(job: Job) -> FoundMorph:
    """Stipple every picture, and match the dots of each with those of the next.

    Raises
    ------
    StippleError
        For pictures that cannot be read or are white, or that do not fit on the page.
    """
    # A picture that comes again, as at the end of a round, is stippled once.
    stipplings = {image: _stipple(job, image) for image in dict.fromkeys(job.images)}
    with show_stage("matching dots", quiet=job.quiet):
        found = morph(
            [stipplings[image] for image in job.images],
            frames=job.frames,
            easing=job.easing,
            seconds=job.travel,
            hold=job.hold,
        )
    reach = job.layout.find_reach(float(found.radii.max()))
    placement, _ = lay_out(job.layout, found.shape, reach=reach)
    # What has too many pixels is told before frames are drawn.
    if any(output.format in animation.FORMATS for output in job.outputs):
        measure_pixels(placement.width, placement.height, job.layout.dpi)
    return FoundMorph(found, placement)


def _stipple(job: Job, image: str) -> Stippling:
    density = read_density(image, job.reading)
    announce_memory(predict_stippling(job.points, density.values.size), quiet=job.quiet)
    label = f"{job.points:,} dots of {image}"
    with Progress(label, 30, quiet=job.quiet, verbose=job.verbose) as progress:
        return stipple(
            density,
            job.points,
            seed=job.seed,
            engine=job.engine,
            threads=job.threads,
            on_step=progress.show,
        )
