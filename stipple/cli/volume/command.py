"""`stipple volume`: a density of voxels in, points in space out."""

import time
from typing import Any

import click

from stipple.cli.shared.help import GroupedCommand
from stipple.cli.shared.outputs import show_first, write_files
from stipple.cli.shared.progress import print_table
from stipple.cli.shared.report import describe_command, report_failure
from stipple.cli.volume.options import EXAMPLES, volume_options


@click.command(
    "volume",
    cls=GroupedCommand,
    context_settings={"show_default": True},
    short_help="Turn a volume into points in space.",
    epilog=EXAMPLES,
)
@volume_options
def command(**options: Any) -> None:
    """Turn VOLUME into points in space by exact optimal transport.

    VOLUME is a NumPy .npy array of shape (slices, rows, columns), a TIFF file of grey pages, NRRD
    or NIfTI, or - for standard input; higher values are denser. Points have x along columns (the
    first axis of NRRD and NIfTI), y along rows and z along slices, in the unit of --spacing. Each
    stands for the same mass, or for one of --masses, as grains of given volumes do; together they
    lower the Wasserstein distance W2 to the volume.

    VOLUME may also be a formula on the unit cube, a --box or a --ball: uniform, gaussian:MEAN,SIGMA
    (one number each, or X/Y/Z), and sums such as 0.3*gaussian:0.2,0.1+0.7*uniform.
    """
    from stipple.cli.volume.plan import plan
    from stipple.cli.volume.run import run
    from stipple.cli.volume.show import describe_found, list_rows, render_files
    from stipple.files.tables import render_json

    job = plan(options)
    with report_failure(job.report, "volume", job.recorded, {"volume": job.volume}):
        found = run(job)
        began = time.perf_counter()
        written = write_files(render_files(found, job))
        if job.report:
            report = describe_found(found)
            report["seconds"] = {**found.stippling.seconds, "write": time.perf_counter() - began}
            report |= describe_command("volume", job.recorded)
            written += write_files([(job.report, render_json(report))])
    if not job.quiet:
        print_table([*list_rows(found), *written])
    if options["open_"]:
        show_first(path for _, path in written)
