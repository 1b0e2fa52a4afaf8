"""Pictures are read some rows at a time; where a band ends changes no bit of what comes out."""

from collections.abc import Sequence

import numpy as np
import pytest

from stipple.arrays import Floats
from stipple.drawing.originals import show_source
from stipple.measures import picture
from stipple.measures.density import Density
from stipple.measures.inks import separate_inks
from stipple.measures.picture import Matrix, Picture
from stipple.measures.resizing import resize
from stipple.measures.tone import Tone, darkness

RANDOM = np.random.default_rng(5)
SAMPLES = RANDOM.integers(0, 256, (23, 17, 4), dtype=np.uint8)
SOURCES: dict[str, Picture | Matrix] = {
    "rgba": Picture(SAMPLES[..., :3], SAMPLES[..., 3], 0, 255),
    "grey of 16 bits": Picture(
        RANDOM.integers(0, 65536, (23, 17, 1), dtype=np.uint16), SAMPLES[..., 0] > 99, 65535, 0
    ),
    "wide": Picture(RANDOM.random((2, 90, 3))),
    "matrix": 7 * RANDOM.random((23, 17)),
}
TONES = {
    "plain": Tone(),
    "mask": Tone(alpha="mask", threshold=0.2),
    "all": Tone(levels=("5%", "90%"), sharpen=1.5, invert=True, gamma=1.3, contrast=2),
    "black": Tone(levels="auto", sharpen=0.5, alpha="black"),
}


def read(source: Picture | Matrix, tone: Tone) -> Sequence[Floats]:
    found = [darkness(source, tone)]
    small = resize(source, (7, 5))
    if isinstance(source, Picture) and isinstance(small, Picture):
        inks = separate_inks(source, tone, "cmyk")
        return [*found, small.colour, *(one.darkness for one in inks), show_source(source) / 255]
    return [*found, np.asarray(small)]


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("source", SOURCES)
def test_bands_change_nothing(source: str, tone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(SOURCES[source], TONES[tone])
    for pixels in (1, 40, 100):
        monkeypatch.setattr(picture, "_BAND", pixels)
        parts = read(SOURCES[source], TONES[tone])
        for expected, found in zip(whole, parts, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_samples_are_what_their_floats_would_be() -> None:
    small = SOURCES["rgba"]
    large = Picture(SAMPLES[..., :3] / 255, SAMPLES[..., 3] / 255)
    for tone in TONES.values():
        np.testing.assert_array_equal(darkness(small, tone), darkness(large, tone))


def test_only_numbers_that_nobody_can_change_are_shared() -> None:
    numbers = RANDOM.random((4, 5))
    assert not np.shares_memory(Density(numbers).values, numbers)
    view = numbers[:]
    view.flags.writeable = False
    assert not np.shares_memory(Density(view).values, numbers)
    numbers.flags.writeable = False
    assert np.shares_memory(Density(numbers).values, numbers)
    turned = np.asfortranarray(RANDOM.random((4, 5)))
    turned.flags.writeable = False
    assert Density(turned).values.flags.c_contiguous
