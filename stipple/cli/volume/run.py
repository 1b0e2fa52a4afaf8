"""What `stipple volume` runs: a job in, points in space out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stipple.cli.shared.counting import count_things
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.progress import Progress
from stipple.cli.volume.plan import Job

if TYPE_CHECKING:
    from stipple.measures.solid import VolumeDomain
    from stipple.transport.quantisation import Step
    from stipple.volumes.stippling import VolumeStippling


@dataclass(frozen=True, eq=False)
class Found:
    """Points from the corner of the box, and the domain that says where that is."""

    stippling: "VolumeStippling"
    domain: "VolumeDomain"


def run(job: Job) -> Found:
    """Do what a job asks for.

    Raises
    ------
    StippleError
        For files that cannot be read, or too little memory.
    """
    from stipple.files.tables import read_masses_csv
    from stipple.machine.memory import predict_volume
    from stipple.volumes.stippling import stipple_volume

    masses = read_masses_csv(job.masses) if job.masses is not None else None
    count = job.points if masses is None else len(masses)
    domain = _read_domain(job)
    density = domain.density
    announce_memory(predict_volume(count, density.values.size, job.periodic), quiet=job.quiet)
    label = f"{count_things(count, 'point')} in {count_things(density.values.size, 'voxel')}"
    with Progress(label, job.iterations, quiet=job.quiet, verbose=job.verbose) as progress:

        def show(step: "Step") -> None:
            quality = f"quality {step.quality:.6f}"
            progress.advance(step.number, f"step {step.number:3d}  {quality}")

        stippling = stipple_volume(
            density,
            count,
            masses=masses,
            periodic=job.periodic,
            iterations=job.iterations,
            tolerance=job.tolerance,
            mass_tolerance=job.mass_tolerance,
            seed=job.seed,
            threads=job.threads,
            on_step=show,
        )
    return Found(stippling, domain)


def _read_domain(job: Job) -> "VolumeDomain":
    from stipple.cli.shared.domains import read_formula_in_space
    from stipple.cli.shared.volumes import read_volume_density
    from stipple.measures.solid import VolumeDomain

    if job.formula is not None:
        return read_formula_in_space(job.volume, job.formula)
    return VolumeDomain(read_volume_density(job.volume, job.spacing, quiet=job.quiet))
