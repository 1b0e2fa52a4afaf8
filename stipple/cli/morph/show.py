"""What `stipple morph` found: lines for a person, the report, and files."""

from typing import Any

from stipple.cli.morph.plan import Job
from stipple.cli.morph.run import FoundMorph
from stipple.cli.shared.digits import round_up
from stipple.cli.shared.report import describe_command


def list_rows(job: Job, found: FoundMorph) -> list[tuple[str, str]]:
    """Lines for a person."""
    frames, count, _ = found.morph.points.shape
    scale = found.placement.scale
    rows = [("dots", f"{count:,}"), ("frames", f"{frames:,}")]
    rows.append(("length", f"{found.morph.durations.sum():.4g} s, over and over"))
    for passage, here, there in zip(
        found.morph.passages, job.images[:-1], job.images[1:], strict=True
    ):
        rows.append(
            (
                "way of dots",
                f"{scale * passage.rms:.4g} mm (root mean square) from {here} to {there}; no other"
                f" matching saves more than {round_up(100 * passage.gap, 2)} % of it",
            )
        )
    return rows


def describe_morph(job: Job, found: FoundMorph) -> dict[str, Any]:
    """Describe the figures, and the command, for the report."""
    morph = found.morph
    frames, count, _ = morph.points.shape
    height, width = morph.shape
    return {
        "points": count,
        "frames": frames,
        "duration_s": float(morph.durations.sum()),
        "frame_px": (width, height),
        "page_mm": (found.placement.width, found.placement.height),
        "millimetres_per_pixel": found.placement.scale,
        "pictures": [
            {"image": image, "frame": frame, "quality": one.quality, "w2_squared": one.w2_squared}
            for image, frame, one in zip(job.images, morph.pictures, morph.stipplings, strict=True)
        ],
        "passages": [
            {"rms_px": one.rms, "rms_lower_px": one.lower, "gap": one.gap} for one in morph.passages
        ],
        **describe_command("morph", job.recorded),
    }


def render_files(job: Job, found: FoundMorph) -> list[tuple[str, bytes]]:
    """Render every animation: paths and contents."""
    forms = dict.fromkeys(output.format for output in job.outputs)
    contents = {form: found.morph.render(form, job.layout) for form in forms}
    return [(output.path, contents[output.format]) for output in job.outputs]
