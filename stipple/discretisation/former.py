"""Calls as the last release had them: they are understood, and warn, until the next one."""

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from stipple.discretisation.settings import Settings
from stipple.errors import StippleError

P = ParamSpec("P")
R = TypeVar("R")


def accept_former_call(
    *names: str, renamed: Mapping[str, str]
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function be called in its former way, with a warning that says what to write.

    Formerly a `Settings` object followed the arguments `names`, and arguments had the names that
    are `renamed`.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        known = inspect.signature(function).parameters

        @wraps(function)
        def call(*arguments: P.args, **keywords: P.kwargs) -> R:
            given = {**dict(zip((*names, "settings"), arguments, strict=False)), **keywords}
            if not given.keys() & {"settings", *renamed} or len(arguments) > len(names) + 1:
                return function(*arguments, **keywords)
            settings = _spell_settings(given.pop("settings", None))
            given = {renamed.get(name, name): value for name, value in given.items()}
            written = [name if name in names else f"{name}=..." for name in known if name in given]
            written += [f"{name}={value!r}" for name, value in settings.items() if name in known]
            warnings.warn(
                f"Write {function.__name__}({', '.join(written)}): settings are keywords now, and"
                " the former call will be refused in the next release.",
                DeprecationWarning,
                stacklevel=2,
            )
            taken = {name: value for name, value in settings.items() if name in known}
            return cast(Callable[..., R], function)(**given, **taken)

        return call

    return decorate


def _spell_settings(settings: object) -> dict[str, Any]:
    """Spell settings that are not the default as keywords."""
    if not isinstance(settings, Settings | None):
        raise StippleError(
            f"The settings are a {type(settings).__name__}: give them as keywords, such as p=1."
        )
    usual, given = Settings(), settings or Settings()
    return {
        "p" if field.name == "order" else field.name: getattr(given, field.name)
        for field in fields(Settings)
        if getattr(given, field.name) != getattr(usual, field.name)
    }
