"""Volumes are read as they were written, or refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stipple.errors import StippleError
from stipple.files.volumes import read_volume
from stipple.measures.volume import VolumeDensity


def save_pages(path: Path, pages: list[Image.Image]) -> Path:
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32, np.int32])
def test_pages_are_slices(tmp_path: Path, kind: type) -> None:
    values = np.random.default_rng(0).integers(0, 250, (3, 4, 5)).astype(kind)
    path = save_pages(tmp_path / "stack.tif", [Image.fromarray(page) for page in values])
    assert np.array_equal(read_volume(path).values, values)
    assert read_volume(path).spacing is None


def test_an_array_stays_as_it_is(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((3, 4, 5))
    np.save(tmp_path / "stack.npy", values)
    assert np.array_equal(read_volume(tmp_path / "stack.npy").values, values)
    assert read_volume(tmp_path / "stack.npy").spacing is None


def test_what_is_no_volume_is_refused_in_a_sentence(tmp_path: Path) -> None:
    np.save(tmp_path / "image.npy", np.ones((3, 4)))
    np.save(tmp_path / "four.npy", np.ones((3, 4, 5, 6)))
    np.save(tmp_path / "none.npy", np.ones((3, 0, 5)))
    grey, colour = Image.new("L", (4, 3)), Image.new("RGB", (4, 3))
    save_pages(tmp_path / "colour.tif", [grey, colour])
    save_pages(tmp_path / "sizes.tif", [grey, Image.new("L", (5, 3))])
    grey.save(tmp_path / "photo.png")
    whole = save_pages(tmp_path / "cut.tif", [Image.effect_noise((90, 90), 50)] * 2).read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) // 3])
    for name, words in {
        "image.npy": "two axes",
        "four.npy": "shape",
        "none.npy": "shape",
        "colour.tif": "Page 2",
        "sizes.tif": "5 × 3",
        "photo.png": "no volume",
        "cut.tif": "damaged",
    }.items():
        with pytest.raises(StippleError, match=words):
            read_volume(tmp_path / name)


def test_what_is_no_density_is_refused_in_a_sentence() -> None:
    gap = np.ones((2, 2, 2))
    gap[0, 1, 0] = np.nan
    for values, words in (
        (gap, "1 is not finite"),
        (np.zeros((2, 2, 2)), "zero everywhere"),
        (-np.ones((2, 2, 2)), "negative"),
        (np.ones((2, 2)), "three axes"),
    ):
        with pytest.raises(StippleError, match=words):
            VolumeDensity(values)
    for spacing in ((1, 1), (1, 1, 0), (1, 1, np.inf), (1, "a", 1), 3):
        with pytest.raises(StippleError, match="spacing"):
            VolumeDensity(np.ones((2, 2, 2)), spacing)  # type: ignore[arg-type]
