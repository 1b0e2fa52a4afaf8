"""Why something could not be done, for people and for programs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from stipple.errors import StippleError

FailureKind: TypeAlias = Literal["refused", "memory", "system", "died", "cluster", "interrupted"]


@dataclass(frozen=True)
class Failure:
    """Why a task could not be done.

    Attributes
    ----------
    reason : str
        A sentence for a person.
    kind : {"refused", "memory", "system", "died", "cluster", "interrupted"}
        What a program may go by: what was given cannot be done, there is not enough memory, the
        operating system or the disk said no, the process died, the cluster went away, or a signal
        or Ctrl-C came.
    """

    reason: str
    kind: FailureKind = "refused"


def explain(error: Exception) -> Failure | None:
    """Say in a sentence what went wrong; None where that is a bug."""
    if isinstance(error, StippleError):
        return Failure(str(error))
    if isinstance(error, MemoryError):
        return Failure("not enough memory: ask for less, or for fewer --jobs.", "memory")
    if isinstance(error, FileNotFoundError) and _is_homeless():
        return Failure(
            "The folder in which this was started does not exist any more: change to another.",
            "system",
        )
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        return Failure(f"{error.strerror or error}{place}.", "system")
    return None


def _is_homeless() -> bool:
    """Whether the working folder was removed."""
    try:
        Path.cwd()
    except OSError:
        return True
    return False
