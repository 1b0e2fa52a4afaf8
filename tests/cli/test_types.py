"""Words of options as values, and values as a report prints them."""

import click
import pytest

from stipple.cli.shared import types
from stipple.cli.shared.report import describe_command, record_options


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (types.SIZE, "800", 800),
        (types.SIZE, "12x7", (12, 7)),
        (types.SIZE, "12×7", (12, 7)),
        (types.RADIUS, "auto", None),
        (types.RADIUS, "2cm", 20.0),
        (types.COLOUR, "navy", "#000080"),
        (types.COLOUR, "#FF0102", "#ff0102"),
        (types.BACKGROUND, "none", "none"),
        (types.MARKS, "tour,dots,dots", frozenset({"dots", "tour"})),
        (types.RIVALS, "sobol,grid,sobol", ("sobol", "grid")),
        (types.PREFIXES, "3:9:2", range(3, 10, 2)),
        (types.PREFIXES, "4:4", range(4, 5)),
        (types.PREFIXES, f"1:{types.MOST_PREFIXES}", range(1, types.MOST_PREFIXES + 1)),
        (types.NUMBERS, "0,-1.5,1e3", (0.0, -1.5, 1000.0)),
        (types.COUNTS, "400,16", (400, 16)),
        (types.STEPS, "theorem", None),
        (types.STEPS, "plateau", "plateau"),
        (types.STEPS, "12", 12),
        (types.FiniteRange(0, 1), "1", 1.0),
    ],
)
def test_words_become_values(kind, text, value):
    assert kind.convert(text, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (types.SIZE, "12x", "not a size"),
        (types.RADIUS, "0mm", "above zero"),
        (types.COLOUR, "#00000080", "not a colour"),
        (types.MARKS, "dots,lines", "Unknown mark 'lines'"),
        (types.MARKS, "dots,cels", "Did you mean 'cells'?"),
        (types.INKS, "black,magneta", "Did you mean 'magenta'?"),
        (types.RIVALS, "sobol,nobody", "Unknown name 'nobody'"),
        (types.SHARES, "0.3,nan", "not finite"),
        (types.PREFIXES, f"1:{types.MOST_PREFIXES + 1}", "more than 1,000,000"),
        (types.NUMBERS, "0,inf", "not finite"),
        (types.COUNTS, "4,", "whole numbers"),
        (types.STEPS, "-1", "whole number"),
        (types.FiniteRange(0), "inf", "not a finite number"),
        (types.FiniteRange(0), "nan", "not a finite number"),
    ],
)
def test_other_words_are_refused(kind, text, said):
    with pytest.raises(click.BadParameter, match=said):
        kind.convert(text, None, None)


def test_options_are_recorded_as_they_were_given():
    given = {"format_": None, "prefixes": range(3, 10, 2), "draw": frozenset({"tour", "dots"})}
    recorded = record_options({**given, "seed": 4})
    assert recorded == {"format": None, "prefixes": [3, 9, 2], "draw": ["dots", "tour"], "seed": 4}
    told = describe_command("stipple", recorded)
    assert (told["command"], told["seed"], told["options"]) == ("stipple", 4, recorded)
    assert "seed" not in describe_command("bound", record_options(given))
