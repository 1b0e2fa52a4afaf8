"""The image that is named on the command line, with the tone that `tone_options` ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stipple.measures.density import Density
    from stipple.measures.picture import Matrix, Picture
    from stipple.measures.tone import Tone

TONE = ("invert", "gamma", "contrast", "threshold", "alpha")


@dataclass(frozen=True)
class Reading:
    """How images are read.

    Attributes
    ----------
    tone : Tone
        How ink follows the picture.
    resize : int, tuple of int or None
        The longer side, or width and height, in pixels; None leaves the size as it is.
    max_pixels : int
        Larger images are refused.
    """

    tone: "Tone"
    resize: int | tuple[int, int] | None
    max_pixels: int


def plan_reading(options: Mapping[str, Any]) -> Reading:
    """Say how `tone_options` want images to be read."""
    from stipple.measures.tone import Tone

    tone = Tone(**{name: options[name] for name in TONE})
    return Reading(tone, options["resize"], options["max_pixels"])


def read_image(path: str, reading: Reading) -> "Picture | Matrix":
    """Read an image or a matrix, - being standard input, resized if that is asked."""
    from stipple.files.pictures import read_source

    return prepare_image(read_source(path, max_pixels=reading.max_pixels), reading)


def prepare_image(source: "Picture | Matrix", reading: Reading) -> "Picture | Matrix":
    """Resize an image or a matrix if that is asked."""
    from stipple.measures.tone import resize

    if reading.resize is None:
        return source
    return resize(source, reading.resize, max_pixels=reading.max_pixels)


def read_density(path: str, reading: Reading) -> "Density":
    """Read an image or a matrix as a density."""
    from stipple.measures.density import Density
    from stipple.measures.tone import darkness

    return Density(darkness(read_image(path, reading), reading.tone))
