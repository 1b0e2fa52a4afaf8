"""`stipple bound`: a certified interval for the Wasserstein distance between two images."""

from typing import TYPE_CHECKING, Any

import click

from stipple.cli.bound.options import EXAMPLES, bound_options
from stipple.cli.bound.plan import NearestJob, PairJob, Settings, TableJob, plan
from stipple.cli.shared.help import GroupedCommand
from stipple.cli.shared.log import tell
from stipple.cli.shared.outputs import show_first, write_files
from stipple.cli.shared.progress import print_fallback, print_table, tell_failures
from stipple.cli.shared.report import describe_command, report_failure
from stipple.errors import StippleError

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command(
    "bound",
    cls=GroupedCommand,
    context_settings={"show_default": True},
    short_help="Certify the Wasserstein distance between two images.",
    epilog=EXAMPLES,
)
@bound_options
def command(**options: Any) -> int:
    """Enclose the Wasserstein distance W_p between the images A and B, strictly.

    A and B are images (their darkness is mass; --invert takes lightness), matrices (.npy, .csv) of
    masses, or volumes (.npy of three axes, TIFF files of grey pages, NRRD, NIfTI), whose values are
    masses; both of the same size. Images with different sums are scaled to the same,
    exactly. The bounds hold for the numbers as they are, rounding of the arithmetic included; they
    do not depend on whether a solver did its work, nor on the engine.
    """
    job = plan(options)
    if isinstance(job, NearestJob):
        return _find_nearest(job)
    return _fill_table(job) if isinstance(job, TableJob) else _bound_pair(job)


def _bound_pair(job: PairJob) -> int:
    from stipple.cli.bound.run import bound_pair
    from stipple.cli.bound.show import ADVICE, collect_figures, list_rows, render_files

    settings, reporting = job.settings, job.reporting
    _announce_engine(settings)
    named = dict(zip("ab", job.images, strict=True))
    with report_failure(reporting.report, "bound", reporting.recorded, named):
        masses, result = bound_pair(job)
        if job.needs_plan and result.plan is None:
            raise StippleError(
                "There was no time for a plan to draw: give more, or leave pictures out."
            )
        figures = collect_figures(job, result)
        files = render_files(job, figures, masses, result)
        written = write_files([*files, *_render_report(job, figures)])
    if not reporting.quiet:
        print_table([*list_rows(job, result), *written])
    if reporting.shown:
        show_first(path for _, path in written)
    if reporting.strict and not result.reached:
        raise StippleError(
            f"The gap is {result.gap:.4g}, and {settings.gap:.4g} was asked for:"
            f" {ADVICE[result.stopped]}."
        )
    return 0


def _fill_table(job: TableJob) -> int:
    from stipple.cli.bound.show import list_summary
    from stipple.cli.bound.table import fill_table

    if job.scheduler is None:
        _announce_engine(job.settings)
    summary = fill_table(job)
    written = write_files(_render_report(job, summary.describe()))
    if not job.reporting.quiet:
        print_table([*list_summary(summary, job.target), *written])
    if job.reporting.shown:
        show_first([job.target, *(path for _, path in written)])
    tell_failures(summary.sentences)
    if summary.ended:
        tell(summary.ended.reason)
        return summary.code
    if summary.gap_not_reached and job.reporting.strict:
        raise StippleError(
            f"{summary.gap_not_reached} of {summary.computed} pairs have a wider gap than the"
            f" {job.settings.gap:.4g} asked for: give more time, or a larger --gap."
        )
    return summary.code


def _find_nearest(job: NearestJob) -> int:
    from stipple.cli.bound.nearest import (
        collect_nearest,
        describe_answer,
        find_nearest_files,
        list_nearest_rows,
        render_nearest,
    )

    reporting = job.reporting
    with report_failure(reporting.report, "bound", reporting.recorded, {"query": job.query}):
        found = find_nearest_files(job)
        figures = collect_nearest(job, found)
        files = render_nearest(job, figures, found)
        written = write_files([*files, *_render_report(job, figures)])
    if not reporting.quiet:
        print_table([*list_nearest_rows(job, found), *written])
    if reporting.shown:
        show_first(path for _, path in written)
    if reporting.strict and not found.proved:
        raise StippleError(f"The nearest images are {describe_answer(found)}.")
    return 0


def _announce_engine(settings: Settings) -> None:
    """Tell why another engine takes the place of the one asked for; refuse a GPU that is none."""
    from stipple.bounds.keops_transforms import choose_engine

    choice = choose_engine(
        settings.engine, settings.device, order=settings.order, method=settings.method
    )
    print_fallback(choice, quiet=settings.quiet)


def _render_report(
    job: PairJob | TableJob | NearestJob, figures: "Mapping[str, object]"
) -> list[tuple[str, bytes]]:
    """Render the report, if there is to be one, by path."""
    from stipple.files.tables import render_json

    path, recorded = job.reporting.report, job.reporting.recorded
    return [(path, render_json({**figures, **describe_command("bound", recorded)}))] if path else []
