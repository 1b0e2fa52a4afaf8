"""`stipple samples`: write the pictures that come with stipple, to try things with."""

from pathlib import Path

import click

from stipple.cli.shared.help import GroupedCommand

EXAMPLES = """\
\b
Examples:
  stipple samples
  stipple samples pictures
"""


@click.command(
    "samples",
    cls=GroupedCommand,
    short_help="Write sample pictures into a folder.",
    epilog=EXAMPLES,
)
@click.argument("folder", default="samples", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Write sample pictures into FOLDER, ./samples unless it is named.

    Their authors and licences (all CC0) are in its README.md. Files that are there are kept.
    """
    from stipple.files.sample_picture import NAMES, find_samples
    from stipple.files.write import write_file

    source = find_samples()
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        target = folder / name
        if not target.exists():
            write_file(str(target), (source / name).read_bytes())
        click.echo(str(target))
