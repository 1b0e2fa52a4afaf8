"""`--metric` of `stipple edot`: by what distance samples are apart."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import click

from stipple.choices import MetricName
from stipple.cli.shared.conflicts import Rule, refuse_each
from stipple.cli.shared.memory import announce_memory
from stipple.errors import StippleError

if TYPE_CHECKING:
    from stipple.geometry.distances import Distances
    from stipple.measures.measure import Measure

FORMULAS = ("euclidean", "sphere")
OF_FILES = ("geodesic", "precomputed")


@dataclass(frozen=True)
class ChosenMetric:
    """A metric by its name, with the path of what tells its distances."""

    name: MetricName
    path: str | None


def check_metric(context: click.Context, option: click.Parameter, value: str) -> str:
    """Refuse what is no metric."""
    word, _, path = value.partition(":")
    if value not in FORMULAS and not (word in OF_FILES and path):
        raise click.BadParameter(
            f"{value!r} is none of euclidean, sphere, geodesic:GRAPH.csv and"
            " precomputed:MATRIX.npy.",
            context,
            option,
        )
    return value


def split_metric(value: str) -> ChosenMetric:
    """Take a metric apart into its name and a path."""
    word, _, path = value.partition(":")
    return ChosenMetric(cast(MetricName, word), path or None)


METRIC_RULES = (
    Rule(
        lambda options: (
            options["gap"]
            and ":" not in options["metric"]
            and (options["order"] != 2 or options["metric"] != "euclidean" or options["barycenter"])
        ),
        "--gap is for one SOURCE, with -k 2 and --metric euclidean or distances of a file: leave it"
        " out.",
    ),
    Rule(
        lambda options: options["show_samples"] and options["show_cells"],
        "Give --show-samples or --show-cells, not both.",
    ),
    Rule(
        lambda options: (
            options["show_cells"] and (options["weights"] == "equal" or options["color"] == "rgb")
        ),
        "--show-cells is for free weights and one colour: say --show-samples.",
    ),
    *refuse_each(
        (
            "objective",
            "weights",
            "capacity",
            "start",
            "steps",
            "engine",
            "device",
            "naive",
            "color",
            "barycenter",
            "plan",
        ),
        "--{} is not for distances of a file: leave it out.",
        lambda options: ":" in options["metric"],
    ),
)


def read_distances(metric: ChosenMetric, measure: "Measure", *, quiet: bool) -> "Distances | None":
    """Read distances between samples; None for a metric that has a formula.

    Raises
    ------
    StippleError
        For a file that has none, pixels, and more samples than the memory holds distances of.
    """
    if metric.path is None:
        return None
    from stipple.files.distances import read_edges, read_matrix_of_distances
    from stipple.geometry.distances import Distances, measure_geodesics
    from stipple.machine.memory import predict_medoids

    if measure.domain is not None:
        raise StippleError(
            f"The metric {metric.name} is for samples, and the source is a picture or a formula:"
            " give a table of samples."
        )
    samples = len(measure.samples)
    announce_memory(predict_medoids(samples), quiet=quiet)
    if metric.name == "geodesic":
        return measure_geodesics(read_edges(metric.path), samples)
    return Distances(read_matrix_of_distances(metric.path, samples))
