"""The `stipple` command: its subcommands, loaded when asked for, and how failures end."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from stipple.cli.shared.ends import FAILED, catch_signals, find_code
from stipple.cli.shared.help import ExamplesFirst
from stipple.cli.shared.log import close_log, note, tell
from stipple.cli.shared.near import suggest
from stipple.cli.shared.sources import LIST
from stipple.errors import StippleError
from stipple.machine.failures import explain
from stipple.machine.first_run import call_before_compiling
from stipple.version import __version__

COMMANDS = (
    *("stipple", "lloyd", "edot", "bound", "sequence", "morph", "certify", "volume"),
    *("samples", "doctor"),
)
# Suffixes of files that may hold voxels, and are no images.
VOLUMES = (".npy", ".nrrd", ".nhdr", ".nii", ".nii.gz")


class StippleGroup(ExamplesFirst, click.Group):
    """A group that imports a subcommand only when it is needed, and turns failures into exits.

    `stipple photo.jpg` is short for `stipple stipple photo.jpg`, and `stipple help bound` for
    `stipple bound --help`; a volume in place of the image is for `stipple volume`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name the subcommand where it is left out."""
        return super().parse_args(ctx, _name_command(args))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; ask for the nearest where there is none of that name."""
        name = args[0]
        if name not in COMMANDS:
            known = ", ".join(COMMANDS)
            hint = suggest(name, (*COMMANDS, "help")) or f" The commands are {known}."
            ctx.fail(f"No such command or image {name!r}.{hint}")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Name the subcommands in the order in which they are shown."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 (click's signature)
        cmd_name: str,
    ) -> click.Command | None:
        """Import the module of a subcommand."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"stipple.cli.{cmd_name}.command").command
        return command

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, and exit with 0 done, 1 could not do it, 2 usage, 3 some failed, 130 interrupted.

        Other signals than that of Ctrl-C have their own codes, 128 and their number.
        """
        run: Callable[..., Any] = super().main
        if not extra.pop("standalone_mode", True):
            return run(*args, **extra, standalone_mode=False)
        call_before_compiling(_tell_of_compiling)
        with close_log():
            return _run_and_exit(run, args, extra)


def _run_and_exit(
    run: Callable[..., Any], args: tuple[Any, ...], extra: Mapping[str, Any]
) -> NoReturn:
    """Run, and turn failures into sentences and exit codes."""
    try:
        with catch_signals():
            status = run(*args, **extra, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        note(f"Error: {error.format_message()}")
        sys.exit(error.exit_code)
    except StippleError as error:
        _fail(str(error))
    except MemoryError:
        _fail("Not enough memory: ask for less, or --resize the image.")
    except (Exception, KeyboardInterrupt) as error:
        code = find_code(error)
        if code is not None:
            _stop(code)
        failure = explain(error) if isinstance(error, OSError) else None
        if failure is None:
            raise
        _fail(failure.reason)
    sys.exit(status if isinstance(status, int) else 0)


def _name_command(words: Sequence[str]) -> list[str]:
    """Put the subcommand before words that leave it out: images, and a question for help."""
    if not words:
        return []
    if words[0] == "help":
        return [*words[1:2], "--help"]
    if words[0] not in COMMANDS:
        named = words if words[0].startswith("-") and words[0] != "-" else words[:1]
        words = ["stipple", *words] if any(map(_is_image, named)) else words
    if words[0] == "stipple" and any(map(_is_volume, words[1:])):
        return ["volume", *words[1:]]
    return list(words)


def _is_image(word: str) -> bool:
    """Whether a word names images: what exists, a path, a list of some, or standard input."""
    named = word == "-" or word.startswith(LIST) or bool(re.search(r"[/\\]|\.\w{2,5}$", word))
    return named or Path(word).exists()


def _is_volume(word: str) -> bool:
    """Whether a word names a file of voxels, and of nothing else."""
    if not word.endswith(VOLUMES) or not Path(word).is_file():
        return False
    from stipple.files.volumes import holds_voxels

    return holds_voxels(word)


def _tell_of_compiling() -> None:
    context = click.get_current_context(silent=True)
    if context is None or not context.params.get("quiet"):
        message = "Compiling what this command needs, once on this machine: up to half a minute ..."
        tell(message)


def _fail(sentence: str) -> NoReturn:
    tell(f"Error: {sentence}")
    sys.exit(FAILED)


def _stop(code: int) -> NoReturn:
    tell("Interrupted.")
    sys.exit(code)


EXAMPLES = """\
\b
Examples:
  stipple photo.jpg
  stipple photo.jpg -n 20k --page a4 -o photo.svg -o photo.png
  stipple help stipple
  stipple doctor
"""


@click.group(
    "stipple",
    cls=StippleGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES,
)
@click.version_option(__version__, "-V", "--version", prog_name="stipple")
def main() -> None:
    """Turn images and densities into points by optimal transport, and prove how good they are.

    IMAGE alone is short for `stipple stipple IMAGE`.
    """
