"""`stipple stipple`: an image in, a stipple drawing out."""

from typing import TYPE_CHECKING, Any

import click

from stipple.cli.shared.conflicts import find_given
from stipple.cli.shared.help import GroupedCommand
from stipple.cli.shared.log import tell
from stipple.cli.shared.outputs import show_first, write_output
from stipple.cli.shared.progress import print_table, tell_failures
from stipple.cli.shared.report import report_failure
from stipple.cli.stipple.options import EXAMPLES, stipple_options

if TYPE_CHECKING:
    from stipple.cli.stipple.plan import ImageJob


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

    A folder stands for the images in it, and @list.txt for the paths in that file. Paths to write
    are patterns: {stem} becomes the name of the image without its suffix, {name} that with it,
    {parent} that of its folder, and {number} (or {number:03d}) its place on the command line; a
    folder, such as out/, is out/{stem}.svg. Several images need them. An image that fails does not
    stop the others; what failed is listed at the end, with exit code 3, or 1 if all did. A
    --report without a pattern is then one of all images; as .html it is a page with thumbnails.
    """
    from stipple.cli.stipple.plan import ImageJob, plan

    job = plan(options, find_given(context))
    if isinstance(job, ImageJob):
        _draw_one(job)
        if options["open_"]:
            show_first(job.targets)
        return
    from stipple.cli.stipple.batch import list_batch_rows, name_failure, run_batch
    from stipple.cli.stipple.batch_report import render_report

    batch = run_batch(job)
    if job.animation and batch.animation is not None:
        write_output(job.animation, batch.animation)
    if job.report:
        write_output(job.report, render_report(job, batch, job.report))
    if not job.quiet:
        print_table(list_batch_rows(job, batch))
    tell_failures([name_failure(image, one) for image, one in batch.failed.items()])
    if batch.ended:
        tell(batch.ended.reason)
    if options["open_"]:
        show_first(path for image in batch.done for path in image.targets)
    context.exit(batch.code)


def _draw_one(job: "ImageJob") -> None:
    """Draw an image; where that fails the report says why, if there is to be one."""
    from stipple.cli.stipple.run import run_image
    from stipple.cli.stipple.show import list_rows

    with report_failure(job.report, "stipple", job.recorded, {"image": job.image}):
        figures = run_image(job)
    if not job.quiet:
        print_table(list_rows(job, figures))
