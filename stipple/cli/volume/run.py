"""What `stipple volume` runs: a job in, points in space out."""

from typing import TYPE_CHECKING

from stipple.cli.shared.counting import count_things
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.progress import Progress, print_note
from stipple.cli.volume.plan import Job

if TYPE_CHECKING:
    from stipple.measures.volume import VolumeDensity
    from stipple.transport.quantisation import Step
    from stipple.volumes.stippling import VolumeStippling

UNIT = (1.0, 1.0, 1.0)


def run(job: Job) -> "VolumeStippling":
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
    density = _read_density(job)
    announce_memory(predict_volume(count, density.values.size, job.periodic), quiet=job.quiet)
    label = f"{count_things(count, 'point')} in {count_things(density.values.size, 'voxel')}"
    with Progress(label, job.iterations, quiet=job.quiet, verbose=job.verbose) as progress:

        def show(step: "Step") -> None:
            quality = f"quality {step.quality:.6f}"
            progress.advance(step.number, f"step {step.number:3d}  {quality}")

        return stipple_volume(
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


def _read_density(job: Job) -> "VolumeDensity":
    import numpy as np

    from stipple.files.volumes import read_volume
    from stipple.measures.volume import VolumeDensity

    values, found = read_volume(job.volume)
    spacing = job.spacing or found or UNIT
    if job.spacing is None and found is None:
        told = f"No --spacing is given: the voxels of {job.volume} are taken for cubes of side 1."
    elif job.spacing is None:
        told = f"The voxels of {job.volume} are {_describe(spacing)}, as its header says."
    elif found is not None and not np.allclose(found, spacing, rtol=1e-6, atol=0):
        told = f"--spacing {_describe(spacing)} replaces that of {job.volume}, {_describe(found)}."
    else:
        told = None
    if told:
        print_note(told, quiet=job.quiet)
    return VolumeDensity(values, spacing)


def _describe(spacing: tuple[float, float, float]) -> str:
    return " × ".join(f"{length:g}" for length in spacing)
