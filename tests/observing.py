"""What a command writes, tells and asks of solvers, so that two runs of it can be compared."""

import json
import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from stipple.bounds import refine
from stipple.cli import main
from stipple.discretisation import settings
from stipple.machine import threads
from stipple.transport import semi_discrete

# What a run says of itself, not of its results.
OWN_WORDS = {"options", "seed", "versions", "version"}


class Spy:
    """Arguments of calls that change how, not what, is computed."""

    def __init__(self, monkeypatch):
        self.calls = []
        self._watch(monkeypatch, semi_discrete.TransportSolver, "__init__", 2)
        self._watch(monkeypatch, threads.Workers, "__init__", 1)
        self._watch(monkeypatch, refine, "bound_images", 1)

        def remember(one, kernel=settings.make_sinkhorn):
            self.calls.append((one.engine, one.device, one.threads))
            return kernel(one)

        for module in ("settings", "methods", "evidence"):
            path = f"stipple.discretisation.{module}.make_sinkhorn"
            monkeypatch.setattr(path, remember, raising=False)

    def _watch(self, monkeypatch, owner, name, skipped):
        original = getattr(owner, name)

        def call(*arguments, **named):
            plain = {key: value for key, value in named.items() if key not in ("began", "on_level")}
            if told := (*arguments[skipped:], *sorted(plain.items())):
                self.calls.append(told)
            return original(*arguments, **named)

        monkeypatch.setattr(owner, name, call)


def observe(words, folder, monkeypatch):
    """Run a command; return what it wrote, told and asked of solvers, and its exit code."""
    before = set(folder.iterdir())
    with monkeypatch.context() as patch:
        spy = Spy(patch)
        result = CliRunner().invoke(main, shlex.split(words), catch_exceptions=False)
    files = {}
    for path in sorted(set(folder.iterdir()) - before):
        files[path.name] = _read(path)
        path.unlink()
    told = [
        line for line in result.stderr.splitlines() if not re.match("seconds|seed|Compiling", line)
    ]
    return files, result.stdout, told, [repr(call) for call in spy.calls], result.exit_code


def _read(path: Path):
    """Contents without times, and without what repeats the command line."""
    if path.suffix == ".json":
        return _clean(json.loads(path.read_text(encoding="utf-8")))
    if path.suffix == ".csv":
        rows = [row.split(",") for row in path.read_text(encoding="utf-8").splitlines()]
        timed = [index for index, name in enumerate(rows[0]) if name == "seconds"]
        return [[text for i, text in enumerate(row) if i not in timed] for row in rows]
    return path.read_bytes()


def _clean(value):
    if isinstance(value, dict):
        words = {*OWN_WORDS, "seconds"}
        return {name: _clean(one) for name, one in value.items() if name not in words}
    return [_clean(one) for one in value] if isinstance(value, list) else value
