"""Where results go: formats by suffix, and what must not be overwritten."""

import os
import stat
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import click

from stipple.errors import StippleError

# Options that name what is written; whatever else names a file is read.
WRITTEN = frozenset(
    {
        "outputs",
        "report",
        "plot",
        "morph",
        "animate",
        "frames",
        "last_points",
        "partition",
    }
)
SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))
Identity: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Output:
    """A file to write, or `-` for standard output, and its format."""

    path: str
    format: str


def plan_outputs(
    source: str, paths: Sequence[str], form: str | None, formats: Sequence[str]
) -> tuple[Output, ...]:
    """Find the format of every output.

    Raises
    ------
    click.UsageError
        If a suffix is unknown, or standard output has no format.
    """
    if not paths:
        if source == "-":
            raise click.UsageError("With - as IMAGE, say where to write: -o PATH.")
        paths = [f"{Path(source).stem or 'stipple'}.svg"]
    if form is not None and "-" not in paths:
        raise click.UsageError("--format is for -o -; files take their format from the suffix.")
    known = ", ".join(f".{name}" for name in formats)
    outputs = []
    for path in paths:
        if path == "-":
            if form is None:
                raise click.UsageError("-o - needs --format.")
            if form not in formats:
                raise click.UsageError(
                    f"--format {form} is none of {known} here: give one of them."
                )
            outputs.append(Output(path, form))
            continue
        suffix = find_format(path)
        if suffix not in formats:
            raise click.UsageError(f"Cannot tell the format of {path!r}: use one of {known}.")
        outputs.append(Output(path, suffix))
    return tuple(outputs)


def settle_files(
    options: Mapping[str, Any], written: Sequence[str], read: Iterable[str] = ()
) -> None:
    """Refuse what would lose a file, before any work is done; with --dry-run tell all, and end.

    Parameters
    ----------
    options : mapping
        All options of the command: whatever names a file and is not in `WRITTEN` is read.
    written : sequence of str
        Every path that will be written, with its pattern filled in.
    read : iterable of str
        Paths that are read and that no option names, such as those in a list.

    Raises
    ------
    StippleError
        If a path cannot be written; is read as well, without --force; or is there, with
        --no-clobber.
    click.UsageError
        If two paths are the same file, or both are standard output; or no file could be shown.
    click.exceptions.Exit
        At the end of a dry run.
    """
    if list(written).count("-") > 1:
        raise click.UsageError("Standard output (-) can be written once only.")
    inputs = {} if options["force"] else _find_inputs(options, read)
    paths = [path for path in written if path != "-"]
    if options["open_"] and not paths:
        raise click.UsageError("--open shows a file: say which to write, with -o PATH.")
    # The log is open already.
    seen = {os.path.realpath(path) for path in [options["log_file"]] if path}
    for path in paths:
        real = os.path.realpath(path)
        _check_place(path, real)
        there = _identify(path)
        if real in seen and not real.startswith("/dev/"):
            raise click.UsageError(f"{path} is named as an output twice.")
        if there in inputs:
            raise StippleError(
                f"{path} is read as well, as {inputs[there]}: choose another output, or say --force"
                " to replace it."
            )
        if there and options["no_clobber"]:
            raise StippleError(
                f"{path} is there already: choose another output, or leave --no-clobber out."
            )
        seen.add(real)
    if options["dry_run"]:
        for path in paths:
            # Bytes in a name that are no text have no place on standard output.
            told = click.format_filename(path)
            click.echo(f"{'replace' if _identify(path) else 'write'} {told}")
        raise click.exceptions.Exit


def _find_inputs(options: Mapping[str, Any], read: Iterable[str]) -> dict[Identity, str]:
    """Find the files that are read, and what each is called."""
    texts = list(read)
    for name, value in options.items():
        if name not in WRITTEN:
            texts += [one for one in (value if isinstance(value, tuple) else (value,)) if one]
    named = ((_identify(text), text) for text in texts if isinstance(text, str))
    return {
        identity: "standard input" if text == "-" else text for identity, text in named if identity
    }


def _identify(path: str) -> Identity | None:
    """Device and number of a file, whatever it is called; None where there is no plain file.

    Standard input may be one too.
    """
    try:
        status = os.fstat(sys.stdin.fileno()) if path == "-" else Path(path).stat()
    except (OSError, ValueError, AttributeError):  # also of streams that are no files, or closed
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _check_place(path: str, real: str) -> None:
    """Refuse a path that cannot be written, or whose folder can neither be written nor made."""
    target = Path(path)
    if names_folder(path):
        raise StippleError(f"Cannot write {path}: it is a folder; give the name of a file.")
    # A file is replaced by a new one in its folder; a device is written itself.
    needed = [target] if target.exists() else []
    if not target.exists() or target.is_file():
        folder = next(parent for parent in Path(real).parents if parent.exists())
        if not folder.is_dir():
            raise StippleError(f"Cannot write {path}: {folder} is not a folder.")
        needed.append(folder)
    for place in needed:
        if not os.access(place, os.W_OK):
            raise StippleError(f"Cannot write {path}: no permission to write {place}.")


def names_folder(path: str) -> bool:
    """Whether a path is a folder, or is written as one, such as out/."""
    return Path(path).is_dir() or path.endswith(SEPARATORS)


def write_output(path: str, data: bytes) -> None:
    """Write a file whole or not at all, its folder too, or standard output for `-`."""
    from stipple.files.write import write_file, write_stdout

    if path == "-":
        write_stdout(data)
    else:
        make_folder(path)
        write_file(path, data)


def write_files(files: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Write files, and give the rows of the table that tell so."""
    written = []
    for path, data in files:
        write_output(path, data)
        written.append(("written", path))
    return [row for row in written if row[1] != "-"]


def show_first(paths: Iterable[str]) -> None:
    """Show the first file of some paths with the program that the desktop has for it."""
    from stipple.cli.shared.log import tell

    for path in paths:
        if path != "-":
            # A path from the root is never taken for an option.
            if click.launch(os.path.abspath(path)) != 0:  # noqa: PTH100 (links stay as they are)
                tell(f"{path} is written, but no program was found here to show it.")
            return


def find_format(path: str) -> str:
    """Format that a path asks for: its suffix."""
    return Path(path).suffix.lower().removeprefix(".")


def make_folder(path: str) -> None:
    """Make the folder of a file, if there is none."""
    try:
        Path(os.path.realpath(path)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StippleError(
            f"Cannot make the folder of {path} ({error.strerror}): choose another path."
        ) from None
