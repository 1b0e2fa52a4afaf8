import io
import os
import struct
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stipple.errors import StippleError
from stipple.files.pictures import read_picture, read_source
from stipple.measures.picture import Picture

GREY = np.array([[0, 1, 127], [128, 254, 255]], dtype=np.uint8)
RGB = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)
RGBA = np.random.default_rng(2).integers(0, 256, (5, 7, 4), dtype=np.uint8)
GREY16 = np.array([[0, 1, 257, 1000], [32768, 65279, 65534, 65535]], dtype=np.uint16)


def write(path: Path, pixels: np.ndarray | Image.Image, **options: object) -> Path:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return path


def encode(pixels: np.ndarray | Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(stream, form, **options)
    return stream.getvalue()


def png(width: int, height: int, depth: int, colour_type: int, rows: list[bytes], key: bytes = b""):
    """Write a PNG chunk by chunk, with depths and colour keys that Pillow does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + (chunk(b"tRNS", key) if key else b"")
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )


def tiff(width: int, height: int, bits: int, photometric: int, data: bytes) -> bytes:
    """Write a bare little-endian grey TIFF."""
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric)]
    tags += [(273, 8 + 2 + 9 * 12 + 4), (277, 1), (278, height), (279, len(data))]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, 9) + entries + b"\0\0\0\0" + data


def read_bytes(data: bytes) -> Picture:
    return read_picture(io.BytesIO(data))


# --- every format, there and back ---------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "gif", "pgm"])
def test_grey_formats_keep_every_value(tmp_path, suffix):
    picture = read_picture(write(tmp_path / f"grey.{suffix}", GREY))
    np.testing.assert_array_equal(picture.colour[..., 0], GREY / 255)  # exact
    assert picture.alpha is None


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "ppm", "webp"])
def test_rgb_formats_keep_every_value(tmp_path, suffix):
    options = {"lossless": True} if suffix == "webp" else {}
    picture = read_picture(write(tmp_path / f"rgb.{suffix}", RGB, **options))
    np.testing.assert_array_equal(picture.colour, RGB / 255)
    assert picture.alpha is None


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_rgba_formats_keep_every_value(tmp_path, suffix):
    options = {"lossless": True, "exact": True} if suffix == "webp" else {}
    picture = read_picture(write(tmp_path / f"rgba.{suffix}", RGBA, **options))
    np.testing.assert_array_equal(picture.colour, RGBA[..., :3] / 255)
    np.testing.assert_array_equal(picture.alpha, RGBA[..., 3] / 255)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey_with_alpha(tmp_path, suffix):
    pixels = RGBA[..., 2:]
    picture = read_picture(write(tmp_path / f"la.{suffix}", pixels))
    np.testing.assert_array_equal(picture.colour, pixels[..., :1] / 255)
    np.testing.assert_array_equal(picture.alpha, pixels[..., 1] / 255)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "pbm"])
def test_one_bit(tmp_path, suffix):
    pixels = GREY > 127
    picture = read_picture(write(tmp_path / f"bits.{suffix}", Image.fromarray(pixels)))
    np.testing.assert_array_equal(picture.colour.mean(axis=2), pixels.astype(float))


def test_jpeg_decodes_as_pillow_does(tmp_path):
    path = write(tmp_path / "rgb.jpg", RGB, quality=95)
    with Image.open(path) as image:
        np.testing.assert_array_equal(read_picture(path).colour, np.asarray(image) / 255)


@pytest.mark.parametrize(("suffix", "tolerance"), [("jpg", 0.03), ("tif", 0)])
def test_cmyk(tmp_path, suffix, tolerance):
    flat = Image.new("CMYK", (16, 16), (51, 0, 102, 51))  # 20 % C, 40 % Y, 20 % K
    picture = read_picture(write(tmp_path / f"cmyk.{suffix}", flat))
    expected = np.array([0.8 * 0.8, 0.8, 0.6 * 0.8])
    np.testing.assert_allclose(
        picture.colour, np.broadcast_to(expected, (16, 16, 3)), atol=tolerance + 1 / 255
    )


def test_palette_with_and_without_transparency(tmp_path):
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    opaque = read_picture(write(tmp_path / "p.png", image))
    np.testing.assert_array_equal(opaque.colour[0], np.eye(3))
    assert opaque.alpha is None
    keyed = read_picture(write(tmp_path / "key.gif", image, transparency=1))
    np.testing.assert_array_equal(keyed.alpha, [[1, 0, 1]])
    translucent = read_picture(write(tmp_path / "t.png", image, transparency=b"\x00\x80\xff"))
    np.testing.assert_array_equal(translucent.colour[0], np.eye(3))
    np.testing.assert_array_equal(translucent.alpha, [[0, 128 / 255, 1]])


def test_palette_with_an_alpha_channel(tmp_path):
    image = Image.new("PA", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putdata([(0, 0), (1, 99)])
    picture = read_picture(write(tmp_path / "pa.tif", image))
    np.testing.assert_array_equal(picture.colour, [np.array([[10, 20, 30], [200, 100, 50]]) / 255])
    np.testing.assert_array_equal(picture.alpha, [[0, 99 / 255]])


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("L", (4, 3), level) for level in (10, 200)]
    path = tmp_path / "two.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read_picture(path).colour, np.full((3, 4, 3), 10 / 255))


# --- 16 bits, other depths, colour keys ---------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_exact(tmp_path, suffix):
    picture = read_picture(write(tmp_path / f"deep.{suffix}", GREY16))
    np.testing.assert_array_equal(picture.colour[..., 0], GREY16 / 65535)


def test_big_endian_sixteen_bit_tiff(tmp_path):
    image = Image.frombytes("I;16B", (4, 2), GREY16.astype(">u2").tobytes())
    picture = read_picture(write(tmp_path / "big.tif", image))
    np.testing.assert_array_equal(picture.colour[..., 0], GREY16 / 65535)


@pytest.mark.parametrize("maximum", [255, 1000, 1023, 4095, 65535])
def test_binary_pgm_of_any_depth(maximum):
    values = np.array([0, 1, maximum // 2, maximum])
    samples = values.astype(np.uint8 if maximum == 255 else ">u2").tobytes()
    picture = read_bytes(b"P5 4 1 %d\n" % maximum + samples)
    tolerance = 0 if maximum in (255, 65535) else 0.5 / 65535
    np.testing.assert_allclose(picture.colour[0, :, 0], values / maximum, rtol=0, atol=tolerance)
    assert picture.colour[0, 0, 0] == 0
    assert picture.colour[0, 3, 0] == 1


def test_plain_pgm_and_pbm():
    np.testing.assert_array_equal(read_bytes(b"P2 # c\n2 1 255\n51 255\n").colour.ravel(), [0.2, 1])
    np.testing.assert_array_equal(read_bytes(b"P1\n2 1\n0 1\n").colour.ravel(), [1, 0])


def test_tiff_whose_white_is_zero():
    data = struct.pack("<3H", 0, 13107, 65535)
    np.testing.assert_array_equal(read_bytes(tiff(3, 1, 16, 0, data)).colour.ravel(), [1, 0.8, 0])
    np.testing.assert_array_equal(read_bytes(tiff(2, 1, 8, 0, b"\x00\xff")).colour.ravel(), [1, 0])


def test_twelve_bit_tiff():
    picture = read_bytes(tiff(2, 1, 12, 1, bytes([0x00, 0x0F, 0xFF])))
    np.testing.assert_array_equal(picture.colour.ravel(), [0, 1])


@pytest.mark.parametrize(
    ("depth", "colour_type", "row", "key", "alpha"),
    [
        (1, 0, b"\x0f", b"\0\1", [1, 1, 1, 1, 0, 0, 0, 0]),
        (2, 0, b"\x1b", b"\0\1", [1, 0, 1, 1]),
        (4, 0, b"\x5f", b"\0\5", [0, 1]),
        (8, 0, b"\x05\xff", b"\0\5", [0, 1]),
        (16, 0, b"\x03\xe8\x03\xe9", b"\x03\xe8", [0, 1]),
        (8, 2, b"\1\2\3\1\2\4", b"\0\1\0\2\0\3", [0, 1]),
        (16, 2, b"\1\1\2\2\3\3\1\1\2\2\4\4", b"\1\1\2\2\3\3", [0, 1]),
    ],
)
def test_png_colour_keys_of_every_depth(depth, colour_type, row, key, alpha):
    picture = read_bytes(png(len(alpha), 1, depth, colour_type, [row], key))
    np.testing.assert_array_equal(picture.alpha, [alpha])


@pytest.mark.parametrize(
    "image",
    [
        Image.new("F", (2, 2), 0.5),
        Image.new("I", (2, 2), 70000),
    ],
    ids=lambda image: image.mode,
)
def test_samples_of_unknown_range_are_refused(tmp_path, image):
    path = write(tmp_path / "odd.tif", image)
    with pytest.raises(StippleError, match=r"odd\.tif.*white is not defined.*npy"):
        read_picture(path)


# --- orientation --------------------------------------------------------------------------------

UPRIGHT = np.array([[10, 20, 30], [40, 50, 60]], dtype=np.uint8)
# How the EXIF standard stores the upright picture: row 0 and column 0 are its named sides.
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],  # top, right
    3: UPRIGHT[::-1, ::-1],  # bottom, right
    4: UPRIGHT[::-1],  # bottom, left
    5: UPRIGHT.T,  # left, top
    6: UPRIGHT[:, ::-1].T,  # right, top
    7: UPRIGHT[::-1, ::-1].T,  # right, bottom
    8: UPRIGHT[::-1].T,  # left, bottom
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("depth", [8, 16])
def test_exif_orientation(tmp_path, orientation, suffix, depth):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation])
    white = 2**depth - 1
    if depth == 16:
        stored = stored.astype(np.uint16) * 256
    path = write(tmp_path / f"turned.{suffix}", stored, exif=exif)
    scale = 256 if depth == 16 else 1
    np.testing.assert_array_equal(
        read_picture(path).colour[..., 0], UPRIGHT.astype(float) * scale / white
    )


@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation_of_a_jpeg(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.kron(STORED[orientation], np.ones((8, 8), np.uint8))
    path = write(tmp_path / "turned.jpg", stored, exif=exif, quality=100)
    np.testing.assert_allclose(read_picture(path).colour[::8, ::8, 0], UPRIGHT / 255, atol=2 / 255)


def test_damaged_exif_does_not_lose_the_picture(tmp_path):
    path = write(tmp_path / "exif.jpg", GREY, exif=b"Exif\0\0garbage, not a TIFF header")
    assert read_picture(path).colour.shape == (2, 3, 1)


# --- bad input ----------------------------------------------------------------------------------


def sentence(caught: pytest.ExceptionInfo[StippleError]) -> str:
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert "<_io" not in text
    return text


def test_missing_directory_empty_and_not_an_image(tmp_path):
    with pytest.raises(StippleError, match="does not exist") as missing:
        read_picture(tmp_path / "no.png")
    assert "no.png" in sentence(missing)
    with pytest.raises(StippleError, match="is a directory"):
        read_picture(tmp_path)
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(StippleError, match=r"empty\.png is empty \(0 bytes\)"):
        read_source(tmp_path / "empty.png")
    (tmp_path / "page.png").write_text("<html>")
    with pytest.raises(StippleError, match=r"page\.png is not an image") as other:
        read_source(tmp_path / "page.png")
    sentence(other)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path):
    path = write(tmp_path / "secret.png", GREY)
    path.chmod(0)
    with pytest.raises(StippleError, match="may not be read"):
        read_picture(path)


def test_formats_that_are_not_on_the_list_are_refused(tmp_path):
    for suffix in ("ico", "pcx", "eps"):
        path = write(tmp_path / f"other.{suffix}", RGB)
        with pytest.raises(StippleError, match="not an image that can be read"):
            read_source(path)


def test_pixel_limit_is_checked_before_decoding():
    header = png(20_000, 20_000, 8, 0, [])  # no pixel follows: decoding would fail
    with pytest.raises(StippleError, match="--max-pixels") as caught:
        read_bytes(header)
    assert "over 200,000,000 pixels" in sentence(caught)
    with pytest.raises(StippleError, match=r"12000×12000 pixels.*--max-pixels"):
        read_bytes(png(12_000, 12_000, 8, 0, []))
    with pytest.raises(StippleError, match="damaged or truncated"):
        read_picture(io.BytesIO(header), max_pixels=500_000_000)


def test_pixel_limit_is_inclusive_and_leaves_pillow_alone():
    before = Image.MAX_IMAGE_PIXELS
    assert read_picture(io.BytesIO(encode(GREY, "PNG")), max_pixels=6).colour.size == 6
    with pytest.raises(StippleError, match="3×2 pixels, more than the 5 allowed"):
        read_picture(io.BytesIO(encode(GREY, "PNG")), max_pixels=5)
    assert before == Image.MAX_IMAGE_PIXELS


CUTTABLE = {
    form: encode(np.kron(RGB, np.ones((6, 6, 1), np.uint8)), form)
    for form in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
}


@given(st.sampled_from(sorted(CUTTABLE)), st.floats(0, 1))
def test_truncated_files_never_give_a_traceback(form, fraction):
    data = CUTTABLE[form]
    with suppress(StippleError):
        picture = read_bytes(data[: int(fraction * len(data))])
        assert picture.colour.shape == (30, 42, 3)


@given(st.sampled_from(sorted(CUTTABLE)), st.data())
def test_damaged_files_never_give_a_traceback(form, data):
    damaged = bytearray(CUTTABLE[form])
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(StippleError):
        picture = read_picture(io.BytesIO(bytes(damaged)), max_pixels=100_000)
        assert picture.colour.min() >= 0
        assert picture.colour.max() <= 1


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "TIFF", "PPM"])
def test_half_a_file_is_an_error(tmp_path, form):
    path = tmp_path / "half.image"
    path.write_bytes(CUTTABLE[form][: len(CUTTABLE[form]) // 2])
    with pytest.raises(StippleError, match=r"half\.image is damaged or truncated") as caught:
        read_picture(path)
    sentence(caught)


# --- streams ------------------------------------------------------------------------------------


class BrokenPipe(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readinto(self, _buffer: object) -> int:
        raise OSError(5, "Input/output error")


class Pipe(BrokenPipe):
    def __init__(self, data: bytes) -> None:
        self.rest = io.BytesIO(data)

    def readinto(self, buffer: memoryview) -> int:
        return self.rest.readinto(buffer)


def test_broken_stream():
    with pytest.raises(StippleError, match="could not be read") as caught:
        read_source(BrokenPipe())
    assert "Input/output error" in sentence(caught)


@pytest.mark.parametrize("form", sorted(CUTTABLE))
def test_pipes_hold_pictures_of_every_format(form):
    source = read_source(Pipe(CUTTABLE[form]))
    assert isinstance(source, Picture)
    assert source.colour.shape == (30, 42, 3)


def test_dash_is_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(encode(GREY, "PNG"))))
    np.testing.assert_array_equal(read_source("-").colour[..., 0], GREY / 255)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(StippleError, match="standard input is empty"):
        read_source(Path("-"))
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(StippleError, match="Standard input is closed"):
        read_source("-")


@pytest.mark.parametrize(
    ("name", "shape"),
    [("camera", (512, 512, 1)), ("chelsea", (300, 451, 3)), ("horse", (328, 400, 3))],
)
def test_samples(name, shape):
    picture = read_picture(Path(__file__).parents[2] / "samples" / f"{name}.png")
    assert picture.colour.shape == shape
    assert (picture.alpha is not None) == (name == "horse")
