"""Whole or absent: tried by killing, filling up and shutting the door."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vigil.durable_file import write_atomically

OLD, NEW = b"old " * 1000, b"new " * 5000

#: A child that dies by SIGKILL when it comes to the call that its argument names.
KILLED_AT = """
import os, signal, sys
from pathlib import Path
from vigil.durable_file import write_atomically

name, at, path = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
calls = 0

def watch(frame, event, function):
    global calls
    if event == "c_call" and function.__name__ == name:
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)

sys.setprofile(watch)
write_atomically(path, b"new " * 5000)
"""

#: A child that may write no file larger than 4 KiB: what a full disk does to it.
FULL = """
import resource, signal, sys
from pathlib import Path
from vigil.durable_file import write_atomically

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_atomically(Path(sys.argv[1]), b"new " * 5000)
except OSError as error:
    print(error.strerror)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cameras.json"
    path.write_bytes(OLD)
    return path


def run_child(program: str, *arguments: str | int | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_replaces_the_whole_content(path: Path) -> None:
    write_atomically(path, NEW)

    assert path.read_bytes() == NEW
    assert [each.name for each in path.parent.iterdir()] == ["cameras.json"]


def test_makes_the_folders_that_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c"

    write_atomically(path, NEW)

    assert path.read_bytes() == NEW


def test_only_the_owner_may_read_what_was_written(path: Path) -> None:
    path.chmod(0o644)
    before = os.umask(0)
    try:
        write_atomically(path, NEW)
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("call", "at", "content"),
    [
        ("open", 1, OLD),
        ("fchmod", 1, OLD),
        ("write", 1, OLD),
        ("flush", 1, OLD),
        ("fsync", 1, OLD),
        ("replace", 1, OLD),
        # The folder's sync comes behind the rename: who reads now sees the new one.
        ("fsync", 2, NEW),
    ],
)
def test_a_reader_sees_the_old_or_the_new_wherever_the_writer_was_killed(
    call: str, at: int, content: bytes, path: Path
) -> None:
    done = run_child(KILLED_AT, call, at, path)

    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == content


def test_what_a_killed_writer_left_is_cleared_away_when_it_is_surely_nobodys(path: Path) -> None:
    for _ in range(2):
        assert run_child(KILLED_AT, "replace", 1, path).returncode == -signal.SIGKILL
    abandoned, recent = (each for each in path.parent.iterdir() if each != path)
    two_hours_ago_s = recent.stat().st_mtime - 7200.0
    os.utime(abandoned, (two_hours_ago_s, two_hours_ago_s))

    write_atomically(path, NEW)

    assert set(path.parent.iterdir()) == {path, recent}


def test_what_lies_beside_it_is_left_alone(path: Path) -> None:
    others = [path.with_name(name) for name in (".cameras.json", "cameras.json.1", ".other.x.tmp")]
    for other in others:
        other.write_bytes(b"not ours")
        os.utime(other, (0.0, 0.0))

    write_atomically(path, NEW)

    assert all(other.read_bytes() == b"not ours" for other in others)


def test_on_a_full_disk_the_old_stays_and_nothing_is_left_beside_it(path: Path) -> None:
    done = run_child(FULL, path)

    assert done.stdout == "File too large\n"
    assert done.stderr == ""
    assert path.read_bytes() == OLD
    assert [each.name for each in path.parent.iterdir()] == ["cameras.json"]


def test_where_no_file_can_be_made_the_old_stays(path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            write_atomically(path, NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert path.read_bytes() == OLD
