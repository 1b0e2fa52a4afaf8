"""The image that is named on the command line, with the tone that `tone_options` ask for."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stipple.measures.density import Density
    from stipple.measures.picture import Matrix, Picture
    from stipple.measures.tone import Tone

TONE = ("invert", "gamma", "contrast", "threshold", "alpha")


def read_image(path: str, options: dict[str, Any]) -> "tuple[Picture | Matrix, Tone]":
    """Read an image or a matrix, - being standard input, resized if that is asked."""
    from stipple.files.pictures import read_source

    return prepare_image(read_source(path, max_pixels=options["max_pixels"]), options)


def prepare_image(
    source: "Picture | Matrix", options: dict[str, Any]
) -> "tuple[Picture | Matrix, Tone]":
    """Resize an image or a matrix if that is asked, and say which tone it is to have."""
    from stipple.measures.tone import Tone, resize

    if options["resize"] is not None:
        source = resize(source, options["resize"], max_pixels=options["max_pixels"])
    return source, Tone(**{name: options[name] for name in TONE})


def read_density(path: str, options: dict[str, Any]) -> "Density":
    """Read an image or a matrix as a density."""
    from stipple.measures.density import Density
    from stipple.measures.tone import darkness

    return Density(darkness(*read_image(path, options)))
