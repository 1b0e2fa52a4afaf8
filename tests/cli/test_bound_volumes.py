"""`stipple bound` of volumes: arrays of three axes, pages of TIFF, NRRD; what is not for them."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import stipple
from stipple.cli import main


@pytest.fixture(autouse=True)
def volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files a and b with the same voxels in several formats."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate("ab"):
        voxels = draw_voxels(seed)
        np.save(f"{name}.npy", voxels)
        first, *others = map(Image.fromarray, voxels)
        first.save(f"{name}.tif", save_all=True, append_images=others)
    header = "type: uint8\ndimension: 3\nsizes: 6 5 4\nspacings: 1 1 2.5\nencoding: raw\n\n"
    Path("a.nrrd").write_bytes(f"NRRD0004\n{header}".encode() + draw_voxels(0).tobytes())
    np.save("flat.npy", np.ones((5, 6)))
    np.save("other.npy", np.ones((4, 5, 7)))


def draw_voxels(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (4, 5, 6)).astype(np.uint8)


def bound(*words: object, code: int = 0, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(
        main, ["bound", *map(str, words)], catch_exceptions=False, input=stdin
    )
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize("suffix", ["npy", "tif"])
def test_files_say_what_python_says(suffix: str) -> None:
    """Higher values are denser: nothing is turned round."""
    told = bound(f"a.{suffix}", f"b.{suffix}", "-p", 1.5, "-v", "-o", "out.json").output
    found = json.loads(Path("out.json").read_text())
    expected = stipple.bound(draw_voxels(0), draw_voxels(1), 1.5)
    assert (found["lower"], found["upper"]) == (expected.lower, expected.upper)
    assert found["shape"] == [4, 5, 6]
    assert found["levels"][-1]["shape"] == [4, 5, 6]
    assert len(found["plan"]["shift"]) == 3
    assert "levels   6×5×4\n" in told
    assert "6 × 5 × 4: W within" in told


def test_standard_input_may_be_a_volume() -> None:
    piped = bound("-", "b.npy", "-o", "out.json", stdin=Path("a.tif").read_bytes())
    assert piped.output.splitlines()[1:4] == bound("a.npy", "b.npy").output.splitlines()[1:4]


def test_cubes_are_told() -> None:
    assert "masses spread over cubes" in bound("a.npy", "b.npy", "--pixels", "squares").output


def test_lengths_of_voxels_that_differ_are_told() -> None:
    pytest.importorskip("nrrd", reason="pynrrd reads NRRD; it is an extra")
    told = bound("a.nrrd", "a.npy").output
    assert "The voxels of a.nrrd are 1 × 1 × 2.5, as its header says: here they are cubes" in told
    assert "from 0 to 0 pixels" in told
    assert "cubes" not in bound("a.nrrd", "a.npy", "-q").output


def test_tables_and_searches_take_volumes() -> None:
    folder = Path("many")
    folder.mkdir()
    for seed in range(3):
        np.save(folder / f"{seed}.npy", draw_voxels(seed))
    assert len(bound("--all", "many").output.splitlines()) >= 4
    assert "answer   proved" in bound("--query", "a.npy", "--all", "many").output


def test_a_tiff_file_of_other_pages_is_a_picture() -> None:
    """A thumbnail as a second page, and pages in colour: the first page is meant, as before."""
    for name, second in (("small", (3, 3)), ("colour", (6, 5, 3))):
        first = draw_voxels(0)[0] if name == "small" else np.zeros((5, 6, 3), np.uint8)
        other = Image.fromarray(np.zeros(second, np.uint8))
        Image.fromarray(first).save(f"{name}.tif", save_all=True, append_images=[other])
        Image.fromarray(first).save(f"{name}.png")
        assert "from 0 to 0 pixels" in bound(f"{name}.tif", f"{name}.png").output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("a.npy", "b.npy", "--plot", "x.svg"), "pictures are drawn of images"),
        (("a.npy", "b.npy", "-o", "x.html"), "pictures are drawn of images"),
        (("a.npy", "b.npy", "--morph", "x.gif"), "pictures are drawn of images"),
        (("a.npy", "b.npy", "--method", "paper"), "is for images"),
        (("a.npy", "b.npy", "--resize", "4x4"), "options of tone are for images"),
        (("a.npy", "b.npy", "--invert"), "options of tone are for images"),
        (("a.npy", "b.npy", "--max-pixels", 10), "more than the 10 allowed"),
        (
            ("a.npy", "flat.npy"),
            "a.npy has 6 × 5 × 4 voxels and flat.npy 6 × 5 pixels: give two pictures",
        ),
        (("a.npy", "other.npy"), "a.npy has 6 × 5 × 4 voxels and other.npy 7 × 5 × 4"),
    ],
)
def test_what_is_not_for_volumes_is_refused(words: tuple[object, ...], sentence: str) -> None:
    assert sentence in bound(*words, code=1).output
    assert not list(Path().glob("x.*"))
