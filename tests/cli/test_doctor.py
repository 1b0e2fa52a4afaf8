"""`stipple doctor`: what it finds here, and what it says where something is missing or broken."""

import importlib
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from command import ROOT, start

from stipple.cli import main
from stipple.cli.doctor import diagnosis
from stipple.cli.doctor.diagnosis import Finding
from stipple.errors import StippleError
from stipple.machine import keops_library

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LOOKED_AT = (*diagnosis.PACKAGES, *diagnosis.EXTRAS)


def examine(code=0):
    """Run `stipple doctor --json`; return what it says by topic and name."""
    result = CliRunner().invoke(main, ["doctor", "--json"], catch_exceptions=False)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    told = json.loads(result.stdout)
    assert told.pop("works") is (code == 0)
    for topic in told.values():
        for finding in topic.values():
            assert finding["value"]
            assert (finding["advice"] is None) == (finding["state"] == "ok")
    return told


@pytest.fixture
def without(monkeypatch):
    """Make packages unimportable and their versions unknown, as if they were not installed."""

    def remove(*names):
        gone = {package.distribution: package.module for package in LOOKED_AT}
        version = importlib.metadata.version

        def find_version(name):
            if name in names:
                raise importlib.metadata.PackageNotFoundError(name)
            return version(name)

        monkeypatch.setattr(importlib.metadata, "version", find_version)
        for name in names:
            monkeypatch.setitem(sys.modules, gone[name], None)

    return remove


def test_this_machine_works():
    told = examine()
    assert list(told) == ["packages", "engines", "compiler", "GPU", "caches", "machine"]
    assert told["packages"]["numpy"]["value"] == importlib.metadata.version("numpy")
    assert set(told["packages"]) >= {package.distribution for package in LOOKED_AT}
    chosen = told["engines"]["power cells"]["value"].split()[2].rstrip(":")
    assert told["engines"][f"trial of {chosen}"]["value"].startswith("4 points in ")
    assert int(told["machine"]["processors"]["value"].split()[0]) >= 1


def test_every_dependency_is_examined():
    # Of this tree: what is installed may be older.
    own = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    # Some are for some machines, or for old versions of Python.
    always = {re.split("[>=]", line)[0] for line in own if ";" not in line}
    known = {re.split("[>=]", line)[0] for line in own}
    assert always <= {package.distribution for package in diagnosis.PACKAGES} <= known


def test_people_get_lines():
    result = CliRunner().invoke(main, ["doctor"], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "packages"
    assert result.stdout.splitlines()[-1] == "stipple works here."
    assert result.stderr == ""


def test_absent_packages_are_told_with_what_takes_their_place(without):
    without("pysdot", "matplotlib")
    told = examine()
    for name, replacement in (("pysdot", "Qhull"), ("matplotlib", "plots")):
        finding = told["packages"][name]
        assert (finding["state"], finding["value"]) == ("fallback", "not installed")
        assert replacement in finding["advice"]
    assert told["engines"]["power cells"]["value"] == "auto takes qhull: pysdot cannot be loaded"
    assert told["engines"]["trial of qhull"]["state"] == "ok"
    assert "trial of pysdot" not in told["engines"]


def test_absent_extras_are_told_with_what_is_refused(without):
    without("pillow-heif", "resvg_py", "pot", "pynrrd", "nibabel")
    told = examine()["packages"]
    for name, format_ in (
        *(("pillow-heif", "HEIC"), ("resvg_py", "SVG")),
        *(("pynrrd", "NRRD"), ("nibabel", "NIfTI")),
    ):
        assert told[name]["state"] == "fallback"
        assert f"{format_} " in told[name]["advice"]
        assert "export" in told[name]["advice"]
    assert told["pot"]["state"] == "fallback"
    assert "method paper" in told["pot"]["advice"]
    extras = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = " ".join(re.findall(r"^\w+ = \[(.+)\]$", extras, re.MULTILINE))
    assert all(f'"{package.distribution}>=' in listed for package in diagnosis.EXTRAS)


def test_keops_that_cannot_be_used_is_told(monkeypatch):
    monkeypatch.setattr(
        "stipple.machine.keops_library.find_obstacle", lambda: "there is no C++ compiler"
    )
    told = examine()
    assert told["packages"]["pykeops"]["state"] == "fallback"
    assert "NumPy does the same" in told["packages"]["pykeops"]["advice"]
    assert told["engines"]["Sinkhorn"]["value"] == "auto takes NumPy: there is no C++ compiler"


def test_a_missing_package_that_is_essential_fails(without):
    without("numba")
    numba = examine(code=1)["packages"]["numba"]
    assert numba["state"] == "broken"
    assert "pip install" in numba["advice"]


@pytest.mark.parametrize("error", [ImportError("libm.so.6:\nGLIBC_2.99"), SystemExit(3)])
def test_a_package_whose_import_fails_is_told(monkeypatch, error):
    load = importlib.import_module

    def fail(name, *arguments):
        if name == "matplotlib":
            raise error
        return load(name, *arguments)

    monkeypatch.setattr(importlib, "import_module", fail)
    finding = examine()["packages"]["matplotlib"]
    assert finding["state"] == "fallback"
    assert f"but importing it failed with {type(error).__name__}" in finding["value"]
    assert "\n" not in finding["value"]


@pytest.mark.parametrize(
    ("chosen", "failing", "code"),
    [("qhull", "qhull", 1), ("pysdot", "pysdot", 1), ("pysdot", "qhull", 0)],
)
def test_an_engine_that_fails_is_broken_if_auto_takes_it(monkeypatch, chosen, failing, code):
    def solve(*_arguments, engine):
        if engine == failing:
            raise StippleError("no cells")
        return SimpleNamespace(quality=1 / 6)

    monkeypatch.setattr("stipple.geometry.neighbours.choose_engine", lambda _engine: chosen)
    monkeypatch.setattr("stipple.stippling.stippling.stipple", solve)
    finding = examine(code)["engines"][f"trial of {failing}"]
    assert finding["state"] == ("broken" if code else "fallback")
    assert finding["value"] == "failed with StippleError: no cells"


def test_an_engine_with_wrong_results_is_broken(monkeypatch):
    monkeypatch.setattr(
        "stipple.stippling.stippling.stipple", lambda *_, **__: SimpleNamespace(quality=0.2)
    )
    told = examine(code=1)["engines"]
    assert any("quality 0.2, not 1/6" in finding["value"] for finding in told.values())


def test_no_compiler(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    told = examine()
    assert told["compiler"]["C++"]["value"] == "none found"
    assert "KeOps" in told["compiler"]["C++"]["advice"]
    assert told["GPU"]["CUDA"]["value"] == "none found"


@pytest.mark.parametrize("obstacle", [None, "the package pykeops is not installed"])
def test_a_graphics_card(monkeypatch, obstacle):
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(diagnosis, "_ask_program", lambda *_: "A Card")
    monkeypatch.setattr("stipple.machine.keops_library.find_obstacle", lambda: obstacle)
    monkeypatch.setattr("stipple.machine.keops_library.has_gpu", lambda: True)
    finding = examine()["GPU"]["CUDA"]
    assert finding["state"] == ("ok" if obstacle is None else "fallback")
    assert finding["value"].startswith("A Card")


@pytest.mark.parametrize(
    "outcome", [OSError("no such file"), subprocess.TimeoutExpired("g++", 10), b"", b"\xff\n"]
)
def test_programs_that_fail_or_say_nothing(monkeypatch, outcome):
    def run(*_arguments, **_options):
        if isinstance(outcome, Exception):
            raise outcome
        return SimpleNamespace(stdout=outcome)

    monkeypatch.setattr(subprocess, "run", run)
    assert examine()["compiler"]["C++"]["value"]


def test_caches_that_cannot_be_written(monkeypatch):
    def compile_anew(_function):
        return SimpleNamespace(stats=SimpleNamespace(cache_path=None))

    monkeypatch.setattr("stipple.machine.compiled.compile_loop", compile_anew)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: object())
    monkeypatch.setattr("stipple.machine.keops_library.find_cache_folder", lambda: None)
    caches = diagnosis._examine_safely("caches", diagnosis.TOPICS["caches"])
    assert [(finding.name, finding.state) for finding in caches] == [
        ("numba", "fallback"),
        *([] if sys.platform == "win32" else [("KeOps", "fallback")]),
    ]
    assert "NUMBA_CACHE_DIR" in caches[0].advice


@pytest.mark.skipif(sys.platform == "win32", reason="KeOps does not support Windows")
def test_a_user_without_a_home_has_a_cache_for_keops(monkeypatch, tmp_path):
    def fail():
        raise RuntimeError("Could not determine home directory.")

    if any(letter.isspace() for letter in str(tmp_path)):
        pytest.skip("KeOps cannot compile in a folder whose name has spaces")
    monkeypatch.delenv("KEOPS_CACHE_FOLDER", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    keops_library.find_cache_folder.cache_clear()
    folder = keops_library.find_cache_folder()
    keops_library.find_cache_folder.cache_clear()
    assert folder is not None
    assert folder.parent == tmp_path


def test_a_machine_that_tells_little(monkeypatch):
    def fail(*_arguments, **_options):
        raise OSError("No usable temporary directory")

    monkeypatch.setattr("stipple.machine.memory.find_available_memory", lambda: None)
    monkeypatch.setattr("tempfile.TemporaryFile", fail)
    monkeypatch.setattr("locale.getpreferredencoding", lambda _set: "ANSI_X3.4-1968")
    machine = {
        finding.name: finding
        for finding in diagnosis._examine_safely("machine", diagnosis.TOPICS["machine"])
    }
    for name in ("memory", "temporary files", "encoding"):
        assert machine[name].state == "fallback"
    assert "ANSI" in machine["encoding"].value


def test_an_examination_that_fails_is_told(monkeypatch):
    def fail():
        yield Finding("compiler", "first", "ok", "fine")
        raise ZeroDivisionError("oh")

    monkeypatch.setitem(diagnosis.TOPICS, "compiler", fail)
    told = examine()["compiler"]
    assert told["first"]["value"] == "fine"
    assert told["examination"]["value"] == "ZeroDivisionError: oh"


@pytest.mark.skipif(
    not (sys.prefix + str(ROOT)).isascii(),
    reason="without UTF-8, Python loads no NumPy from a folder whose name has other letters",
)
def test_as_a_process_in_a_locale_without_utf_8():
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    process = start("doctor", env=environment)
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    assert b"Traceback" not in errors
    assert output.isascii()
    if sys.platform == "linux":
        assert b"LC_ALL=C.UTF-8" in output
