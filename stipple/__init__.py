"""Points from images and densities by optimal transport, with certificates."""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from stipple.density import Density
    from stipple.errors import StippleError
    from stipple.solvers.dyadic import generate_sequence as sequence
    from stipple.solvers.dyadic_certificate import PrefixCertificate, certify_prefix
    from stipple.stippling import Stippling, stipple

__all__ = [
    "Density",
    "PrefixCertificate",
    "StippleError",
    "Stippling",
    "__version__",
    "certify_prefix",
    "sequence",
    "stipple",
]

# Module and, where it has another name there, the name.
_HOMES = {
    "Density": "stipple.density",
    "PrefixCertificate": "stipple.solvers.dyadic_certificate",
    "StippleError": "stipple.errors",
    "Stippling": "stipple.stippling",
    "certify_prefix": "stipple.solvers.dyadic_certificate",
    "sequence": "stipple.solvers.dyadic:generate_sequence",
    "stipple": "stipple.stippling",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: the command line starts without NumPy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'stipple' has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(module), attribute or name)
