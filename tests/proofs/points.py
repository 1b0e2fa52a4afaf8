"""The certified W2² and W∞ of anybody's points: `certify`."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

import stipple
from proofs import family
from proofs.power_cells import Runs, draw_length, draw_places, draw_runs, repeat
from stipple.certification.certificate import PointsCertificate

# What a point on the line gets of a piece of it: both ends as seen from the point, and a density.
Piece = tuple[Fraction, Fraction, Fraction]


def follow_line(
    runs: list[tuple[Fraction, Fraction]], places: Sequence[float | Fraction], masses: list[int]
) -> Iterator[Piece]:
    """Give mass to the points in their order, as the best plan on a line does, in exact numbers."""
    total = sum(size * dark for size, dark in runs)
    order = sorted(range(len(places)), key=places.__getitem__)
    targets = iter([(Fraction(places[i]), Fraction(masses[i], sum(masses))) for i in order])
    y, room = next(targets)
    x = Fraction(0)
    for size, dark in runs:
        end = x + size
        while dark and x < end:
            if room == 0:
                y, room = next(targets)
            part = min(end - x, room * total / dark)
            yield x - y, x + part - y, dark / total
            room -= part * dark / total
            x += part
        x = end


def refute(
    found: PointsCertificate, pieces: list[Piece], aside: tuple[Fraction, Fraction], what: str
) -> str | None:
    """Compare with points on a line from whose sides the domain ends so far away."""
    below, above = aside
    across = sum(density * (high**3 - low**3) / 3 for low, high, density in pieces)
    square = across + (below**3 + above**3) / (3 * (below + above))
    longest = max(max(low**2, high**2) for low, high, _ in pieces) + max(below**2, above**2)
    if not Fraction(found.w2_squared_lower) <= square <= Fraction(found.w2_squared_upper):
        return f"{what}: {found!r} excludes W2² = {float(square)!r}."
    if (
        not Fraction(found.w_infinity_lower) ** 2
        <= longest
        <= Fraction(found.w_infinity_upper) ** 2
    ):
        return f"{what}: {found!r} excludes W∞² = {float(longest)!r}."
    return None


@family("certify")
def points_along_pixels(rng: np.random.Generator) -> str | None:
    """A row or a column of pixels of any darkness, white ones too, with points of any masses."""
    runs: Runs = draw_runs(rng, draw_length(rng, 2000))
    length = sum(size for size, _ in runs)
    places = draw_places(rng, length, draw_length(rng, 30))
    masses = rng.integers(1, 5, len(places)).tolist()
    aside = float(rng.choice([0.0, 0.5, 1.0, rng.random()]))
    values, points = repeat(runs)[None], np.column_stack([places, np.full(len(places), aside)])
    if rng.random() < 0.5:
        values, points = values.T, points[:, ::-1]
    try:
        found = stipple.certify(points, values, masses=masses, threads=1)
    except stipple.StippleError:
        return None
    exact = [(Fraction(size), Fraction(dark)) for size, dark in runs]
    pieces = list(follow_line(exact, places.tolist(), masses))
    what = f"{values.shape} picture of {len(runs)} runs, {len(places)} points"
    return refute(found, pieces, (Fraction(aside), 1 - Fraction(aside)), what)


@family("certify")
def points_along_boxes(rng: np.random.Generator) -> str | None:
    """A line of points, some twice, in a uniform box of any size and place."""
    sides = rng.integers(1, 30, 2)
    scale, low = 10.0 ** rng.integers(-12, 12), rng.normal(size=2)
    low = low * scale * rng.choice([0.0, 1.0, 1e3])
    high = low + sides * scale
    count = draw_length(rng, 30)
    places = rng.choice([low[0], high[0], *rng.uniform(low[0], high[0], count)], count)
    y = float(rng.choice([low[1], high[1], rng.uniform(low[1], high[1])]))
    masses = rng.integers(1, 4, count).tolist()
    box = (*low.tolist(), *high.tolist())
    try:
        found = stipple.certify(
            np.column_stack([places, np.full(count, y)]), box=box, masses=masses, threads=1
        )
    except stipple.StippleError:
        return None
    x0, y0, x1, y1 = map(Fraction, box)
    shifted = [Fraction(x) - x0 for x in places.tolist()]
    pieces = list(follow_line([(x1 - x0, Fraction(1))], shifted, masses))
    return refute(found, pieces, (Fraction(y) - y0, y1 - Fraction(y)), f"{count} points in {box}")
