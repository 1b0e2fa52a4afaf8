"""What compiled code needs of the modules that its loops call, without loading these."""

import pickle
import sys
from io import BytesIO
from typing import Any

from numba.core.environment import Environment, lookup_environment


def unpickle_light(data: bytes) -> Any:
    """Unpickle what numba's cache keeps of a function."""
    return _LightUnpickler(BytesIO(data)).load()


class _LightUnpickler(pickle.Unpickler):
    """Numba's own imports the home of every function called, as long as a small picture takes."""

    def find_class(self, module: str, name: str) -> Any:
        """Find what makes environments here, all else where it is."""
        if (module, name) == ("numba.core.environment", "_rebuild_env"):
            return _rebuild_environment
        return super().find_class(module, name)


def _rebuild_environment(module: str, constants: list[Any], name: str) -> Environment:
    """Make the environment of a function, which compiled code asks for constants only."""
    found: Environment | None = lookup_environment(name)  # type: ignore[no-untyped-call]
    if found is None:
        home = sys.modules.get(module)
        found = Environment({} if home is None else vars(home))
        found.consts[:] = constants
        found.env_name = name
        Environment._memo[name] = found
    return found
