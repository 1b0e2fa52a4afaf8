"""Volumes that are named on the command line."""

from typing import TYPE_CHECKING, BinaryIO

from stipple.cli.shared.images import Reading
from stipple.cli.shared.progress import print_note
from stipple.errors import StippleError

if TYPE_CHECKING:
    from stipple.measures.volume import VolumeDensity

Spacing = tuple[float, float, float]
UNIT = (1.0, 1.0, 1.0)


def read_volume_density(path: str, spacing: Spacing | None, *, quiet: bool) -> "VolumeDensity":
    """Read a volume, - being standard input, and tell how large its voxels are taken to be."""
    from stipple.files.open import open_source

    with open_source(path) as (stream, name):
        return decode_volume_density(stream, name, spacing, quiet=quiet)


def decode_volume_density(
    stream: BinaryIO, name: str, spacing: Spacing | None, *, quiet: bool
) -> "VolumeDensity":
    """Read a volume as `read_volume_density` does, from an open stream."""
    import numpy as np

    from stipple.files.volumes import decode_volume
    from stipple.measures.volume import VolumeDensity

    values, found = decode_volume(stream, name)
    taken = spacing or found or UNIT
    if spacing is None and found is None:
        told = f"No --spacing is given: the voxels of {name} are taken for cubes of side 1."
    elif spacing is None:
        told = f"The voxels of {name} are {_describe(taken)}, as its header says."
    elif found is not None and not np.allclose(found, taken, rtol=1e-6, atol=0):
        told = f"--spacing {_describe(taken)} replaces that of {name}, {_describe(found)}."
    else:
        told = None
    if told:
        print_note(told, quiet=quiet)
    return VolumeDensity(values, taken)


def refuse_tone(name: str, reading: Reading) -> None:
    """Refuse for a volume what only images have.

    Raises
    ------
    StippleError
        If a tone or another size is asked for.
    """
    from stipple.measures.tone import Tone

    if reading.resize is not None or reading.tone != Tone(alpha=reading.tone.alpha):
        raise StippleError(
            f"{name} is a volume: --resize and the options of tone are for images, leave them out."
        )


def _describe(spacing: Spacing) -> str:
    return " × ".join(f"{length:g}" for length in spacing)
