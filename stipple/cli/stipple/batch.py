"""Many images for `stipple stipple`: what is done, what failed, one report of all."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

from stipple.cli.shared.counting import count_things
from stipple.cli.shared.ends import choose_code, explain_end
from stipple.cli.shared.progress import Progress
from stipple.cli.shared.report import describe_command, describe_failure
from stipple.cli.stipple.figures import ImageFigures
from stipple.cli.stipple.frames import FrameRunner, Move, describe_moves
from stipple.cli.stipple.plan import BatchJob, ImageJob
from stipple.cli.stipple.run import run_image
from stipple.machine.failures import Failure
from stipple.machine.tasks import run_all


@dataclass(frozen=True, eq=False)
class BatchResult:
    """What became of the images.

    Attributes
    ----------
    done : dict
        Images with their figures, in the order of the command line.
    failed : dict
        Images with the reason why not, in that order.
    left : list of ImageJob
        Images whose turn did not come.
    ended : Failure or None
        Why it did not.
    code : int
        The exit code.
    seconds : float
    moves : sequence of Move
        How far dots went between frames, if they were followed and a report is to tell.
    animation : bytes or None
        All frames together, if that was asked for.
    """

    done: dict[ImageJob, ImageFigures]
    failed: dict[ImageJob, Failure]
    left: list[ImageJob]
    ended: Failure | None
    code: int
    seconds: float
    moves: Sequence[Move] = ()
    animation: bytes | None = None


def run_batch(job: BatchJob) -> BatchResult:
    """Run every image; one that fails stops no other, and a signal leaves what is done."""
    began = time.perf_counter()
    found: dict[ImageJob, ImageFigures | Failure] = {}
    total = len(job.images)
    ended, code = None, None
    runner = FrameRunner(measured=job.report is not None, animated=job.animation is not None)
    progress = Progress(count_things(total, "image"), total, quiet=job.quiet, verbose=job.verbose)
    try:
        run = runner if job.coherent else run_image
        outcomes = run_all(run, job.images, jobs=job.jobs, scheduler=job.scheduler)
        with progress, closing(outcomes):
            for number, (image, outcome) in enumerate(outcomes, 1):
                found[image] = outcome
                if isinstance(outcome, Failure):
                    text = name_failure(image, outcome)
                else:
                    points = count_things(outcome.points, "point")
                    text = f"{image.name}: {points}  quality {outcome.quality:.6f}"
                progress.advance(number, text)
    except (Exception, KeyboardInterrupt) as error:
        ended, code = explain_end(error, begun=bool(found))
    done = {one: found[one] for one in job.images if isinstance(found.get(one), ImageFigures)}
    failed = {one: found[one] for one in job.images if isinstance(found.get(one), Failure)}
    left = [one for one in job.images if one not in found]
    if code is None:
        code = choose_code(done=len(done) + len(job.skipped), missing=len(failed) + len(left))
    return BatchResult(
        cast("dict[ImageJob, ImageFigures]", done),
        cast("dict[ImageJob, Failure]", failed),
        left,
        ended,
        code,
        time.perf_counter() - began,
        runner.moves,
        runner.render(job.animation) if job.animation else None,
    )


def name_failure(image: ImageJob, failure: Failure) -> str:
    """Say which image failed, and why; many reasons begin with its path."""
    named = failure.reason.startswith(f"{image.image} ")
    return failure.reason if named else f"{image.name}: {failure.reason}"


def describe_batch(job: BatchJob, batch: BatchResult) -> dict[str, Any]:
    """Describe the figures of all images, and the command, for one report."""
    return {
        "images": [
            {"image": image.name, "written": image.targets, **figures.describe()}
            for image, figures in batch.done.items()
        ],
        "failures": [
            {"image": image.name, **describe_failure(failure)}
            for image, failure in batch.failed.items()
        ],
        "skipped": job.skipped,
        "not_done": [image.name for image in batch.left],
        "ended": None if batch.ended is None else describe_failure(batch.ended),
        **({"moves": describe_moves(batch.moves)} if job.coherent else {}),
        "seconds": batch.seconds,
        **describe_command("stipple", job.recorded),
    }


def list_batch_rows(job: BatchJob, batch: BatchResult) -> list[tuple[str, str]]:
    """Lines for a person."""
    done = batch.done.values()
    rows = [("images", f"{len(done):,} of {len(job.images):,} done")]
    counts = {"failed": batch.failed, "not done": batch.left, "done before": job.skipped}
    rows += [(name, f"{len(images):,}") for name, images in counts.items() if images]
    if done:
        qualities = [figures.quality for figures in done]
        rows += [
            ("points", f"{sum(figures.points for figures in done):,}"),
            ("quality", f"from {min(qualities):.5f} to {max(qualities):.5f}"),
        ]
    unsettled = sum(not figures.converged for figures in done)
    if unsettled:
        rows.append(
            ("warning", f"{count_things(unsettled, 'image')} whose last transport did not converge")
        )
    written = sum(len(image.targets) for image in batch.done)
    return [*rows, ("seconds", f"{batch.seconds:.2f}"), ("written", count_things(written, "file"))]
