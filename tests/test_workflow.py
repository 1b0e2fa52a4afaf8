"""The workflow for other machines runs what `.ci/run` and the Makefile run."""

import re

from command import ROOT

WORKFLOW = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")


def read_list(name):
    """Return the entries of a list of the matrix."""
    (entries,) = re.findall(rf"^ +{name}: \[(.*)\]$", WORKFLOW, re.MULTILINE)
    return [entry.strip(' "') for entry in entries.split(",")]


def list_runs():
    """Return the commands of every step that runs some."""
    steps = re.findall(r"^ +run: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", WORKFLOW, re.MULTILINE)
    return [[line.strip() for line in (block or line).splitlines()] for block, line in steps]


def list_recipe(target):
    """Return the commands that make runs for a target whose prerequisites are made first."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    variables = dict(re.findall(r"^(\w+) :?\??= (.*)$", makefile, re.MULTILINE))
    rules = re.findall(r"^([^\s#:]+):(?!=)(.*)\n((?:\t.*\n)*)", makefile, re.MULTILINE)

    def expand(text):
        while (found := re.search(r"\$\((\w+)\)", text)) is not None:
            text = text.replace(found[0], variables.get(found[1], ""))
        return text

    recipes = {expand(name): (expand(needed).split(), expand(body)) for name, needed, body in rules}

    def collect(name):
        needed, body = recipes.get(name, ([], ""))
        before = [line for other in needed for line in collect(other)]
        return before + [line.strip() for line in body.splitlines()]

    return collect(target)


def test_every_system_and_python_is_there():
    assert read_list("system") == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert read_list("python") == ["3.10", "3.11", "3.12", "3.13", "3.14"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={read_list("python")[0]}"' in project


def test_it_runs_what_ci_runs():
    unix, _, _ = list_runs()
    assert unix == [".ci/run"]
    assert list_steps() == ["lint", "smoke", "test"]


def list_steps():
    """Return the targets that `.ci/run` makes, in turn."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    return re.findall(r"^(?:exec )?make (\w+)$", script, re.MULTILINE)


def test_windows_runs_what_make_would():
    _, windows, _ = list_runs()
    recipes = [line for target in list_steps() for line in list_recipe(target)]
    ours = [line for line in recipes if line.startswith(".venv/bin/python")]
    installing = "-m pip install"
    assert [line for line in windows if installing not in line] == [
        line.replace(".venv/bin/python", "python") for line in ours if installing not in line
    ]
    # One installation with all extras that make installs, one after another.
    (installation,) = (line for line in windows if installing in line)
    assert installation.replace("python", ".venv/bin/python", 1) in ours
    extras = {
        extra
        for line in ours
        for found in re.findall(r"\.\[([\w,]+)\]", line)
        for extra in found.split(",")
    }
    assert set(re.findall(r"\.\[([\w,]+)\]", installation)[0].split(",")) == extras
    # What is left out only makes the virtual environment, for which Actions has Python itself.
    others = [line for line in recipes if not line.startswith(".venv/bin/python")]
    assert {tuple(line.split()[:3]) for line in others if not line.startswith("@")} == {
        ("python3", "-m", "venv")
    }
