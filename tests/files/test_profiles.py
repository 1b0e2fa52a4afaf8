"""Colour profiles, and a PNG's gamma and primaries: what is read is sRGB."""

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from stipple.errors import StippleError
from stipple.files.icc import SRGB_CHROMATICITIES, make_grey_profile, make_rgb_profile
from stipple.files.pictures import read_picture

LEVEL = 1 / 255
DISPLAY_P3 = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
ADOBE_RGB = (0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
P3 = make_rgb_profile(None, DISPLAY_P3)
RGB = np.random.default_rng(0).integers(0, 256, (6, 8, 4), dtype=np.uint8)
RGB[0, 0] = 255
RGB[0, 1] = [0, 0, 0, 255]
GREYS = np.arange(256, dtype=np.uint8).reshape(16, 16)


def encode(pixels, form="PNG", **options):
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(file, form, **options)
    return file.getvalue()


def read(data):
    """Return the picture, and what was told of it."""
    told = []
    return read_picture(io.BytesIO(data), tell=told.append), told


def add_chunks(data, **chunks):
    """Put chunks between the header and the pixels of a PNG."""
    words = b""
    for kind, content in chunks.items():
        body = kind.encode() + content
        words += struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + words + data[33:]


def encode_srgb(light):
    """IEC 61966-2-1."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def decode_srgb(value):
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def list_primaries(chromaticities):
    """Matrix from RGB to XYZ, from the definition: white is the sum of the primaries."""
    white, *colours = np.array(chromaticities).reshape(4, 2)
    columns = np.array([[x, y, 1 - x - y] for x, y in colours]).T
    white = np.array([white[0], white[1], 1 - white.sum()]) / white[1]
    return columns * np.linalg.solve(columns, white)


def expect(pixels, chromaticities, decode):
    """Convert by the definitions; both whites are D65."""
    light = decode(pixels / 255)
    to_srgb = np.linalg.inv(list_primaries(SRGB_CHROMATICITIES)) @ list_primaries(chromaticities)
    return encode_srgb(light @ to_srgb.T)


# --- ICC ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_an_embedded_srgb_profile_changes_nothing(form):
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    for pixels in (RGB, RGB[..., :3]):
        plain, _ = read(encode(pixels, form, **options))
        for profile in (SRGB, make_rgb_profile(None, SRGB_CHROMATICITIES)):
            picture, told = read(encode(pixels, form, icc_profile=profile, **options))
            np.testing.assert_array_equal(picture.colour, plain.colour)
            np.testing.assert_array_equal(picture.colour, pixels[..., :3] / 255)
            assert told == []


@pytest.mark.parametrize(
    ("chromaticities", "exponent"), [(DISPLAY_P3, None), (ADOBE_RGB, 563 / 256)]
)
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_wide_gamuts(form, chromaticities, exponent):
    decode = decode_srgb if exponent is None else lambda value: value**exponent
    expected = expect(RGB[..., :3], chromaticities, decode)
    assert np.abs(expected - RGB[..., :3] / 255).max() > 20 * LEVEL
    profile = make_rgb_profile(exponent, chromaticities)
    picture, told = read(encode(RGB, form, icc_profile=profile))
    # LittleCMS rounds to 8 bits, and its inverse curves are coarse where they are steep.
    np.testing.assert_allclose(picture.colour, expected, rtol=0, atol=1.5 * LEVEL)
    np.testing.assert_array_equal(picture.alpha, RGB[..., 3] / 255)
    assert (picture.colour[0, 0] == 1).all()
    assert (picture.colour[0, 1] == 0).all()
    assert told == []


def test_jpeg_palette_and_turned_pictures_have_profiles_too():
    red = Image.new("RGB", (16, 8), (200, 60, 40))
    expected = expect(np.array([200, 60, 40]), DISPLAY_P3, decode_srgb)
    exif = Image.Exif()
    exif[0x0112] = 6
    for data, tolerance in (
        (encode(red, "JPEG", icc_profile=P3, quality=98, exif=exif), 3),
        (encode(red.quantize(4), icc_profile=P3), 1),
    ):
        picture, _ = read(data)
        error = np.abs(picture.colour - expected).max()
        assert error <= tolerance * LEVEL
        assert picture.colour.shape[:2] == ((16, 8) if b"Exif" in data else (8, 16))


@pytest.mark.parametrize("exponent", [1.0, 1.8, 2.2])
def test_grey_profiles(exponent):
    profile = make_grey_profile(exponent)
    eight, _ = read(encode(GREYS, icc_profile=profile))
    expected = encode_srgb((GREYS / 255) ** exponent)
    np.testing.assert_allclose(eight.colour[..., 0], expected, rtol=0, atol=2e-4)
    assert eight.colour[-1, -1] == 1
    assert eight.colour[0, 0] == 0
    with_alpha, _ = read(encode(np.dstack([GREYS, GREYS]), icc_profile=profile))
    np.testing.assert_array_equal(with_alpha.colour, eight.colour)
    np.testing.assert_array_equal(with_alpha.alpha, GREYS / 255)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_of_grey_stay_sixteen(form):
    deep = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    picture, _ = read(encode(deep, form, icc_profile=make_grey_profile(1.8)))
    np.testing.assert_allclose(
        picture.colour[..., 0], encode_srgb((deep / 65535) ** 1.8), rtol=0, atol=2e-4
    )
    assert len(np.unique(picture.colour)) > 3000
    plain, _ = read(encode(deep, form, icc_profile=make_grey_profile()))
    np.testing.assert_array_equal(plain.colour[..., 0], deep / 65535)


# --- CMYK and Lab -------------------------------------------------------------------------------


def make_cmyk_profile(inks):
    """A press of which the 16 solid overprints are Lab colours: a table of two steps an ink."""
    table = np.array([inks[corner] for corner in np.ndindex(2, 2, 2, 2)])  # L, a, b
    encoded = np.clip(np.rint(table * [2.55, 1, 1] + [0, 128, 128]), 0, 255).astype(np.uint8)
    identity = struct.pack(">9i", *(65536 * np.eye(3, dtype=int).ravel()))
    ramp = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + 4 * ramp + encoded.tobytes() + 3 * ramp
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    offset = 132 + 24
    tags = struct.pack(">I", 2) + b"wtpt" + struct.pack(">II", offset, 20)
    tags += b"A2B0" + struct.pack(">II", offset + 20, len(lut))
    size = offset + 20 + len(lut)
    head = struct.pack(">III4s4s4s", size, 0, 0x02200000, b"prtr", b"CMYK", b"Lab ")
    head = (head + bytes(12) + b"acsp" + bytes(28) + white[8:]).ljust(128, b"\0")
    return head + tags + white + lut


def lab_to_srgb(lab):
    """CIE 15:2004, Bradford's adaptation from D50 to D65, and sRGB."""
    lightness, a, b = np.moveaxis(np.asarray(lab, dtype=float), -1, 0)
    y = (lightness + 16) / 116
    steps = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    cubes = np.where(steps > 6 / 29, steps**3, 3 * (6 / 29) ** 2 * (steps - 4 / 29))
    adapt = np.array(
        [
            [0.9555766, -0.0230393, 0.0631636],
            [-0.0282895, 1.0099416, 0.0210077],
            [0.0122982, -0.0204830, 1.3299098],
        ]
    )
    light = (cubes * [0.96422, 1, 0.82521]) @ adapt.T
    return encode_srgb(light @ np.linalg.inv(list_primaries(SRGB_CHROMATICITIES)).T)


INKS = {corner: (0, 0, 0) for corner in np.ndindex(2, 2, 2, 2)}
INKS |= {(0, 0, 0, 0): (98, 0, 0), (1, 0, 0, 0): (55, -37, -50), (0, 1, 0, 0): (48, 74, -3)}
INKS |= {(0, 0, 1, 0): (89, -5, 93), (1, 1, 0, 0): (24, 22, -46), (0, 1, 1, 0): (47, 68, 48)}
PRESS = make_cmyk_profile(INKS)
PAPER = (0, 0, 0, 0)
INKED = {PAPER: 1, (255, 0, 0, 0): None, (0, 255, 255, 0): None, (0, 0, 0, 255): 0}


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_with_a_profile(form):
    """JPEG has the inverted values of Adobe's programs, TIFF plain ones."""
    for amounts, expected in INKED.items():
        flat = Image.new("CMYK", (16, 16), amounts)
        options = {"quality": 100} if form == "JPEG" else {}
        picture, told = read(encode(flat, form, icc_profile=PRESS, **options))
        assert told == []
        colour = picture.colour[8, 8]
        if expected is None:
            corner = tuple(value // 255 for value in amounts)
            lightness, a, b = INKS[corner]
            wanted = lab_to_srgb((lightness * 100 / 98, a, b))  # its paper becomes white
            np.testing.assert_allclose(colour, wanted, rtol=0, atol=0.03)
            plain, _ = read(encode(flat, form, **options))
            assert np.abs(plain.colour[8, 8] - colour).max() > 0.1
        else:
            assert (colour == expected).all()


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile_is_as_before(form):
    flat = Image.new("CMYK", (16, 16), (51, 0, 102, 51))
    data = encode(flat, form)
    picture, told = read(data)
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(picture.colour, np.asarray(image.convert("RGB")) / 255)
    assert told == []


def test_lab_is_converted():
    lab = np.array([[(100, 0, 0), (0, 0, 0), (50, 0, 0), (60, 40, 30), (40, 10, -40)]], float)
    stored = np.stack([lab[..., 0] * 2.55, lab[..., 1] % 256, lab[..., 2] % 256], axis=-1)
    image = Image.frombytes("LAB", (5, 1), np.rint(stored).astype(np.uint8).tobytes())
    picture, told = read(encode(image, "TIFF"))
    np.testing.assert_allclose(picture.colour, lab_to_srgb(lab), rtol=0, atol=3 * LEVEL)
    assert (picture.colour[0, 0] == 1).all()
    assert told == []


# --- what a PNG says without a profile ----------------------------------------------------------

PLAIN = encode(RGB[..., :3])


def pack(*numbers):
    return struct.pack(f">{len(numbers)}I", *(round(100_000 * number) for number in numbers))


def test_the_gamma_of_a_png():
    grey, told = read(add_chunks(encode(GREYS), gAMA=pack(1.0)))
    np.testing.assert_allclose(grey.colour[..., 0], encode_srgb(GREYS / 255), rtol=0, atol=2e-4)
    colour, _ = read(add_chunks(PLAIN, gAMA=pack(1.0)))
    expected = encode_srgb(RGB[..., :3] / 255)
    np.testing.assert_allclose(colour.colour, expected, rtol=0, atol=LEVEL)
    assert told == []


def test_the_primaries_of_a_png():
    data = add_chunks(PLAIN, gAMA=pack(256 / 563), cHRM=pack(*ADOBE_RGB))
    expected = expect(RGB[..., :3], ADOBE_RGB, lambda value: value ** (563 / 256))
    np.testing.assert_allclose(read(data)[0].colour, expected, rtol=0, atol=1.5 * LEVEL)


@pytest.mark.parametrize(
    "chunks",
    [
        {"gAMA": pack(0.45455)},
        {"gAMA": pack(0.45455), "cHRM": pack(*SRGB_CHROMATICITIES)},
        {"sRGB": b"\0", "gAMA": pack(1.0)},
        {"sRGB": b"\0", "cHRM": pack(*ADOBE_RGB)},
    ],
)
def test_what_is_srgb_stays_bit_for_bit(chunks):
    picture, told = read(add_chunks(PLAIN, **chunks))
    np.testing.assert_array_equal(picture.colour, RGB[..., :3] / 255)
    assert told == []


@pytest.mark.parametrize(
    "chunks",
    [
        {"gAMA": pack(0)},
        {"gAMA": pack(0.00001)},
        {"cHRM": pack(0, 0, 0, 0, 0, 0, 0, 0)},
        {"cHRM": pack(0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3)},
    ],
)
def test_numbers_that_no_screen_has_are_left_out_with_a_word(chunks):
    picture, told = read(add_chunks(PLAIN, **chunks))
    np.testing.assert_array_equal(picture.colour, RGB[..., :3] / 255)
    (sentence,) = told
    assert "colour profile that cannot be used" in sentence
    assert sentence.endswith("it is read without.")


# --- damaged profiles ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "profile"),
    [
        (Image.new("RGB", (3, 2), (9, 99, 199)), b"nonsense"),
        (Image.new("RGB", (3, 2), (9, 99, 199)), P3[:200]),
        (Image.new("RGB", (3, 2), (9, 99, 199)), make_grey_profile(1.8)),
        (Image.new("RGB", (3, 2), (9, 99, 199)), PRESS),
        (Image.new("L", (3, 2), 99), P3),
        (Image.new("L", (3, 2), 99), b"\0" * 128),
        (Image.new("CMYK", (3, 2), (9, 99, 199, 0)), P3),
    ],
)
def test_profiles_that_cannot_be_used_are_left_out_with_a_word(image, profile):
    form = "TIFF" if image.mode == "CMYK" else "PNG"
    plain, _ = read(encode(image, form))
    picture, told = read(encode(image, form, icc_profile=profile))
    np.testing.assert_array_equal(picture.colour, plain.colour)
    (sentence,) = told
    assert "\n" not in sentence
    assert "colour profile that cannot be used" in sentence
    # Without anybody to tell, it is read all the same.
    assert read_picture(io.BytesIO(encode(image, form, icc_profile=profile))).colour.shape


WHOLE = {
    "RGB": (RGB[..., :3], "PNG", P3),
    "grey": (GREYS, "PNG", make_grey_profile(1.8)),
    "CMYK": (Image.new("CMYK", (3, 2), (9, 99, 199, 0)), "TIFF", PRESS),
}


@given(st.sampled_from(sorted(WHOLE)), st.data())
@example("RGB", None)
def test_damaged_profiles_never_give_a_traceback(kind, data):
    pixels, form, profile = WHOLE[kind]
    damaged = bytearray(profile)
    if data is not None:
        for _ in range(data.draw(st.integers(1, 8))):
            # The header and the table of tags decide most.
            last = data.draw(st.sampled_from([127, 250, len(damaged) - 1]))
            place = data.draw(st.integers(0, min(last, len(damaged) - 1)))
            damaged[place] = data.draw(st.integers(0, 255))
    with suppress(StippleError):
        picture, told = read(encode(pixels, form, icc_profile=bytes(damaged)))
        assert 0 <= picture.colour.min() <= picture.colour.max() <= 1
        assert all("\n" not in sentence for sentence in told)
