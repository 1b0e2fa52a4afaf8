"""What is told to a person: on standard error, and in the log file if one was asked for."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

LOGGER = "stipple.told"
# How a line begins, and so a file that lines may be added to.
DATE = "%Y-%m-%d %H:%M:%S"
_DATED = re.compile(rb"\d{4}-\d\d-\d\d ")


def tell(text: str) -> None:
    """Tell on standard error, and write to the log."""
    click.echo(text, err=True)
    note(text)


def note(text: str) -> None:
    """Write to the log, if there is one."""
    import logging

    for line in text.splitlines():
        logging.getLogger(LOGGER).info(line.strip())


def open_log(context: click.Context, parameter: click.Parameter, path: str | None) -> str | None:
    """Open the log, and begin with the command line.

    Raises
    ------
    click.BadParameter
        If lines cannot be added to the file, or it holds something else.
    """
    if path is None or context.resilient_parsing:
        return path
    import logging
    import shlex

    from stipple.version import __version__

    try:
        if Path(path).exists() and not _is_log(Path(path)):
            raise click.BadParameter(
                f"{path} is no log: name a new file, or one that --log-file wrote.",
                context,
                parameter,
            )
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise click.BadParameter(
            f"Cannot write {path}: {error.strerror}.", context, parameter
        ) from None
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", DATE))
    logger = logging.getLogger(LOGGER)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    note(f"stipple {__version__}: {shlex.join(['stipple', *sys.argv[1:]])}")
    return path


def _is_log(path: Path) -> bool:
    """Whether a file is empty, or begins as a log does; a device holds nothing."""
    if not path.is_file():
        return not path.is_dir()
    with path.open("rb") as file:
        head = file.read(11)
    return not head or _DATED.match(head) is not None


@contextmanager
def close_log() -> Iterator[None]:
    """End the log with what is done within."""
    try:
        yield
    finally:
        logging = sys.modules.get("logging")
        if logging is not None:
            logger = logging.getLogger(LOGGER)
            for handler in list(logger.handlers):
                logger.removeHandler(handler)
                handler.close()
