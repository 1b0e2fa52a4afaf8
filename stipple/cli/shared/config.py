"""Values of options from a preset or a file: those of the command line win over them."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from stipple.cli.shared.counts import Count
from stipple.cli.shared.types import Portion

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# What a file cannot say: where it is itself, and questions that end the program.
NOT_IN_FILES = {"config", "list_presets", "help"}


def take_config(context: click.Context, _: click.Parameter, path: str | None) -> str | None:
    """Let a TOML file give values to options that the command line leaves out.

    Raises
    ------
    click.UsageError
        If the file cannot be read, has an unknown key, or a value of the wrong type.
    """
    if path is not None:
        values = dict(_check_values(context, _read_toml(path), path))
        context.default_map = {**(context.default_map or {}), **values}
    return path


def take_values(context: click.Context, values: Mapping[str, object], source: str) -> None:
    """Let a preset give values to options that the command line and a file leave out."""
    checked = dict(_check_values(context, values, source))
    context.default_map = {**checked, **(context.default_map or {})}


def _read_toml(path: str) -> dict[str, object]:
    try:
        values: dict[str, object] = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(f"Cannot read {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"{path} is not text in UTF-8: write it as TOML.") from None
    except ValueError as error:  # also of numbers with thousands of digits
        raise click.UsageError(f"{path} is not TOML: {str(error).removesuffix('.')}.") from None
    except RecursionError:
        raise click.UsageError(f"{path} has lists in lists, too deep to be read.") from None
    return values


def _check_values(
    context: click.Context, values: Mapping[str, object], source: str
) -> Iterator[tuple[str, object]]:
    """Check values by the names of options; yield them by the names of parameters."""
    known = dict(_list_keys(context.command))
    for key, value in values.items():
        if key not in known:
            names = ", ".join(known)
            raise click.UsageError(f"Unknown key {key!r} in {source}: known are {names}.")
        option = known[key]
        yield str(option.name), _check_value(context, option, value, f"{key} in {source}")


def _list_keys(command: click.Command) -> Iterator[tuple[str, click.Option]]:
    for option in command.params:
        if isinstance(option, click.Option) and option.name not in NOT_IN_FILES:
            for name in option.opts:
                if name.startswith("--"):
                    yield name.removeprefix("--"), option


def _check_value(context: click.Context, option: click.Option, value: object, where: str) -> object:
    """Check the type and then the value; numbers may stand for the text that names them."""
    wanted, said = _find_types(option)
    parts: list[Any] = value if option.multiple and isinstance(value, list) else [value]
    if not all(isinstance(part, wanted) and type(part) is not bool for part in parts) and not (
        option.is_flag and type(value) is bool
    ):
        raise click.UsageError(f"{where} is {value!r}: write {said}.")
    if any("\0" in part for part in parts if isinstance(part, str)):
        raise click.UsageError(f"{where} is {value!r}: leave out the zero byte.")
    plain = [str(part) if str in wanted else part for part in parts]
    found: object = plain if option.multiple else plain[0]
    try:
        option.type_cast_value(context, found)
    except click.BadParameter as error:
        raise click.UsageError(f"{where} does not do. {error.message}") from None
    return found


def _find_types(option: click.Option) -> tuple[tuple[type, ...], str]:
    if option.is_flag:
        return (), "true or false"
    if isinstance(option.type, Count):
        return (int, str), 'a whole number, or text such as "10k"'
    if isinstance(option.type, Portion):
        return (int, float, str), 'a number, or text such as "5%"'
    if isinstance(option.type, click.IntRange):
        return (int,), "a whole number"
    if isinstance(option.type, click.FloatRange):
        return (int, float), "a number"
    if option.multiple:
        return (str,), 'text, or a list such as ["a.svg", "a.png"]'
    return (str, int, float), 'text in quotes, such as "10mm"'


config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False),
    metavar="FILE.toml",
    is_eager=True,
    callback=take_config,
    help="Read options from a file, such as gamma = 1.5; the command line wins.",
)
