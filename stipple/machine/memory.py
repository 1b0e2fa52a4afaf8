"""How much memory a run needs and the machine has, so that a hopeless run ends before it starts."""

import math
import warnings
from dataclasses import dataclass
from pathlib import Path

from stipple.errors import StippleError

# Peak resident memory of whole processes, measured; tests/machine/test_memory.py measures it again.
BASE_BYTES = 190 * 2**20
BYTES_PER_POINT = 2850
BYTES_PER_POINT_AT_REST = 1600
BYTES_PER_PIXEL = 52
BYTES_PER_PIXEL_READ = 20
BYTES_PER_PIXEL_OF_OTHER_INKS = 30
BYTES_PER_PIXEL_OF_INKS_TOGETHER = 62
BYTES_PER_PIXEL_OF_PAIR = 640
BYTES_PER_VOXEL_ON_ARCS = 4000
BASE_BYTES_OF_DISCRETISATION = 260 * 2**20
BYTES_PER_SAMPLE = 90
BYTES_PER_PAIR_OF_SAMPLES = 28
BYTES_PER_PAIR_OF_ATOMS = 100
BYTES_PER_LINE_OF_PLAN = 160
# Of volumes: read alone, and divided among points, by voxel and by point.
BYTES_PER_VOXEL_READ = 24
BYTES_PER_VOXEL = 80
BYTES_PER_POINT_IN_SPACE = 20_000
# The sequence needs no solver, hence fewer libraries.
BASE_BYTES_OF_SEQUENCE = 40 * 2**20
BYTES_PER_COORDINATE = 16
BYTES_PER_COORDINATE_OF_TEXT = 15
BYTES_PER_LINE = 30
# A run is told what it needs from this part of the memory that is available.
LARGE_PART = 0.5
_share: list[int] = []


@dataclass(frozen=True)
class Demand:
    """What a run asks of the memory.

    Attributes
    ----------
    reason : str
        What is asked for, as the subject of a sentence.
    size : int
        Bytes at the peak, roughly.
    advice : str
        How to ask for less.
    """

    reason: str
    size: int
    advice: str


def predict_stippling(
    points: int, pixels: int, inks: int = 1, *, together: bool = False, moving: bool = True
) -> Demand:
    """Predict the memory of uniform quantisation: `stipple`, `lloyd`, `sequence --density`.

    Parameters
    ----------
    points : int
        Most points that are solved at once: of an ink, or of all inks together.
    pixels : int
        Pixels of the image as it is solved, after it was resized.
    inks : int
        How many inks there are.
    together : bool
        Whether inks are solved together, each point in the cells of its ink and of all.
    moving : bool
        Whether points take steps: what they learn from these is kept.
    """
    other = BYTES_PER_PIXEL_OF_INKS_TOGETHER if together else BYTES_PER_PIXEL_OF_OTHER_INKS
    per_pixel = BYTES_PER_PIXEL + (inks - 1) * other
    cells = 2 * points if together else points
    per_point = BYTES_PER_POINT if moving else BYTES_PER_POINT_AT_REST
    return Demand(
        f"{points:,} points on {pixels:,} pixels need",
        BASE_BYTES + per_point * cells + per_pixel * pixels,
        "ask for fewer points, or make the image smaller",
    )


def predict_reading(name: str, pixels: int) -> Demand:
    """Predict the memory of a picture while it is decoded, from what its header says."""
    return Demand(
        f"{name} of {pixels:,} pixels needs",
        BYTES_PER_PIXEL_READ * pixels,
        "make it smaller",
    )


def predict_volume_reading(name: str, voxels: int) -> Demand:
    """Predict the memory of a volume while it is read, from what its header says."""
    return Demand(
        f"{name} of {voxels:,} voxels needs",
        BYTES_PER_VOXEL_READ * voxels,
        "make it smaller",
    )


def predict_volume(points: int, voxels: int, periodic: bool = False) -> Demand:
    """Predict the memory of points in a volume.

    A periodic one is continued as far as cells reach: half a side at most, a cell or two mostly.
    """
    if periodic:
        voxels = round(voxels * (1 + min(2.0, 1 + 3 / points ** (1 / 3)) ** 3 / 2))
    return Demand(
        f"{points:,} points in {voxels:,} voxels need",
        BASE_BYTES + BYTES_PER_POINT_IN_SPACE * points + BYTES_PER_VOXEL * voxels,
        "ask for fewer points, or make the volume smaller",
    )


def predict_sequence(points: int, dimension: int, *, text: bool) -> Demand:
    """Predict the memory of points of the dyadic sequence, and of their file.

    Parameters
    ----------
    points, dimension : int
        How many, and of how many coordinates.
    text : bool
        Whether they are written as text.
    """
    each = BYTES_PER_COORDINATE * dimension
    if text:
        each = BYTES_PER_LINE + BYTES_PER_COORDINATE_OF_TEXT * dimension
    return Demand(
        f"{points:,} points in dimension {dimension} need",
        BASE_BYTES_OF_SEQUENCE + each * points,
        "write .npy rather than text, or ask for fewer points and leave out the first with --skip",
    )


def predict_discretisation(samples: int) -> Demand:
    """Predict the memory of a discretisation of so many samples, or pixels that are not white."""
    return Demand(
        f"{samples:,} samples need",
        BASE_BYTES_OF_DISCRETISATION + BYTES_PER_SAMPLE * samples,
        "make the image smaller, or take a part of the samples",
    )


def predict_medoids(samples: int) -> Demand:
    """Predict the memory of a discretisation by the distances between so many samples."""
    return Demand(
        f"Distances between {samples:,} samples need",
        BASE_BYTES_OF_DISCRETISATION + BYTES_PER_PAIR_OF_SAMPLES * samples**2,
        "take a part of the samples",
    )


def predict_plan(first: int, second: int, *, text: bool) -> Demand:
    """Predict the memory of the plan between two numbers of atoms, and of its file.

    Parameters
    ----------
    first, second : int
        Numbers of atoms.
    text : bool
        Whether the plan is written as text.
    """
    each = BYTES_PER_PAIR_OF_ATOMS + BYTES_PER_LINE_OF_PLAN * text
    return Demand(
        f"A plan between {first:,} and {second:,} atoms needs",
        BASE_BYTES_OF_DISCRETISATION + each * first * second,
        "ask for fewer atoms",
    )


def predict_bounds(shape: tuple[int, ...], order: float = 2) -> Demand:
    """Predict the memory of bounds of an order for two images, or volumes, of a shape each."""
    pixels = math.prod(shape)
    volumes = len(shape) > 2
    each = BYTES_PER_VOXEL_ON_ARCS if volumes and order != 2 else BYTES_PER_PIXEL_OF_PAIR
    kind, grain = ("volumes", "voxels") if volumes else ("images", "pixels")
    return Demand(
        f"Two {kind} of {pixels:,} {grain} need", BASE_BYTES + each * pixels, "make them smaller"
    )


def limit_memory(size: int | None) -> None:
    """Let this process take no more than so many bytes for true, its share among several."""
    _share[:] = [] if size is None else [size]


def find_available_memory() -> int | None:
    """Bytes that this process can still take; None where the system does not tell."""
    candidates = [_find_free_memory(), *_find_limits(), *_share]
    return min((size for size in candidates if size is not None), default=None)


def check_memory(demand: Demand) -> str | None:
    """Refuse what cannot fit in memory.

    Parameters
    ----------
    demand : Demand
        What a run needs.

    Returns
    -------
    str or None
        A sentence about the memory predicted where it is large compared with what is available.

    Raises
    ------
    StippleError
        If the prediction exceeds what is available.
    """
    available = find_available_memory()
    if available is None or demand.size <= LARGE_PART * available:
        return None
    told = (
        f"{demand.reason} about {describe_size(demand.size)} of memory, and"
        f" {describe_size(available)} is available"
    )
    if demand.size <= available:
        return f"{told}."
    raise StippleError(f"{told}: {demand.advice}.")


def describe_size(size: int) -> str:
    """Write bytes as people read them."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def _find_free_memory() -> int | None:
    """Memory that the system can give, with free swap."""
    import psutil

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of figures that are not asked for
        try:
            return int(psutil.virtual_memory().available + psutil.swap_memory().free)
        except (OSError, psutil.Error):  # a closed /proc
            return None


def _find_limits() -> list[int]:
    """Limits of the control group (containers) and of the process (ulimit -v).

    The system's figures, hence psutil's, are those of the whole machine.
    """
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
