"""The image that is named on the command line, with the tone that `tone_options` ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from stipple.cli.shared.progress import print_note

if TYPE_CHECKING:
    from stipple.measures.density import Density
    from stipple.measures.levels import GreyLevels
    from stipple.measures.picture import Matrix, Picture
    from stipple.measures.tone import Tone

TONE = ("levels", "sharpen", "invert", "gamma", "contrast", "threshold", "alpha")


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
    quiet : bool
        Whether nothing is told of what was found.
    frame : int, optional
        Which frame of an animation is read, the first being 0; the first, with a note, if None.
    """

    tone: "Tone"
    resize: int | tuple[int, int] | None
    max_pixels: int
    quiet: bool = False
    frame: int | None = None


@dataclass(frozen=True, eq=False)
class Original:
    """An image as it was read.

    Attributes
    ----------
    source : Picture or ndarray of float64, shape (h, w)
        A picture, or a density, resized if that was asked.
    tone : Tone
        How ink follows it; levels are grey values.
    levels : GreyLevels or None
        Those values, if levels were asked for.
    notes : tuple of str
        What may surprise.
    """

    source: "Picture | Matrix"
    tone: "Tone"
    levels: "GreyLevels | None"
    notes: tuple[str, ...]


def plan_reading(options: Mapping[str, Any], *, quiet: bool | None = None) -> Reading:
    """Say how `tone_options` want images to be read; `quiet` may overrule that option."""
    from stipple.measures.tone import Tone

    tone = Tone(**{name: options[name] for name in TONE})
    quiet = options["quiet"] if quiet is None else quiet
    return Reading(tone, options["resize"], options["max_pixels"], quiet)


def read_image(path: str, reading: Reading) -> Original:
    """Read an image or a matrix, - being standard input, and tell what was found."""
    from stipple.files.open import open_source

    with open_source(path) as (stream, name):
        return decode_image(stream, name, path, reading)


def decode_image(stream: BinaryIO, name: str, path: str, reading: Reading) -> Original:
    """Read an image as `read_image` does, from a stream that was opened by its path."""
    from stipple.files.pictures import decode_source

    notes: list[str] = []
    source = decode_source(
        stream, name, max_pixels=reading.max_pixels, tell=notes.append, frame=reading.frame
    )
    return prepare_image(source, reading, path, notes)


def prepare_image(
    source: "Picture | Matrix", reading: Reading, path: str, notes: Sequence[str] = ()
) -> Original:
    """Resize an image or a matrix if that is asked, find its levels, and tell all notes."""
    from stipple.measures.resizing import resize
    from stipple.measures.tone import settle_levels

    if reading.resize is not None:
        source = resize(source, reading.resize, max_pixels=reading.max_pixels)
    tone, levels = settle_levels(source, reading.tone)
    if levels is not None:
        notes = [*notes, f"The levels of {path} are {levels}."]
    elif reading.tone.levels is not None:
        notes = [*notes, f"The tones of {path} are too few to stretch: they stay as they are."]
    for note in notes:
        print_note(note, quiet=reading.quiet)
    return Original(source, tone, levels, tuple(notes))


def read_density(path: str, reading: Reading) -> "Density":
    """Read an image or a matrix as a density."""
    from stipple.files.open import open_source

    with open_source(path) as (stream, name):
        return decode_density(stream, name, path, reading)


def decode_density(stream: BinaryIO, name: str, path: str, reading: Reading) -> "Density":
    """Read an image or a matrix as a density, from a stream that was opened by its path."""
    from stipple.arguments import settle
    from stipple.measures.blank import find_darkness
    from stipple.measures.density import Density

    original = decode_image(stream, name, path, reading)
    return Density(settle(find_darkness(original.source, original.tone)))
