"""A run of the single machine, started as a person starts it."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.standalone.processes import ROOT
from tests.waiting import wait_until

#: Whatever is set around a test is no setting of its run.
_SETTINGS = {
    *("PORT", "STREAM_PORT", "REDIS_URL", "QUEUE_REDIS_URL", "DATABASE_URL", "SECRET_KEY"),
}

#: With small services in place of the real ones.
SMALL_RUN = (sys.executable, str(Path(__file__).with_name("small_run.py")))


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way, and all that it has started."""

    process: subprocess.Popen[str]
    home: Path
    port: int

    def said(self) -> str:
        """Return what it told so far."""
        return (self.home.parent / "said.txt").read_text()

    def family(self) -> list[psutil.Process]:
        """Return all that runs below it."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def environment(self) -> dict[str, str]:
        """Return what its services were given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/environment")
            return dict(json.loads(connection.getresponse().read()))
        finally:
            connection.close()


@contextmanager
def running(
    home: Path, *, port: int, argv: Sequence[str] = SMALL_RUN, **settings: str
) -> Iterator[Run]:
    """Start a run and wait until it has said something final; killed in the end."""
    environment = {name: value for name, value in os.environ.items() if name not in _SETTINGS}
    environment |= {"VIGIL_HOME": str(home), "PORT": str(port), "PYTHONPATH": str(ROOT)}
    home.parent.mkdir(exist_ok=True)
    with (home.parent / "said.txt").open("w") as said:
        process = subprocess.Popen(
            argv,
            cwd=home.parent,
            env=environment | settings,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        )
    run = Run(process, home, port)
    try:
        wait_until(lambda: "\nready " in run.said() or process.poll() is not None, timeout_s=60)
        yield run
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(timeout=10)
