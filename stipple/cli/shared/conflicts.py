"""Options that do not go together, as tables of rules."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from stipple.drawing.formats import PLOT_FORMATS


@dataclass(frozen=True)
class Rule:
    """What is refused, and the sentence that says what to change.

    Attributes
    ----------
    when : callable
        Whether the options, by name, break the rule.
    sentence : str or callable
        What a person reads; a callable makes it from the options.
    """

    when: Callable[[Mapping[str, Any]], bool]
    sentence: str | Callable[[Mapping[str, Any]], str]


def _has_suffix_beside(name: str, known: Collection[str], options: Mapping[str, Any]) -> bool:
    path = options[name]
    return path is not None and Path(path).suffix.lower() not in known


def allow_suffixes(name: str, known: Collection[str], written: str) -> Rule:
    """Give a rule that the path of an option has one of some suffixes; `written` names them."""
    return Rule(
        partial(_has_suffix_beside, name, known),
        lambda options: f"--{name.replace('_', '-')} writes {written}, not {options[name]!r}.",
    )


PLOT = allow_suffixes(
    "plot",
    [f".{form}" for form in PLOT_FORMATS],
    " or ".join(f".{form}" for form in PLOT_FORMATS),
)
ANIMATION = allow_suffixes("animate", [".gif"], "a .gif file")
ONE_WIDTH = Rule(
    lambda options: (
        options["dots"] == "stroke" and options["pen"] is not None and options["radius"] is not None
    ),
    "A stroke is as wide as the pen: give --pen or --radius, not both.",
)
ONE_PLACE = Rule(
    lambda options: bool(options["scheduler"]) and options["jobs"] > 1,
    "Give --jobs or --scheduler, not both.",
)


def refuse_each(
    names: Iterable[str], sentence: str, when: Callable[[Mapping[str, Any]], bool]
) -> Iterator[Rule]:
    """Give a rule for each of some options, that it may not be given; {} in the sentence is it.

    The options then have "given", from `find_given`.
    """
    for name in names:
        broken = partial(_is_given, name, when)
        yield Rule(broken, sentence.format(name.replace("_", "-")))


def _is_given(
    name: str, when: Callable[[Mapping[str, Any]], bool], options: Mapping[str, Any]
) -> bool:
    return name in options["given"] and when(options)


def refuse_conflicts(options: Mapping[str, Any], rules: Iterable[Rule]) -> None:
    """Refuse options that break a rule.

    Raises
    ------
    click.UsageError
        With the sentence of the first rule that is broken.
    """
    for rule in rules:
        if rule.when(options):
            sentence = rule.sentence
            raise click.UsageError(sentence if isinstance(sentence, str) else sentence(options))


def find_given(context: click.Context) -> frozenset[str]:
    """Names of the options that the user gave, even where they say what the default says."""
    default = click.core.ParameterSource.DEFAULT
    return frozenset(
        name for name in context.params if context.get_parameter_source(name) is not default
    )
