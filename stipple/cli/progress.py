"""What a person sees while it runs and at the end; all of it on standard error."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from stipple.solvers.quantisation import Step


class Progress:
    """A bar on a terminal; elsewhere plain lines, one for each step if `verbose`.

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

    def __enter__(self) -> "Progress":
        if sys.stderr.isatty() and not self._quiet and not self._verbose:
            from tqdm import tqdm

            self._bar = tqdm(total=self._steps, desc=self._label, file=sys.stderr, leave=False)
        elif not self._quiet:
            click.echo(f"{self._label} ...", err=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, step: "Step") -> None:
        """Show a step: its number, W2² and quality."""
        if self._bar is not None:
            self._bar.set_postfix_str(
                f"W2² {step.w2_squared:.6g} px², quality {step.quality:.5f}", refresh=False
            )
            self._bar.update(step.number - self._bar.n)
        elif self._verbose and not self._quiet:
            click.echo(
                f"  step {step.number:3d}  W2² {step.w2_squared:.8g} px²"
                f"  quality {step.quality:.6f}",
                err=True,
            )


def print_table(rows: list[tuple[str, str]]) -> None:
    """Print a short table of names and values."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    # Rich honours NO_COLOR and prints plain text where there is no terminal.
    Console(stderr=True, highlight=False, markup=False).print(table)
