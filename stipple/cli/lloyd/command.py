"""`stipple lloyd`: uniform quantisation followed step by step, with the theory checked."""

from typing import Any

import click

from stipple.cli.lloyd.options import EXAMPLES, lloyd_options
from stipple.cli.shared.help import GroupedCommand
from stipple.cli.shared.outputs import show_first, write_files
from stipple.cli.shared.progress import print_table
from stipple.cli.shared.report import report_failure


@click.command(
    "lloyd",
    cls=GroupedCommand,
    context_settings={"show_default": True},
    short_help="Follow uniform quantisation step by step and check the theory.",
    epilog=EXAMPLES,
)
@lloyd_options
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Follow Lloyd's algorithm for uniform quantisation, step by step, and check the theory.

    SOURCE is an image, a .npy or text matrix, or a formula: uniform, gaussian:MEAN,SIGMA (one
    number each, or X/Y, or X/Y/Z), and sums such as 0.3*gaussian:0.2,0.1+0.7*uniform. An image is
    scaled so that its longer side is 1; y points down. With --box X0,X1 a formula is on an
    interval, where all is computed from quantiles; with --box X0,Y0,Z0,X1,Y1,Z1 or --ball it is in
    space, as are volumes (.npy of three axes, TIFF files of grey pages, NRRD, NIfTI), whose lengths
    are those of --spacing.

    Each row of the trace has W2² with its certified interval, the gradient, the distances between
    points, and both sides of the one-step theorem and of the modified Polyak-Lojasiewicz
    inequality (Merigot, Santambrogio, Sarrazin, NeurIPS 2021), each rounded to the side that
    speaks against it. Where the constant is so large that an inequality holds for any points of
    the domain, a column says that it is vacuous.
    """
    from stipple.cli.lloyd.line import is_on_line
    from stipple.cli.lloyd.plan import plan
    from stipple.cli.lloyd.run import run
    from stipple.cli.lloyd.show import list_rows, render_files

    if is_on_line(options):
        _run_on_line(context, options)
        return
    job = plan(context, options)
    with report_failure(job.files.report, "lloyd", job.recorded, {"source": options["source"]}):
        found = run(job)
        written = write_files(render_files(found, job))
    if not job.quiet:
        print_table([*list_rows(found, job.preset), ("seed", str(job.seed)), *written])
    if options["open_"]:
        show_first(path for _, path in written)


def _run_on_line(context: click.Context, options: dict[str, Any]) -> None:
    from stipple.cli.lloyd.line import list_line_rows, plan_line, render_line, run_line

    job = plan_line(context, options)
    with report_failure(job.report, "lloyd", job.recorded, {"source": job.title}):
        found = run_line(job)
        written = write_files(render_line(found, job))
    if not job.quiet:
        print_table([*list_line_rows(found, job), ("seed", str(job.seed)), *written])
    if options["open_"]:
        show_first(path for _, path in written)
