"""Points from images and densities by optimal transport, with certificates."""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from stipple.density import Density
    from stipple.errors import StippleError
    from stipple.stippling import Stippling, stipple

__all__ = ["Density", "StippleError", "Stippling", "__version__", "stipple"]

_HOMES = {
    "Density": "stipple.density",
    "StippleError": "stipple.errors",
    "Stippling": "stipple.stippling",
    "stipple": "stipple.stippling",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: the command line starts without NumPy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'stipple' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
