"""The `stipple` command: its subcommands, loaded when asked for, and how failures end."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import click

from stipple.errors import StippleError
from stipple.machine.first_run import call_before_compiling
from stipple.version import __version__

COMMANDS = ("stipple", "lloyd", "edot", "bound", "sequence", "doctor")
INTERRUPTED = 130


class StippleGroup(click.Group):
    """A group that imports a subcommand only when it is needed, and turns failures into exits."""

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
        """Run, and exit with 0 done, 1 could not do it, 2 usage, 130 interrupted."""
        run: Callable[..., Any] = super().main
        if not extra.pop("standalone_mode", True):
            return run(*args, **extra, standalone_mode=False)
        call_before_compiling(_tell_of_compiling)
        try:
            status = run(*args, **extra, standalone_mode=False)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except StippleError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)
        except (click.Abort, KeyboardInterrupt):
            click.echo("Interrupted.", err=True)
            sys.exit(INTERRUPTED)
        except MemoryError:
            click.echo("Error: Not enough memory: ask for less, or --resize the image.", err=True)
            sys.exit(1)
        except OSError as error:  # whatever the file system says that nobody foresaw
            place = "" if error.filename is None else f" ({error.filename})"
            click.echo(f"Error: {error.strerror or error}{place}.", err=True)
            sys.exit(1)
        except Exception as error:
            # Ctrl-C that meets compiled code, or an import, comes out as another error.
            if not _was_interrupted(error):
                raise
            click.echo("Interrupted.", err=True)
            sys.exit(INTERRUPTED)
        sys.exit(status if isinstance(status, int) else 0)


def _tell_of_compiling() -> None:
    context = click.get_current_context(silent=True)
    if context is None or not context.params.get("quiet"):
        message = "Compiling what this command needs, once on this machine: up to half a minute ..."
        click.echo(message, err=True)


def _was_interrupted(error: BaseException) -> bool:
    """Whether Ctrl-C is among the causes of an error."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


EXAMPLES = """\
\b
Examples:
  stipple stipple photo.jpg -n 5000 -o photo.svg
  stipple stipple --help
  stipple doctor
"""


@click.group(
    "stipple",
    cls=StippleGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES,
)
@click.version_option(__version__, prog_name="stipple")
def main() -> None:
    """Turn images and densities into points by optimal transport, and prove how good they are."""
