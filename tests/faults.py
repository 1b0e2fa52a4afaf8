"""What the world does to files, many times over: `python tests/faults.py --count 200`.

Writers are killed in the middle, disks are full, folders read-only, memory scarce, caches corrupted
and runs race. Counts files that are lost or half written, and temporary files that are left over.
"""

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
OLD = b"what was there before\n"
# A writer that never ends, under the command line's own handling of signals.
WRITER = """\
import itertools, sys
from stipple.cli.shared.ends import catch_signals
from stipple.files.write import write_file
with catch_signals():
    for byte in itertools.cycle((b'a', b'b')):
        write_file('x.svg', byte * 2_000_000)
        print(flush=True)
"""
# One file, and how it ended.
ONCE = """\
import sys
from stipple.errors import StippleError
from stipple.files.write import write_file
try:
    write_file('x.svg', b'a' * 2_000_000)
except (StippleError, MemoryError):
    sys.exit(1)
"""
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)


def main() -> int:
    """Run every fault; return 1 if a file was lost or half written, or something is left over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how often writers are killed")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    found: Counter[str] = Counter()
    for number in range(given.count):
        found += in_folder(lambda folder, n=number: kill(folder, SIGNALS[n % 5], chance))
    others = (fill_disk, forbid, starve, race, corrupt)
    for fault in others:
        found += in_folder(fault)
    print(
        f"{given.count} kills, full disk, read-only, no memory, races, corrupted caches:"
        f" {found['lost']} lost, {found['half']} half-written, {found['left']} left over"
    )
    return int(found.total() > 0)


def in_folder(fault: Callable[[Path], bool]) -> Counter[str]:
    """Let a fault happen beside an old file; count what is wrong after the next write there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "x.svg").write_bytes(OLD)
        replaced = fault(folder)
        data = (folder / "x.svg").read_bytes() if (folder / "x.svg").exists() else None
        whole = data == OLD or (data is not None and len(data) == 2_000_000 == data.count(data[:1]))
        # The next run there tidies up after a process that could not.
        run(folder, ONCE.replace("x.svg", "next.svg"))
        left = {path.name for path in folder.iterdir()} - {"x.svg", "next.svg", "cache"}
        return Counter(
            lost=int(data is None or (not replaced and data != OLD)),
            half=int(data is not None and not whole),
            left=len(left),
        )


def run(folder: Path, code: str, **options: object) -> int:
    command = [sys.executable, "-c", code]
    named = {"cwd": folder, "env": ENVIRONMENT, "timeout": 300, "check": False, **options}
    return subprocess.run(command, stderr=subprocess.DEVNULL, **named).returncode  # type: ignore[call-overload,no-any-return]


def kill(folder: Path, number: signal.Signals, chance: random.Random) -> bool:
    """End a writer by a signal, a random moment after its first file."""
    command = [sys.executable, "-c", WRITER]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        time.sleep(chance.uniform(0, 0.02))
        process.send_signal(number)
    before = [path for path in folder.glob(".stipple-*.tmp") if number != signal.SIGKILL]
    assert not before, f"{number.name} leaves {before}"
    return True


def fill_disk(folder: Path) -> bool:
    """Let a file stop half-way, as a full disk does."""
    limit = (1_000_000, 1_000_000)
    code = run(folder, ONCE, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    assert code == 1
    return False


def forbid(folder: Path) -> bool:
    """Write where that is not allowed, as nobody if this is root."""
    folder.chmod(0o555)
    (folder / "x.svg").chmod(0o444)
    nobody = "import os\nif os.geteuid() == 0: os.setresuid(65534, 65534, 65534)\ntry:"
    code = run(folder, ONCE.replace("try:", nobody))
    folder.chmod(0o755)
    (folder / "x.svg").chmod(0o644)
    assert code != 0
    return False


def starve(folder: Path) -> bool:
    """Ask for more memory than the process may take."""
    code = ONCE.replace("b'a' * 2_000_000", "b'a' * 4_000_000_000")
    limit = (2 * 2**30, 2 * 2**30)
    assert run(folder, code, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit)) == 1
    return False


def race(folder: Path) -> bool:
    """Let four processes write one file at once."""
    command = [sys.executable, "-c", ONCE]
    writers = [subprocess.Popen(command, cwd=folder, env=ENVIRONMENT) for _ in range(4)]
    assert [writer.wait(300) for writer in writers] == [0] * 4
    return True


def corrupt(folder: Path) -> bool:
    """Damage every file of the cache of compiled code; a command is to work as before."""
    cache = folder / "cache"
    environment = {**ENVIRONMENT, "NUMBA_CACHE_DIR": str(cache)}
    words = ["-m", "stipple", "sequence", "-n", "64", "--certify", "-q", "-o", "-", "--format"]
    command = [sys.executable, *words, "csv"]

    def make() -> bytes:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=True, timeout=300
        ).stdout

    plain = make()
    for damage in (b"", b"\x80", os.urandom(4000)):
        for path in [*cache.rglob("*.nbi"), *cache.rglob("*.nbc")]:
            path.write_bytes(damage)
        assert make() == plain
    return False


if __name__ == "__main__":
    sys.exit(main())
