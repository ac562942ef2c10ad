"""A program that the machine has no room for is one that would not start, and may later."""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from standalone.processes.program import NEVER_STARTED, Program
from standalone.servers.postgres_data import postgres_major
from standalone.servers.valkey import EmbeddedValkey
from tests.waiting import wait_until
from vigil.errors import SetupInvalid


@contextmanager
def without_files() -> Iterator[None]:
    """Let this process open no file more, for as long."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    # The lowest that is free is the next that would be given.
    next_fd = os.dup(0)
    os.close(next_fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_fd, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def a_program(folder: Path) -> Program:
    return Program(
        name="Quick",
        log_path=folder / "quick.log",
        working_folder=folder / "work",
        stops=[(signal.SIGTERM, 5.0)],
    )


def test_a_program_for_which_there_is_no_file_would_not_start_and_does_later(
    tmp_path: Path,
) -> None:
    program = a_program(tmp_path)
    (tmp_path / "work").mkdir()

    with without_files(), pytest.raises(SetupInvalid, match="Quick could not be started: Too many"):
        program.start([sys.executable, "-c", "print('here')"])
    assert program.exit_status() == NEVER_STARTED

    program.start([sys.executable, "-c", "print('here')"])
    wait_until(lambda: program.exit_status() == 0)
    assert program.last_words() == "here"
    program.end()


def test_a_program_whose_folder_is_gone_would_not_start(tmp_path: Path) -> None:
    program = a_program(tmp_path)
    before = open_files()

    with pytest.raises(SetupInvalid, match="Quick could not be started: No such file"):
        program.start([sys.executable, "-c", "pass"])

    # What was opened for it is closed by whoever copies its output
    wait_until(lambda: open_files() == before)


def test_a_server_whose_folder_cannot_be_used_again_would_not_start(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path, appendonly=False) as server:
        server.stop()
        pid_path = tmp_path / "server.pid"
        pid_path.unlink(missing_ok=True)
        pid_path.mkdir()
        with pytest.raises(SetupInvalid, match="Valkey could not be started: Is a directory"):
            server.start()

        pid_path.rmdir()
        server.start()
        assert server.exit_status() is None


@pytest.mark.parametrize("script", [None, "#!/bin/sh\nexit 1\n"], ids=["absent", "failing"])
def test_a_postgresql_that_does_not_say_its_version_is_told_of(
    tmp_path: Path, script: str | None
) -> None:
    if script is not None:
        program = tmp_path / "postgres"
        program.write_text(script)
        program.chmod(0o755)

    with pytest.raises(SetupInvalid, match="PostgreSQL does not say its version"):
        postgres_major(tmp_path)
