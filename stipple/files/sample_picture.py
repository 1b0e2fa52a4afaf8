"""The photograph of the source tree that published experiments on images are run on."""

from pathlib import Path

from stipple.errors import StippleError
from stipple.measures.formula import Domain

SAMPLE = Path(__file__).parents[2] / "samples" / "chelsea.png"


def read_sample() -> Domain:
    """Read samples/chelsea.png, its longer side of length 1.

    Raises
    ------
    StippleError
        If it is not there, as in an installed wheel.
    """
    from stipple.files.images import read_density

    if not SAMPLE.exists():
        raise StippleError(
            "This preset reads samples/chelsea.png of the source tree, which is not here: give an"
            " image of yours as the source instead of --preset."
        )
    return Domain.from_image(read_density(SAMPLE))
