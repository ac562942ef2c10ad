import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench.children import BenchFailed, first_line, python, running
from bench.processes import cpu_s, memory_bytes
from tests.waiting import wait_until

#: Burns a quarter of a second of CPU in a child, says so, and waits for its end. It burns a
#: little more: of its user and its system time the kernel tells whole ticks of 10 ms alone.
_PARENT = """
import subprocess, sys
burn = "import time\\nwhile time.process_time() < 0.3: pass"
subprocess.run([sys.executable, "-c", burn], check=True)
print("burnt", flush=True)
sys.stdin.read()
"""


def test_cpu_of_a_child_that_ended_counts() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"burnt\n"

        assert cpu_s([process.pid]) >= 0.25


def test_memory_is_that_of_all_processes() -> None:
    assert memory_bytes([os.getpid()]) > 10_000_000


def test_a_program_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    nested = "import subprocess, sys; subprocess.run([sys.executable, '-c', '{}'])".format(
        "import time; print(1, flush=True); time.sleep(60)"
    )
    with running(
        [sys.executable, "-c", nested], log=tmp_path / "log", with_output=True, stop_s=0.5
    ) as process:
        first_line(process)
        [child] = psutil.Process(process.pid).children()

    assert process.poll() is not None
    wait_until(lambda: not child.is_running())


def test_what_a_program_started_that_died_by_itself_is_ended_too(tmp_path: Path) -> None:
    left = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', '{}']).pid)".format(
            "import time; time.sleep(60)"
        )
    )
    with running(
        [sys.executable, "-c", left], log=tmp_path / "log", with_output=True, stop_s=5.0
    ) as process:
        child = psutil.Process(int(first_line(process)))
        process.wait()
        assert child.is_running()

    wait_until(lambda: not child.is_running())


def test_a_program_that_ends_without_a_word_is_no_figure(tmp_path: Path) -> None:
    with (
        pytest.raises(BenchFailed, match="ended with 3"),
        running([sys.executable, "-c", "exit(3)"], log=tmp_path / "log", with_output=True) as done,
    ):
        first_line(done)


def test_our_modules_run_under_the_same_interpreter() -> None:
    assert python("vigil", "web") == [sys.executable, "-m", "vigil", "web"]
