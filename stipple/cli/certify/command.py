"""`stipple certify`: anybody's points judged by their distance to a density."""

import time
from typing import Any

import click

from stipple.cli.certify.options import EXAMPLES, certify_options
from stipple.cli.shared.help import GroupedCommand
from stipple.cli.shared.outputs import show_first, write_files
from stipple.cli.shared.progress import print_table
from stipple.cli.shared.report import describe_command, report_failure


@click.command(
    "certify",
    cls=GroupedCommand,
    context_settings={"show_default": True},
    short_help="Judge any points: distances to a density, spacing, spectrum.",
    epilog=EXAMPLES,
)
@certify_options
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Judge the points of each file by how well they stand for a density, whoever made them.

    POINTS are tables with the columns x and y, or two columns without names, as CSV or text; or
    NumPy .npy arrays of shape (n, 2); or - for standard input. A column named mass, weight or w
    has their masses. The Wasserstein distances W2 and W∞ are certified, rounding included.
    Several files give a line each, to compare tools with.
    """
    from stipple.cli.certify.plan import plan
    from stipple.cli.certify.run import run
    from stipple.cli.certify.show import describe_found, list_rows, render_files
    from stipple.files.tables import render_json

    job = plan(context, options)
    with report_failure(job.report, "certify", job.recorded, {"points": list(job.files)}):
        began = time.perf_counter()
        found = run(job)
        solved = time.perf_counter()
        written = write_files(render_files(job, found))
        if job.report:
            seconds = {"solve": solved - began, "write": time.perf_counter() - solved}
            report = describe_found(job, found) | {"seconds": seconds}
            report |= describe_command("certify", job.recorded)
            written += write_files([(job.report, render_json(report))])
    if not job.quiet:
        print_table([*list_rows(job, found), *written])
    if options["open_"]:
        show_first(path for _, path in written)
