"""Options on files, which every command with outputs has, and on batches of images."""

import click

from stipple.cli.shared.log import open_log
from stipple.cli.shared.options import add_options

file_options = add_options(
    click.option("--force", is_flag=True, help="Let outputs replace files that are read."),
    click.option("--no-clobber", is_flag=True, help="Refuse to replace any file that is there."),
    click.option(
        "--dry-run", is_flag=True, help="Check everything, name the files to write, and end."
    ),
    click.option("--open", "open_", is_flag=True, help="Show the first file that is written."),
    click.option(
        "--log-file",
        type=click.Path(),
        callback=open_log,
        is_eager=True,
        help="Add what is told to this file too, each line with its time.",
    ),
)

skip_options = add_options(
    click.option(
        "--skip-existing",
        is_flag=True,
        help="Leave out images whose files are all there and none older than the image.",
    ),
    group="Batch",
)
