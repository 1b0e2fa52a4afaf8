"""Frames of films beside drawings of each alone: `make bench-films` writes docs/films.md.

Pictures that move in ways of their own, six frames each. Every frame after the first is followed
and drawn anew, in one thread, in turn; times are processor seconds, and quality is N·W2²/A.
"""

import time
from collections.abc import Callable
from pathlib import Path

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


def main() -> None:
    """Measure every film, and write the page."""
    rows = []
    for name, draw in list_films().items():
        rows.append(f"| {name} | {measure(draw)} |")
        print(rows[-1], flush=True)
    REPORT.write_text(write_page(rows), encoding="utf-8")


def list_films() -> dict[str, Callable[[int], Floats]]:
    """List pictures by their number in a film, shape (h, w)."""
    camera, chelsea = (
        read_density(ROOT / "samples" / f"{name}.png").values for name in ("camera", "chelsea")
    )
    noise = gaussian_filter(np.random.default_rng(3).random((260, 400)), 6)
    noise = ((noise - noise.min()) / np.ptp(noise)) ** 2

    def drift(number: int) -> Floats:
        moved: Floats = np.clip(shift(noise, (0, 4 * number), mode="wrap"), 0, 1)
        return moved

    return {
        "words, 5 pixels a frame": draw_words,
        "discs, 7 pixels": draw_discs,
        "a photograph that turns, 2°": lambda k: transform(chelsea, 1.0, np.deg2rad(2 * k)),
        "a photograph that grows, 2 %": lambda k: transform(camera, 1 + 0.02 * k, 0.0),
        "a photograph that passes by, 10 pixels": lambda k: camera[:400, 10 * k : 400 + 10 * k],
        "a photograph that fades, a tenth": lambda k: camera * (1 - 0.1 * k) + 0.05 * k,
        "noise that drifts, 4 pixels": drift,
        "a strip of it, whose dots are 2.8 pixels apart": lambda k: drift(k).T[:, :60],
    }


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
    return (np.min(away, axis=0) < 22).astype(np.float64)


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


def measure(draw: Callable[[int], Floats]) -> str:
    """Follow a film, and fill a row of the table."""
    densities = [Density(draw(number)) for number in range(FRAMES)]
    film = begin_film(densities[0], stipple(densities[0], DOTS, threads=1))
    times, diagrams, worst = np.zeros(2), np.zeros(2), 0.0
    for density in densities[1:]:
        began = time.process_time()
        film = follow_frame(film, density, threads=1)
        followed = time.process_time()
        alone = stipple(density, DOTS, threads=1)
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
        f"{FRAMES - 1} frames after the first of each, {DOTS:,} dots; see [motion](motion.md).",
        "",
        HEAD,
        "|" + "---|" * HEAD.count(" |"),
        *rows,
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
