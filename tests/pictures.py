"""Pictures that several tests use."""

from functools import cache
from pathlib import Path

import numpy as np

from stipple.arrays import Floats
from stipple.files.pictures import read_source
from stipple.measures.density import Density
from stipple.measures.tone import Tone, darkness

SAMPLES = Path(__file__).parent.parent / "samples"


@cache
def load_sample(name: str) -> Density:
    return Density(darkness(read_source(SAMPLES / name), Tone()))


def draw_discs(*centres: tuple[float, float], radius: float, size: tuple[int, int]) -> Floats:
    """Black discs on white; centres are (x, y), the size is (width, height), in pixels."""
    x, y = np.arange(size[0]) + 0.5, np.arange(size[1])[:, None] + 0.5
    inside = [np.hypot(x - u, y - v) <= radius for u, v in centres]
    return np.any(inside, axis=0).astype(float)
