"""Writing files whole or not at all, and telling whether one has changed."""

import errno
import hashlib
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from stipple.errors import StippleError
from stipple.files.temporary import open_temporary

# Names of open streams: what lies behind them belongs to whoever opened it.
STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")
PART = 2**20  # bytes read back at a time

_ADVICE = {
    errno.ENOENT: "its folder does not exist; create it first",
    errno.ENOTDIR: "a part of its path is not a folder; choose another path",
    errno.EISDIR: "it is a folder; give the name of a file",
    errno.EACCES: "permission denied; choose another folder, or change the permissions",
    errno.EPERM: "permission denied; choose another folder, or change the permissions",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.ENOSPC: "no space left on the device; free some space or choose another folder",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another folder",
}


def write_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file in one step: afterwards it holds all of `data`, or what it held before.

    The data go to a temporary file beside the target, which is read back and compared, and only
    then takes its name. Until then nobody else may read them, and what killed processes left in
    the folder is removed. A new file gets the permissions that the umask gives; an existing one
    keeps its own, and its owner and group where this process may give files away. A symbolic link
    stays, and its target is written; a hard link keeps what it had. Devices, pipes and streams such
    as ``/dev/stdout`` are written straight.

    Parameters
    ----------
    path : path-like
    data : bytes

    Raises
    ------
    StippleError
        If the file cannot be written.
    BrokenPipeError
        If `path` is a pipe that nobody reads any more.
    """
    path = Path(path)
    try:
        try:
            old = path.stat()
        except FileNotFoundError:
            old = None
        if old is not None and stat.S_ISDIR(old.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        special = old is not None and not stat.S_ISREG(old.st_mode)
        if special or str(path.absolute()).startswith(STREAMS):
            # Neither created nor truncated: a stream may be a file with something in it.
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "wb") as stream:
                stream.write(data)
        else:
            _replace_file(Path(os.path.realpath(path)), old, data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _explain(str(path), error) from error


def hash_file(path: str | os.PathLike[str]) -> str | None:
    """Hash what a file holds; None if it cannot be read, or only once."""
    digest = hashlib.blake2b(digest_size=8)
    if not Path(path).is_file():
        return None
    try:
        with Path(path).open("rb") as file:
            while part := file.read(PART):
                digest.update(part)
    except OSError:
        return None
    return digest.hexdigest()


def write_stdout(data: bytes) -> None:
    """Write bytes to the standard output, past its buffer, so that failures show here.

    Parameters
    ----------
    data : bytes

    Raises
    ------
    StippleError
        If the standard output is closed or cannot be written.
    BrokenPipeError
        If the standard output is a pipe that nobody reads any more.
    """
    if sys.stdout is None:
        raise StippleError("Standard output is closed: give the path of a file instead.")
    try:
        sys.stdout.flush()
        stream = getattr(sys.stdout.buffer, "raw", sys.stdout.buffer)
        rest = memoryview(data)
        while rest:
            rest = rest[stream.write(rest) :]
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _explain("standard output", error) from error


def _replace_file(target: Path, old: os.stat_result | None, data: bytes) -> None:
    """Write `data` beside `target` and rename; `old` is of the file already there, if any."""
    if old is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    descriptor, temporary = open_temporary(target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
            if not _holds(temporary, data):
                raise OSError(errno.EIO, "it reads back differently from what was written")
            if old is not None and hasattr(os, "fchown"):
                with suppress(PermissionError):
                    os.fchown(descriptor, old.st_uid, old.st_gid)
            mode = 0o666 & ~_read_umask() if old is None else stat.S_IMODE(old.st_mode)
            temporary.chmod(mode)
            if os.name == "posix":
                temporary.replace(target)
        if os.name != "posix":  # Windows renames no file that is open
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _read_umask() -> int:
    """Read which permissions new files do not get; for a moment other threads' get none."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file reads back as `data`, compared in parts to save memory."""
    view = memoryview(data)
    with path.open("rb") as file:
        parts = range(0, len(view), PART)
        return all(file.read(PART) == view[at : at + PART] for at in parts) and not file.read(1)


def _explain(name: str, error: OSError) -> StippleError:
    reason = _ADVICE.get(error.errno or 0, f"{error.strerror}; choose another path")
    return StippleError(f"Cannot write {name}: {reason}.")
