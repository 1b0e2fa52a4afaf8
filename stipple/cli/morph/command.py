"""`stipple morph`: dots of one picture travel to the next."""

from typing import Any

import click

from stipple.cli.morph.options import EXAMPLES, morph_options
from stipple.cli.shared.help import GroupedCommand
from stipple.cli.shared.outputs import show_first, write_files
from stipple.cli.shared.progress import print_table
from stipple.cli.shared.report import report_failure


@click.command(
    "morph",
    cls=GroupedCommand,
    context_settings={"show_default": True},
    short_help="Let the dots of one picture travel to the next.",
    epilog=EXAMPLES,
)
@morph_options
def command(**options: Any) -> None:
    """Stipple two or more pictures, and let the dots of each travel to the next.

    Dots go on straight lines and are matched by optimal transport, so that together they do not
    go far: the root mean square of their ways is told, with how much less it can be at most. Dots
    keep their numbers: one with the id dot7 of an SVG is the same at all times.

    Pictures of different shapes get longer sides alike, and lie in the middle of the frame. The
    animation runs over and over; name the first picture at the end again to close the round.
    """
    from stipple.cli.morph.plan import plan
    from stipple.cli.morph.run import run
    from stipple.cli.morph.show import describe_morph, list_rows, render_files
    from stipple.files.tables import render_json

    job = plan(options)
    with report_failure(job.report, "morph", job.recorded, {"images": job.images}):
        found = run(job)
        files = render_files(job, found)
        if job.report:
            files.append((job.report, render_json(describe_morph(job, found))))
        written = write_files(files)
    if not job.quiet:
        print_table([*list_rows(job, found), *written])
    if options["open_"]:
        show_first(path for _, path in written)
