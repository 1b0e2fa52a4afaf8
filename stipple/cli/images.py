"""The image that options name, as a density."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stipple.density import Density

TONE = ("invert", "gamma", "contrast", "threshold", "alpha")


def read_density(path: str, options: dict[str, Any]) -> "Density":
    """Read an image, a matrix, or - for standard input, with the tone that `tone_options` ask."""
    from stipple.density import Density
    from stipple.io.images import read_source
    from stipple.tone import Tone, darkness, resize

    tone = Tone(**{name: options[name] for name in TONE})
    source = read_source(path, max_pixels=options["max_pixels"])
    if options["resize"] is not None:
        source = resize(source, options["resize"], max_pixels=options["max_pixels"])
    return Density(darkness(source, tone))
