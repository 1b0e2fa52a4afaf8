"""What every JSON report says, whatever the subcommand."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Recorded: TypeAlias = dict[str, object]
"""Options by name, as the report prints them; nothing else reads it."""


def record_options(options: Mapping[str, Any]) -> Recorded:
    """Record the options of the command line, as values that JSON can hold."""
    return {name.rstrip("_"): _plain(value) for name, value in options.items()}


def describe_command(name: str, recorded: Recorded) -> dict[str, Any]:
    """Describe the command that was run: its name, seed (if it has one), options and versions."""
    return {
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
