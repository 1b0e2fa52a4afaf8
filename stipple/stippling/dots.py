"""From points to dots: off white, and with the sizes that keep the tone."""

from dataclasses import dataclass

import numpy as np

from stipple.arguments import read_number, settle
from stipple.arrays import Booleans, Floats
from stipple.choices import Spacing, Strays
from stipple.errors import StippleError
from stipple.geometry.cell_integrals import integrate_cells
from stipple.measures.density import Density
from stipple.stippling.bleed import Bleed
from stipple.transport.semi_discrete import Transport, TransportSolver
from stipple.transport.sizes import fit_radii, measure_ink
from stipple.transport.strays import move_strays


@dataclass(frozen=True, eq=False)
class Dots:
    """Dots as they are drawn.

    Attributes
    ----------
    transport : Transport
        To their places.
    radii : ndarray, shape (n,)
        In pixels.
    strays : int
        How many were moved off white.
    """

    transport: Transport
    radii: Floats
    strays: int


def flatten_tone(density: Density, size_variation: float) -> Density:
    """Give the density that points quantise where dots vary in size: ρ^(1 − size_variation).

    Raises
    ------
    StippleError
        If the variation is not from 0 to below 1.
    """
    size_variation = read_number(size_variation, "variation of sizes", 0)
    if size_variation >= 1:
        raise StippleError(
            f"The variation of sizes is {size_variation:g}: give a number from 0 to below 1."
        )
    if size_variation == 0:
        return density
    return Density(settle(density.values ** (1 - size_variation)))


def make_dots(
    density: Density,
    solver: TransportSolver,
    transport: Transport,
    *,
    strays: Strays = "move",
    spacing: Spacing = "touch",
    fixed: Booleans | None = None,
) -> Dots:
    """Move strays to the ink, and give each dot its size.

    Parameters
    ----------
    density : Density
        The darkness to keep.
    solver : TransportSolver
        The transport solver of the density that the points quantise.
    transport : Transport
        To the points.
    strays : {"move", "keep"}
        Whether points off the ink move to it.
    spacing : {"touch", "apart"}
        Whether dots may touch.
    fixed : ndarray of bool, shape (n,), optional
        Points that stay, on the ink or not.
    """
    moved = 0
    if strays == "move":
        transport, moved = move_strays(solver, transport, fixed=fixed)
    if density is solver.density and solver.masses is None:
        inks = np.full(len(transport.points), measure_ink(density) / len(transport.points))
    elif density is solver.density:
        inks = measure_ink(density) * transport.weights
    else:
        inks = _share_ink(density, transport)
    return Dots(transport, _size_dots(transport, inks, spacing), moved)


def crop_dots(
    bleed: Bleed,
    density: Density,
    solver: TransportSolver,
    transport: Transport,
    *,
    strays: Strays = "move",
    spacing: Spacing = "touch",
) -> Dots:
    """Do the same for dots of a picture with a mirrored margin, and keep those in the picture.

    Dots have the sizes that all together need: none is larger for lying on the border.

    Parameters
    ----------
    bleed : Bleed
        The picture with its margin.
    density, solver, strays, spacing
        As for `make_dots`, of the picture alone.
    transport : Transport
        To the points of both.
    """
    if density is solver.density:
        inks = np.full(bleed.points, measure_ink(density) / bleed.wanted)
    else:
        inks = _share_ink(bleed.mirror(density), transport)
    radii = _size_dots(transport, inks, spacing)
    kept, points = bleed.crop(transport.points)
    moved = 0
    transport = solver.solve(points, transport.potentials[kept])
    if strays == "move":
        transport, moved = move_strays(solver, transport)
    radii = radii[kept]
    if spacing == "apart":
        # Dots are nearer than before where the frame was scaled, or where they were strays.
        inks = np.pi * radii**2
        radii = fit_radii(transport.points, inks, density.width, density.height, spacing)
    return Dots(transport, radii, moved)


def _share_ink(density: Density, transport: Transport) -> Floats:
    """Area of full ink in each cell, shape (n,), in square pixels."""
    return measure_ink(density) * integrate_cells(density, transport.diagram.cells).masses


def _size_dots(transport: Transport, inks: Floats, spacing: Spacing) -> Floats:
    cells = transport.diagram.cells
    return fit_radii(cells.points, inks, cells.width, cells.height, spacing, cells)
