"""Saying what memory a run needs, before it starts."""

import click


def announce_memory(points: int, pixels: int, inks: int, *, quiet: bool) -> None:
    """Refuse what cannot fit in memory, and say what takes a large part of it.

    `points` are the most of an ink.

    Raises
    ------
    StippleError
        If more memory is needed than is available.
    """
    from stipple.memory import check_memory

    notice = check_memory(points, pixels, inks)
    if notice is not None and not quiet:
        click.echo(notice, err=True)
