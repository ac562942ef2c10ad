"""Which services one machine runs: the one list of them."""

import sys

from standalone.processes.ports import LOOPBACK
from standalone.processes.services import Service


def services(*, ports: tuple[int, ...], demo_port: int | None) -> list[Service]:
    """Return the services in the order in which they start.

    Args:
        ports: Where web listens.
        demo_port: Where the demo camera listens; None: there is none.
    """
    found = [
        _vigil("ingest"),
        _vigil("web", "--host", LOOPBACK, *_each("--port", ports)),
    ]
    if demo_port is not None:
        found.insert(0, _vigil("demo-camera", "--host", LOOPBACK, "--port", str(demo_port)))
    return found


def _vigil(command: str, *arguments: str) -> Service:
    return Service(name=command, argv=(sys.executable, "-m", "vigil", command, *arguments))


def _each(option: str, values: tuple[int, ...]) -> list[str]:
    return [part for value in values for part in (option, str(value))]
