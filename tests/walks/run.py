"""Walk in the shoes of four strangers: from a wheel, in a fresh environment, as the README says.

    python tests/walks/run.py [illustrator|plotter|researcher|batch ...] [--images N]

Builds the wheel, installs it into a new environment, and runs what the documents show, word for
word, in folders that hold nothing but the stranger's own files. Exits with 1 and says what, if
anything goes wrong. It takes minutes, most of which compile and install.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from stranger import ROOT, Stranger, WalkError

STRANGERS = ("illustrator", "plotter", "researcher", "batch")


def install(folder: Path) -> Path:
    """Build the wheel and install it, with what reads SVG, into an environment of its own."""
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip = [environment / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
    # A copy, since a build leaves files that another would take up.
    left_out = shutil.ignore_patterns(".*", "build", "out", "*.egg-info", "__pycache__")
    source = shutil.copytree(ROOT, folder / "source", ignore=left_out)
    subprocess.run([*pip, "wheel", "--no-deps", "-w", folder / "wheel", source], check=True)
    (wheel,) = (folder / "wheel").glob("*.whl")
    subprocess.run([*pip, "install", f"{wheel}[svg]"], check=True)
    return environment


def main() -> int:
    """Walk, and tell how it went."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("strangers", nargs="*", metavar="STRANGER", help=", ".join(STRANGERS))
    parser.add_argument("--images", type=int, default=6, help="photos of the batch (6)")
    asked = parser.parse_args()
    names = asked.strangers or STRANGERS
    if unknown := set(names) - set(STRANGERS):
        parser.error(f"nobody is called {', '.join(unknown)}")
    failed = []
    with tempfile.TemporaryDirectory(prefix="stipple-walks-") as folder:
        environment = install(Path(folder))
        for name in names:
            began = time.perf_counter()
            stranger = Stranger(environment, Path(folder) / name, asked.images)
            try:
                import_module(name).walk(stranger)
            except WalkError as error:
                failed.append(name)
                print(f"{name}: {error}", file=sys.stderr)
            seconds = time.perf_counter() - began
            print(f"{name}: {stranger.commands} commands, {seconds:.0f} s")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
