"""Make the broken files of this folder anew: `python tests/broken/make.py`.

Each is what a user may really have: a download cut off, a bit turned, a wrong suffix, a bomb.
"""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parent
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encode(form: str, **options: object) -> bytes:
    """Encode a small picture with noise, so that its data are longer than its header."""
    noise = np.random.default_rng(7).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, form, **options)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a PNG chunk with its checksum."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


def npy(array: object, **options: bool) -> bytes:
    file = BytesIO()
    np.save(file, np.asarray(array), **options)
    return file.getvalue()


def npy_header(text: str, version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text.encode()


def flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


def make_pictures() -> Iterator[tuple[str, bytes]]:
    pixels = chunk(b"IDAT", zlib.compress(bytes(17 * 16)))
    whole = encode("PNG")
    yield "zero-bytes.png", b""
    yield "one-byte.png", SIGNATURE[:1]
    yield "signature-only.png", SIGNATURE
    yield "header-only.png", whole[:33]
    yield "truncated.png", whole[: len(whole) // 2]
    yield "checksum-of-header.png", flip(whole, 30)
    yield "checksum-of-pixels.png", flip(whole, whole.index(b"IDAT") + 40)
    yield "no-pixels.png", png(16, 16)
    yield "zero-width.png", png(0, 16, pixels)
    yield "bomb.png", png(2**31 - 1, 2**31 - 1, pixels)
    yield "over-the-limit.png", png(20_000, 20_000, pixels)
    yield "bomb-of-text.png", png(16, 16, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**22))))
    yield "unknown-depth.png", png(16, 16, pixels, depth=3)
    yield "line-ends-converted.png", whole.replace(b"\r\n", b"\n")
    jpeg = encode("JPEG")
    yield "truncated.jpg", jpeg[: len(jpeg) // 2]
    yield "start-only.jpg", jpeg[:2]
    yield "no-tables.jpg", jpeg.replace(b"\xff\xdb", b"\xff\xe9")
    yield "zero-height.jpg", jpeg[: (at := jpeg.index(b"\xff\xc0") + 5)] + b"\0\0" + jpeg[at + 2 :]
    tiff = encode("TIFF", compression="tiff_lzw")
    yield "truncated.tif", tiff[: len(tiff) // 2]
    yield "no-directory.tif", tiff[:4] + b"\xff\xff\xff\x7f" + tiff[8:]
    yield "endless-directory.tif", b"II*\0\x08\0\0\0\0\0\x08\0\0\0"
    yield "floating-point.tif", encode_float_tiff()
    gif = encode("GIF")
    yield "truncated.gif", gif[: len(gif) // 2]
    yield "no-frame.gif", gif[:13]
    webp = encode("WEBP", lossless=True)
    yield "truncated.webp", webp[: len(webp) // 2]
    yield "riff-only.webp", webp[:12]
    bmp = encode("BMP")
    yield "truncated.bmp", bmp[: len(bmp) // 2]
    yield "bomb.bmp", bmp[:18] + struct.pack("<ii", 10**9, 10**9) + bmp[26:]
    head = b"\0\0\0\x1cftyp%b\0\0\0\0%bmif1miaf"
    yield "header-only.avif", head % (b"avif", b"avif")
    yield "header-only.heic", head % (b"heic", b"heic")
    yield "truncated.pgm", b"P5 10 10 255\n0123456789"
    yield "letters.pgm", b"P2 two by two\n0 1 2 3\n"
    yield "bomb.pgm", b"P5 99999999 99999999 255\n"
    yield "maximum-of-zero.pgm", b"P5 2 2 0\n0000"


def encode_float_tiff() -> bytes:
    file = BytesIO()
    Image.fromarray(np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8)).save(file, "TIFF")
    return file.getvalue()


def make_matrices() -> Iterator[tuple[str, bytes]]:
    whole = npy(np.ones((8, 8)))
    yield "truncated.npy", whole[:-8]
    yield "magic-only.npy", whole[:6]
    yield "unknown-version.npy", whole[:6] + b"\x09\x00" + whole[8:]
    yield "header-cut.npy", whole[:40]
    yield "code-in-header.npy", npy_header("__import__('os').abort()")
    yield "no-dtype.npy", npy_header("{'descr': 'nonsense', 'fortran_order': 0, 'shape': (2, 2)}\n")
    header = "{{'descr': '<f8', 'fortran_order': False, 'shape': {}}}\n"
    yield "bomb.npy", npy_header(header.format("(10000000, 10000000)"))
    yield "negative-shape.npy", npy_header(header.format("(-2, 2)"))
    yield "pickle.npy", npy(np.array([[{}, {}]], dtype=object), allow_pickle=True)
    yield "complex.npy", npy(np.ones((2, 2), dtype=complex))
    yield "three-axes.npy", npy(np.ones((2, 2, 3)))
    yield "no-axes.npy", npy(1.0)
    yield "empty.npy", npy(np.ones((0, 4)))
    yield "nan.npy", npy([[1, np.nan], [1, 1]])
    yield "infinite.npy", npy([[1, np.inf], [1, 1]])
    yield "negative.npy", npy([[1, -1], [1, 1]])
    yield "all-zero.npy", npy(np.zeros((4, 4)))
    yield "zero-bytes.csv", b""
    yield "blank.csv", b"\n \n\t\n"
    yield "comments.csv", b"# nothing\n# at all\n"
    yield "ragged.csv", b"1,2,3\n4,5\n"
    yield "letters.csv", b"x,y\n1,2\n"
    yield "nan.csv", b"1,2\nnan,3\n"
    yield "infinite.csv", b"1,2\n1e999,3\n"
    yield "negative.csv", b"1,2\n-1,3\n"
    yield "decimal-commas.csv", b"1,5;2,5\n3,5;4,5\n"
    yield "empty-field.csv", b"1,,3\n4,5,6\n"
    yield "quoted.csv", b'"1","2"\n"3","4"\n'
    yield "nul.csv", b"1,2\n3,\0\n"
    yield "utf-16.csv", "1,2\n3,4\n".encode("utf-16")
    yield "latin-1.csv", "1,2 # d\xe9bris\n".encode("latin-1")


def make_impostors() -> Iterator[tuple[str, bytes]]:
    yield "a-png.csv", encode("PNG")
    yield "a-png.npy", encode("PNG")
    yield "prose.png", b"This is not an image.\n"
    yield "page.png", b"<!DOCTYPE html><html><title>404 Not Found</title></html>\n"
    yield "drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>\n'
    yield "truncated.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><g>'
    yield "no-size.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>\n'
    entities = b"".join(b'<!ENTITY %c "%b">' % (98 + i, b"&%c;" % (97 + i) * 9) for i in range(9))
    yield "bomb.svg", b'<!DOCTYPE svg [<!ENTITY a "a">%b]><svg>&j;</svg>' % entities
    yield "document.pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n%%EOF\n"
    yield "script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"
    yield "archive.png", b"PK\x05\x06" + bytes(18)
    yield "zeros.png", bytes(512)


def make_all() -> dict[str, bytes]:
    return dict([*make_pictures(), *make_matrices(), *make_impostors()])


if __name__ == "__main__":
    for name, data in make_all().items():
        (FOLDER / name).write_bytes(data)
