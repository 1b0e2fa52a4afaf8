"""Where results go: formats by suffix, and what must not be overwritten."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from stipple.errors import StippleError


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
        suffix = Path(path).suffix.lower().lstrip(".")
        if suffix not in formats:
            raise click.UsageError(f"Cannot tell the format of {path!r}: use one of {known}.")
        outputs.append(Output(path, suffix))
    return tuple(outputs)


def check_targets(paths: Sequence[str], source: str) -> None:
    """Refuse targets that cannot be written, or are the source, before any work is done.

    Raises
    ------
    StippleError
        If a target is a folder, has no folder that can be written, or is the source itself.
    click.UsageError
        If two targets are the same file, or both are standard output.
    """
    seen = set()
    if list(paths).count("-") > 1:
        raise click.UsageError("Standard output (-) can be written once only.")
    for path in paths:
        if path == "-":
            continue
        target = Path(path)
        real = os.path.realpath(path)
        if target.is_dir():
            raise StippleError(f"Cannot write {path}: it is a folder; give the name of a file.")
        if not target.parent.is_dir():
            raise StippleError(f"Cannot write {path}: create the folder {target.parent} first.")
        # A file is replaced by a new one in its folder; a device is written itself.
        needed = [target] if target.exists() else []
        if not target.exists() or target.is_file():
            needed.append(Path(real).parent)
        for place in needed:
            if not os.access(place, os.W_OK):
                raise StippleError(f"Cannot write {path}: no permission to write {place}.")
        if source != "-" and target.exists() and Path(source).exists() and target.samefile(source):
            raise StippleError(f"{path} is the image itself: choose another output.")
        if real in seen and not real.startswith("/dev/"):
            raise click.UsageError(f"{path} is named as an output twice.")
        seen.add(real)


def write_output(path: str, data: bytes) -> None:
    """Write a file whole or not at all, or standard output for `-`."""
    from stipple.files.write import write_file, write_stdout

    if path == "-":
        write_stdout(data)
    else:
        write_file(path, data)
