"""A child's log is bounded while it runs, loses no line, and a full disk is not the child's end."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from standalone.processes.program import Program
from tests.waiting import wait_until

MAX_BYTES = 200_000
#: More than both files hold, so that the file is turned several times.
LINES = 60_000

#: Lines with their numbers, in writes of all sizes; then as said.
FLOOD = """
import sys, threading
for first in range(0, {lines}, 7):
    lines = [f"line {{n}} " + "x" * (n % 50) for n in range(first, min(first + 7, {lines}))]
    sys.stdout.write("\\n".join(lines) + "\\n")
    if first % 3 == 0:
        sys.stdout.flush()
sys.stdout.flush()
{then}
"""


@contextmanager
def started(log_path: Path, then: str, *, lines: int = LINES) -> Iterator[Program]:
    """Run a program that floods its log, and then does something."""
    program = Program(
        name="Chatty",
        log_path=log_path,
        stops=[(signal.SIGTERM, 5.0)],
        max_log_bytes=MAX_BYTES,
    )
    program.start([sys.executable, "-c", FLOOD.format(lines=lines, then=then)])
    try:
        yield program
    finally:
        program.end()


def kept(log_path: Path) -> str:
    """Return what both files hold, the older first."""
    older = log_path.with_name(log_path.name + ".1")
    return (older.read_text() if older.exists() else "") + log_path.read_text()


def test_a_log_is_turned_while_its_child_runs_and_no_line_is_cut_or_lost(tmp_path: Path) -> None:
    log_path = tmp_path / "logs" / "chatty.log"
    with started(log_path, "threading.Event().wait()") as program:
        # With its end: what is read of a pipe at once may end within a line
        last = f"line {LINES - 1} " + "x" * ((LINES - 1) % 50) + "\n"
        wait_until(lambda: log_path.exists() and last in log_path.read_text(), timeout_s=60)
        assert program.exit_status() is None

        # Both files have their bound, and what one read of a pipe adds
        for path in (log_path, log_path.with_name("chatty.log.1")):
            assert path.stat().st_size <= MAX_BYTES + 2**16
        assert {path.name for path in log_path.parent.iterdir()} == {"chatty.log", "chatty.log.1"}
        # And hold the last lines of all, each whole, none twice, none left out
        lines = kept(log_path).splitlines()
        first = int(lines[0].split()[1])
        assert lines == [f"line {n} " + "x" * (n % 50) for n in range(first, LINES)]


def test_no_line_of_a_crash_is_lost_though_the_log_is_turned_in_it(tmp_path: Path) -> None:
    # Given a child that says little else, and dies of a traceback longer than a file
    crash = """
def fall(depth):
    if depth:
        fall(depth - 1)
    raise RuntimeError("at last " + "!" * 300_000)
import traceback
traceback.format_exception_only(RuntimeError("x"))
print("before")
fall(30)
"""
    log_path = tmp_path / "chatty.log"
    with started(log_path, crash, lines=0) as program:
        wait_until(lambda: program.exit_status() is not None, timeout_s=60)
        # What is said of it is complete at once
        assert program.last_words().endswith("!" * 100)

    text = kept(log_path)
    assert text.startswith("before\nTraceback (most recent call last):\n")
    assert text.endswith("RuntimeError: at last " + "!" * 300_000 + "\n")


def test_a_full_disk_does_not_stop_the_child_and_what_was_lost_is_said(tmp_path: Path) -> None:
    # Given a log on a disk that is full
    log_path, went_on = tmp_path / "chatty.log", tmp_path / "went-on"
    log_path.symlink_to("/dev/full")
    then = f"""
import pathlib
pathlib.Path({str(went_on)!r}).touch()
for line in iter(lambda: pathlib.Path({str(tmp_path)!r}, "say").exists(), True):
    threading.Event().wait(0.02)
print("there is room again", flush=True)
threading.Event().wait()
"""
    with started(log_path, then) as program:
        # Then the child says all that it has to say, and lives
        wait_until(went_on.exists, timeout_s=60)
        assert program.exit_status() is None
        wait_until(lambda: f"line {LINES - 1} " in program.last_words())

        # And when there is room again, its log goes on, and says that something is missing
        log_path.unlink()
        (tmp_path / "say").touch()
        wait_until(lambda: log_path.exists() and "room again\n" in log_path.read_text())
    assert " bytes were lost: no room]\nthere is room again\n" in log_path.read_text()


def test_another_start_adds_to_the_log_and_has_its_own_last_words(tmp_path: Path) -> None:
    log_path = tmp_path / "chatty.log"
    with started(log_path, "print('first')", lines=3) as program:
        wait_until(lambda: program.exit_status() is not None, timeout_s=60)
        program.end()
        program.start([sys.executable, "-c", "print('second')"])
        wait_until(lambda: program.exit_status() is not None, timeout_s=60)
        assert program.last_words() == "second"
    assert log_path.read_text().endswith("first\nsecond\n")
