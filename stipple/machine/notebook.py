"""A progress bar for long calls in notebooks; elsewhere nothing is shown."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

# Calls that take less, in seconds, need no bar.
DELAY = 1.0

OnStep = TypeVar("OnStep", bound=Callable[..., None] | None)


@contextmanager
def show_steps(
    label: str, steps: int | None, on_step: OnStep
) -> Iterator[OnStep | Callable[..., None]]:
    """Show how many steps are done, as long as they take, in a notebook.

    Parameters
    ----------
    label : str
        What is being worked on.
    steps : int or None
        How often steps will be told at most; None if that is not known.
    on_step : callable or None
        Receives each step.

    Yields
    ------
    callable or None
        What is to receive the steps: in a notebook it moves the bar too, elsewhere it is `on_step`.
    """
    if not in_notebook():
        yield on_step
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without ipywidgets the bar is a line of text
        from tqdm.auto import tqdm

    with tqdm(total=steps, desc=label, leave=False, delay=DELAY) as bar:

        def tell(*step: Any) -> None:
            bar.update()
            if on_step is not None:
                on_step(*step)

        yield tell


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")
