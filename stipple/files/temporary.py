"""Temporary files beside their targets: locked while in use, so that what is left over is told."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from stipple.errors import StippleError

try:
    import fcntl
except ImportError:  # Windows, which does not remove files that are open
    fcntl = None  # type: ignore[assignment]

_BINARY = getattr(os, "O_BINARY", 0)
PATTERN = ".stipple-*.tmp"
_swept: set[Path] = set()


def open_temporary(folder: Path) -> tuple[int, Path]:
    """Create a temporary file for its owner alone, and lock it until it is closed.

    What killed processes left in the folder is removed, once in the life of this one.

    Returns
    -------
    descriptor : int
        For reading and writing.
    path : Path
    """
    if folder not in _swept:
        _swept.add(folder)
        remove_leftovers(folder)
    while True:
        path = folder / f".stipple-{secrets.token_hex(8)}.tmp"
        try:  # a signal may come as soon as there is a file
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
            if _lock(descriptor) and _is_there(descriptor, path):
                return descriptor, path
            os.close(descriptor)  # another process has just taken it for a leftover
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files that no process holds."""
    with suppress(OSError):
        for path in folder.glob(PATTERN):
            with suppress(OSError):
                _remove_unless_held(path)


@contextmanager
def claim(path: str) -> Iterator[None]:
    """Keep other runs from a file that this one reads and adds to.

    Raises
    ------
    StippleError
        If another run holds it.
    """
    target = Path(os.path.realpath(path))
    if fcntl is None or (target.exists() and not target.is_file()):
        yield
        return
    name = blake2b(os.fsencode(target.name), digest_size=8).hexdigest()
    place = target.with_name(f".stipple-{name}.tmp")
    while True:
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
        if not _lock(descriptor):
            os.close(descriptor)
            raise StippleError(
                f"Another run is writing {path}: wait until it has ended, or choose another output."
            )
        if _is_there(descriptor, place):
            break
        os.close(descriptor)
    try:
        yield
    finally:
        place.unlink(missing_ok=True)
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock an open file; tell whether nobody else has."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _is_there(descriptor: int, path: Path) -> bool:
    """Whether the path still names the open file."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _remove_unless_held(path: Path) -> None:
    if fcntl is None:
        path.unlink()
        return
    # No link is followed, nor a pipe waited for.
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
