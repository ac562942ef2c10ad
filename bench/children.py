"""The processes of a benchmark: started, heard, and ended with all that they started."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

from bench.interleave import pause
from vigil.clock import SystemClock

ROOT = Path(__file__).parents[1]
_POLL_S = 0.05
_STOP_S = 10.0


class BenchFailed(Exception):
    """What was to be measured did not work, so that there is no figure."""


@contextmanager
def running(
    arguments: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    with_output: bool = False,
    with_input: bool = False,
    stop_s: float = _STOP_S,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, and end it and all that it started.

    Args:
        arguments: The program and its arguments.
        log: Where its standard error goes, and its output unless that is read.
        environment: Added to ours.
        folder: To run in.
        with_output: Whether the caller reads its standard output.
        with_input: Whether the caller writes its standard input.
        stop_s: How long it gets to end, and then what it started; the rest is killed.
    """
    with log.open("ab") as log_file:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE if with_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE if with_output else log_file,
            stderr=log_file,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder), **(environment or {})},
            # By that what it started is found, should it die by itself.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process, stop_s)


def python(module: str, *arguments: str) -> list[str]:
    """Return the command line of a module under the interpreter that runs the benchmark."""
    return [sys.executable, "-m", module, *arguments]


def first_line(process: subprocess.Popen[bytes]) -> str:
    """Return the first line that a program prints: by it, it says that it is ready.

    Raises:
        BenchFailed: It ended without a word.
    """
    line = _output(process).readline().decode().strip()
    if not line:
        raise BenchFailed(f"{process.args!r} ended with {process.wait(_STOP_S)}")
    return line


def wait_until(condition: Callable[[], object], *, what: str, timeout_s: float) -> None:
    """Return when condition is true.

    Raises:
        BenchFailed: It was not, in timeout_s.
    """
    clock = SystemClock()
    deadline_s = clock.monotonic_s() + timeout_s
    while not condition():
        if clock.monotonic_s() > deadline_s:
            raise BenchFailed(f"{what}: not within {timeout_s:g} s")
        pause(_POLL_S)


def _output(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


def _in_session(session: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == session:
                found.append(process)
    return found


def _end(process: subprocess.Popen[bytes], stop_s: float) -> None:
    if process.poll() is None:
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
    else:
        # Nobody else tells them.
        family = _in_session(process.pid)
        for orphan in family:
            with suppress(psutil.NoSuchProcess):
                orphan.terminate()
    try:
        process.wait(stop_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _, left = psutil.wait_procs(family, timeout=stop_s)
    for orphan in left:
        orphan.kill()
    psutil.wait_procs(left, timeout=stop_s)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
