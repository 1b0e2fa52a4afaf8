"""Every preset of `stipple edot`, published against measured: `make experiments`.

Runs the command as anybody would, and writes docs/edot-experiments.md with its pictures; with
names of presets, their sections only.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from stamp import describe_origin

from stipple.cli.shared.digits import format_interval
from stipple.discretisation.presets import Preset, list_presets

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "edot-experiments.md"
IMAGES = ROOT / "docs" / "images" / "edot"
DPI, FINE_DPI = "60", "100"
# Loss against stochastic steps (Figure 2f), bands of naive samplings (2d, 2e), cost against m.
PLOTS = {
    "mixture-1d": "mixture-1d-loss.svg",
    "naive-comparison": "naive-comparison.svg",
    "image": "image-counts.svg",
}
SHOWN = {
    "uniform-1d": "Figure 2a of the source. ",
    "mixture-1d": "Figures 2b and 2f (loss against stochastic steps) of the source. ",
    "mixture-2d": "Figure 2c of the source. ",
    "naive-comparison": "Figures 2d and 2e of the source, in both metrics. ",
    "plan-1d": "Figure 3a of the source. ",
    "adaptive-30": "Figure 3b of the source. ",
}
# Where it matters which atom samples go to, they are coloured by it.
COLOURED = ("sphere", "swiss-roll")
MIXTURE_ATOMS = (0.136, 0.307, 0.525, 0.708, 0.892)

TITLE = "# Discretisation experiments\n"
INTRODUCTION = """\
Each section is one command, `stipple edot --preset NAME`. The source is "Efficient Discretizations
of Optimal Transport" (EDOT). W_k^k is the unregularised cost, exact or in a certified interval;
sharp is what the source calls W. Figures of the source are those of Entropy 25 (2023), 839.
"""


def main() -> None:
    """Run every preset and write the report; or those that are named, and write their sections."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    presets = list_presets()
    names = sys.argv[1:] or list(presets)
    head, sections = read_report()
    began = time.perf_counter()
    for name in names:
        preset, started = presets[name], time.perf_counter()
        runs = run_preset(preset)
        seconds = time.perf_counter() - started
        sections[name] = "\n".join(describe(preset, runs, seconds))
        if len(names) < len(presets):
            sections[name] += f"\n{describe_origin('experiments')}\n"
        print(f"{preset.name}: {judge(preset, runs)} ({seconds:.0f} s)", flush=True)
    if len(names) == len(presets):
        head = "\n".join([TITLE, describe_origin("experiments"), "", INTRODUCTION])
        head += f"\nAll together: {time.perf_counter() - began:.0f} s.\n"
    shown = [sections[name] for name in presets if name in sections]
    REPORT.write_text("\n".join([head, *shown]), encoding="utf-8")
    print(f"Wrote {REPORT}")


def read_report() -> tuple[str, dict[str, str]]:
    """Read the head of the page, and its sections by name."""
    page = REPORT.read_text(encoding="utf-8") if REPORT.exists() else TITLE
    head, *sections = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    return head.rstrip("\n") + "\n", {
        re.match(r"## (.+)", section)[1]: section.rstrip("\n") + "\n" for section in sections
    }


def run_preset(preset: Preset) -> list[dict[str, Any]]:
    """Run a preset by its command, and read its report."""
    report = ROOT / "out" / f"edot-{preset.name}.json"
    report.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "stipple", "edot", "--preset", preset.name, "-q"]
    coloured = preset.name in COLOURED
    samples = "--show-cells" if coloured else "--show-samples"
    command += ["--report", str(report), samples, "--dpi", FINE_DPI if coloured else DPI]
    if preset.naive is None:
        # Large pictures side by side would be too small to see.
        name = f"{preset.name}-{{run}}" if len(preset.cases) > 3 else preset.name
        command += ["-o", str(IMAGES / f"{name}.png")]
    if preset.name in PLOTS:
        command += ["--plot", str(IMAGES / PLOTS[preset.name])]
    if preset.name == "adaptive-30":
        command += ["--draw", "dots,cells"]
    subprocess.run(command, check=True)
    figures = json.loads(report.read_text(encoding="utf-8"))
    runs: list[dict[str, Any]] = figures["runs"]
    # What is said of both runs of a plan is kept with the first.
    runs[0]["joint"] = figures.get("joint")
    return runs


def describe(preset: Preset, runs: list[dict[str, Any]], seconds: float) -> list[str]:
    """Write the section of a preset."""
    lines = [
        f"## {preset.name}",
        "",
        f"{preset.title[0].upper()}{preset.title[1:]}.",
        "",
        "| run | m | W_k^k | sharp | full |",
        "|---|---|---|---|---|",
    ]
    for run in runs:
        cost = f"{run['cost_upper']:.7g}"
        if not run["cost_is_exact"]:
            cost = format_interval(run["cost_lower"], run["cost_upper"], 7)
        regularised = (
            "–" if run[name] is None else f"{run[name]:.6g}" for name in ("sharp", "full")
        )
        lines.append(f"| {run['run']} | {run['atoms']:,} | {cost} | {' | '.join(regularised)} |")
    pictures = sorted(IMAGES.glob(f"{preset.name}*"))
    images = [
        f'<img src="{path.relative_to(REPORT.parent).as_posix()}" alt="{path.stem}">'
        for path in pictures
    ]
    return [
        *lines,
        "",
        f"{SHOWN.get(preset.name, '')}To reach: {preset.published}. Measured:"
        f" {judge(preset, runs)}. {seconds:.0f} s.",
        "",
        *images,
        "",
    ]


def judge(preset: Preset, runs: list[dict[str, Any]]) -> str:
    """Compare what was measured with what was to be reached."""
    by_name = {run["run"]: run for run in runs}
    if preset.name in ("uniform-1d", "mixture-1d"):
        limit = 0.00495 if preset.name == "uniform-1d" else 0.00494
        sharp = by_name["sharp"]["sharp"]
        agrees = sharp <= limit
        text = f"sharp {sharp:.6f}"
        if preset.name == "mixture-1d":
            atoms = sorted(point for (point,) in by_name["sharp"]["positions"])
            farthest = max(
                abs(one - other) for one, other in zip(atoms, MIXTURE_ATOMS, strict=True)
            )
            agrees &= farthest <= 5e-3
            text += f", atoms {' '.join(f'{atom:.4f}' for atom in atoms)}"
        return f"{text}: {'agrees' if agrees else '**differs**'}"
    if preset.name == "discs-24":
        ratio = by_name["free"]["cost_upper"] / by_name["equal"]["cost_lower"]
        return f"ratio of errors {ratio:.3f}: {'agrees' if ratio < 0.5 else '**differs**'}"
    if preset.name == "naive-comparison":
        parts = []
        for run in runs:
            if run["atoms"] != 5:
                continue
            (naive,) = (one for one in run["naive"] if one["size"] == 40)
            verdict = "agrees" if naive["beaten_in_sharp"] >= 0.95 else "**differs**"
            parts.append(
                f"{run['run']} {naive['beaten_in_sharp']:.1%} in the sharp metric ({verdict}),"
                f" {naive['beaten_in_cost']:.1%} in the true one"
            )
        return "; ".join(parts)
    if preset.name == "adaptive-30":
        cells = [f"{run['run']} {_list_atoms(run)}" for run in runs]
        return f"atoms by cell: {'; '.join(cells)}"
    if preset.name == "plan-1d":
        return describe_plan(runs[0]["joint"])
    if preset.name == "image":
        ratios = [
            by_name[f"free-{m}"]["cost_upper"] / by_name[f"equal-{m}"]["cost_lower"]
            for m in (10, 100, 1000, 4000)
        ]
        verdict = "agrees" if max(ratios) < 1 else "**differs**"
        return f"free over equal {' '.join(f'{ratio:.3f}' for ratio in ratios)}: {verdict}"
    return "see the picture"


def _list_atoms(run: dict[str, Any]) -> str:
    return " ".join(str(cell["atoms"]) for cell in run["cells"])


def describe_plan(joint: dict[str, Any]) -> str:
    """Say Proposition 1 in figures, and what random points give."""
    parts = []
    for one in joint["proposition_1"]:
        first, second, plan = (sum(one[name]) / 2 for name in ("first", "second", "plan"))
        verdict = "holds" if one["holds"] else "**violated**"
        parts.append(
            f"{one['cost']}: max({first:.6f}, {second:.6f}) ≤ {plan:.6f}, {one['constant']:.3f} of"
            f" their sum ({verdict})"
        )
    ratio = sum(joint["naive_plan"]) / sum(joint["proposition_1"][0]["plan"])
    return f"Proposition 1, {'; '.join(parts)}; random points cost {ratio:.1f} times as much"


if __name__ == "__main__":
    main()
