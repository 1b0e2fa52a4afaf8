import errno
import hashlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stipple.errors import StippleError
from stipple.files.write import PART, hash_file, write_file, write_stdout

needs_dev_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
needs_posix = pytest.mark.skipif(os.name != "posix", reason="permissions and devices of POSIX")


def fail(code):
    def raise_error(*_arguments, **_options):
        raise OSError(code, os.strerror(code))

    return raise_error


def run(code, **options):
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **options)


def test_new_file_and_overwriting(tmp_path):
    path = tmp_path / "picture.svg"
    for data in (b"one", b"", b"two\n" * 100_000):
        write_file(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [tmp_path / "picture.svg"]
    write_file(str(path), b"by name")
    assert path.read_bytes() == b"by name"


@needs_posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_new_file_gets_the_permissions_of_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_file(tmp_path / "new", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o666 & ~umask


@needs_posix
def test_existing_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "old"
    path.touch()
    path.chmod(0o640)
    write_file(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.chmod"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step, code):
    path = tmp_path / "old.svg"
    path.write_bytes(b"old")
    monkeypatch.setattr(step, fail(code))
    with pytest.raises(StippleError, match=r"Cannot write .*old\.svg: .*; .*choose"):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [tmp_path / "old.svg"]


def test_interruption_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    def interrupt(_descriptor):
        raise KeyboardInterrupt

    path = tmp_path / "old"
    path.write_bytes(b"old")
    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [tmp_path / "old"]


def test_unwritable_file_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "old"
    path.write_bytes(b"old")
    monkeypatch.setattr("os.access", lambda *_: False)  # the tests may run as root
    with pytest.raises(StippleError, match="permission denied"):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"


def test_folders_and_missing_folders(tmp_path):
    (tmp_path / "file").touch()
    for path, words in (
        (tmp_path, "it is a folder"),
        (tmp_path / "missing" / "x.svg", "its folder does not exist"),
        (tmp_path / "file" / "x.svg", "not a folder"),
        (tmp_path / ("x" * 300), "name too long"),
    ):
        with pytest.raises(StippleError, match=f"(?i){words}"):
            write_file(path, b"new")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_symbolic_links_stay_and_their_target_is_written(tmp_path):
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "target"
    link = tmp_path / "link"
    link.symlink_to("folder/target")
    for data in (b"through a dangling link", b"again"):
        write_file(link, data)
        assert link.is_symlink()
        assert target.read_bytes() == data
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(StippleError, match="loop"):
        write_file(loop, b"")
    assert loop.is_symlink()


@needs_posix
def test_pipes_are_written_straight(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, b"through the pipe")
    reader.join(10)
    assert received == [b"through the pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@needs_posix
def test_devices_are_written_straight():
    write_file("/dev/null", b"nothing")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@needs_dev_full
def test_no_space_on_a_device():
    with pytest.raises(StippleError, match="Cannot write /dev/full: no space left"):
        write_file("/dev/full", b"x" * 100_000)


WRITERS = {
    "write_stdout": "from stipple.files.write import write_stdout; write_stdout({data})",
    "/dev/stdout": "from stipple.files.write import write_file; write_file('/dev/stdout', {data})",
}


writers = pytest.mark.parametrize(
    "writer", ["write_stdout", pytest.param("/dev/stdout", marks=needs_posix)]
)


@writers
def test_standard_output(writer):
    done = run(WRITERS[writer].format(data="b'a' * 300_000 + b'\\n'"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"a" * 300_000 + b"\n"


@writers
def test_standard_output_added_to_a_file(tmp_path, writer):
    path = tmp_path / "log"
    path.write_bytes(b"before ")
    with path.open("ab") as stdout:
        command = [sys.executable, "-c", WRITERS[writer].format(data="b'after'")]
        subprocess.run(command, stdout=stdout, check=True, timeout=60)
    assert path.read_bytes() == b"before after"


@needs_dev_full
@writers
def test_standard_output_without_space(writer):
    with Path("/dev/full").open("wb") as stdout:
        command = [sys.executable, "-c", WRITERS[writer].format(data="b'data'")]
        done = subprocess.run(
            command, stdout=stdout, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert done.returncode == 1
    last = done.stderr.decode().splitlines()[-1]
    assert "StippleError: Cannot write" in last
    assert "no space left" in last


@writers
def test_closed_pipe_is_left_to_the_command(writer):
    code = (
        "try:\n    " + WRITERS[writer].format(data="b'a' * 300_000") + "\n"
        "except BrokenPipeError:\n    raise SystemExit(7)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    with process:
        assert process.stderr.read() == b""
    assert process.returncode == 7


def test_standard_output_that_was_replaced(capsysbinary):
    write_stdout(b"\x00data")
    assert capsysbinary.readouterr().out == b"\x00data"


def test_hashes_are_of_all_that_a_file_holds(tmp_path):
    path = tmp_path / "large"
    data = bytes(PART) + b"end"
    path.write_bytes(data)
    assert hash_file(path) == hashlib.blake2b(data, digest_size=8).hexdigest()
    assert hash_file(tmp_path) is None
    assert hash_file(tmp_path / "none") is None
