"""The nearest images of a folder for `stipple bound`: read, found, and told."""

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from stipple.choices import UNITS
from stipple.cli.bound.plan import NearestJob
from stipple.cli.bound.run import check_shapes, read_masses
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.digits import round_down, round_up
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.progress import Progress

if TYPE_CHECKING:
    from stipple.bounds.nearest_images import NearestImages

DIGITS = 10
# Why an answer is not proved.
REASONS = {
    "time": "the time was up",
    "gap": "ties within the gap",
    "precision": "ties as far as double precision shows",
    "squares": "squares are bounded through their centres, which tell no more",
}


@dataclass(frozen=True)
class NearestFigures:
    """What is written of one of the nearest images; `certain` if none left out can be nearer."""

    query: str
    image: str
    lower: float
    upper: float
    certain: bool


def find_nearest_files(job: NearestJob) -> "NearestImages":
    """Read the images, and find those that are nearest to the query."""
    from stipple.bounds.nearest import find_nearest
    from stipple.machine.memory import predict_bounds

    settings, reporting = job.settings, job.reporting
    paths = (job.query, *job.images)
    label = f"{job.query} and {count_things(len(job.images), 'image')}"
    with Progress(label, 0, quiet=reporting.quiet, verbose=reporting.verbose) as progress:
        query, *images = (read_masses(path, settings.reading) for path in paths)
        for path, image in zip(job.images, images, strict=True):
            check_shapes((job.query, path), (query.shape, image.shape))
        announce_memory(predict_bounds(query.shape, settings.order), quiet=settings.quiet)
        return find_nearest(
            query,
            images,
            job.count,
            settings.order,
            gap=settings.gap,
            time_limit=settings.time_limit,
            unit=settings.unit,
            pixels=settings.pixels,
            threads=settings.threads,
            names=[f"query {job.query}", *(f"image {path}" for path in job.images)],
            on_round=lambda rounds, pairs: progress.advance(
                rounds, f"{count_things(pairs, 'pair')} may change the answer"
            ),
        )


def list_nearest(job: NearestJob, found: "NearestImages") -> list[NearestFigures]:
    """List what is written of each of the nearest images."""
    least = np.delete(found.lower, found.indices).min(initial=math.inf)
    return [
        NearestFigures(
            job.query,
            job.images[place],
            float(found.lower[place]),
            float(found.upper[place]),
            bool(found.upper[place] <= least),
        )
        for place in found.indices
    ]


def collect_nearest(job: NearestJob, found: "NearestImages") -> dict[str, object]:
    """Every figure of a search."""
    return {
        "query": job.query,
        "nearest": [asdict(one) for one in list_nearest(job, found)],
        "proved": found.proved,
        "in_order": found.in_order,
        "stopped": found.stopped,
        "rivals": [job.images[place] for place in found.rivals],
        "excess": found.excess,
        "images": len(job.images),
        "refined": found.refined,
        "saving": found.saving,
        "order": found.order,
        "unit": found.unit,
        "pixels": found.pixels,
        "seconds": found.seconds,
    }


def render_nearest(
    job: NearestJob, figures: dict[str, object], found: "NearestImages"
) -> list[tuple[str, bytes]]:
    """Render what is to be written, but for the report: paths, and what goes there."""
    from stipple.files.tables import render_json, render_table_csv

    rows = [asdict(one) for one in list_nearest(job, found)]
    return [
        (one.path, render_json(figures) if one.format == "json" else render_table_csv(rows))
        for one in job.outputs
    ]


def list_nearest_rows(job: NearestJob, found: "NearestImages") -> list[tuple[str, str]]:
    """Lines for a person."""
    unit = UNITS[found.unit]
    rows = [
        (
            f"{number}",
            f"{one.image}: W_{found.order:g} from {round_down(one.lower, DIGITS)} to"
            f" {round_up(one.upper, DIGITS)} {unit}, certified",
        )
        for number, one in enumerate(list_nearest(job, found), 1)
    ]
    rows.append(("answer", describe_answer(found)))
    others = "; sums of rows and columns decided the others" if found.proved else ""
    rows.append(
        ("refined", f"{found.refined:,} of {count_things(len(job.images), 'pair')}{others}")
    )
    if found.saving is not None:
        rows.append(
            (
                "saved",
                f"all pairs at the gap {job.settings.gap:.4g} would take {found.saving:.3g} times"
                " as long, if each took what those refined as far took",
            )
        )
    rows.append(("seconds", f"{found.seconds:.2f}"))
    return rows


def describe_answer(found: "NearestImages") -> str:
    """Say in how far the answer is proved."""
    if found.proved:
        order = "" if found.in_order else "; in what order these are is not proved"
        return f"proved: no image that was left out is nearer than one of these{order}"
    return (
        f"NOT decided, {REASONS[found.stopped]}: of those left out {len(found.rivals):,} may be"
        f" nearer than one of these, by {round_up(found.excess, 4)} {UNITS[found.unit]} at most"
    )
