"""`stipple sequence`: points of which every prefix is spread well, with a certificate."""

import time
from typing import Any

import click

from stipple.cli.sequence.options import EXAMPLES, sequence_options
from stipple.cli.shared.help import GroupedCommand
from stipple.cli.shared.outputs import show_first, write_files
from stipple.cli.shared.progress import print_table
from stipple.cli.shared.report import describe_command, report_failure


@click.command(
    "sequence",
    cls=GroupedCommand,
    context_settings={"show_default": True},
    short_help="Points whose every prefix is spread well, with a certificate.",
    epilog=EXAMPLES,
)
@sequence_options
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Make points of the unit cube whose every prefix is spread at the optimal order.

    The first N points come with a partition of the cube into N boxes of volume 1/N, one near each
    point; the largest distance R_N from a point to a corner of its box bounds every Wasserstein
    distance to the uniform density, and R_N·N^(1/D) never exceeds 10·sqrt(D) for D >= 2. With
    --density the same idea orders the points of a stipple drawing.
    """
    from stipple.cli.sequence.files import render_files
    from stipple.cli.sequence.plan import plan
    from stipple.cli.sequence.run import run
    from stipple.cli.sequence.show import describe_found, list_rows
    from stipple.files.tables import render_json

    job = plan(context, options)
    with report_failure(job.report, "sequence", job.recorded, {"density": options["density"]}):
        began = time.perf_counter()
        found = run(job)
        solved = time.perf_counter()
        written = write_files(render_files(found, job))
        if job.report:
            seconds = {"solve": solved - began, "write": time.perf_counter() - solved}
            report = describe_found(found) | {"seconds": seconds}
            report |= describe_command("sequence", job.recorded)
            written += write_files([(job.report, render_json(report))])
    if not job.quiet:
        print_table([*list_rows(found), *written])
    if options["open_"]:
        show_first(path for _, path in written)
