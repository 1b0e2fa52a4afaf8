"""Many images for `stipple stipple`: what is done, what failed, one report of all."""

import time
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from stipple.cli.shared.progress import Progress
from stipple.cli.shared.report import describe_command
from stipple.cli.stipple.figures import ImageFigures
from stipple.cli.stipple.plan import BatchJob, ImageJob
from stipple.cli.stipple.run import run_image
from stipple.machine.tasks import Failure, run_all


@dataclass(frozen=True, eq=False)
class BatchResult:
    """Images that are done, with their figures, and those that failed, with the reason.

    Both are in the order of the command line.
    """

    done: dict[ImageJob, ImageFigures]
    failed: dict[ImageJob, str]
    seconds: float


def run_batch(job: BatchJob) -> BatchResult:
    """Run every image; one that fails stops no other."""
    began = time.perf_counter()
    done: dict[ImageJob, ImageFigures] = {}
    failed: dict[ImageJob, str] = {}
    total = len(job.images)
    outcomes = run_all(run_image, job.images, jobs=job.jobs, scheduler=job.scheduler)
    progress = Progress(f"{total:,} images", total, quiet=job.quiet, verbose=job.verbose)
    with progress, closing(outcomes):
        for number, (image, outcome) in enumerate(outcomes, 1):
            if isinstance(outcome, Failure):
                failed[image] = text = outcome.reason
            else:
                done[image] = outcome
                text = f"{outcome.points:,} points  quality {outcome.quality:.6f}"
            progress.advance(number, f"{image.image}: {text}")
    return BatchResult(
        {image: done[image] for image in job.images if image in done},
        {image: failed[image] for image in job.images if image in failed},
        time.perf_counter() - began,
    )


def describe_batch(job: BatchJob, batch: BatchResult) -> dict[str, Any]:
    """Describe the figures of all images, and the command, for one report."""
    return {
        "images": [
            {"image": image.image, "written": image.targets, **asdict(figures)}
            for image, figures in batch.done.items()
        ],
        "failures": [
            {"image": image.image, "reason": reason} for image, reason in batch.failed.items()
        ],
        "seconds": batch.seconds,
        **describe_command("stipple", job.recorded),
    }


def list_batch_rows(batch: BatchResult) -> list[tuple[str, str]]:
    """Lines for a person."""
    done = batch.done.values()
    rows = [("images", f"{len(done):,} of {len(done) + len(batch.failed):,} done")]
    if batch.failed:
        rows.append(("failed", f"{len(batch.failed):,}"))
    if done:
        qualities = [figures.quality for figures in done]
        rows += [
            ("points", f"{sum(figures.points for figures in done):,}"),
            ("quality", f"from {min(qualities):.5f} to {max(qualities):.5f}"),
        ]
    unsettled = sum(not figures.converged for figures in done)
    if unsettled:
        rows.append(("warning", f"{unsettled:,} images whose last transport did not converge"))
    written = sum(len(image.targets) for image in batch.done)
    return [*rows, ("seconds", f"{batch.seconds:.2f}"), ("written", f"{written:,} files")]
