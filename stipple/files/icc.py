"""ICC profiles of a curve and three primaries, for pictures that state these alone."""

import struct

import numpy as np

from stipple.arrays import Floats

# Bradford's cone responses, by which the white of a profile becomes D50 (ICC.1:2022, annex E).
_CONES = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.9642, 1.0, 0.8249])
# ITU-R BT.709: x, y of white, red, green and blue, in the order of a PNG's cHRM chunk.
SRGB_CHROMATICITIES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
# IEC 61966-2-1: exponent, then the numbers of the two pieces, in the order of an ICC curve.
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def make_grey_profile(exponent: float | None = None) -> bytes:
    """Make a profile of greys whose light is value ** exponent, by default as in sRGB."""
    return _pack(b"GRAY", [(b"kTRC", _pack_curve(exponent))])


def make_rgb_profile(exponent: float | None, chromaticities: tuple[float, ...]) -> bytes:
    """Make a profile of colours.

    Parameters
    ----------
    exponent : float or None
        Light is value ** exponent, or as in sRGB.
    chromaticities : tuple of 8 floats
        x, y of white, red, green and blue.

    Raises
    ------
    ValueError
        When the primaries are on one line, or a number does not fit in a profile.
    """
    white, *primaries = (
        np.array([x / y, 1.0, (1 - x - y) / y])
        for x, y in zip(chromaticities[::2], chromaticities[1::2], strict=True)
    )
    matrix = np.array(primaries).T
    matrix = matrix * np.linalg.solve(matrix, white)  # of red, green and blue, as columns
    cones = np.diag((_CONES @ _D50) / (_CONES @ white))
    adapted = np.linalg.solve(_CONES, cones @ _CONES @ matrix)
    colours = zip((b"rXYZ", b"gXYZ", b"bXYZ"), adapted.T, strict=True)
    curve = _pack_curve(exponent)
    return _pack(
        b"RGB ",
        [(name, _pack_colour(colour)) for name, colour in colours]
        + [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")],
    )


def _pack(space: bytes, tags: list[tuple[bytes, bytes]]) -> bytes:
    description = b"desc" + struct.pack(">II", 0, 1) + bytes(79)
    tags = [(b"desc", description), (b"wtpt", _pack_colour(_D50)), *tags]
    place = 132 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags:
        table += name + struct.pack(">II", place + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    kind = struct.pack(">I4s4s4s", 0x02200000, b"mntr", space, b"XYZ ")  # version 2.2, a display
    head = struct.pack(">II", place + len(body), 0) + kind + bytes(12) + b"acsp" + bytes(28)
    return (head + _pack_colour(_D50)[8:]).ljust(128, b"\0") + table + body


def _pack_colour(colour: Floats) -> bytes:
    return b"XYZ \0\0\0\0" + _pack_numbers(colour.tolist())


def _pack_curve(exponent: float | None) -> bytes:
    kind, numbers = (3, _SRGB_CURVE) if exponent is None else (0, (exponent,))
    return b"para" + struct.pack(">IHH", 0, kind, 0) + _pack_numbers(numbers)


def _pack_numbers(numbers: "list[float] | tuple[float, ...]") -> bytes:
    try:
        return struct.pack(f">{len(numbers)}i", *(round(65536 * number) for number in numbers))
    except (struct.error, OverflowError) as error:
        raise ValueError(f"a number does not fit in a profile: {error}") from None
