"""Drawings as pixels, and as PNG."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stipple.arrays import Floats, Integers
from stipple.drawing.marks import Dots, Drawing, Layer, Polygons, Polylines
from stipple.drawing.spirals import draw_spirals
from stipple.errors import StippleError
from stipple.machine.compiled import compile_loop

MAX_PIXELS = 400_000_000
FINEST = 10_000_000  # dpi
MILLIMETRES_PER_INCH = 25.4
SUBLINES = 16  # lines per pixel row along which a shape is measured
BLENDS = ("normal", "multiply", "screen")


def measure_pixels(width: float, height: float, dpi: float) -> tuple[int, int]:
    """Say how many rows and columns of pixels a drawing has.

    Parameters
    ----------
    width, height : float
        Size of the drawing in millimetres.
    dpi : float
        Pixels per inch.

    Returns
    -------
    tuple of int
        Rows and columns.

    Raises
    ------
    StippleError
        If `dpi` is not from 0 to 10,000,000, or there would be more than 400 million pixels.
    """
    if not 0 < dpi < np.inf:
        raise StippleError(f"The resolution is {dpi:g} dpi: give a number above zero.")
    if dpi > FINEST:
        raise StippleError(f"The resolution is {dpi:g} dpi: give at most {FINEST:,}.")
    scale = dpi / MILLIMETRES_PER_INCH
    columns = max(1.0, np.rint(width * scale))
    rows = max(1.0, np.rint(height * scale))
    if columns * rows > MAX_PIXELS:
        largest = dpi * np.sqrt(MAX_PIXELS / (columns * rows))
        raise StippleError(
            f"{width:g} x {height:g} mm at {dpi:g} dpi is {columns:.0f} x {rows:.0f} pixels, more "
            f"than {MAX_PIXELS // 10**6} million: lower --dpi to {np.floor(largest):.0f} or less."
        )
    return int(rows), int(columns)


def rasterise(drawing: Drawing, dpi: float) -> NDArray[np.uint8]:
    """Paint a drawing into pixels.

    Each mark darkens each pixel by the part of the pixel that it covers, so the tone is kept
    even where dots are smaller than a pixel. Marks of one layer add up to at most full cover;
    layers are then blended in sRGB values, as browsers do.

    Parameters
    ----------
    drawing : Drawing
    dpi : float
        Pixels per inch.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3) or (height, width, 4)
        RGB, or RGBA (alpha not premultiplied) for a drawing without background.

    Raises
    ------
    StippleError
        As `measure_pixels`.
    """
    shape = measure_pixels(drawing.width, drawing.height, dpi)
    scale = dpi / MILLIMETRES_PER_INCH
    if drawing.background is None:
        canvas = np.zeros((*shape, 4), dtype=np.uint8)
    else:
        canvas = np.empty((*shape, 3), dtype=np.uint8)
        canvas[:] = _to_rgb(drawing.background)
    for layer in drawing.layers:
        coverage = _cover(layer, shape, scale)
        _blend(canvas, coverage, _to_rgb(layer.colour), BLENDS.index(drawing.blend))
    return canvas


def render_png(drawing: Drawing, dpi: float) -> bytes:
    """Write a drawing as PNG, with its resolution.

    Parameters
    ----------
    drawing : Drawing
    dpi : float
        Pixels per inch.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    StippleError
        As `rasterise`.
    """
    file = io.BytesIO()
    Image.fromarray(rasterise(drawing, dpi)).save(file, "PNG", dpi=(dpi, dpi))
    return file.getvalue()


def _to_rgb(colour: str) -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex(colour[1:]), dtype=np.uint8)


def _cover(layer: Layer, shape: tuple[int, int], scale: float) -> NDArray[np.float32]:
    """Add up, for each pixel, the parts of it that the marks of a layer cover."""
    coverage = np.zeros(shape, dtype=np.float32)
    for mark in layer.marks:
        if isinstance(mark, Polygons):
            _add_polygons(coverage, mark.vertices * scale, mark.offsets)
        elif isinstance(mark, Dots) and mark.style != "spiral":
            _add_dots(coverage, mark.centres * scale, mark.radii * scale)
        else:
            lines = mark if isinstance(mark, Polylines) else draw_spirals(mark)
            radius = lines.width * scale / 2
            _add_lines(coverage, lines.vertices * scale, lines.offsets, radius, lines.closed)
    return coverage


@compile_loop
def _add_dots(coverage: NDArray[np.float32], centres: Floats, radii: Floats) -> None:
    line = np.zeros(coverage.shape[1] + 2)
    for i in range(len(centres)):
        x, y = centres[i]
        _add_capsule(coverage, line, x, y, x, y, radii[i], 1.0)


@compile_loop
def _add_lines(
    coverage: NDArray[np.float32],
    vertices: Floats,
    offsets: Integers,
    radius: float,
    closed: bool,
) -> None:
    line = np.zeros(coverage.shape[1] + 2)
    for i in range(len(offsets) - 1):
        start = offsets[i]
        count = offsets[i + 1] - start
        segments = count if closed else max(count - 1, 1)
        for j in range(segments):
            ax, ay = vertices[start + j]
            bx, by = vertices[start + (j + 1) % count]
            _add_capsule(coverage, line, ax, ay, bx, by, radius, 1.0)
            if j > 0:  # the round joint belongs to the segment before
                _add_capsule(coverage, line, ax, ay, ax, ay, radius, -1.0)


@compile_loop
def _add_polygons(coverage: NDArray[np.float32], vertices: Floats, offsets: Integers) -> None:
    """Add the covered part of each pixel, for convex polygons, as `_add_capsule` does."""
    height, width = coverage.shape
    line = np.zeros(width + 2)
    for i in range(len(offsets) - 1):
        corners = vertices[offsets[i] : offsets[i + 1]]
        top = corners[:, 1].min()
        bottom = corners[:, 1].max()
        for row in range(int(max(0.0, np.floor(top))), int(min(float(height), np.ceil(bottom)))):
            low = max(top, float(row))
            step = (min(bottom, row + 1.0) - low) / SUBLINES
            first = width
            last = -1
            for k in range(SUBLINES):
                y = low + (k + 0.5) * step
                left = float(width)
                right = 0.0
                for j in range(len(corners)):
                    ax, ay = corners[j]
                    bx, by = corners[(j + 1) % len(corners)]
                    if (ay <= y) != (by <= y):
                        x = ax + (y - ay) / (by - ay) * (bx - ax)
                        left = min(left, x)
                        right = max(right, x)
                first, last = _add_interval(line, max(left, 0.0), right, step, first, last)
            _add_line(coverage, row, line, first, last, 1.0)


@compile_loop
def _add_capsule(
    coverage: NDArray[np.float32],
    line: Floats,
    ax: float,
    ay: float,
    bx: float,
    by: float,
    radius: float,
    sign: float,
) -> None:
    """Add the covered part of each pixel, for all points within `radius` of the segment ab.

    The shape is convex: a horizontal line meets it in one interval, whose cover of each pixel is
    exact. Several such lines are averaged over each row of pixels. `line` is scratch space, zero
    before and after, of the width of the picture and two more: it holds the differences of cover
    between neighbouring pixels.
    """
    height, width = coverage.shape
    dx = bx - ax
    dy = by - ay
    # Where the right side of the shape is straight it lies at radius * (unit normal).
    normal_y = -dx * np.sign(dy) / np.hypot(dx, dy) if dy != 0 else 0.0
    top = min(ay, by) - radius
    bottom = max(ay, by) + radius
    first_row = int(max(0.0, np.floor(top)))
    last_row = int(min(float(height), np.ceil(bottom)))
    for row in range(first_row, last_row):
        low = max(top, float(row))
        step = (min(bottom, row + 1.0) - low) / SUBLINES
        first = width
        last = -1
        for k in range(SUBLINES):
            y = low + (k + 0.5) * step
            # The ends of the interval lie on the circles about a + t (b - a), 0 <= t <= 1.
            if dy != 0:
                right_t = min(max((y - ay - radius * normal_y) / dy, 0.0), 1.0)
                left_t = min(max((y - ay + radius * normal_y) / dy, 0.0), 1.0)
            else:
                right_t = 1.0 if dx > 0 else 0.0
                left_t = 1.0 - right_t
            right_y = y - ay - right_t * dy
            left_y = y - ay - left_t * dy
            right = ax + right_t * dx + np.sqrt(max(0.0, radius * radius - right_y * right_y))
            left = ax + left_t * dx - np.sqrt(max(0.0, radius * radius - left_y * left_y))
            first, last = _add_interval(line, max(left, 0.0), right, step, first, last)
        _add_line(coverage, row, line, first, last, sign)


@compile_loop
def _add_interval(
    line: Floats, left: float, right: float, step: float, first: int, last: int
) -> tuple[int, int]:
    """Add to `line` an interval of the height `step`; widen the range of pixels in use."""
    right = min(right, float(len(line) - 2))
    if right <= left:
        return first, last
    pixel = int(left)
    part = left - pixel
    line[pixel] += step * (1 - part)
    line[pixel + 1] += step * part
    first = min(first, pixel)
    pixel = int(right)
    part = right - pixel
    line[pixel] -= step * (1 - part)
    line[pixel + 1] -= step * part
    return first, max(last, pixel + 1)


@compile_loop
def _add_line(
    coverage: NDArray[np.float32], row: int, line: Floats, first: int, last: int, sign: float
) -> None:
    """Add up the differences in `line` into a row of pixels, and clear it."""
    covered = 0.0
    for column in range(first, last + 1):
        covered += line[column]
        line[column] = 0.0
        if column < coverage.shape[1]:
            coverage[row, column] += sign * covered


@compile_loop
def _blend(
    canvas: NDArray[np.uint8],
    coverage: NDArray[np.float32],
    colour: NDArray[np.uint8],
    blend: int,
) -> None:
    """Lay one ink over the canvas (W3C Compositing, "source over" with a blend mode)."""
    height, width, channels = canvas.shape
    for row in range(height):
        for column in range(width):
            alpha = min(coverage[row, column], 1.0)
            if alpha <= 0:
                continue
            below = canvas[row, column, 3] / 255 if channels == 4 else 1.0
            total = alpha + below * (1 - alpha)
            for channel in range(3):
                ink = colour[channel] / 255
                backdrop = canvas[row, column, channel] / 255
                if blend == 1:
                    mixed = ink * backdrop
                elif blend == 2:
                    mixed = ink + backdrop - ink * backdrop
                else:
                    mixed = ink
                paint = alpha * ((1 - below) * ink + below * mixed) + (1 - alpha) * below * backdrop
                canvas[row, column, channel] = int(255 * paint / total + 0.5)
            if channels == 4:
                canvas[row, column, 3] = int(255 * total + 0.5)
