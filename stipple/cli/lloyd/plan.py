"""What `stipple lloyd` is to do: the words of the command line as a typed job, or a usage error."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from stipple.choices import NeighbourEngine
from stipple.cli.lloyd.options import STARTS
from stipple.cli.lloyd.rules import FILE_RULES, SOURCE_RULES, STEP_RULES
from stipple.cli.shared.conflicts import find_given, refuse_conflicts
from stipple.cli.shared.domains import plan_formula_domain, read_domain
from stipple.cli.shared.images import plan_reading
from stipple.cli.shared.outputs import plan_outputs, settle_files
from stipple.cli.shared.presets import find_preset
from stipple.cli.shared.report import Recorded, record_options

if TYPE_CHECKING:
    from stipple.lloyd_steps.experiment import Experiment, Start
    from stipple.lloyd_steps.presets import Preset
    from stipple.measures.formula import Domain

# A step that no run reaches: the last row counts.
LAST = 10**9
# Options that change a preset where they are given, and the fields that they change.
PRESET_FIELDS = {
    "points": "counts",
    "steps": "steps",
    "repeats": "repeats",
    "jitter": "perturbation",
    "step_sizes": "step_sizes",
    "method": "method",
}


@dataclass(frozen=True)
class Files:
    """What is written.

    Attributes
    ----------
    traces : tuple of str
        Paths of the trace, as CSV.
    plot, animation, report : str or None
        Paths of the plot of W2² against N, of the moving points, and of the report.
    frames : str or None
        Pattern of the paths of pictures of steps.
    drawn : frozenset of int or None
        Steps to draw; None for the first and last of each run.
    """

    traces: tuple[str, ...]
    plot: str | None
    frames: str | None
    drawn: frozenset[int] | None
    animation: str | None
    report: str | None

    def name_frame(self, step: int, count: int, repeat: int, last: int | None) -> str | None:
        """Fill in the path of the picture of a step; None if it is not to be drawn."""
        chosen = {0, last} if self.drawn is None else self.drawn
        if self.frames is None or step not in chosen:
            return None
        return self.frames.format(step=step, points=count, repeat=repeat)


@dataclass(frozen=True)
class Job:
    """One call of `stipple lloyd`.

    Attributes
    ----------
    experiment : Experiment
        What is run.
    preset : Preset or None
        Where the experiment comes from, if it was published.
    title : str
        What it is called in a plot.
    seed : int
        Seed of random starts.
    engine, threads
        As in `TransportSolver`.
    files : Files
        What is written.
    quiet, verbose : bool
        What is printed meanwhile.
    recorded : dict
        Every option, for the report.
    """

    experiment: "Experiment"
    preset: "Preset | None"
    title: str
    seed: int
    engine: NeighbourEngine
    threads: int | None
    files: Files
    quiet: bool
    verbose: bool
    recorded: Recorded


def plan(context: click.Context, options: Mapping[str, Any]) -> Job:
    """Refuse what cannot end well, and say what is to be run.

    Raises
    ------
    click.UsageError
        For options that do not go together.
    StippleError
        For a source or a start that cannot be read, and files that cannot be written.
    """
    given = find_given(context)
    refuse_conflicts({**options, "given": given}, STEP_RULES)
    _check_files(options)
    refuse_conflicts(options, SOURCE_RULES)
    preset = _find_preset(options["preset"]) if options["preset"] else None
    if preset:
        changes = {field: options[name] for name, field in PRESET_FIELDS.items() if name in given}
        experiment = replace(preset.experiment, **changes)
    else:
        experiment = _define_experiment(options, "points" in given)
    if options["plot"] and len(experiment.counts) < 2:
        raise click.UsageError("--plot needs at least two numbers of points, as in -n 400,1600.")
    files = _plan_files(options, preset)
    others = [path for path in (files.plot, files.animation, files.report) if path]
    settle_files(options, [*files.traces, *others, *_list_frames(files, experiment)])
    return Job(
        experiment=experiment,
        preset=preset,
        title=preset.title if preset else options["source"],
        seed=options["seed"],
        engine=options["engine"],
        threads=options["threads"],
        files=files,
        quiet=options["quiet"],
        verbose=options["verbose"],
        recorded=record_options(options),
    )


def _check_files(options: Mapping[str, Any]) -> None:
    outputs = options["outputs"]
    if outputs:
        plan_outputs("", outputs, "csv" if "-" in outputs else None, ("csv",))
    refuse_conflicts(options, FILE_RULES)


def _plan_files(options: Mapping[str, Any], preset: "Preset | None") -> Files:
    drawn = options["frame_steps"] or (preset.pictures if preset else ())
    return Files(
        traces=options["outputs"],
        plot=options["plot"],
        frames=options["frames"],
        drawn=frozenset(drawn) if drawn else None,
        animation=options["animate"],
        report=options["report"],
    )


def _list_frames(files: Files, experiment: "Experiment") -> list[str]:
    """List the paths of all pictures that may be drawn, each once."""
    last = experiment.steps
    steps = files.drawn or {0, last or 0}
    repeats = experiment.repeats if "{repeat" in (files.frames or "") else 1
    names = (
        files.name_frame(step, count, repeat, last)
        for count in experiment.counts
        for repeat in range(repeats)
        for step in sorted(steps)
        if last is None or step <= last
    )
    return list(dict.fromkeys(name for name in names if name))


def _find_preset(name: str) -> "Preset":
    from stipple.lloyd_steps.presets import list_presets

    return find_preset(name, list_presets())


def _define_experiment(options: Mapping[str, Any], count_given: bool) -> "Experiment":
    from stipple.lloyd_steps.experiment import Experiment, make_start

    domain, in_pixels = read_domain(
        options["source"], plan_formula_domain(options), plan_reading(options)
    )
    counts, steps = options["points"], options["steps"]
    if options["start"] in STARTS:
        start = make_start(options["start"])
    else:
        start, n = _read_start(options["start"], domain, in_pixels)
        if count_given and counts != (n,):
            raise click.UsageError(f"--points is given, but the start has {n}: leave --points out.")
        counts = (n,)
    return Experiment(
        domain=lambda _count: domain,
        start=start,
        counts=counts,
        steps=steps,
        repeats=options["repeats"],
        measured_step=LAST if steps is None else steps,
        method=options["method"],
        step_sizes=options["step_sizes"],
        perturbation=options["jitter"],
    )


def _read_start(path: str, domain: "Domain", in_pixels: bool) -> "tuple[Start, int]":
    """Read the points of a start, and how many there are."""
    from stipple.files.tables import read_points_csv
    from stipple.lloyd_steps.experiment import start_at

    points = read_points_csv(path)
    return start_at(domain.to_domain(points) if in_pixels else points), len(points)
