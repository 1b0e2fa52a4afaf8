"""Samples under atoms in a picture, and the cells that they are in."""

from typing import TYPE_CHECKING

from stipple.cli.edot.plan import Files
from stipple.cli.edot.run import Run

if TYPE_CHECKING:
    from stipple.arrays import Floats, Integers


def choose_samples(run: Run, files: Files) -> "Floats | None":
    """Choose the samples that are drawn: all of those with distances."""
    from stipple.discretisation.drawing import MOST_SAMPLES

    if not (files.show_samples or files.show_cells):
        return None
    samples = run.measure.samples
    return samples.points if run.distances is not None else samples.thin(MOST_SAMPLES).points


def find_cells(run: Run, samples: "Floats") -> "Integers":
    """Find the nearest atoms of samples."""
    from stipple.discretisation.settings import make_metric

    result, distances = run.result, run.distances
    if distances is None or result.samples_of_atoms is None:
        columns = make_metric(result.settings.metric).measure_distances(samples, result.atoms)
    else:
        columns = distances.values[:, result.samples_of_atoms - distances.first]
    nearest: Integers = columns.argmin(axis=1)
    return nearest
