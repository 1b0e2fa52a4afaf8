"""What every JSON report says, whatever the subcommand."""

from typing import Any

import click


def describe_run(context: click.Context, options: dict[str, Any]) -> dict[str, Any]:
    """Describe the command that was run: its name, options, seed (if it has one) and versions."""
    return describe_command(context.command.name, options)


def describe_command(name: str | None, options: dict[str, Any]) -> dict[str, Any]:
    """Do the same where there is no context, as in another process."""
    return {
        "command": name,
        **({"seed": options["seed"]} if "seed" in options else {}),
        "options": {name.rstrip("_"): _plain(value) for name, value in options.items()},
        "versions": collect_versions(),
    }


def _plain(value: Any) -> Any:
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
    for package in ("numpy", "scipy", "numba", "pyamg", "pillow", "pot", "pysdot", "pykeops"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions
