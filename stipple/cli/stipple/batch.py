"""Many images for `stipple stipple`: what is done, what failed, one report of all."""

import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from typing import Any

import click

from stipple.cli.shared.outputs import write_output
from stipple.cli.shared.progress import Progress, print_table, tell_failures
from stipple.cli.shared.report import describe_command, record_options
from stipple.cli.stipple.plan import has_common_report
from stipple.cli.stipple.run import ImageJob, run_image
from stipple.machine.tasks import Failure, run_all

# What every image has in common is told once.
COMMON = ("command", "seed", "options")


def run_images(context: click.Context, options: dict[str, Any], jobs: Sequence[ImageJob]) -> None:
    """Run every image, and exit with 1 if one failed."""
    began = time.perf_counter()
    done: dict[ImageJob, dict[str, Any]] = {}
    failed: dict[ImageJob, str] = {}
    work = partial(run_image, quiet=True)
    outcomes = run_all(work, jobs, jobs=options["jobs"], scheduler=options["scheduler"])
    progress = Progress(
        f"{len(jobs):,} images", len(jobs), quiet=options["quiet"], verbose=options["verbose"]
    )
    with progress, closing(outcomes):
        for number, (job, outcome) in enumerate(outcomes, 1):
            if isinstance(outcome, Failure):
                failed[job] = outcome.reason
                progress.advance(number, f"{job.image}: {outcome.reason}")
                continue
            done[job] = outcome
            quality = f"{outcome['points']:,} points  quality {outcome['quality']:.6f}"
            progress.advance(number, f"{job.image}: {quality}")
    seconds = time.perf_counter() - began
    if has_common_report(options):
        from stipple.files.tables import render_json

        report = _describe(jobs, done, failed) | {"seconds": seconds}
        data = render_json({**report, **describe_command("stipple", record_options(options))})
        write_output(options["report"], data)
    if not options["quiet"]:
        print_table(_summarise(jobs, done, failed, seconds))
    tell_failures([f"{job.image}: {reason}" for job, reason in failed.items()])
    if failed:
        context.exit(1)


def _describe(
    jobs: Sequence[ImageJob], done: dict[ImageJob, dict[str, Any]], failed: dict[ImageJob, str]
) -> dict[str, Any]:
    """Figures of all images, in the order of the command line."""
    return {
        "images": [
            {
                "image": job.image,
                "written": job.targets,
                **{key: value for key, value in done[job].items() if key not in COMMON},
            }
            for job in jobs
            if job in done
        ],
        "failures": [{"image": job.image, "reason": failed[job]} for job in jobs if job in failed],
    }


def _summarise(
    jobs: Sequence[ImageJob],
    done: dict[ImageJob, dict[str, Any]],
    failed: dict[ImageJob, str],
    seconds: float,
) -> list[tuple[str, str]]:
    rows = [("images", f"{len(done):,} of {len(jobs):,} done")]
    if failed:
        rows.append(("failed", f"{len(failed):,}"))
    if done:
        qualities = [report["quality"] for report in done.values()]
        rows += [
            ("points", f"{sum(report['points'] for report in done.values()):,}"),
            ("quality", f"from {min(qualities):.5f} to {max(qualities):.5f}"),
        ]
    unsettled = sum(not all(ink["converged"] for ink in report["inks"]) for report in done.values())
    if unsettled:
        rows.append(("warning", f"{unsettled:,} images whose last transport did not converge"))
    written = sum(len(job.targets) for job in jobs if job in done)
    return [*rows, ("seconds", f"{seconds:.2f}"), ("written", f"{written:,} files")]
