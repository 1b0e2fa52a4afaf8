"""What `stipple certify` shows: rows for a person, tables, pages, and figures for the report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stipple.choices import MOST_FOR_DISCREPANCY
from stipple.cli.certify.plan import Job
from stipple.cli.shared.digits import format_interval, round_down, round_up

if TYPE_CHECKING:
    from stipple.certification.certificate import PointsCertificate


def tabulate(path: str, certificate: "PointsCertificate") -> dict[str, Any]:
    """List the figures of one file by the names of their columns."""
    return {"file": path, **certificate.list_figures()}


def render_files(job: Job, found: "Sequence[PointsCertificate]") -> list[tuple[str, bytes]]:
    """Render every output: paths and contents."""
    return [(output.path, _render(job, found, output.format)) for output in job.outputs]


def _render(job: Job, found: "Sequence[PointsCertificate]", form: str) -> bytes:
    from stipple.files.tables import render_json, render_table_csv

    table = [tabulate(*one) for one in zip(job.files, found, strict=True)]
    if form == "csv":
        return render_table_csv(table)
    if form == "json":
        return render_json({"certificates": table})
    from stipple.certification.page import render_page

    upwards = job.density is None
    return render_page(found[0], job.files[0], form, job.dpi, upwards=upwards)


def describe_found(job: Job, found: "Sequence[PointsCertificate]") -> dict[str, Any]:
    """Collect the figures of the report."""
    return {"certificates": [tabulate(*one) for one in zip(job.files, found, strict=True)]}


def list_rows(job: Job, found: "Sequence[PointsCertificate]") -> list[tuple[str, str]]:
    """List what a person reads: all figures of one file, or a line for each of several."""
    unit = "" if job.density is None else " px"
    if len(found) > 1:
        return _list_table(job.files, found)
    (one,) = found
    count = len(one.points)
    rows = [
        ("points", f"{count:,}{_tell_coinciding(one)}"),
        ("W2", _tell_w2(one) + unit),
        ("W∞", format_interval(one.w_infinity_lower, one.w_infinity_upper, 6) + unit),
        (
            "quality",
            f"{one.quality:.5f} = {_name_count(one)}·W2²/A; lower is better (hexagons on flat tone:"
            f" {one.quality_hexagonal:.5f}, no bound)",
        ),
        ("L2* discrepancy", _tell_discrepancy(one, uniform=job.density is None)),
        ("nearest", _tell_distances(one, unit)),
        ("spectrum", _tell_spectrum(one)),
        ("six neighbours", f"{one.six_neighboured:.0%} of the points off the border"),
    ]
    if job.verbose:
        rows += [
            ("W2²", format_interval(one.w2_squared_lower, one.w2_squared_upper, 9)),
            ("area A", f"{one.support_area:.8g}"),
            ("mass error", f"{one.mass_error:.1e}"),
        ]
    if not one.converged:
        doubt = "the transport was not solved well: the bounds hold, but may be wide"
        rows.append(("warning", doubt))
    return rows


def _list_table(
    files: Sequence[str], found: "Sequence[PointsCertificate]"
) -> list[tuple[str, str]]:
    """Write a line for each file, in columns."""
    heads = ["points", "quality", "W2 >=", "W2 <=", "W∞ >=", "W∞ <=", "nearest", "largest power"]
    lines = [[*heads, "low frequencies", "six neighbours"]]
    for one in found:
        w2 = _root_ends(one)
        lines.append(
            [
                f"{len(one.points):,}",
                f"{one.quality:.5f}",
                round_down(w2[0], 6),
                round_up(w2[1], 6),
                round_down(one.w_infinity_lower, 4),
                round_up(one.w_infinity_upper, 4),
                "-" if one.least_distance is None else _compare(one, one.least_distance),
                f"{one.largest_power:.4g}",
                _tell_energy(one),
                f"{one.six_neighboured:.0%}",
            ]
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = (
        "  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return list(zip(("file", *files), texts, strict=True))


def _root_ends(one: "PointsCertificate") -> tuple[float, float]:
    from stipple.machine.rounding import take_root

    lower = take_root(one.w2_squared_lower, 2, down=True)
    return lower, take_root(one.w2_squared_upper, 2, down=False)


def _tell_w2(one: "PointsCertificate") -> str:
    return f"{one.w2_squared**0.5:.8g}, certified within {format_interval(*_root_ends(one))}"


def _name_count(one: "PointsCertificate") -> str:
    return "N" if one.has_equal_masses else "1/Σν²"


def _tell_coinciding(one: "PointsCertificate") -> str:
    masses = "" if one.has_equal_masses else ", of the masses in the file"
    if not one.coinciding:
        return masses
    lie = "lies where another does" if one.coinciding == 1 else "lie where others do"
    return f"{masses}; {one.coinciding:,} {lie}, and their masses are added"


def _tell_discrepancy(one: "PointsCertificate", *, uniform: bool) -> str:
    if one.l2_star_discrepancy is not None:
        return f"{one.l2_star_discrepancy:.6g}"
    if len(one.points) > MOST_FOR_DISCREPANCY:
        return f"left out: it is for up to {MOST_FOR_DISCREPANCY:,} points"
    return f"left out: it is for {'equal masses' if uniform else 'equal masses and flat tone'}"


def _tell_distances(one: "PointsCertificate", unit: str) -> str:
    if one.least_distance is None or one.mean_distance is None:
        return "a single point has no other"
    return (
        f"{one.least_distance:.5g}{unit} at the least, {one.mean_distance:.5g}{unit} on average:"
        f" {_compare(one, one.least_distance)} and {_compare(one, one.mean_distance)} of the"
        f" hexagonal spacing {one.hexagonal_distance:.5g}{unit}"
    )


def _compare(one: "PointsCertificate", distance: float) -> str:
    return f"{distance / one.hexagonal_distance:.3f}"


def _tell_spectrum(one: "PointsCertificate") -> str:
    low = f"mean of low frequencies {_tell_energy(one)} (white noise 1)"
    if one.low_frequency_energy is None:
        low = "too few points for low frequencies"
    if one.largest_power == 0:
        return f"no slanting wave of about the spacing has power; {low}"
    power = f"{one.largest_power:.4g} (about ln N at random, N for a lattice)"
    return f"largest power of a wave {power}; {low}"


def _tell_energy(one: "PointsCertificate") -> str:
    return "-" if one.low_frequency_energy is None else f"{one.low_frequency_energy:.3g}"
