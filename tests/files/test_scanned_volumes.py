"""NRRD and NIfTI: files written by hand, byte for byte as their definitions say."""

import gzip
import struct
import sys
from io import BytesIO

import numpy as np
import pytest
from click.testing import CliRunner
from command import ROOT

from stipple.cli import main
from stipple.errors import StippleError
from stipple.files.volumes import read_volume

# Shape (slices, rows, columns): in both formats the first axis, columns, runs fastest.
VALUES = np.random.default_rng(0).integers(1, 200, (2, 3, 4)).astype(np.uint8)
SPACING = (0.5, 0.75, 2.5)
NRRD_SPACINGS = "spacings: 0.5 0.75 2.5\n"
DIRECTIONS = "space dimension: 3\nspace directions: (0,0.5,0) (0.45,0,0.6) (0,0,-2.5)\n"


def make_nrrd(more: str = NRRD_SPACINGS, encoding: str = "raw", sizes: str = "4 3 2") -> bytes:
    data = VALUES.tobytes()
    axes = len(sizes.split())
    head = f"NRRD0004\n# by hand\ntype: uchar\ndimension: {axes}\nsizes: {sizes}\n{more}"
    head += f"encoding: {encoding}\n\n"
    return head.encode("ascii") + (gzip.compress(data, mtime=0) if encoding == "gzip" else data)


def make_nifti(
    shape: tuple[int, ...] = (4, 3, 2),
    zooms: tuple[float, ...] = SPACING,
    slope: float = 0.0,
    magic: bytes = b"",
) -> bytes:
    dim = (len(shape), *shape, *(1,) * (7 - len(shape)))
    pixdim = (1.0, *zooms, *(1.0,) * (7 - len(zooms)))
    head = struct.pack("<i35xb8h14x2h2x", 348, 0, *dim, 2, 8)
    head += struct.pack("<8f3f", *pixdim, 352.0, slope, 10.0)
    head = head.ljust(344, b"\0") + (magic or b"n+1\0")
    return head + bytes(4) + VALUES.tobytes()


def make_nifti2() -> bytes:
    """NIfTI-2 as its definition has it: intent parameters come behind the voxels' place."""
    head = struct.pack(
        "<i8s2h8q3d8dq2d",
        540,
        b"n+2\0\r\n\x1a\n",
        2,
        8,
        3,
        4,
        3,
        2,
        1,
        1,
        1,
        1,
        0,
        0,
        0,
        1,
        *SPACING,
        1,
        1,
        1,
        1,
        544,
        0,
        0,
    )
    return head.ljust(540, b"\0") + bytes(4) + VALUES.tobytes()


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize("more", [NRRD_SPACINGS, DIRECTIONS, "", "spacings: 0.5 nan 2\n"])
def test_nrrd_has_its_voxels_and_spacing(more: str, encoding: str) -> None:
    pytest.importorskip("nrrd", reason="pynrrd reads NRRD; it is an extra")
    found = read_volume(BytesIO(make_nrrd(more, encoding)))
    assert np.array_equal(found.values, VALUES)
    if more in (NRRD_SPACINGS, DIRECTIONS):
        assert found.spacing == pytest.approx(SPACING, rel=1e-15)
    else:
        assert found.spacing is None


@pytest.mark.parametrize(
    "data",
    [
        make_nifti(),
        make_nifti2(),
        gzip.compress(make_nifti(), mtime=0),
        make_nifti(shape=(4, 3, 2, 1)),
        make_nifti(slope=1.0),
        make_nifti(zooms=(0.0, 1.0, 1.0)),
        make_nifti(zooms=(0.1, 0.6, 0.7)),
    ],
    ids=["1", "2", "zipped", "one-time", "scaled", "no-spacing", "decimals"],
)
def test_nifti_has_its_voxels_and_spacing(data: bytes, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("nibabel", reason="nibabel reads NIfTI; it is an extra")
    found = read_volume(BytesIO(data))
    kind = request.node.callspec.id
    assert np.array_equal(found.values, VALUES + (10.0 if kind == "scaled" else 0.0))
    expected = {"no-spacing": None, "decimals": (0.1, 0.6, 0.7)}
    assert found.spacing == expected.get(kind, SPACING)


@pytest.mark.parametrize(
    ("package", "data", "words"),
    [
        ("nrrd", make_nrrd(sizes="4 3 2 1"), "three axes"),
        ("nrrd", make_nrrd(sizes="4 6"), "three axes"),
        ("nrrd", make_nrrd("data file: voxels.raw\n"), "another file"),
        ("nrrd", make_nrrd("")[:-3], "damaged"),
        ("nrrd", make_nrrd(encoding="gzip")[:-20], "damaged"),
        ("nrrd", b"NRRD0004\nprose\n", "damaged"),
        ("nrrd", make_nrrd(sizes="4 3 99999999999"), "memory"),
        ("nibabel", make_nifti(shape=(2, 3, 2, 2)), "three axes"),
        ("nibabel", make_nifti(shape=(4, 6)), "three axes"),
        ("nibabel", make_nifti()[:-3], "damaged"),
        ("nibabel", make_nifti()[:348], "damaged"),
        ("nibabel", gzip.compress(make_nifti(shape=(30000, 30000, 30000)), mtime=0), "memory"),
        ("", gzip.compress(b"prose", mtime=0), "no volume"),
        ("", gzip.compress(b"prose", mtime=0)[:-9], "no volume"),
        ("", make_nifti(magic=b"ni1\0"), "no volume"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(
    package: str, data: bytes, words: str
) -> None:
    if package:
        pytest.importorskip(package, reason=f"{package} reads the format; it is an extra")
    with pytest.raises(StippleError, match=words):
        read_volume(BytesIO(data))


@pytest.mark.parametrize(
    ("package", "data"),
    [
        ("nrrd", make_nrrd()),
        ("nibabel", make_nifti()),
        ("nibabel", gzip.compress(make_nifti(), mtime=0)),
    ],
)
def test_absent_readers_are_told(
    package: str, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(StippleError, match=r"pip install 'stipple-ot\[volumes\]'"):
        read_volume(BytesIO(data))
    assert 'volumes = ["pynrrd>=' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_a_given_spacing_wins_and_is_told(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nrrd", reason="pynrrd reads NRRD; it is an extra")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scan.nrrd").write_bytes(make_nrrd())
    np.save("array.npy", VALUES)
    told, results = {}, {}
    for name, words in {
        "header": ["scan.nrrd"],
        "given": ["scan.nrrd", "--spacing", "1,1,3"],
        "same": ["scan.nrrd", "--spacing", "0.5,0.75,2.5"],
        "array": ["array.npy", "--spacing", "0.5,0.75,2.5"],
    }.items():
        result = CliRunner().invoke(main, ["volume", *words, "-n", "3", "--iterations", "1"])
        assert result.exit_code == 0
        told[name], results[name] = " ".join(result.stderr.split()), result.stdout
    assert "0.5 × 0.75 × 2.5, as its header says" in told["header"]
    assert "--spacing 1 × 1 × 3 replaces that of scan.nrrd, 0.5 × 0.75 × 2.5." in told["given"]
    assert "spacing" not in told["same"].replace("spacing's unit", "")
    assert results["header"] == results["same"] == results["array"] != results["given"]
