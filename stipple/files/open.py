"""Opening what the user names: a path, a stream, or `-` for standard input."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from stipple.errors import StippleError
from stipple.machine.memory import describe_size, find_available_memory

LONGEST_PIPE = 2**31
PART = 2**20  # bytes read at a time

Source = str | Path | BinaryIO
"""A path, `-` for standard input, or an open binary stream."""


@contextmanager
def open_source(source: Source) -> Iterator[tuple[BinaryIO, str]]:
    """Open a source for reading, at its first byte and seekable.

    Parameters
    ----------
    source : str, Path or binary stream
        A path, `-` for standard input, or an open binary stream (left open).

    Yields
    ------
    stream : binary stream
        A pipe is read whole into memory first.
    name : str
        What messages call it.

    Raises
    ------
    StippleError
        When it is neither, missing, empty, a directory, not permitted, or fails while it is read.
    """
    if not (isinstance(source, str | Path) or hasattr(source, "read")):
        raise StippleError(
            f"The source is a {type(source).__name__}: give a path, or an open binary stream."
        )
    name = _name(source)
    try:
        if isinstance(source, str | Path) and str(source) != "-":
            with Path(source).open("rb") as stream:
                yield _seekable(stream, name), name
        elif isinstance(source, str | Path):
            if sys.stdin is None:
                raise StippleError("Standard input is closed: give the path of an image instead.")
            yield _seekable(sys.stdin.buffer, name), name
        else:
            yield _seekable(source, name), name
    except FileNotFoundError:
        raise StippleError(f"{name} does not exist: check the path.") from None
    except IsADirectoryError:
        raise StippleError(f"{name} is a directory: name one file in it.") from None
    except PermissionError:
        raise StippleError(f"{name} may not be read: check its permissions.") from None
    except OSError as error:
        reason = error.strerror or error
        raise StippleError(f"{name} could not be read ({reason}): check the file.") from None


def _name(source: Source) -> str:
    if isinstance(source, str | Path):
        return "standard input" if str(source) == "-" else str(source)
    return str(getattr(source, "name", "the input stream"))


def _seekable(stream: BinaryIO, name: str) -> BinaryIO:
    if not stream.seekable() or _is_endless(stream):
        stream = _read_whole(stream, name)
    if not peek(stream, 1):
        raise StippleError(f"{name} is empty (0 bytes): give an image or a matrix.")
    return stream


def peek(stream: BinaryIO, size: int) -> bytes:
    """Read the first bytes of what follows; the stream stays where it is."""
    start = stream.tell()
    head = stream.read(size)
    stream.seek(start)
    return head


def _is_endless(stream: BinaryIO) -> bool:
    """Whether a stream is a device, which may never end."""
    try:
        return stat.S_ISCHR(os.fstat(stream.fileno()).st_mode)
    except (OSError, AttributeError):
        return False


def _read_whole(stream: BinaryIO, name: str) -> BinaryIO:
    """Read what can be read once only, up to a limit."""
    available = find_available_memory()
    most = LONGEST_PIPE if available is None else min(LONGEST_PIPE, available // 4)
    data = BytesIO()
    while part := stream.read(PART):
        data.write(part)
        if data.tell() > most:
            raise StippleError(
                f"{name} has more than {describe_size(most)}: save it as a file, and give that."
            )
    data.seek(0)
    return data
