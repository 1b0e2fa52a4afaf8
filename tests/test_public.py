"""What `import stipple` gives: its list, its help, its examples, and how results print."""

import doctest
import inspect
import io
import pickle
import pydoc
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from command import ROOT

import stipple
import stipple.interval

NAMES = [name for name in stipple.__all__ if name != "__version__"]
FUNCTIONS = [name for name in NAMES if inspect.isfunction(getattr(stipple, name))]
IMAGE = np.arange(1.0, 601.0).reshape(20, 30)
RESULTS = {
    "Density": lambda: stipple.Density(IMAGE),
    "Discretisation": lambda: stipple.edot(stipple.Density(IMAGE), 9),
    "ImageBounds": lambda: stipple.bound(IMAGE, IMAGE[::-1], gap=0.5),
    "InkDensity": lambda: stipple.read_inks(io.BytesIO(b"P3 2 1 255  90 60 40  1 2 3"))[0],
    "JointStippling": lambda: stipple.stipple_inks([IMAGE, IMAGE[::-1]], 30, iterations=2),
    "NearestImages": lambda: stipple.find_nearest(IMAGE, [IMAGE.T.reshape(20, 30), IMAGE]),
    "LloydRun": lambda: stipple.lloyd(IMAGE, 9, steps=2),
    "PointsCertificate": lambda: stipple.certify(IMAGE[:, :2] / 600),
    "Morph": lambda: stipple.morph([IMAGE, IMAGE[::-1]], 20, frames=3),
    "PrefixCertificate": lambda: stipple.certify_prefix(1000, 3),
    "Samples": lambda: stipple.Samples(IMAGE, np.ones(20)),
    "Settings": stipple.Settings,
    "Stippling": lambda: stipple.stipple(IMAGE, 200, iterations=2),
    "VolumeDensity": lambda: stipple.VolumeDensity(np.ones((2, 3, 4)), (1, 1, 2.5)),
    "VolumeStippling": lambda: stipple.stipple_volume(np.ones((2, 3, 4)), 9, iterations=2),
}


def test_public_names_are_listed():
    assert sorted(dir(stipple)) == sorted(stipple.__all__)
    assert all(hasattr(stipple, name) for name in stipple.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = stipple.nothing


def test_help_shows_every_name():
    text = pydoc.plain(pydoc.render_doc(stipple))
    words = set((stipple.__doc__ or "").replace(",", " ").split())
    for name in NAMES:
        assert name in words
        assert name in text.partition("FILE")[0]


def test_importing_the_package_imports_no_numpy():
    program = "import stipple, sys; dir(stipple); print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_are_short(name):
    signature = inspect.signature(getattr(stipple, name))
    parts = [str(parameter) for parameter in signature.parameters.values()]
    assert max(map(len, parts)) <= 100
    assert not re.search("ndarray|_typing|Union", str(signature))


def find_examples(name):
    found = doctest.DocTestFinder(recurse=False).find(getattr(stipple, name), name)
    return [one for one in found if one.examples]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "StippleError"])
def test_every_public_thing_has_an_example_that_runs(name):
    (example,) = find_examples(name)
    said = io.StringIO()
    assert doctest.DocTestRunner().run(example, out=said.write).failed == 0, said.getvalue()


@pytest.mark.parametrize("module", [stipple, stipple.interval])
def test_the_examples_of_modules_run(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def test_every_result_is_tried_here():
    results = {name for name in NAMES if is_dataclass(getattr(stipple, name))}
    assert results == set(RESULTS)


@pytest.mark.parametrize("name", RESULTS)
def test_results_print_in_a_few_lines_and_hold_plain_numbers(name):
    result = RESULTS[name]()
    assert isinstance(result, getattr(stipple, name))
    for field in fields(result):
        if field.type in ("float", float):
            assert type(getattr(result, field.name)) is float, field.name
    again = pickle.loads(pickle.dumps(result))
    assert repr(again) == repr(result)
    assert repr(result).startswith(f"{name}(")
    assert len(repr(result)) <= 400
    assert repr(result).count("\n") < 5


@pytest.mark.parametrize("name", NAMES)
def test_public_things_are_pickled_by_name(name):
    thing = getattr(stipple, name)
    assert pickle.loads(pickle.dumps(thing)) is thing
    assert inspect.getdoc(thing)


def test_settings_by_place_warn():
    with pytest.warns(DeprecationWarning, match="Give gap of bound by name, gap=…"):
        result = stipple.bound([[1, 0]], [[0, 1]], 2, 0.1)
    assert result.interval == stipple.bound([[1, 0]], [[0, 1]], gap=0.1).interval
    with (
        pytest.warns(DeprecationWarning, match="by name"),
        pytest.raises(TypeError, match="positional"),
    ):
        stipple.bound([[1, 0]], [[0, 1]], 2, 0.1, "auto")


def test_former_names_of_arguments_warn():
    with pytest.warns(DeprecationWarning, match="points= of stipple is called n= now"):
        result = stipple.stipple(IMAGE, points=3)
    assert len(result.points) == 3
    with pytest.raises(TypeError, match="points"):
        stipple.stipple(IMAGE, n=3, points=3)
