"""The pictures that come with stipple: published experiments on images are run on one of them."""

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from stipple.errors import StippleError
from stipple.measures.formula import Domain

NAMES = ("camera.png", "chelsea.png", "horse.png", "logo.svg", "word.png", "README.md")
"""Files of the folder of samples; the last one names authors and licences."""

_CLONE = Path(__file__).parents[2] / "samples"


def find_samples() -> Path:
    """Find the folder of samples: that of a clone, or where pip has put it.

    Raises
    ------
    StippleError
        If it is in neither place.
    """
    if _CLONE.joinpath(NAMES[0]).is_file():
        return _CLONE
    try:
        installed = files("stipple-ot") or []
    except PackageNotFoundError:
        installed = []
    for path in installed:
        if path.name == NAMES[0]:
            return Path(str(path.locate())).parent
    raise StippleError("The samples are not installed: install stipple-ot anew, with pip.")


def read_sample() -> Domain:
    """Read the sample chelsea.png, its longer side of length 1.

    Raises
    ------
    StippleError
        If the samples are not there.
    """
    from stipple.files.images import read_density

    return Domain.from_image(read_density(find_samples() / "chelsea.png"))
