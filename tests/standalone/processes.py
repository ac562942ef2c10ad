"""Processes for tests: orphans, strangers without rights, and whether one has ended."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from standalone.processes.program import TETHER, Identity
from standalone.servers.postgres_data import identity_for_postgres

ROOT = Path(__file__).parents[2]


def has_ended(process: psutil.Process) -> bool:
    """Return whether it is gone, or a zombie that only waits to be counted."""
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


@contextmanager
def orphaned(argv: Sequence[str], *, folder: Path) -> Iterator[psutil.Process]:
    """Run argv in folder without a parent that knows it; killed in the end."""
    shell = subprocess.run(
        ["/bin/sh", "-c", f"{shlex.join(argv)} >/dev/null 2>&1 & echo $!"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    process = psutil.Process(int(shell.stdout))
    try:
        yield process
    finally:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def unprivileged(argv: Sequence[str]) -> list[str]:
    """Return the command line that runs argv as a user with no rights beyond its own.

    As root, that is another user in a user namespace: it owns what root owns, so that a checkout
    below ``/root`` will do, but it is not root and has no capability.
    """
    if os.geteuid() != 0:
        return list(argv)
    return [
        *(sys.executable, "-I", "-S", str(TETHER), "--parent", str(os.getpid())),
        *("--signal", "9", "--identity", "namespace", "--user", "daemon", "--", *argv),
    ]


def run_unprivileged(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python code with folder as its argument, as a user with no rights beyond its own."""
    argv = unprivileged([sys.executable, "-c", code, str(folder)])
    return subprocess.run(
        argv,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


needs_namespaces = pytest.mark.skipif(
    os.geteuid() == 0 and identity_for_postgres() is not Identity.NAMESPACE,
    reason="this kernel or container allows root no user namespace",
)
