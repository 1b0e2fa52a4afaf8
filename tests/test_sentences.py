"""What a person reads when something goes wrong: whole sentences, everywhere in one style."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import ROOT

ERRORS = ("StippleError", "PowerCellError", "UsageError", "BadParameter", "ClickException")
MODULES = sorted((ROOT / "stipple").rglob("*.py"))
# What a value, such as the name of a file, stands for in a sentence.
VALUE = "§"


def read_literal(node: ast.expr) -> str | None:
    """Text of a string, with a mark for each value in it; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else VALUE for part in node.values
        )
    return None


def list_sentences(module: Path) -> Iterator[tuple[str, str]]:
    """Where errors are made in a module, and what they say."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        name = node.func.id if isinstance(node.func, ast.Name) else name
        said = node.args[0] if name in ERRORS else None
        if name == "Rule" and len(node.args) > 1:  # on options that do not go together
            said = node.args[1].body if isinstance(node.args[1], ast.Lambda) else node.args[1]
        text = None if said is None else read_literal(said)
        if text is not None:
            yield f"{module.relative_to(ROOT)}:{node.lineno}", text


SENTENCES = [sentence for module in MODULES for sentence in list_sentences(module)]


def find_fault(text: str) -> str | None:
    """Say what is wrong with a sentence.

    It begins with a capital, a number, a sign of mathematics, or a name: a value, an option, or
    what is in quotes; and it ends with a full stop, or with a value that is a sentence itself.
    """
    if not re.match(rf"[A-ZÉ0-9Wζ{VALUE}'\"-]", text):
        return "begins small"
    if not re.search(rf"([.]|{VALUE})$", text):
        return "has no full stop"
    if text.endswith(VALUE) and not re.search(rf"[:.] ?{VALUE}$|^{VALUE}+$", text):
        return "ends with a value"
    return None


def test_sentences_are_found():
    assert len(SENTENCES) > 200


def test_errors_are_sentences():
    faults = [(place, find_fault(text), text) for place, text in SENTENCES if find_fault(text)]
    assert faults == [], "\n".join(f"{place} {fault}: {text}" for place, fault, text in faults)


@pytest.mark.parametrize(
    "text", ["the length is short.", "The length is short", "The length is §", "§ is short"]
)
def test_faults_are_found(text):
    assert find_fault(text) is not None
