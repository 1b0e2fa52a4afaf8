"""Colours and greys as a file means them, made those of sRGB."""

from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from stipple.files.icc import SRGB_CHROMATICITIES, make_grey_profile, make_rgb_profile
from stipple.measures.picture import Picture, find_size, split_rows

# The exponent of a PNG's gAMA chunk that stands for the curve of sRGB (PNG, third edition, 11.3.2).
_SRGB_GAMMA = 0.45455
_CLOSE = 0.001
# Profiles, by their colour space, and the modes of pictures that they are for.
_SPACES = {"RGB ": ("RGB", "RGBA"), "CMYK": ("CMYK",), "GRAY": ("L", "I;16"), "Lab ": ("LAB",)}
# What the lightest paper may become, of 255; darker, and it is no paper.
_LEAST_WHITE = 128


class ProfileError(Exception):
    """A profile that cannot be used, and why."""


def find_profile(image: Image.Image) -> bytes | None:
    """Find what a picture says of its colours; None where they are those of sRGB.

    An ICC profile comes first; a PNG may also have an sRGB chunk, or say the exponent of its curve
    and its primaries in the chunks gAMA and cHRM.

    Raises
    ------
    ProfileError
        When it says what no screen has.
    """
    profile = image.info.get("icc_profile")
    if profile or image.format != "PNG" or "srgb" in image.info:
        return profile or None
    gamma = image.info.get("gamma")
    chromaticities = tuple(image.info.get("chromaticity", SRGB_CHROMATICITIES))
    said = (_SRGB_GAMMA if gamma is None else gamma, *chromaticities)
    if np.allclose(said, (_SRGB_GAMMA, *SRGB_CHROMATICITIES), rtol=0, atol=_CLOSE):
        return None
    try:
        exponent = None if gamma is None else 1 / gamma
        if image.mode in ("1", "L", "LA", "I;16", "I"):
            return make_grey_profile(exponent)
        return make_rgb_profile(exponent, chromaticities)
    except (ArithmeticError, ValueError, np.linalg.LinAlgError) as error:
        raise ProfileError(f"its gamma and primaries are {said}: {error}") from None


def convert_colours(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert a picture of colours to sRGB, relative to its white and black.

    Parameters
    ----------
    image : Image
        Of mode RGB, RGBA, CMYK or LAB; alpha stays.
    profile : bytes or None
        An ICC profile; None for CIE Lab alone.

    Returns
    -------
    Image
        Of mode RGB or RGBA; the same picture if the profile changes no colour by more than a level
        of 255.

    Raises
    ------
    ProfileError
        When the profile is damaged, or for other pictures.
    """
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    transform = _make_transform(profile, image.mode, target)
    if image.mode in ("RGB", "RGBA"):
        probe = _make_probe().convert(target)
        changes = np.asarray(transform.apply(probe), dtype=int) - np.asarray(probe, dtype=int)
        if np.abs(changes).max() <= 1:
            return image
    paper = {"CMYK": (0, 0, 0, 0), "LAB": (255, 128, 128)}.get(image.mode, (255,) * len(target))
    white = transform.apply(Image.new(image.mode, (1, 1), paper)).convert("RGB").getpixel((0, 0))
    if min(white) < _LEAST_WHITE:
        raise ProfileError(f"its white is {white}")
    converted: Image.Image = transform.apply(image)
    if min(white) == 255:
        return converted
    # Tables round; what is white in the file stays white.
    scales = [255 / level for level in white] + [1.0] * (len(target) - 3)
    return converted.point([min(255, round(v * scale)) for scale in scales for v in range(256)])


def convert_greys(picture: Picture, profile: bytes) -> Picture:
    """Convert a picture of greys to those of sRGB, in steps of 16 bits.

    Greys that a profile changes by at most 1/255 stay as they are.

    Raises
    ------
    ProfileError
        When the profile is damaged, or is for colours.
    """
    ramp = np.arange(65536, dtype=np.uint16)
    transform = _make_transform(profile, "I;16", "I;16")
    converted = np.asarray(transform.apply(Image.fromarray(ramp.reshape(256, 256)))).ravel()
    white = float(converted[-1])
    if white < _LEAST_WHITE * 257:
        raise ProfileError(f"its white is {white / 65535:.2f}")
    curve = np.minimum(converted / white, 1.0)
    if np.abs(curve - ramp / 65535).max() <= 1 / 255:
        return picture
    straight = np.empty(picture.samples.shape)
    for rows in split_rows(find_size(picture)):
        straight[rows] = curve[np.rint(picture.read_colour(rows) * 65535).astype(np.intp)]
    return Picture(straight, picture.opacity)


def _make_transform(profile: bytes | None, source: str, target: str) -> Any:
    """Make a transform of LittleCMS from a profile, None being CIE Lab, to sRGB."""
    from PIL import ImageCms

    try:
        core = ImageCms.createProfile("LAB") if profile is None else BytesIO(profile)
        given = ImageCms.ImageCmsProfile(core)
        space = given.profile.xcolor_space
        if source not in _SPACES.get(space, ()):
            raise ProfileError(f"it is for {space.strip() or 'other'} values")
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        if grey := target == "I;16":
            flags |= ImageCms.Flags.NOOPTIMIZE  # whose curves are coarse near black
        screen = BytesIO(make_grey_profile()) if grey else ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(
            given,
            ImageCms.ImageCmsProfile(screen),
            source,
            target,
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags,
        )
    except ProfileError:
        raise
    except Exception as error:  # Damaged profiles end in exceptions of several kinds.
        raise ProfileError(" ".join(str(error).split())) from None


@cache
def _make_probe() -> Image.Image:
    """Make a picture of all greys, and of a grid of colours."""
    greys = np.repeat(np.arange(256), 3).reshape(-1, 3)
    grid = np.stack(np.meshgrid(*[np.linspace(0, 255, 9)] * 3), axis=-1).reshape(-1, 3)
    return Image.fromarray(np.concatenate([greys, grid]).astype(np.uint8)[np.newaxis])
