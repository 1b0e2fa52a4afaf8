"""How much memory a run needs and the machine has, so that a hopeless run ends before it starts."""

import os
from pathlib import Path

from stipple.errors import StippleError

# Peak resident memory of whole processes, measured; tests/test_hardening.py measures it again.
BASE_BYTES = 190 * 2**20
BYTES_PER_POINT = 2850
BYTES_PER_PIXEL = 70
BYTES_PER_PIXEL_OF_OTHER_INKS = 20
# A run is told what it needs from this part of the memory that is available.
LARGE_PART = 0.5


def predict_memory(points: int, pixels: int, inks: int = 1) -> int:
    """Bytes that stippling takes at its peak, roughly.

    Parameters
    ----------
    points : int
        Most points of an ink: inks are solved one after the other.
    pixels : int
        Pixels of the image as it is solved, after it was resized.
    inks : int
        How many inks there are.
    """
    per_pixel = BYTES_PER_PIXEL + (inks - 1) * BYTES_PER_PIXEL_OF_OTHER_INKS
    return BASE_BYTES + BYTES_PER_POINT * points + per_pixel * pixels


def find_available_memory() -> int | None:
    """Bytes that this process can still take; None where the system does not tell."""
    candidates = [_find_free_memory(), *_find_limits()]
    return min((size for size in candidates if size is not None), default=None)


def check_memory(points: int, pixels: int, inks: int = 1) -> str | None:
    """Refuse what cannot fit in memory.

    Parameters
    ----------
    points, pixels, inks : int
        As for `predict_memory`.

    Returns
    -------
    str or None
        A sentence about the memory predicted where it is large compared with what is available.

    Raises
    ------
    StippleError
        If the prediction exceeds what is available.
    """
    needed, available = predict_memory(points, pixels, inks), find_available_memory()
    if available is None or needed <= LARGE_PART * available:
        return None
    sizes = f"about {describe_size(needed)} of memory, and {describe_size(available)} is available"
    if needed <= available:
        return f"{points:,} points on {pixels:,} pixels need {sizes}."
    raise StippleError(
        f"{points:,} points on {pixels:,} pixels need {sizes}: ask for fewer points, or make the"
        " image smaller."
    )


def describe_size(size: int) -> str:
    """Write bytes as people read them."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def _find_free_memory() -> int | None:
    """Memory that the system can give, with free swap; all there is where it tells only that."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        sizes = {name: int(size.split()[0]) for name, _, size in (x.partition(":") for x in lines)}
        return 1024 * (sizes["MemAvailable"] + sizes.get("SwapFree", 0))
    except (OSError, ValueError, LookupError):  # no Linux
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no such function
        return None


def _find_limits() -> list[int]:
    """Limits of the control group (containers) and of the process (ulimit -v)."""
    limits = []
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # versions 2 and 1
        try:
            limits.append(int((Path("/sys/fs/cgroup") / name).read_text(encoding="ascii")))
        except (OSError, ValueError):  # the other version, or "max"
            continue
    try:
        import resource
    except ImportError:  # Windows
        return limits
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    return limits if most == resource.RLIM_INFINITY else [*limits, most]
