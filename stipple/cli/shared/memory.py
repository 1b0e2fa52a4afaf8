"""Saying what memory a run needs, before it starts."""

from typing import TYPE_CHECKING

from stipple.cli.shared.log import tell

if TYPE_CHECKING:
    from stipple.machine.memory import Demand


def announce_memory(demand: "Demand", *, quiet: bool) -> None:
    """Refuse what cannot fit in memory, and say what takes a large part of it.

    Raises
    ------
    StippleError
        If more memory is needed than is available.
    """
    from stipple.machine.memory import check_memory

    notice = check_memory(demand)
    if notice is not None and not quiet:
        tell(notice)
