"""`stipple stipple`: an image in, a stipple drawing out."""

from typing import Any

import click

from stipple.cli.shared.conflicts import find_given
from stipple.cli.shared.help import GroupedCommand
from stipple.cli.shared.outputs import write_output
from stipple.cli.shared.progress import print_table, tell_failures
from stipple.cli.stipple.options import EXAMPLES, stipple_options


@click.command(
    "stipple",
    cls=GroupedCommand,
    context_settings={"show_default": True},
    short_help="Turn an image into a stipple drawing.",
    epilog=EXAMPLES,
)
@stipple_options
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Turn IMAGE into a blue-noise stipple drawing by exact optimal transport.

    IMAGE is a picture (PNG, JPEG, WebP, TIFF, BMP, GIF, PGM, PPM, AVIF, HEIC, SVG), a NumPy .npy
    array or a text matrix of densities, or - for standard input. By default every dot stands for
    the same amount of darkness; together they lower the Wasserstein distance W2 to the image, and
    the figure printed comes with certified bounds.

    Paths to write are patterns: {stem} becomes the name of the image without its suffix, {name}
    that with it, and {number} (or {number:03d}) its place on the command line. Several images need
    them. An image that fails does not stop the others; what failed is listed at the end, with exit
    code 1. A --report without a pattern is then one of all images.
    """
    from stipple.cli.stipple.plan import ImageJob, plan

    job = plan(options, find_given(context))
    if isinstance(job, ImageJob):
        from stipple.cli.stipple.run import run_image
        from stipple.cli.stipple.show import list_rows

        figures = run_image(job)
        if not job.quiet:
            print_table(list_rows(job, figures))
        return
    from stipple.cli.stipple.batch import describe_batch, list_batch_rows, run_batch
    from stipple.files.tables import render_json

    batch = run_batch(job)
    if job.report:
        write_output(job.report, render_json(describe_batch(job, batch)))
    if not job.quiet:
        print_table(list_batch_rows(batch))
    tell_failures([f"{image.image}: {reason}" for image, reason in batch.failed.items()])
    if batch.failed:
        context.exit(1)
