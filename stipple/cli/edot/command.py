"""`stipple edot`: samples, an image or a formula in, weighted atoms out."""

import time
from typing import Any

import click

from stipple.cli.edot.options import EXAMPLES, edot_options
from stipple.cli.shared.help import GroupedCommand
from stipple.cli.shared.outputs import show_first, write_files
from stipple.cli.shared.progress import print_fallback, print_table
from stipple.cli.shared.report import report_failure


@click.command(
    "edot",
    cls=GroupedCommand,
    context_settings={"show_default": True},
    short_help="Discretise an image or samples into weighted atoms.",
    epilog=EXAMPLES,
)
@edot_options
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Discretise an image, samples or a formula into M weighted atoms by optimal transport.

    SOURCE is an image (its longer side is 1, y points down), a CSV of samples
    (coordinates, and a column weight if wanted), a .npy array, or a formula as for `stipple
    lloyd`; with --box X0,X1 it is on an interval, in P² parts (--pixels). Whatever is minimised, to
    a local optimum, the unregularised W_k^k between SOURCE and atoms is printed in a certified
    interval, or exactly where it is proved to be one number. Beside it stand the regularised costs
    that entropic methods report.
    """
    from stipple.cli.edot.files import render_files
    from stipple.cli.edot.plan import plan
    from stipple.cli.edot.run import run
    from stipple.cli.edot.show import describe_found, list_rows

    job = plan(context, options)
    from stipple.files.tables import render_json
    from stipple.machine.keops_library import decide_engine

    choice = decide_engine(job.settings.engine, job.settings.device, "nowhere")
    print_fallback(choice, quiet=job.quiet)
    with report_failure(job.report, "edot", job.recorded, {"sources": options["sources"]}):
        began = time.perf_counter()
        found = run(job)
        solved = time.perf_counter()
        written = write_files(render_files(found, job.files))
        if job.report:
            seconds = {"solve": solved - began, "write": time.perf_counter() - solved}
            report = render_json(describe_found(found, seconds, job.recorded))
            written += write_files([(job.report, report)])
    if not job.quiet:
        print_table([*list_rows(found), ("seed", str(job.settings.seed)), *written])
    if options["open_"]:
        show_first(path for _, path in written)
