"""One page on points: they and their cells, their distances, their spectrum."""

from typing import TYPE_CHECKING, Any

import numpy as np

from stipple.arrays import Floats
from stipple.certification.certificate import PointsCertificate
from stipple.certification.spectrum import Spectrum
from stipple.drawing.plots import COLOURS, LEVEL_COLOUR, make_plain, open_figure, save_figure
from stipple.geometry.regularity import HIGHEST

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = 10.0  # inches, of the longer side
# Inches of another part beside a long picture, and of what is written about that.
PART, ROOM = 4.0, 0.8
# Pictures longer than so many times their other side have a row, or a column, of their own.
LONG = 2.5
# From so many points on, cells in an SVG or PDF are an image, so that it stays small.
MANY = 5000
# Of cells with fewer than six neighbours, with six, and with more.
FEWER, SIX, MORE = "#f6c9c0", "#ffffff", "#c3d7f0"
EDGE_COLOUR = "#909090"
# White noise has 1 on average; what is more than this has one colour.
LARGEST_POWER_SHOWN = 4.0
BARS = 48
FREQUENCY = "cycles in √(A/N)"


def render_page(
    certificate: PointsCertificate, title: str, form: str, dpi: float, *, upwards: bool = False
) -> bytes:
    """Draw points over their power cells, a histogram of nearest distances, and the periodogram.

    Parameters
    ----------
    certificate : PointsCertificate
        What is drawn.
    title : str
        What the points are called.
    form : {"svg", "png", "pdf"}
        Format of the file.
    dpi : float
        Pixels per inch of a PNG.
    upwards : bool
        Whether y points up.

    Returns
    -------
    bytes
        The file, the same each time.
    """
    density = certificate.domain.density
    size, rows, shares = _arrange(density.width / density.height)
    with open_figure(size) as figure:
        axes = figure.subplot_mosaic(rows, gridspec_kw=shares)
        _draw_cells(axes["cells"], certificate)
        if upwards:
            axes["cells"].invert_yaxis()
        _draw_distances(axes["distances"], certificate)
        _draw_waves(axes["waves"], axes["rings"], certificate.spectrum)
        count = len(certificate.points)
        figure.suptitle(
            f"{make_plain(title)}: {count:,} point{'s' * (count != 1)}, quality N·W2²/A ="
            f" {certificate.quality:.5f} (hexagons {certificate.quality_hexagonal:.5f})\n"
            "cells are red with fewer than six neighbours, blue with more",
            fontsize="medium",
            wrap=True,
            parse_math=False,
        )
        return save_figure(figure, form, dpi)


def _arrange(ratio: float) -> tuple[tuple[float, float], list[Any], dict[str, list[float]]]:
    """Size of the page, places of its parts, and shares: cells of any shape have room."""
    if ratio > LONG:
        rows = [["cells"] * 3, ["waves", "distances", "rings"]]
        long = SIZE / ratio + ROOM
        return (SIZE, long + PART), rows, {"height_ratios": [long, PART]}
    if ratio < 1 / LONG:
        rows = [["cells", "waves"], ["cells", "distances"], ["cells", "rings"]]
        long = SIZE * ratio + ROOM
        return (long + PART, SIZE), rows, {"width_ratios": [long, PART]}
    return (SIZE, SIZE), [["cells", "waves"], ["distances", "rings"]], {}


def _draw_cells(axes: "Axes", certificate: PointsCertificate) -> None:
    from matplotlib.collections import PolyCollection

    cells, domain = certificate.cells, certificate.domain
    adjacency = cells.adjacency
    sizes = np.diff(adjacency.offsets)
    owners, _ = cells.list_edges()
    corners = domain.to_domain(cells.vertices + cells.points[owners])
    colours = np.where(sizes < 6, FEWER, np.where(sizes > 6, MORE, SIX))
    colours[cells.touch_border()] = SIX
    many = len(certificate.points) > MANY
    visible = np.flatnonzero(sizes)
    polygons = np.split(corners, adjacency.offsets[1:-1])
    axes.add_collection(
        PolyCollection(
            [polygons[one] for one in visible],
            facecolors=colours[visible].tolist(),
            edgecolors=EDGE_COLOUR,
            linewidths=0.2 if many else 0.5,
            rasterized=many,
        )
    )
    # Half of their distance apart, if they were a lattice; an area in square points.
    spacing = 72 * SIZE / 2.5 / max(np.sqrt(len(sizes)), 1.0)
    area = float(np.clip((spacing / 4) ** 2, 0.05, 16.0))
    x, y = certificate.points.T
    axes.scatter(x, y, s=area, c="black", linewidths=0, zorder=2, rasterized=many)
    low = np.array(domain.origin)
    high = low + domain.unit * np.array([domain.density.width, domain.density.height])
    axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]), aspect="equal")
    axes.set_title("power cells", loc="left")


def _draw_distances(axes: "Axes", certificate: PointsCertificate) -> None:
    axes.set_title("distance to the nearest point", loc="left")
    if len(certificate.points) == 1:
        _say(axes, "a single point")
        return
    distances = certificate.nearest_distances / certificate.hexagonal_distance
    end = max(1.25, float(distances.max()))
    axes.hist(distances, bins=np.linspace(0, end, BARS + 1).tolist(), color=COLOURS[0])
    axes.axvline(1, color=LEVEL_COLOUR, linestyle="--", linewidth=1, label="hexagonal lattice")
    axes.set(xlim=(0, end), xlabel="hexagonal spacings", ylabel="points")
    _finish(axes)


def _draw_waves(plane: "Axes", rings: "Axes", spectrum: Spectrum | None) -> None:
    """Draw the power of all frequencies, and of rings of them."""
    plane.set_title("periodogram less density", loc="left")
    rings.set_title("mean over rings", loc="left")
    if spectrum is None:
        for axes in (plane, rings):
            _say(axes, "too few points")
        return
    power, extent = _unfold(spectrum)
    image = plane.imshow(
        power,
        cmap="magma",
        vmin=0,
        vmax=LARGEST_POWER_SHOWN,
        interpolation="nearest",
        extent=extent,
        aspect="auto",
    )
    plane.set(xlim=(-HIGHEST, HIGHEST), ylim=(HIGHEST, -HIGHEST), aspect="equal")
    plane.set_xlabel(FREQUENCY)
    plane.get_figure().colorbar(image, ax=plane, shrink=0.7, extend="max")  # type: ignore[union-attr]
    radii, means = spectrum.average_radially()
    rings.plot(radii, means, color=COLOURS[0], linewidth=1, label="points")
    rings.axhline(1, color=LEVEL_COLOUR, linestyle="--", linewidth=1, label="white noise")
    rings.set(xlim=(0, HIGHEST), ylim=(0, None), xlabel=FREQUENCY, ylabel="power")
    _finish(rings)


def _unfold(spectrum: Spectrum) -> tuple[Floats, tuple[float, float, float, float]]:
    """Power over the whole plane of frequencies, and its left, right, bottom and top end."""
    across, down = spectrum.across[0], np.fft.fftshift(spectrum.down[:, 0])
    near = np.flatnonzero(np.abs(down) <= HIGHEST + (down[1] - down[0]))
    half = np.fft.fftshift(spectrum.power, axes=0)
    # As many rows above zero as below, so that a turn by 180 degrees carries them onto each other.
    zero = int(np.argmin(np.abs(down)))
    rows = min(zero - near[0], near[-1] - zero)
    columns = min(len(across), int(np.searchsorted(across, HIGHEST)) + 2)
    right = half[zero - rows : zero + rows + 1, :columns]
    whole: Floats = np.concatenate([right[::-1, :0:-1], right], axis=1)
    step = (across[1] - across[0], down[1] - down[0])
    x, y = (columns - 0.5) * step[0], (rows + 0.5) * step[1]
    return whole, (-x, x, y, -y)


def _say(axes: "Axes", text: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def _finish(axes: "Axes") -> None:
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    # At short distances and low frequencies there is nothing; the best place takes long to find.
    axes.legend(frameon=False, loc="upper left", fontsize="small")
