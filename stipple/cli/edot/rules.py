"""Options of `stipple edot` that do not go together; the first rule that is broken is told."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from stipple.choices import AtomStart
from stipple.cli.edot.metrics import METRIC_RULES
from stipple.cli.shared.conflicts import ONE_WIDTH, Rule, refuse_each

# What only the adaptive algorithm looks at, and what only the simple one does.
CELL_OPTIONS = ("cells", "cell_atoms", "scheduler")
STEP_OPTIONS = ("batch", "momentum", "atom_rate", "weight_rate", "finish")
# How atoms and pages look, which a plan has none of.
LOOKS = (
    *("page", "landscape", "margin", "dots", "radius", "pen", "ink", "background"),
    *("show_samples", "show_cells"),
)
# What a preset sets itself.
PRESET_SETS = {
    *STEP_OPTIONS,
    *("read", "box", "disc", "ball", "spacing", "pixels", "atoms", "objective", "zeta"),
    *("order", "weights"),
    *(
        "capacity",
        "start",
        "restarts",
        "algorithm",
        "cells",
        "cell_atoms",
        "metric",
        "color",
        "barycenter",
        "lambdas",
        "plan",
        "joint",
        "naive",
        "gap",
    ),
}


def _is_single(options: Mapping[str, Any]) -> bool:
    """Whether there is one run whatever the numbers of atoms."""
    return bool(options["plan"] or options["barycenter"] or options["color"] == "rgb")


def _has_no_weight(lambdas: Sequence[float] | None) -> bool:
    """Whether weights are negative, or all zero."""
    return lambdas is not None and (min(lambdas) < 0 or sum(lambdas) <= 0)


def _starts_at_places(options: Mapping[str, Any]) -> bool:
    return options["start"] not in get_args(AtomStart)


def _weighs_by_file(options: Mapping[str, Any]) -> bool:
    return options["weights"] not in ("free", "equal")


# After the first few, no rule meets a preset: it leaves the options named there as they are.
RULES = (
    *refuse_each(
        sorted(PRESET_SETS),
        "--preset brings its own --{}.",
        lambda options: bool(options["preset"]),
    ),
    Rule(
        lambda options: bool(options["preset"] and options["sources"]),
        "--preset brings its own sources: leave SOURCE out.",
    ),
    Rule(
        lambda options: not options["preset"] and not options["sources"],
        "Give a SOURCE, or --preset NAME (--list-presets names them).",
    ),
    Rule(
        lambda options: options["sources"].count("-") > 1,
        "Standard input (-) can be read once only.",
    ),
    Rule(
        lambda options: options["plan"] and options["barycenter"],
        "Give --plan or --barycenter, not both.",
    ),
    Rule(
        lambda options: options["plan"] and len(options["sources"]) != 2,
        lambda options: f"--plan is between two SOURCEs, not {len(options['sources'])}.",
    ),
    Rule(
        lambda options: options["barycenter"] and len(options["sources"]) < 2,
        "--barycenter takes at least two SOURCEs.",
    ),
    Rule(
        lambda options: (
            options["barycenter"]
            and bool(options["lambdas"])
            and len(options["lambdas"]) != len(options["sources"])
        ),
        lambda options: (
            f"--lambda has {len(options['lambdas'])} numbers for {len(options['sources'])} SOURCEs."
        ),
    ),
    Rule(
        lambda options: options["barycenter"] and _has_no_weight(options["lambdas"]),
        "--lambda takes numbers of at least 0, not all 0.",
    ),
    Rule(
        lambda options: options["joint"] and not options["plan"],
        "--joint needs --plan, and two SOURCEs.",
    ),
    Rule(
        lambda options: options["joint"] and options["objective"] == "exact",
        "--joint is for entropic objectives: say --objective sharp.",
    ),
    Rule(
        lambda options: (
            options["joint"] and (options["order"] != 2 or options["metric"] != "euclidean")
        ),
        "--joint takes squared Euclidean distances: leave --order and --metric out.",
    ),
    Rule(
        lambda options: (
            options["joint"]
            and bool(options["lambdas"])
            and (len(options["lambdas"]) != 1 or options["lambdas"][0] <= 0)
        ),
        "--lambda takes one number above 0 here.",
    ),
    Rule(
        lambda options: (
            bool(options["lambdas"]) and not (options["barycenter"] or options["joint"])
        ),
        "--lambda needs --barycenter, or --plan --joint.",
    ),
    Rule(
        lambda options: (
            len(options["sources"]) > 1 and not (options["barycenter"] or options["plan"])
        ),
        lambda options: (
            f"One SOURCE is discretised, not {len(options['sources'])}: say --barycenter or --plan"
            " for more."
        ),
    ),
    Rule(lambda options: min(options["atoms"]) < 1, "--atoms must be at least 1."),
    Rule(
        lambda options: options["plan"] and len(options["atoms"]) > 2,
        "--atoms takes 2 numbers here.",
    ),
    Rule(
        lambda options: _is_single(options) and not options["plan"] and len(options["atoms"]) > 1,
        "--atoms takes 1 number here.",
    ),
    Rule(
        lambda options: _is_single(options) and options["naive"][0] > 0,
        "--naive compares discretisations of one SOURCE.",
    ),
    Rule(
        lambda options: options["barycenter"] and options["algorithm"] == "adaptive",
        "--barycenter finds all atoms at once: leave --algorithm out.",
    ),
    Rule(
        lambda options: options["color"] == "rgb" and (options["plan"] or options["barycenter"]),
        "--color rgb goes with one SOURCE.",
    ),
    *refuse_each(
        ("start", "restarts", "capacity"),
        "--{} is for free weights of the exact objective.",
        lambda options: (
            options["objective"] != "exact" or options["weights"] != "free" or options["barycenter"]
        ),
    ),
    Rule(
        lambda options: _weighs_by_file(options) and options["objective"] != "exact",
        "--weights PATH is for the exact objective: say free or equal.",
    ),
    Rule(
        lambda options: (
            _weighs_by_file(options) and (len(options["atoms"]) > 1 or _is_single(options))
        ),
        lambda options: (
            f"The weights in {options['weights']} are for one run: give one SOURCE and one number"
            " of atoms."
        ),
    ),
    Rule(
        lambda options: "restarts" in options["given"] and _starts_at_places(options),
        "--restarts is for starts that are drawn: leave it out.",
    ),
    Rule(
        lambda options: (
            _starts_at_places(options)
            and (len(options["atoms"]) > 1 or options["plan"] or options["color"] == "rgb")
        ),
        lambda options: (
            f"The places in {options['start']} are for one run: give one SOURCE and one number of"
            " atoms."
        ),
    ),
    *refuse_each(
        ("zeta",),
        "--{} is for entropic objectives: say --objective full, or --plan.",
        lambda options: options["objective"] == "exact" and not options["plan"],
    ),
    *refuse_each(
        ("algorithm", *STEP_OPTIONS, *CELL_OPTIONS),
        "--{} is for entropic objectives: say --objective full.",
        lambda options: options["objective"] == "exact" and not options["preset"],
    ),
    Rule(
        lambda options: (
            "cells" in options["draw"] and options["objective"] == "exact" and not options["preset"]
        ),
        "--draw cells is for the adaptive algorithm of entropic objectives: say --objective full.",
    ),
    Rule(
        lambda options: "draw" in options["given"] and options["plan"],
        "--plan draws no dots or cells: leave --draw out.",
    ),
    *refuse_each(
        LOOKS,
        "--{} is for pictures of atoms, and --plan draws a heat map: leave it out.",
        lambda options: options["plan"],
    ),
    Rule(
        lambda options: (
            options["barycenter"]
            and options["objective"] == "exact"
            and options["weights"] == "free"
            and "weights" in options["given"]
        ),
        "--barycenter has equal weights with the exact objective: say --weights equal, or"
        " --objective full.",
    ),
    *refuse_each(
        CELL_OPTIONS,
        "--{} is for the adaptive algorithm.",
        lambda options: options["algorithm"] == "simple",
    ),
    *refuse_each(
        ("weight_rate",),
        "--{} is for free weights.",
        lambda options: options["weights"] == "equal" and not options["preset"],
    ),
    *refuse_each(
        (*STEP_OPTIONS, "steps"),
        "--{} is for the simple algorithm.",
        lambda options: options["algorithm"] == "adaptive",
    ),
    *refuse_each(
        CELL_OPTIONS,
        "--barycenter takes the simple algorithm: leave --{} out.",
        lambda options: options["barycenter"],
    ),
    *refuse_each(
        ("scheduler",),
        "Give --threads or --{}, not both: cells are solved there.",
        lambda options: "threads" in options["given"],
    ),
    *METRIC_RULES,
    ONE_WIDTH,
)
