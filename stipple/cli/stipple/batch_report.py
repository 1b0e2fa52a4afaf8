"""The report of a batch: as JSON, or as a page with thumbnails, figures and failures."""

import os
from pathlib import Path

from stipple.cli.shared.counting import count_things
from stipple.cli.shared.digits import format_interval
from stipple.cli.shared.outputs import find_format
from stipple.cli.stipple.batch import BatchResult, describe_batch, list_batch_rows
from stipple.cli.stipple.figures import UNSOLVED, ImageFigures
from stipple.cli.stipple.plan import BatchJob, ImageJob
from stipple.drawing.report import Entry, render_entries
from stipple.files.tables import render_json


def render_report(job: BatchJob, batch: BatchResult, path: str) -> bytes:
    """Render the report of all images that is written to a path: JSON, or a page of HTML."""
    if find_format(path) == "html":
        return _render_page(job, batch, path)
    return render_json(describe_batch(job, batch))


def _render_page(job: BatchJob, batch: BatchResult, path: str) -> bytes:
    folder = Path(os.path.realpath(path)).parent
    found = {
        **{image: _describe_done(image, one, folder) for image, one in batch.done.items()},
        **{
            image: Entry(image.image, "failed", reason=one.reason)
            for image, one in batch.failed.items()
        },
        **{image: Entry(image.image, "not done") for image in batch.left},
    }
    entries = [found[image] for image in job.images]
    entries += [Entry(image, "done before") for image in job.skipped]
    summary = [row for row in list_batch_rows(job, batch) if row[0] != "written"]
    if batch.ended is not None:
        summary.append(("ended", batch.ended.reason))
    return render_entries(count_things(len(entries), "image"), summary, entries)


def _describe_done(image: ImageJob, figures: ImageFigures, folder: Path) -> Entry:
    interval = format_interval(figures.w2_squared_lower, figures.w2_squared_upper)
    seconds = sum(figures.seconds.values())
    rows = [
        ("dots", f"{figures.points:,}"),
        ("coverage", f"{figures.coverage:.2%}; {figures.darkness:.2%} wanted"),
        ("quality", f"{figures.quality:.5f}"),
        ("W2²", f"{figures.w2_squared:.8g} px², certified within {interval}"),
        ("seconds", f"{seconds:.2f}"),
    ]
    if not figures.converged:
        rows.append(("warning", UNSOLVED))
    if figures.advice:
        rows.append(("advice", figures.advice))
    return Entry(
        image.image,
        "done",
        rows,
        {
            "dots": figures.points,
            "coverage": figures.coverage,
            "quality": figures.quality,
            "seconds": seconds,
        },
        figures.thumbnail,
        [os.path.relpath(os.path.realpath(target), folder) for target in image.targets],
    )
