"""HEIC, AVIF and SVG: with what reads them, and without."""

import base64
import io
import sys

import numpy as np
import pytest
from PIL import Image, features

from stipple.errors import StippleError
from stipple.files import picture_formats
from stipple.files import svg as svg_drawings
from stipple.files.pictures import read_picture, read_source

HEIC = "pillow-heif reads HEIC; it is an extra"
RESVG = "resvg_py draws SVG; it is an extra"
needs_avif = pytest.mark.skipif(
    "avif" not in features.get_supported(), reason="this Pillow has no AVIF"
)

SMOOTH = np.add.outer(np.arange(48), np.arange(64))[..., np.newaxis] * [2, 1, 2]
SMOOTH = SMOOTH.astype(np.uint8)
HEADER = b"\0\0\0\x18ftyp%b\0\0\0\0mif1%b"
NAMESPACE = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
BAR = '<rect width="10" height="20"/>'


def svg(content, size='width="40" height="20"'):
    return f"<svg {NAMESPACE} {size}>{content}</svg>".encode()


def read(data, **options):
    """Return the picture, and what was told of it."""
    told = []
    return read_picture(io.BytesIO(data), tell=told.append, **options), told


def refuse(data, **options):
    with pytest.raises(StippleError) as caught:
        read(data, **options)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


# --- HEIC and AVIF ------------------------------------------------------------------------------


def encode_heic(**options):
    heif = pytest.importorskip("pillow_heif", reason=HEIC)
    file = io.BytesIO()
    heif.from_pillow(Image.fromarray(SMOOTH)).save(file, quality=95, **options)
    return file.getvalue()


def encode_avif(**options):
    file = io.BytesIO()
    Image.fromarray(SMOOTH).save(file, "AVIF", quality=95, **options)
    return file.getvalue()


def test_heic_with_the_extra():
    before = set(Image.OPEN)
    data = encode_heic()
    picture, told = read(data)
    assert np.abs(picture.colour - SMOOTH / 255).max() < 0.05
    assert picture.alpha is None
    assert told == []
    assert set(Image.OPEN) == before  # other users of Pillow did not ask for it
    assert "64×48 pixels, more than the 100 allowed" in refuse(data, max_pixels=100)
    assert "damaged or truncated" in refuse(data[: len(data) // 2])
    assert "damaged or truncated" in refuse(HEADER % (b"heic", b"heic"))


@pytest.mark.parametrize("brands", [(b"heic", b"heic"), (b"mif1", b"heix")])
def test_heic_without_the_extra(monkeypatch, brands):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    sentence = refuse(HEADER % brands)
    assert "stipple-ot[heic]" in sentence
    assert "export it as JPEG" in sentence


@needs_avif
def test_avif():
    picture, told = read(encode_avif())
    assert np.abs(picture.colour - SMOOTH / 255).max() < 0.05
    assert told == []
    exif = Image.Exif()
    exif[0x0112] = 6
    turned, _ = read(encode_avif(exif=exif))
    assert turned.colour.shape == (64, 48, 3)
    data = encode_avif()
    assert "64×48 pixels, more than the 2,000 allowed" in refuse(data, max_pixels=2000)
    assert "more than the 100 allowed" in refuse(data, max_pixels=100)
    for part in (data[: len(data) // 2], data[:100], HEADER % (b"avif", b"avif")):
        assert "damaged or truncated" in refuse(part)


def test_avif_without_the_decoder(monkeypatch):
    monkeypatch.setattr(picture_formats.features, "check", lambda _: False)
    sentence = refuse(HEADER % (b"mif1", b"avif"))
    assert "AVIF" in sentence
    assert "export it as JPEG" in sentence


def test_other_media_files_are_not_pictures():
    assert "is not an image that can be read" in refuse(HEADER % (b"M4A ", b"M4B "))


# --- SVG ----------------------------------------------------------------------------------------


@pytest.fixture
def resvg(monkeypatch):
    """Draw few pixels."""
    pytest.importorskip("resvg_py", reason=RESVG)
    monkeypatch.setattr(svg_drawings, "LONGER_SIDE", 160)


def test_drawings_are_large():
    pytest.importorskip("resvg_py", reason=RESVG)
    picture, _ = read(svg(BAR))
    assert picture.colour.shape == (svg_drawings.LONGER_SIDE // 2, svg_drawings.LONGER_SIDE, 3)
    assert svg_drawings.LONGER_SIDE == 1600


@pytest.mark.usefixtures("resvg")
@pytest.mark.parametrize(
    ("size", "shape", "covered"),
    [
        ('width="40" height="20"', (80, 160), 1 / 4),
        ('width="40mm" height="2cm"', (80, 160), None),
        ('viewBox="0 0 10 40"', (160, 40), 1 / 2),
        ('viewBox="0,0,10,40" width="5"', (160, 40), 1 / 2),
        ('viewBox="0 0 10 40" width="100%" height="100%"', (160, 40), 1 / 2),
        ('viewBox="0 0 10 20" height="3em"', (160, 80), 1),
        ('width="10" height="1e7"', (160, 1), None),
    ],
)
def test_drawings_have_one_size_and_a_transparent_ground(size, shape, covered):
    picture, told = read(svg(BAR, size))
    assert picture.colour.shape == (*shape, 3)
    if covered is not None:
        assert picture.alpha.mean() == pytest.approx(covered, abs=0.02)
        assert (picture.colour[picture.alpha == 1] == 0).all()
    assert told == []


@pytest.mark.usefixtures("resvg")
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n <?xml version='1.0'?><!-- x -->"])
def test_drawings_are_known_by_their_first_bytes(start, monkeypatch):
    data = start + svg(BAR)
    if start.startswith(b"\n"):
        data = data.lstrip()
    stream = io.TextIOWrapper(io.BytesIO(data))
    monkeypatch.setattr(sys, "stdin", stream)
    assert read_source("-").alpha.mean() == pytest.approx(0.25, abs=0.02)


@pytest.mark.usefixtures("resvg")
@pytest.mark.parametrize("attribute", ["href", "xlink:href"])
@pytest.mark.parametrize("element", ["image", "filter"])
def test_no_other_file_is_read(tmp_path, monkeypatch, attribute, element):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (9, 9), "red").save(tmp_path / "secret.png")
    for path in ("secret.png", str(tmp_path / "secret.png"), (tmp_path / "secret.png").as_uri()):
        content = f'<image width="40" height="20" {attribute}="{path}"/>'
        if element == "filter":
            content = (
                f'<filter id="f"><feImage {attribute}="{path}"/></filter>'
                '<rect width="40" height="20" filter="url(#f)"/>'
            )
        picture, told = read(svg(content))
        assert picture.alpha.max() == 0
        (sentence,) = told
        assert "names 1 pictures in other files, which are left out" in sentence
    # Nor by a drawing within the drawing, or by an entity.
    inner = svg(f'<image width="40" height="20" href="{tmp_path}/secret.png"/>')
    inner = base64.b64encode(inner).decode()
    content = f'<image width="40" height="20" href="data:image/svg+xml;base64,{inner}"/>'
    assert read(svg(content))[0].alpha.max() == 0
    entity = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "{tmp_path.as_uri()}/secret.png">]>'.encode()
    assert "no whole SVG drawing" in refuse(entity + svg("<text>&x;</text>"))


@pytest.mark.usefixtures("resvg")
def test_pictures_within_a_drawing_are_drawn():
    file = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(file, "PNG")
    inner = base64.b64encode(file.getvalue()).decode()
    picture, told = read(
        svg(f'<image width="20" height="20" href="data:image/png;base64,{inner}"/>')
    )
    np.testing.assert_array_equal(picture.colour[40, 40], [1, 0, 0])
    assert told == []


@pytest.mark.usefixtures("resvg")
def test_letters_are_drawn_everywhere_with_a_word():
    picture, told = read(svg('<text x="2" y="15" font-family="No Such Font">Hill</text>'))
    assert picture.alpha.mean() > 0.01
    (sentence,) = told
    assert "fonts of this machine" in sentence


@pytest.mark.usefixtures("resvg")
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (svg(BAR)[:-9], "no whole SVG drawing"),
        (svg("<g>"), "no whole SVG drawing"),
        (svg(BAR, ""), "neither width and height nor a viewBox"),
        (svg(BAR, 'width="0" height="9"'), "neither width and height nor a viewBox"),
        (svg(BAR, 'width="1e999" height="9"'), "neither width and height nor a viewBox"),
        (b"<g><svg/></g>", "no SVG drawing: its outermost element is 'g'"),
        (b'<svg xmlns="http://example.org" width="9" height="9"/>', "cannot be drawn"),
        (svg("<g>" * 5000 + "</g>" * 5000), "cannot be drawn"),
        (b'<?xml version="1.0" encoding="odd"?>' + svg(BAR), "no whole SVG drawing"),
    ],
)
def test_damaged_drawings(data, message):
    assert message in refuse(data)


@pytest.mark.usefixtures("resvg")
def test_drawings_that_would_grow_without_end():
    entities = "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(8))
    bomb = f'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">{entities}]>'.encode() + svg("&i;")
    assert "no whole SVG drawing" in refuse(bomb)
    groups = "".join(f'<g id="a{i + 1}">{f"""<use href="#a{i}"/>""" * 10}</g>' for i in range(8))
    content = f'<defs><g id="a0">{BAR}</g>{groups}</defs><use href="#a8"/>'
    assert "cannot be drawn" in refuse(svg(content))
    assert "160×80 pixels, more than the 1,000 allowed" in refuse(svg(BAR), max_pixels=1000)


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    sentence = refuse(svg(BAR))
    assert "stipple-ot[svg]" in sentence
    assert "export it as PNG" in sentence


def test_web_pages_with_drawings_in_them_are_no_drawings():
    page = b"<!DOCTYPE html><HTML><body>" + svg(BAR) + b"</body></html>"
    assert "is not an image that can be read" in refuse(page)
