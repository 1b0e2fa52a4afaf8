"""Frames of films beside drawings of each alone: `make bench-films` writes docs/films.md.

Pictures that change in ways of their own, six frames each. Every frame after the first is followed
and drawn anew, in one thread, in turn; times are processor seconds, and quality is N·W2²/A.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter, map_coordinates, shift
from stamp import describe_origin

from stipple import read_density, stipple
from stipple.arrays import Floats
from stipple.measures.density import Density
from stipple.stippling.coherent import begin_film, follow_frame

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "films.md"
DOTS, FRAMES = 3000, 6
HEAD = (
    "| what moves | time of new drawings | diagrams, a frame | of a new drawing | worst quality"
    " beside a new drawing |"
)


class Kind(NamedTuple):
    """Pictures by their number in a film, shape (h, w), and how many dots they have."""

    draw: Callable[[int], Floats]
    dots: int = DOTS


def main() -> None:
    """Measure every film, and write the page."""
    rows = []
    for name, kind in list_films().items():
        rows.append(f"| {name} | {measure(kind)} |")
        print(rows[-1], flush=True)
    REPORT.write_text(write_page(rows), encoding="utf-8")


def list_films() -> dict[str, Kind]:
    """List what is measured."""
    camera, chelsea = (
        read_density(ROOT / "samples" / f"{name}.png").values for name in ("camera", "chelsea")
    )
    noise = gaussian_filter(np.random.default_rng(3).random((260, 400)), 6)
    noise = ((noise - noise.min()) / np.ptp(noise)) ** 2
    cat = chelsea[:300, :300]

    def drift(number: int) -> Floats:
        moved: Floats = np.clip(shift(noise, (0, 4 * number), mode="wrap"), 0, 1)
        return moved

    def pass_by(number: int) -> Floats:
        seen: Floats = camera[:400, 10 * number : 400 + 10 * number]
        return seen

    return {
        "words, 5 pixels a frame": Kind(draw_words),
        "discs, 7 pixels": Kind(draw_discs),
        "a photograph that turns, 2°": Kind(lambda k: transform(chelsea, 1.0, np.deg2rad(2 * k))),
        "a photograph that grows, 2 %": Kind(lambda k: transform(camera, 1 + 0.02 * k, 0.0)),
        "one that shrinks, 2 %": Kind(lambda k: transform(camera, 1.15 - 0.02 * k, 0.0)),
        "a photograph that passes by, 10 pixels": Kind(pass_by),
        "the same, 100 dots": Kind(pass_by, 100),
        "the same, 20,000 dots": Kind(pass_by, 20_000),
        "a photograph that fades, a tenth": Kind(lambda k: camera * (1 - 0.1 * k) + 0.05 * k),
        "one that fades into another, an eighth": Kind(
            lambda k: camera[100:400, 100:400] * (1 - k / 8) + cat * k / 8
        ),
        "a light that moves over one, 30 pixels": Kind(lambda k: camera * draw_light(30 * k)),
        "noise that drifts, 4 pixels": Kind(drift),
        "a strip of it, whose dots are 2.8 pixels apart": Kind(lambda k: drift(k).T[:, :60]),
        "a photograph, then another": Kind(lambda k: cat if k > 2 else camera[100:400, 100:400]),
    }


def draw_light(place: float) -> Floats:
    """Draw a light that is wide, shape (512, 512)."""
    y, x = np.mgrid[:512, :512]
    light: Floats = 0.3 + 0.7 * np.exp(-((x - 100 - place) ** 2 + (y - 200) ** 2) / 45_000)
    return light


def draw_words(number: int) -> Floats:
    """Draw four lines of words, shape (200, 400)."""
    image = Image.new("L", (400, 200), 255)
    pen = ImageDraw.Draw(image)
    for line in range(4):
        pen.text((20 + 5 * number, 20 + 40 * line), "Optimal transport", fill=0, font_size=34)
    return 1 - np.asarray(image, dtype=np.float64) / 255


def draw_discs(number: int) -> Floats:
    """Draw four black discs, shape (300, 300)."""
    y, x = np.mgrid[:300, :300] + 0.5
    away = [np.hypot(x - 60 - 50 * k - 6 * number, y - 60 - 55 * k + 3 * number) for k in range(4)]
    discs: Floats = (np.min(away, axis=0) < 22).astype(np.float64)
    return discs


def transform(picture: Floats, growth: float, angle: float) -> Floats:
    """Enlarge and turn a picture about its middle; what is beyond its border repeats that."""
    middle = (np.array(picture.shape) - 1) / 2
    down, across = (np.indices(picture.shape) - middle[:, None, None]) / growth
    cosine, sine = np.cos(angle), np.sin(angle)
    places = [
        cosine * down - sine * across + middle[0],
        sine * down + cosine * across + middle[1],
    ]
    turned: Floats = map_coordinates(picture, places, order=1, mode="nearest")
    return np.clip(turned, 0, 1)


def measure(kind: Kind) -> str:
    """Follow a film, and fill a row of the table."""
    densities = [Density(kind.draw(number)) for number in range(FRAMES)]
    film = begin_film(densities[0], stipple(densities[0], kind.dots, threads=1))
    times, diagrams, worst = np.zeros(2), np.zeros(2), 0.0
    for density in densities[1:]:
        began = time.process_time()
        film = follow_frame(film, density, threads=1)
        followed = time.process_time()
        alone = stipple(density, kind.dots, threads=1)
        times += followed - began, time.process_time() - followed
        diagrams += film.stippling.diagrams, alone.diagrams
        worst = max(worst, film.stippling.quality / alone.quality)
    each, new = diagrams / (FRAMES - 1)
    return f"{times[0] / times[1]:.2f} | {each:.0f} | {new:.0f} | {worst:.4f}"


def write_page(rows: list[str]) -> str:
    """Write the page."""
    lines = [
        "# Frames of films, measured",
        "",
        describe_origin("bench-films"),
        "",
        f"{FRAMES - 1} frames after the first of each, {DOTS:,} dots where none are given; see"
        " [motion](motion.md).",
        "",
        HEAD,
        "|" + "---|" * HEAD.count(" |"),
        *rows,
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
