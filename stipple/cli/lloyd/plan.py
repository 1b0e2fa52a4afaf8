"""What `stipple lloyd` is to do: the words of the command line as a typed job, or a usage error."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import click

from stipple.choices import NeighbourEngine
from stipple.cli.lloyd.options import STARTS
from stipple.cli.lloyd.rules import FILE_RULES, SOURCE_RULES, SPACE_RULES, STEP_RULES
from stipple.cli.shared.conflicts import find_given, refuse_conflicts
from stipple.cli.shared.domains import is_formula, plan_formula_domain, read_domain
from stipple.cli.shared.drawings import DRAWING_FORMATS
from stipple.cli.shared.images import plan_reading
from stipple.cli.shared.outputs import Output, plan_outputs, settle_files
from stipple.cli.shared.presets import find_preset
from stipple.cli.shared.report import Recorded, record_options

if TYPE_CHECKING:
    from stipple.lloyd_steps.experiment import Experiment
    from stipple.lloyd_steps.paths import AnyDomain
    from stipple.lloyd_steps.preset import Preset
    from stipple.lloyd_steps.starts import Start
    from stipple.measures.formula import Term

# More pictures than this side by side could not be told apart.
LARGEST_PANELS = 64
# Options that change a preset where they are given, and the fields that they change.
PRESET_FIELDS = {
    "points": "counts",
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
    pictures : tuple of str
        Patterns of the paths of pictures of the last points.
    pages : tuple of str
        Patterns of the paths of pages with all steps of a run.
    last_points : str or None
        Pattern of the paths of the last points.
    plot, animation, report : str or None
        Paths of the plot of W2² against N, of the moving points, and of the report.
    frames : str or None
        Pattern of the paths of pictures of steps.
    drawn : frozenset of int or None
        Steps to draw; None for the first and last of each run.
    """

    traces: tuple[str, ...]
    pictures: tuple[str, ...]
    pages: tuple[str, ...]
    last_points: str | None
    plot: str | None
    frames: str | None
    drawn: frozenset[int] | None
    animation: str | None
    report: str | None

    def name_frame(self, step: int, count: int, repeat: int, is_last: bool) -> str | None:
        """Fill in the path of the picture of a step; None if it is not to be drawn.

        What has the same name comes into the same picture, but for other repeats.
        """
        chosen = step == 0 or is_last if self.drawn is None else step in self.drawn
        if self.frames is None or not chosen or (repeat and "{repeat" not in self.frames):
            return None
        return self.frames.format(step=step, points=count, repeat=repeat)


@dataclass(frozen=True)
class Job:
    """One call of `stipple lloyd`.

    Attributes
    ----------
    experiment : Experiment
        What is run.
    in_pixels : bool
        Whether points are written in pixels, as those of an image are read; else in units of the
        domain.
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
    in_pixels: bool
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
    outputs = _plan_outputs(options)
    refuse_conflicts({**options, "given": given}, SOURCE_RULES)
    preset = _find_preset(options["preset"]) if options["preset"] else None
    if preset:
        changes = {field: options[name] for name, field in PRESET_FIELDS.items() if name in given}
        if "steps" in given:
            changes |= _plan_steps(options["steps"])
            changes["measured_step"] = preset.experiment.measured_step
        experiment, in_pixels = replace(preset.experiment, **changes), bool(options["source"])
        if in_pixels:
            domain = _read_picture(options, preset)
            experiment = replace(experiment, domain=lambda _count: domain)
    else:
        experiment, in_pixels = _define_experiment(options, "points" in given)
    if options["plot"] and len(experiment.counts) < 2:
        raise click.UsageError("--plot needs at least two numbers of points, as in -n 400,1600.")
    known = {**options, "given": given, "in_space": experiment.in_space}
    refuse_conflicts(known, SPACE_RULES)
    files = _plan_files(options, outputs, preset)
    _refuse_panels(files, experiment)
    others = [path for path in (files.plot, files.animation, files.report) if path]
    pictures = [*_list_frames(files, experiment), *_list_last(files, experiment)]
    settle_files(options, [*files.traces, *others, *pictures])
    return Job(
        experiment=experiment,
        in_pixels=in_pixels,
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


def _plan_outputs(options: Mapping[str, Any]) -> tuple[Output, ...]:
    """Find the format of every output, and refuse names that are none."""
    paths = options["outputs"]
    form = "csv" if "-" in paths else None
    outputs = plan_outputs("", paths, form, ("csv", *DRAWING_FORMATS)) if paths else ()
    refuse_conflicts(options, FILE_RULES)
    return outputs


def _plan_files(
    options: Mapping[str, Any], outputs: Sequence[Output], preset: "Preset | None"
) -> Files:
    drawn = options["frame_steps"] or (preset.pictures if preset else ())
    return Files(
        traces=tuple(output.path for output in outputs if output.format == "csv"),
        pictures=tuple(one.path for one in outputs if one.format not in ("csv", "html")),
        pages=tuple(output.path for output in outputs if output.format == "html"),
        last_points=options["last_points"],
        plot=options["plot"],
        frames=options["frames"],
        drawn=frozenset(drawn) if drawn else None,
        animation=options["animate"],
        report=options["report"],
    )


def _refuse_panels(files: Files, experiment: "Experiment") -> None:
    """Refuse more pictures of the same name than can be seen side by side."""
    pattern = files.frames or "{step}"
    steps = 1 if "{step" in pattern else len(files.drawn or (0, 1))
    panels = steps * (1 if "{points" in pattern else len(experiment.counts))
    if "{step" not in pattern and panels > LARGEST_PANELS:
        raise click.UsageError(
            f"--frames {pattern} would be {panels} pictures side by side: at most {LARGEST_PANELS}"
            " are, so write {step} into the name, or choose fewer steps."
        )


def _list_frames(files: Files, experiment: "Experiment") -> list[str]:
    """List the paths of pictures of steps that are known beforehand, each once."""
    last = experiment.steps
    steps = files.drawn or {0, last or 0}
    names = (
        files.name_frame(step, count, repeat, step == last)
        for count, repeat in _list_runs(files.frames or "", experiment)
        for step in sorted(steps)
        if last is None or step <= last
    )
    return list(dict.fromkeys(name for name in names if name))


def _list_last(files: Files, experiment: "Experiment") -> list[str]:
    """List the paths of what is written at the end of runs, each once for its pattern."""
    points = [files.last_points] if files.last_points else []
    patterns = [*files.pictures, *files.pages, *points]
    return [
        name
        for pattern in patterns
        for name in dict.fromkeys(
            pattern.format(points=count, repeat=repeat)
            for count, repeat in _list_runs(pattern, experiment)
        )
    ]


def _list_runs(pattern: str, experiment: "Experiment") -> "Iterator[tuple[int, int]]":
    """Yield the number of points and of the repeat of runs whose names may differ."""
    repeats = experiment.repeats if "{repeat" in pattern else 1
    return product(experiment.counts, range(repeats))


def _find_preset(name: str) -> "Preset":
    from stipple.lloyd_steps.presets import list_presets

    return find_preset(name, list_presets())


def _read_source(options: Mapping[str, Any]) -> "tuple[AnyDomain, bool]":
    """Read a formula, an image or a volume, and whether points are in pixels."""
    return read_domain(
        options["source"], plan_formula_domain(options), plan_reading(options), options["spacing"]
    )


def _read_picture(options: Mapping[str, Any], preset: "Preset") -> "AnyDomain":
    """Read the picture on which a preset is to run."""
    if not preset.takes_picture:
        raise click.UsageError(f"--preset {preset.name} brings its own density: leave SOURCE out.")
    source = options["source"]
    if is_formula(source):
        raise click.UsageError(f"--preset {preset.name} runs on a picture, but {source!r} is none.")
    return _read_source(options)[0]


def _define_experiment(options: Mapping[str, Any], count_given: bool) -> "tuple[Experiment, bool]":
    """Say what is run on a source, and whether that is an image, whose points are in pixels."""
    from stipple.lloyd_steps.experiment import Experiment

    domain, in_pixels = _read_source(options)
    counts = options["points"]
    start, n = _find_start(options["start"], domain, in_pixels)
    if n is not None:
        if count_given and counts != (n,):
            raise click.UsageError(f"--points is given, but the start has {n}: leave --points out.")
        counts = (n,)
    experiment = Experiment(
        domain=lambda _count: domain,
        start=start,
        counts=counts,
        **_plan_steps(options["steps"]),
        repeats=options["repeats"],
        method=options["method"],
        step_sizes=options["step_sizes"],
        perturbation=options["jitter"],
    )
    return experiment, in_pixels


def _plan_steps(steps: int | str | None) -> dict[str, Any]:
    """Say when runs end, and which step is measured, as fields of an experiment."""
    from stipple.lloyd_steps.experiment import LAST_STEP, PLATEAU_STEPS

    if isinstance(steps, int):
        return {"steps": steps, "stop_on_plateau": False, "measured_step": steps}
    plateau = steps == "plateau"
    return {
        "steps": PLATEAU_STEPS if plateau else None,
        "stop_on_plateau": plateau,
        "measured_step": LAST_STEP,
    }


def _find_start(words: str, domain: "AnyDomain", in_pixels: bool) -> "tuple[Start, int | None]":
    """Say how points are placed, and how many a file has."""
    from stipple.lloyd_steps.starts import RandomStart, make_start, start_at

    if words in STARTS:
        return make_start(words), None
    if is_formula(words):
        return RandomStart(_parse_start(words)), None
    from stipple.files.tables import read_points_csv

    points = read_points_csv(words, domain.dimension)
    return start_at(domain.to_domain(points) if in_pixels else points), len(points)


def _parse_start(words: str) -> "tuple[Term, ...]":
    from stipple.errors import StippleError
    from stipple.measures.formula import parse_density

    try:
        return parse_density(words)
    except StippleError as error:
        raise click.UsageError(
            f"--start is {words!r}: give {', '.join(STARTS)}, a density such as gaussian:0.5,0.2,"
            " or a file such as points.csv."
        ) from error
