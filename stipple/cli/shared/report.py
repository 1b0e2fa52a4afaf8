"""What every JSON report says, whatever the subcommand."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from stipple.errors import StippleError

if TYPE_CHECKING:
    from stipple.machine.failures import Failure

# Grows when a field is renamed or taken away, not when one is added.
SCHEMA = 1

Recorded: TypeAlias = dict[str, object]
"""Options by name, as the report prints them; nothing else reads it."""


def record_options(options: Mapping[str, Any]) -> Recorded:
    """Record the options of the command line, as values that JSON can hold."""
    return {name.rstrip("_"): _plain(value) for name, value in options.items()}


def describe_failure(failure: "Failure") -> dict[str, str]:
    """Describe why something could not be done: a class for programs, a sentence for people."""
    return {"class": failure.kind, "reason": failure.reason}


@contextmanager
def report_failure(
    path: str | None, command: str, recorded: Recorded, named: Mapping[str, object]
) -> Iterator[None]:
    """Let a command that fails write its report, of which `named` tells what it was about."""
    try:
        yield
    except Exception as error:
        if path:
            _write_failure(path, describe_command(command, recorded), named, error)
        raise


def _write_failure(
    path: str, described: Mapping[str, Any], named: Mapping[str, object], error: Exception
) -> None:
    """Write the report; where that fails as well, the first failure is the one to be told."""
    from stipple.cli.shared.outputs import write_output
    from stipple.files.tables import render_json
    from stipple.machine.failures import explain

    failure = explain(error)
    if failure is not None:
        failures = [{**named, **describe_failure(failure)}]
        with suppress(StippleError, OSError):
            write_output(path, render_json({"failures": failures, **described}))


def describe_command(name: str, recorded: Recorded) -> dict[str, Any]:
    """Describe the command that was run: its name, seed (if it has one), options and versions."""
    return {
        "schema": SCHEMA,
        "command": name,
        **({"seed": recorded["seed"]} if "seed" in recorded else {}),
        "options": recorded,
        "versions": collect_versions(),
    }


def _plain(value: object) -> object:
    """Make an option's value fit for JSON."""
    if isinstance(value, range):
        return [value.start, value.stop - 1, value.step]
    return sorted(value) if isinstance(value, frozenset) else value


@cache
def collect_versions() -> dict[str, str]:
    """Versions of Python and of the packages that the figures depend on."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from stipple.version import __version__

    versions = {"stipple": __version__, "python": platform.python_version()}
    for package in ("numpy", "scipy", "numba", "pillow", "pot", "pysdot", "pykeops"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions
