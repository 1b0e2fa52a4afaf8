"""The certified W2² between pictures and equal points: `stipple`, `sequence --density`, `lloyd`."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from oracles import cut_exact_cells, find_moments, keep_below

import stipple
from proofs import family
from stipple.arrays import Floats
from stipple.measures.density import Density
from stipple.sequences.progressive import measure_prefixes

# Runs of pixels of the same darkness: how many, and how dark.
Runs = list[tuple[int, float]]


def draw_length(rng: np.random.Generator, longest: float) -> int:
    """Small numbers as often as large ones."""
    return max(1, int(longest ** rng.random()))


def draw_runs(rng: np.random.Generator, length: int) -> Runs:
    """Cut a line of pixels into runs, and darken them."""
    count = int(rng.integers(1, min(length, 12) + 1))
    cuts = np.sort(rng.choice(np.arange(1, length), count - 1, replace=False))
    sizes = np.diff(np.concatenate([[0], cuts, [length]]))
    kind = rng.integers(4)
    if kind == 0:
        darkness = np.ones(count)
    elif kind == 1:
        darkness = rng.random(count)
    elif kind == 2:
        darkness = rng.integers(0, 3, count).astype(float)
    else:
        darkness = 10.0 ** rng.integers(-300, 300, count) / length
    darkness[rng.integers(count)] = max(1.0, darkness.max())
    return list(zip(sizes.tolist(), darkness.tolist(), strict=True))


def draw_places(rng: np.random.Generator, length: int, count: int) -> Floats:
    """Distinct places on a line: anywhere, in a cluster, on borders of pixels."""
    kind = rng.integers(4)
    if kind == 0 and length + 1 >= count:
        return rng.choice(np.arange(length + 1.0), count, replace=False)
    if kind == 1:
        return length * (rng.random() + 1e-3 * rng.random(count)) / 1.001
    if kind == 2:
        return (np.arange(count) + 0.5) * length / count
    return length * rng.random(count)


def repeat(runs: Runs) -> Floats:
    return np.repeat([dark for _, dark in runs], [size for size, _ in runs])


def solve_line(runs: Runs, places: Floats) -> Fraction:
    """W2² on a line: mass goes to the places in order."""
    total = sum(size * Fraction(dark) for size, dark in runs)
    share = total / len(places)
    targets = iter(sorted(map(Fraction, places.tolist())))
    y, room = next(targets), share
    x = cost = Fraction(0)
    for size, dark in runs:
        end = x + size
        while dark and x < end:
            if room == 0:
                y, room = next(targets), share
            part = min(end - x, room / Fraction(dark))
            low, high = x - y, x + part - y
            cost += Fraction(dark) * (high**3 - low**3) / 3
            room -= part * Fraction(dark)
            x += part
        x = end
    return cost / total


def refute(true: Fraction, lower: float, upper: float, instance: str) -> str | None:
    if Fraction(lower) <= true <= Fraction(upper):
        return None
    return f"{instance}: [{lower!r}, {upper!r}] excludes {float(true)!r}."


def measure(values: Floats, start: Floats, iterations: int = 0) -> stipple.Stippling:
    return stipple.stipple(values, start=start, iterations=iterations, threads=1)


def cross(across: Floats, down: Floats) -> Floats:
    return np.stack(np.meshgrid(across, down), -1).reshape(-1, 2)


@family("stipple", share=3)
def lattices_on_black(rng: np.random.Generator) -> str | None:
    """Equal boxes with points at their centres: W2² is (w² + h²)/12."""
    largest = 10.0 ** (8 if rng.random() < 1e-3 else 6 if rng.random() < 0.02 else 4.5)
    width = draw_length(rng, largest)
    height = draw_length(rng, largest / width)
    if rng.random() < 0.5:
        width, height = height, width
    columns = draw_length(rng, min(2 * width, 2000))
    rows = draw_length(rng, min(2 * height, 2000 / columns))
    boxes = Fraction(width, columns), Fraction(height, rows)
    start = cross(
        (np.arange(columns) + 0.5) * width / columns, (np.arange(rows) + 0.5) * height / rows
    )
    # The centres are rounded: the points given are what counts.
    drift = sum(
        sum((Fraction(y) - (k + Fraction(1, 2)) * box) ** 2 for k, y in enumerate(places))
        / len(places)
        for box, places in zip(
            boxes, (start[:columns, 0].tolist(), start[::columns, 1].tolist()), strict=True
        )
    )
    true = sum(box**2 for box in boxes) / 12 + drift
    found = measure(np.ones((height, width)), start)
    instance = f"{height} × {width} black, {rows} × {columns} boxes"
    return refute(true, found.w2_squared_lower, found.w2_squared_upper, instance)


@family("stipple", share=3)
def lines_of_pixels(rng: np.random.Generator) -> str | None:
    """A row or a column of pixels of any darkness, with any points along it."""
    runs = draw_runs(rng, draw_length(rng, 1e6 if rng.random() < 0.02 else 2e4))
    length = sum(size for size, _ in runs)
    places = draw_places(rng, length, draw_length(rng, 60))
    aside = float(rng.choice([0.0, 0.5, 1.0, rng.random()]))
    values, start = repeat(runs)[None], np.column_stack([places, np.full(len(places), aside)])
    if rng.random() < 0.5:
        values, start = values.T, start[:, ::-1]
    true = solve_line(runs, places) + Fraction(1, 12) + (Fraction(aside) - Fraction(1, 2)) ** 2
    try:
        found = measure(values, start)
    except stipple.StippleError:
        return None
    instance = f"{values.shape} picture of {len(runs)} runs, {len(places)} points"
    return refute(true, found.w2_squared_lower, found.w2_squared_upper, instance)


@family("stipple", share=3)
def products_of_lines(rng: np.random.Generator) -> str | None:
    """A picture that is a product, with points that are one: W2² is the sum of two on lines."""
    sizes = [draw_length(rng, 1000), draw_length(rng, 60)]
    if rng.random() < 0.5:
        sizes.reverse()
    across, down = (draw_runs(rng, size) for size in sizes)
    scale = max(dark for _, dark in down)
    down = [(size, dark / scale) for size, dark in down]
    x, y = (draw_places(rng, size, draw_length(rng, 12)) for size in sizes)
    values = repeat(down)[:, None] * repeat(across)
    # What rounds is not a product any more.
    if any(Fraction(a) * Fraction(b) != Fraction(a * b) for _, a in across for _, b in down):
        across = [
            (size, float(round(4 * dark / max(d for _, d in across)))) for size, dark in across
        ]
        down = [(size, float(round(4 * dark))) for size, dark in down]
        values = repeat(down)[:, None] * repeat(across)
    try:
        found = measure(values, cross(x, y))
    except stipple.StippleError:
        return None
    true = solve_line(across, x) + solve_line(down, y)
    instance = f"{values.shape} product, {len(x)} × {len(y)} points"
    return refute(true, found.w2_squared_lower, found.w2_squared_upper, instance)


def draw_ink(rng: np.random.Generator, length: int) -> tuple[Runs, Floats]:
    """Cut a line that is white but for a few pixels; where these begin."""
    inked = np.sort(rng.choice(length, min(length, int(rng.integers(1, 5))), replace=False))
    darkness = np.zeros(length)
    darkness[inked] = rng.integers(1, 4, len(inked))
    cuts = np.unique(np.concatenate([[0], inked, inked + 1, [length]]))
    sizes = np.diff(cuts).tolist()
    return list(zip(sizes, darkness[cuts[:-1]].tolist(), strict=True)), inked.astype(float)


@family("stipple", share=1)
def ink_on_white_paper(rng: np.random.Generator) -> str | None:
    """A few pixels on large paper, or along a strip; points in the ink, some far from it."""
    sizes = [draw_length(rng, 1e6 if rng.random() < 0.005 else 1e4), 1]
    sizes[1] = draw_length(rng, max(1.0, 1e4 / sizes[0]))
    if rng.random() < 0.5:
        sizes.reverse()
    lines, places = [], []
    for size in sizes:
        runs, inked = draw_ink(rng, size)
        chosen = rng.choice(inked, draw_length(rng, 8)) + rng.random()
        chosen += rng.choice([0.3, 0.1, 1e-3]) * rng.standard_normal(len(chosen))
        astray = rng.random(len(chosen)) < rng.choice([0.0, 0.3])
        chosen[astray] = size * rng.random(int(astray.sum()))
        lines.append(runs)
        places.append(np.clip(chosen, 0, size))
    values = repeat(lines[1])[:, None] * repeat(lines[0])
    try:
        found = measure(values, cross(*places))
    except stipple.StippleError:
        return None
    true = solve_line(lines[0], places[0]) + solve_line(lines[1], places[1])
    instance = f"{values.shape} paper, {np.count_nonzero(values)} pixels of ink"
    instance += f", {len(places[0])} × {len(places[1])} points"
    return refute(true, found.w2_squared_lower, found.w2_squared_upper, instance)


def draw_picture(rng: np.random.Generator, largest: int) -> Floats:
    """Draw a picture of up to so many pixels: noise, shapes on white, single pixels."""
    width = draw_length(rng, largest)
    height = draw_length(rng, largest / width)
    values = rng.random((height, width))
    kind = rng.integers(4)
    if kind == 1:
        values *= rng.random((height, width)) < 0.3
    elif kind == 2:
        values = np.round(values)
    elif kind == 3:
        values = 10.0 ** (12 * values)
    values[rng.integers(height), rng.integers(width)] = max(1.0, values.max())
    return values


@family("stipple", share=0.6)
def pictures_turned_over(rng: np.random.Generator) -> str | None:
    """A picture transposed, mirrored, with margins or with doubled pixels has the same W2²."""
    values = draw_picture(rng, 1000)
    size = np.array(values.shape[::-1])
    count = int(rng.integers(1, 20))
    start = rng.random((count, 2)) * size
    if rng.random() < 0.3:
        start = np.unique(np.round(start), axis=0)
    before, after = rng.integers(0, 40, (2, 2))
    ways = {
        "transposed": (values.T, start[:, ::-1], 1),
        "mirrored": (values[:, ::-1], (size[0], 0) + start * (-1, 1), 1),
        "with margins": (np.pad(values, np.stack([before, after], 1)), start + before[::-1], 1),
        "doubled": (values.repeat(2, axis=0).repeat(2, axis=1), 2 * start, 4),
    }
    name = str(rng.choice(list(ways)))
    changed, moved, scale = ways[name]
    # Mirrors and margins may round a point.
    slack = 4e-16 * float((size**2).sum()) if name in ("mirrored", "with margins") else 0.0
    try:
        one, other = measure(values, start), measure(np.ascontiguousarray(changed), moved)
    except stipple.StippleError:
        return None
    low = max(scale * one.w2_squared_lower, other.w2_squared_lower)
    high = min(scale * one.w2_squared_upper, other.w2_squared_upper)
    if low <= high + slack * 1e3:
        return None
    return f"{values.shape} picture {name}, {count} points: intervals apart by {low - high:.3g}."


def cut_pixels(values: Floats) -> Iterator[tuple[int, int, Fraction]]:
    """Pixels that are not white, with their masses."""
    total = sum(map(Fraction, values.ravel().tolist()))
    for (row, column), value in np.ndenumerate(values):
        if value:
            yield row, column, Fraction(float(value)) / total


@family("stipple", share=0.3)
def duals_in_fractions(rng: np.random.Generator) -> str | None:
    """The Kantorovich dual at the potentials found, in exact arithmetic, is below W2²."""
    values = draw_picture(rng, 30)
    count = int(rng.integers(1, 7))
    start = rng.random((count, 2)) * values.shape[::-1]
    try:
        found = measure(values, start, int(rng.integers(3)))
    except stipple.StippleError:
        return None
    points, potentials = found.cells.points, found.cells.potentials
    cells = cut_exact_cells(points, potentials, values.shape[1], values.shape[0])
    dual = plan = left = Fraction(0)
    for (x, y), potential, cell in zip(points.tolist(), potentials.tolist(), cells, strict=True):
        mass = second = Fraction(0)
        local = [(p - Fraction(x), q - Fraction(y)) for p, q in cell]
        for row, column, weight in cut_pixels(values) if local else ():
            left_side, top = column - Fraction(x), row - Fraction(y)
            piece = keep_below(local, Fraction(1), Fraction(0), left_side + 1)
            piece = keep_below(piece, Fraction(-1), Fraction(0), -left_side)
            piece = keep_below(piece, Fraction(0), Fraction(1), top + 1)
            piece = keep_below(piece, Fraction(0), Fraction(-1), -top)
            moments = find_moments(piece) if piece else (Fraction(0),) * 4
            mass += weight * moments[0]
            second += weight * moments[3]
        lack = Fraction(1, count) - mass
        dual += second + Fraction(potential) * lack
        plan += second
        left += max(lack, Fraction(0))
    plan += left * (values.shape[0] ** 2 + values.shape[1] ** 2)
    if Fraction(found.w2_squared_lower) <= plan and dual <= Fraction(found.w2_squared_upper):
        return None
    return (
        f"{values.shape} picture, {count} points: [{found.w2_squared_lower!r},"
        f" {found.w2_squared_upper!r}] against [{float(dual)!r}, {float(plan)!r}]."
    )


@family("sequence", share=0.5)
def prefixes_on_lines(rng: np.random.Generator) -> str | None:
    """Prefixes of points along a row of pixels, as `sequence --density` measures them."""
    runs = draw_runs(rng, draw_length(rng, 5000))
    length = sum(size for size, _ in runs)
    places = draw_places(rng, length, draw_length(rng, 40))
    count = int(rng.integers(1, len(places) + 1))
    points = np.column_stack([places, np.full(len(places), 0.5)])
    try:
        (found,) = measure_prefixes(Density(repeat(runs)[None]), points, [count])
    except stipple.StippleError:
        return None
    true = solve_line(runs, places[:count]) + Fraction(1, 12)
    instance = f"1 × {length} picture, first {count} points"
    return refute(true, found.w2_squared_lower, found.w2_squared_upper, instance)
