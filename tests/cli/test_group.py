"""How a command ends: the exit code and what is told."""

import click
import pytest

from stipple.cli.group import StippleGroup
from stipple.errors import StippleError


def fail(error):
    raise error


def chain(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("end", "code", "told"),
    [
        (lambda: 0, 0, ""),
        (lambda: None, 0, ""),
        (lambda: 1, 1, ""),
        (lambda: fail(click.UsageError("Wrong.")), 2, "Error: Wrong."),
        (lambda: fail(StippleError("No points.")), 1, "Error: No points."),
        (lambda: fail(MemoryError()), 1, "Error: Not enough memory"),
        (lambda: fail(OSError(28, "No space", "a.svg")), 1, "Error: No space (a.svg)."),
        (lambda: fail(OSError("odd")), 1, "Error: odd."),
        (lambda: fail(KeyboardInterrupt()), 130, "Interrupted."),
        (lambda: fail(chain(SystemError(), KeyboardInterrupt())), 130, "Interrupted."),
    ],
)
def test_a_command_ends_with_its_code(capsys, end, code, told):
    group = StippleGroup("stipple", callback=end, invoke_without_command=True)
    with pytest.raises(SystemExit) as ended:
        group.main([])
    assert (ended.value.code or 0) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert told in said.err
    assert bool(said.err) == bool(told)


@pytest.mark.parametrize(
    ("error", "raised"), [(ZeroDivisionError, ZeroDivisionError), (EOFError, click.Abort)]
)
def test_what_nobody_foresaw_is_no_sentence(error, raised):
    group = StippleGroup("stipple", callback=lambda: fail(error()), invoke_without_command=True)
    with pytest.raises(raised):
        group.main([])
