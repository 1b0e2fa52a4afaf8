"""Every preset of `stipple lloyd`, published against measured: `make experiments`.

Runs the command as anybody would, and writes docs/experiments.md with its plots and pictures.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from stamp import describe_origin

from stipple.lloyd_steps.preset import Preset
from stipple.lloyd_steps.presets import list_presets

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "experiments.md"
IMAGES = ROOT / "docs" / "images" / "experiments"
PICTURE_HEIGHT = 260

TITLE = "# Experiments\n"
INTRODUCTION = """\
Each row is one command, `stipple lloyd --preset NAME`. The source is Mérigot, Santambrogio,
Sarrazin, "Non-asymptotic convergence bounds for Wasserstein approximation using point clouds"
(NeurIPS 2021), and its slides. Slopes are least squares of ln W2² over ln N; where starts are
random, the interval is that of 95 % for the mean of the clouds. "Inequalities" are the one-step
theorem and the modified Polyak–Łojasiewicz inequality, checked on every row of every trace;
"vacuous" counts the rows on which the constant is so large that the first, and the second, holds
for any points.

Presets whose names begin with `space` are in the cube, d = 3, which the paper does not draw: what
theory says of them is in the column "published".

The Gaussian presets use ρ ∝ exp(−16·|x − ½|²). With exp(−8·|x − ½|²), which the paper prints, the
slope from the grid is −0.972 for these numbers of points, and it needs no solver to see:
grid and density are products, so W2² is twice a one-dimensional quantisation error with a closed
form (tests/lloyd_steps/test_presets.py has both). With 16 the same closed form gives −0.799, and
the random start −0.95: the published figures.
"""


def main() -> None:
    """Run every preset and write the report."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    rows, pictures = [], []
    began = time.perf_counter()
    for preset in list_presets().values():
        started = time.perf_counter()
        said = run_preset(preset)
        seconds = time.perf_counter() - started
        rows.append(describe(preset, said, seconds))
        pictures += show(preset)
        print(rows[-1], flush=True)
    total = time.perf_counter() - began
    table = [
        "| preset | what | published | measured | verdict | inequalities | seconds |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]
    head = [TITLE, describe_origin("experiments"), "", INTRODUCTION]
    text = "\n".join([*head, *table, "", f"All together: {total:.0f} s.", "", *pictures])
    REPORT.write_text(text + "\n", encoding="utf-8")
    print(f"Wrote {REPORT}")


def run_preset(preset: Preset) -> dict[str, Any]:
    """Run a preset by its command, and read its report."""
    report = ROOT / "out" / f"{preset.name}.json"
    report.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "stipple", "lloyd", "--preset", preset.name]
    command += ["--report", str(report)]
    if preset.target:
        command += ["--plot", str(IMAGES / f"{preset.name}.svg")]
    if preset.pictures:
        command += ["--frames", str(IMAGES / f"{preset.name}-{{points}}-{{step:03d}}.png")]
    subprocess.run(command, check=True)
    result: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return result


def describe(preset: Preset, said: dict[str, Any], seconds: float) -> str:
    """Compare what was measured with what was published, as a row of the table."""
    measured, verdict = measure(preset, said)
    holds = "hold" if said["inequalities_hold"] else "**fail**"
    rows = len(said["trace"])
    idle = f"{said['one_step_vacuous_rows']} and {said['polyak_lojasiewicz_vacuous_rows']}"
    return (
        f"| {preset.name} | {preset.title} | {preset.published} | {measured} | {verdict} |"
        f" {holds} on {rows} rows, vacuous on {idle} | {seconds:.0f} |"
    )


def measure(preset: Preset, said: dict[str, Any]) -> tuple[str, str]:
    """Tell the figure of a preset, and whether it is the published one."""
    trace = said["trace"]
    if preset.target:
        low, high = preset.target
        slope, half_width = said["slope"], said["slope_half_width"]
        interval = "" if half_width is None else f" ± {half_width:.3f}"
        agrees = low <= slope <= high
        return f"slope {slope:.3f}{interval}", "agrees" if agrees else "**differs**"
    if preset.name == "line":
        starts = [row for row in trace if row["step"] == 0]
        errors = [
            abs(row["w2_squared"] / (1 / 12 + 1 / (12 * row["points"] ** 2)) - 1) for row in starts
        ]
        stays = max(errors) <= 0.01
        return (
            f"W2² off 1/12 + 1/(12N²) by {max(errors):.0e}; gradient"
            f" {max(row['gradient_norm'] for row in starts):.0e}",
            "agrees" if stays else "**differs**",
        )
    if preset.name == "unstable-grid":
        first = trace[0]["w2_squared"]
        left = next((row["step"] for row in trace if row["w2_squared"] < 0.9999 * first), None)
        agrees = left is not None and left <= 200
        return f"W2² has fallen by 1e-4 at step {left}", "agrees" if agrees else "**differs**"
    first, last = trace[0], trace[-1]
    return (
        f"W2² {first['w2_squared']:.4g} → {last['w2_squared']:.4g}, gradient"
        f" {first['gradient_norm']:.1e} → {last['gradient_norm']:.1e}",
        "pictures",
    )


def show(preset: Preset) -> list[str]:
    """Link the plot and the pictures of a preset."""
    found = sorted(IMAGES.glob(f"{preset.name}.svg"))
    found += sorted(IMAGES.glob(f"{preset.name}-[0-9]*.png"))
    if not found:
        return []
    images = [
        f'<img src="{path.relative_to(REPORT.parent).as_posix()}" height="{PICTURE_HEIGHT}"'
        f' alt="{path.stem}">'
        for path in found
    ]
    steps = ", ".join(map(str, preset.pictures))
    seen = "slices across z" if preset.experiment.in_space else "arrows from points to barycentres"
    caption = f" (steps {steps}; {seen})" if preset.pictures else ""
    return [f"## {preset.name}", "", f"{preset.title}{caption}", "", *images, ""]


if __name__ == "__main__":
    main()
