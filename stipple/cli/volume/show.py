"""What `stipple volume` shows and writes: rows for a person, the report, and files."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stipple.cli.shared.counting import count_things
from stipple.cli.shared.digits import format_interval, round_up
from stipple.cli.shared.drawings import name_source
from stipple.cli.volume.plan import OF_CELLS, Job
from stipple.cli.volume.run import Found

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.geometry.power_polyhedra import PowerPolyhedra

# Pixels per inch of pictures, and the pace of those that turn.
SLICES_DPI, TURN_DPI, SECONDS_PER_VIEW = 150.0, 80.0, 0.1


def list_rows(result: Found) -> list[tuple[str, str]]:
    """List what a person reads."""
    found = result.stippling
    interval = format_interval(found.w2_squared_lower, found.w2_squared_upper, 9)
    error = f"largest relative error {found.mass_error:.1e}"
    torus = ", with distances to the nearest copy" if found.periodic else ""
    ended = "W2² hardly fell any more" if found.settled else "not settled"
    rows = [
        ("points", f"{len(found.points):,}"),
        ("W2²", f"{found.w2_squared:.8g} in {interval}, in squares of the unit of length{torus}"),
        (
            "quality",
            f"{found.quality:.5f} (body-centred cubic lattice: {found.quality_body_centred:.5f}, a"
            " reference, no bound)",
        ),
        ("masses", error if found.converged else f"{error}: not solved"),
        ("steps", f"{found.iterations}, {ended}; {count_things(found.diagrams, 'power diagram')}"),
    ]
    if result.domain.rasterisation:
        bound = round_up(result.domain.rasterisation, 3)
        rows.append(("rasterisation", f"W2 to the formula at most {bound}"))
    return rows


def describe_found(result: Found) -> dict[str, Any]:
    """Collect the figures of the report."""
    names = (
        *("w2_squared", "w2_squared_lower", "w2_squared_upper", "quality", "quality_body_centred"),
        *("mass_error", "converged", "iterations", "settled", "support_volume", "diagrams"),
        *("newton_iterations", "periodic", "seconds"),
    )
    found = result.stippling
    return {
        "points": len(found.points),
        **{name: getattr(found, name) for name in names},
        "rasterisation_bound": result.domain.rasterisation,
    }


def render_files(result: Found, job: Job) -> Iterator[tuple[str, bytes]]:
    """Render what a job writes, but for its report: paths and bytes.

    Raises
    ------
    StippleError
        If cells cannot be written so.
    """
    for output in job.outputs:
        if output.format in ("png", "gif", "html"):
            yield output.path, _render_view(result, job, output.format)
        elif job.draw == "cells" and output.format in OF_CELLS:
            yield output.path, _render_cells(result, output.format)
        else:
            yield output.path, _render_points(result, output.format)


def _render_points(result: Found, form: str) -> bytes:
    from stipple.files import ply, vtk
    from stipple.files.tables import render_columns_csv, render_npy

    points = result.domain.to_domain(result.stippling.points)
    if form == "npy":
        return render_npy(points)
    columns = {**dict(zip("xyz", points.T, strict=True)), "mass": result.stippling.weights}
    render = {"csv": render_columns_csv, "ply": ply.render_cloud, "vtp": vtk.render_cloud}[form]
    return render(columns)


def _render_view(result: Found, job: Job, form: str) -> bytes:
    from stipple.drawing.animation import render_animation
    from stipple.drawing.raster import render_png
    from stipple.drawing.space import render_space
    from stipple.volumes.views import compose_slices, compose_turn, measure_balls

    found = result.stippling
    radii = measure_balls(found.density, found.weights)
    if form == "html":
        title = name_source(job.volume)
        return render_space(title, found.points, radii, found.density.size, list_rows(result))
    if form == "png":
        # Of grains the borders are what is to be seen.
        bordered = job.masses is not None or job.draw == "cells"
        cells = found.cells if bordered else None
        return render_png(compose_slices(found.density, found.points, radii, cells), SLICES_DPI)
    views = compose_turn(found.density, found.points, radii)
    return render_animation(views, "gif", TURN_DPI, [SECONDS_PER_VIEW] * len(views))


def _render_cells(result: Found, form: str) -> bytes:
    import numpy as np

    from stipple.files import ply, vtk

    cells, origin = result.stippling.cells, np.array(result.domain.origin)
    if form == "tess":
        return render_tess_of(cells, origin)
    render = {"ply": ply.render_polygons, "vtp": vtk.render_polygons}[form]
    sizes = np.diff(cells.facets.starts)
    return render(
        cells.place_corners() + origin, sizes, cells.list_owners(), cells.facets.neighbours
    )


def render_tess_of(cells: "PowerPolyhedra", origin: "Floats") -> bytes:
    """Render cells that share corners; whole ones of a periodic box with what repeats what."""
    import numpy as np

    from stipple.files.tess import render_tess
    from stipple.files.tess_periodicity import Periodicity
    from stipple.geometry.joined_polyhedra import join_polyhedra
    from stipple.geometry.joined_torus import join_torus

    periodicity = None
    if cells.laps is None:
        joined = join_polyhedra(cells)
    else:
        torus = join_torus(cells)
        joined = torus.cells
        radii = np.sqrt(cells.potentials - cells.potentials.min())
        copies = torus.classes, torus.laps, torus.primaries, torus.shifts
        periodicity = Periodicity(cells.points, radii, *copies)
    parts = joined.corners, joined.loops, joined.owners, joined.neighbours, joined.size
    return render_tess(*parts, origin, periodicity)
