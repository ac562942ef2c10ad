"""Which services one machine runs: the one list of them."""

import sys
from collections.abc import Mapping

from standalone.demo.rtsp.conversation import PATH
from standalone.processes.ports import LOOPBACK
from standalone.processes.services import Service

#: Two, so that one may die; they share the cameras.
RECOGNISERS = 2


def services(*, ports: tuple[int, ...], demo_port: int | None) -> list[Service]:
    """Return the services in the order in which they start.

    Args:
        ports: Where web listens.
        demo_port: Where the demo camera listens; None: there is none.
    """
    web_env = {
        # Who sits at this machine owns it: no code from the log is needed for the first account.
        "FIRST_ACCOUNT_ON_LOOPBACK": "true",
    }
    found = []
    if demo_port is not None:
        found.append(_vigil("demo-camera", "--host", LOOPBACK, "--port", str(demo_port)))
        web_env["DEMO_CAMERA_URL"] = f"rtsp://{LOOPBACK}:{demo_port}{PATH}"
    found.append(_vigil("ingest"))
    found += [_vigil("recognise", name=f"recognise-{n + 1}") for n in range(RECOGNISERS)]
    found.append(_vigil("record"))
    found.append(_vigil("jobs"))
    listens = ("--host", LOOPBACK, *_each("--port", ports))
    found.append(_vigil("web", "--migrate", *listens, env=web_env))
    found.append(_vigil("writer"))
    return found


def _vigil(
    command: str, *arguments: str, name: str | None = None, env: Mapping[str, str] | None = None
) -> Service:
    argv = (sys.executable, "-m", "vigil", command, *arguments)
    return Service(name=name or command, argv=argv, env=env or {})


def _each(option: str, values: tuple[int, ...]) -> list[str]:
    return [part for value in values for part in (option, str(value))]
