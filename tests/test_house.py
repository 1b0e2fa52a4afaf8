"""The rules of the house: who may import whom, and what may not be imported at all."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from command import ROOT

PACKAGE = ROOT / "stipple"
# From the top floor down: a room imports from floors below its own, never from its own or above.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("cli",),
    ("saving", "sklearn"),
    (
        "stippling",
        "lloyd_steps",
        "discretisation",
        "bounds",
        "sequences",
        "certification",
    ),
    ("volumes",),
    ("transport", "drawing"),
    ("geometry", "files"),
    ("measures",),
    ("machine",),
    ("arguments",),
    ("arrays", "choices", "errors", "interval", "version"),
)
COMMANDS = (
    *("stipple", "lloyd", "edot", "bound", "sequence", "morph", "certify", "volume"),
    *("samples", "doctor"),
)
HEAVY = ("numpy", "scipy", "numba", "PIL", "matplotlib", "pykeops", "pysdot", "ot", "rich")
MODULES = sorted(PACKAGE.rglob("*.py"))


def list_imports(module: Path) -> Iterator[str]:
    """Names of the modules that a module imports anywhere, also where only types are checked."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            yield str(node.module)
            if node.module == "stipple":
                yield from (f"stipple.{alias.name}" for alias in node.names)


def find_room(name: str) -> str | None:
    """The room of a dotted name: the folder, or the module, right below `stipple`."""
    words = name.split(".")
    return words[1] if words[0] == "stipple" and len(words) > 1 else None


def locate(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def list_arrows() -> list[tuple[str, str, str]]:
    """Room, room that it imports from, and the module that does so; each pair of rooms once."""
    arrows = {}
    for module in MODULES:
        room = locate(module)
        for name in list_imports(module):
            other = find_room(name)
            if room != "__init__" and other in FLOOR and other != room:
                arrows[room, other] = str(module.relative_to(ROOT))
    return sorted((room, other, module) for (room, other), module in arrows.items())


def test_every_room_has_a_floor() -> None:
    assert {locate(module) for module in MODULES} == {"__init__", *FLOOR}


def test_no_arrow_goes_up_or_along_a_floor() -> None:
    arrows = list_arrows()
    print(*(f"{room} -> {other}" for room, other, _ in arrows), sep="\n")
    wrong = [arrow for arrow in arrows if FLOOR[arrow[0]] >= FLOOR[arrow[1]]]
    assert wrong == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_subcommand_imports_no_other(command: str) -> None:
    for module in (PACKAGE / "cli" / command).rglob("*.py"):
        for name in list_imports(module):
            words = name.split(".")
            if words[:2] == ["stipple", "cli"] and len(words) > 2:
                assert words[2] in (command, "shared"), f"{module} imports {name}"


def test_what_subcommands_share_knows_none_of_them() -> None:
    for module in (PACKAGE / "cli" / "shared").rglob("*.py"):
        for name in list_imports(module):
            assert name.split(".")[:3] not in [["stipple", "cli", one] for one in COMMANDS], module


def test_only_the_command_line_knows_click_and_rich() -> None:
    for module in MODULES:
        if locate(module) in ("cli", "__main__"):
            continue
        assert not {"click", "rich"} & {name.split(".")[0] for name in list_imports(module)}, module


def test_no_circle_of_modules() -> None:
    """Modules import one another in one direction, inside rooms too; types are no imports."""
    names = {_name(module): module for module in MODULES}
    below = {
        name: {other for other in _list_runtime_imports(module) if other in names and other != name}
        for name, module in names.items()
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name not in done:
            for other in sorted(below[name]):
                visit(other, (*path, name))
            done.add(name)

    for name in sorted(names):
        visit(name, ())


def _name(module: Path) -> str:
    words = module.relative_to(ROOT).with_suffix("").parts
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


def _list_runtime_imports(module: Path) -> Iterator[str]:
    """Modules that are imported when a module is, which leaves out functions and types."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_compiled_loops_assign_no_rows() -> None:
    """Numba compiles strings for the message of such an assignment: seconds, without a cache."""
    found = [
        f"{module.relative_to(ROOT)}:{node.lineno}"
        for module in MODULES
        for loop in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(loop, ast.FunctionDef)
        and any("compile_loop" in ast.unparse(decorator) for decorator in loop.decorator_list)
        for node in ast.walk(loop)
        if isinstance(node, ast.Assign) and _assigns_rows(node)
    ]
    assert found == []


def _assigns_rows(node: ast.Assign) -> bool:
    """Whether a row is assigned, as far as can be seen: a tuple, or one slice to another."""
    rows = [target for target in node.targets if isinstance(target, ast.Subscript)]
    slices = any(isinstance(part, ast.Slice) for row in rows for part in ast.walk(row.slice))
    value = node.value
    from_slice = isinstance(value, ast.Subscript) and any(
        isinstance(part, ast.Slice) for part in ast.walk(value.slice)
    )
    return bool(rows) and (isinstance(value, ast.Tuple) or (slices and from_slice))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["stipple", "--help"]])
def test_nothing_heavy_is_imported_for_help(arguments: list[str]) -> None:
    program = (
        "import sys; from stipple.cli import main\n"
        f"try: main({arguments!r})\nexcept SystemExit: pass\n"
        f"print('heavy:', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"


def test_the_floors_of_this_test_are_those_of_the_documentation() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    places = [text.index(f"`{floor[0]}`") for floor in FLOORS[1:]]
    assert all(above < below for above, below in pairwise(places))
    assert all(f"`{room}`" in text for floor in FLOORS[1:] for room in floor)


LONGEST_FILE = 350
LONGEST_FUNCTION = 50


def test_files_are_short() -> None:
    lengths = {str(module): len(module.read_text("utf-8").splitlines()) for module in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_are_short() -> None:
    """But compiled loops, which cost time to cut; docstrings do not count."""
    long = {}
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            compiled = any("compile_loop" in ast.unparse(one) for one in node.decorator_list)
            first = node.body[0]
            begin = first.end_lineno if ast.get_docstring(node) else first.lineno - 1
            length = (node.end_lineno or 0) - (begin or 0)
            if length > LONGEST_FUNCTION and not compiled:
                long[f"{module.relative_to(ROOT)}:{node.name}"] = length
    assert long == {}
