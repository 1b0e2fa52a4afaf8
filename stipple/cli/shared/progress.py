"""What a person sees while it runs and at the end; all of it on standard error."""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from stipple.cli.shared.log import note, tell

if TYPE_CHECKING:
    from stipple.machine.keops_library import EngineChoice
    from stipple.transport.quantisation import Step

MOST_FAILURES_SHOWN = 100
# Columns of a bar, and seconds between plain lines where there is no terminal.
WIDTH = 80
SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """A bar on a terminal, which stays; elsewhere plain lines, now and then or for each step.

    Parameters
    ----------
    label : str
        What is being worked on.
    steps : int
        Most steps there will be.
    quiet, verbose : bool
        Nothing at all; or plain lines for every step.
    """

    def __init__(self, label: str, steps: int, *, quiet: bool, verbose: bool) -> None:
        self._label = label
        self._steps = steps
        self._quiet = quiet
        self._verbose = verbose
        self._bar: Any = None
        self._told = time.monotonic()
        self._ended = Event()
        self._clock = Thread(target=self._move_clock, daemon=True)

    def __enter__(self) -> "Progress":
        if _on_terminal() and not self._quiet and not self._verbose:
            from tqdm import tqdm

            width = min(WIDTH, shutil.get_terminal_size().columns) - 1
            self._bar = tqdm(total=self._steps, desc=self._label, file=sys.stderr, ncols=width)
            self._clock.start()
        elif not self._quiet:
            tell(f"{self._label} ...")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is None:
            return
        self._ended.set()
        self._clock.join()
        if error is None:  # all steps that were needed, if not as many as there could have been
            self._bar.total = self._bar.n
        self._bar.refresh()
        self._bar.close()

    def show(self, step: "Step") -> None:
        """Show a step: its number and quality, and W2² in plain lines."""
        quality = f"quality {step.quality:.6f}"
        line = f"step {step.number:3d}  W2² {step.w2_squared:.8g} px²  {quality}"
        self._tell(step.number, quality, line)

    def advance(self, done: int, text: str) -> None:
        """Say that so many steps are done, and what the last one gave."""
        self._tell(done, text, text)

    def count(self, done: int) -> None:
        """Show how many steps are done."""
        self._tell(done, "", f"{done:,} of {self._steps:,}")

    def _tell(self, done: int, short: str, line: str) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(short, refresh=False)
            self._bar.update(done - self._bar.n)
            return
        now = time.monotonic()
        if not self._quiet and (self._verbose or now - self._told >= SECONDS_BETWEEN_LINES):
            self._told = now
            tell(f"  {line}")

    def _move_clock(self) -> None:
        """Show the time that passes, also within a long step."""
        while not self._ended.wait(1):
            self._bar.refresh()


@contextmanager
def show_stage(text: str, *, quiet: bool) -> Iterator[None]:
    """Show on a terminal what is being done, as long as it takes."""
    shown = _on_terminal() and not quiet
    if shown:
        click.echo(f"{text} ...", nl=False, err=True)
    try:
        yield
    finally:
        if shown:
            click.echo(f"\r{'':{len(text) + 4}}\r", nl=False, err=True)


def print_fallback(choice: "EngineChoice", *, quiet: bool) -> None:
    """Tell why another engine takes the place of the one asked for, if so."""
    if choice.reason:
        print_note(choice.reason, quiet=quiet)


def print_note(text: str, *, quiet: bool) -> None:
    """Tell something that may surprise."""
    if not quiet:
        tell(text)


def tell_failures(failures: Sequence[str]) -> None:
    """List failures on standard error."""
    for failure in failures[:MOST_FAILURES_SHOWN]:
        tell(f"Error: {failure}")
    if len(failures) > MOST_FAILURES_SHOWN:
        tell(f"Error: and {len(failures) - MOST_FAILURES_SHOWN:,} more.")


def print_table(rows: list[tuple[str, str]]) -> None:
    """Print a short table of names and values, plain where there is no terminal or NO_COLOR."""
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:{width}}  {value}" for name, value in rows]
    if not _on_terminal() or os.environ.get("NO_COLOR"):
        for line in lines:
            tell(line)
        return
    for line in lines:
        note(line)
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    Console(stderr=True, highlight=False, markup=False).print(table)


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()
