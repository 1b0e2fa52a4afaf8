"""What is told to a person: on standard error, and in the log file if one was asked for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

# How a log begins: the time, and the command line after a version.
_HEAD = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  stipple \d")
HEAD_LENGTH = 30
# The log of this run; none, or one.
_logs: list[Path] = []


def tell(text: str) -> None:
    """Tell on standard error, and write to the log."""
    click.echo(text, err=True)
    note(text)


def note(text: str) -> None:
    """Write to the log, if there is one; where that fails, say so once and go on without."""
    if not _logs:
        return
    import time

    now = time.strftime("%Y-%m-%d %H:%M:%S")
    lines = [f"{now}  {line.strip()}\n" for line in text.splitlines()]
    try:
        with _logs[0].open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(lines)
    except OSError as error:
        click.echo(f"The log {_logs.pop()} ends here: {error.strerror}.", err=True)


def open_log(context: click.Context, parameter: click.Parameter, path: str | None) -> str | None:
    """Open the log, and begin with the command line.

    Raises
    ------
    click.BadParameter
        If lines cannot be added to the file, or it holds something else.
    """
    if path is None or context.resilient_parsing:
        return path
    import shlex
    import sys

    from stipple.version import __version__

    try:
        if Path(path).exists() and not _is_log(Path(path)):
            raise click.BadParameter(
                f"{path} is no log: name a new file, or one that --log-file wrote.",
                context,
                parameter,
            )
        Path(path).open("ab").close()
    except OSError as error:
        raise click.BadParameter(
            f"Cannot write {path}: {error.strerror}.", context, parameter
        ) from None
    _logs[:] = [Path(path).absolute()]
    note(f"stipple {__version__}: {shlex.join(['stipple', *sys.argv[1:]])}")
    return path


def _is_log(path: Path) -> bool:
    """Whether a file is empty, or begins as a log does; a device holds nothing."""
    if not path.is_file():
        return not path.is_dir()
    with path.open("rb") as file:
        head = file.read(HEAD_LENGTH)
    return not head or _HEAD.match(head) is not None


@contextmanager
def close_log() -> Iterator[None]:
    """End the log with what is done within."""
    try:
        yield
    finally:
        _logs.clear()
