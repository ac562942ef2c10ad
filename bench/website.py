"""web as a benchmark runs it: with PostgreSQL, an admin, and one camera."""

import http.client
import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from bench.children import BenchFailed, python, wait_until
from bench.machine import Machine
from standalone.processes.ports import LOOPBACK, free_port
from standalone.run import is_healthy
from standalone.servers.postgres import EmbeddedPostgres

_USER = "bench"
_START_S = 60.0
_CALL_S = 20.0
_FINE = {HTTPStatus.OK, HTTPStatus.CREATED}


@dataclass(frozen=True, slots=True)
class Website:
    """A running web.

    Attributes:
        port: Where it listens.
        pids: Of the processes that count: web, PostgreSQL and both Redis.
        token: The admin's, as it was when web began.
        camera_id: Of its one camera.
        password: The admin's.
        database_url: Of its PostgreSQL.
    """

    port: int
    pids: list[int]
    token: str
    camera_id: int
    password: str
    database_url: str

    def log_in(self) -> None:
        """Log in once more, as people do."""
        _logged_in(self.port, self.password)

    def list_cameras(self) -> None:
        """Ask for the cameras."""
        call(self.port, "GET", "/cameras", token=self.token)


@contextmanager
def a_website(machine: Machine) -> Iterator[Website]:
    """Run web on a machine."""
    password, port = secrets.token_urlsafe(16), free_port()
    with ExitStack() as held:
        postgres = held.enter_context(EmbeddedPostgres(machine.folder / "postgres"))
        environment = {
            "DATABASE_URL": postgres.url,
            "ADMIN_USERNAME": _USER,
            "ADMIN_PASSWORD": password,
            # All log-ins of the benchmark come from one address.
            "LOGIN_RATE_LIMIT": "1000 per minute",
        }
        machine.run_to_end(python("vigil", "migrate"), log="migrate", environment=environment)
        web = held.enter_context(
            machine.service(
                python("vigil", "web", "--port", str(port)), log="web", environment=environment
            )
        )
        wait_until(lambda: is_healthy(port), what="web", timeout_s=_START_S)
        wait_until(lambda: _is_admin_there(port, password), what="the admin", timeout_s=_START_S)
        token = _logged_in(port, password)
        camera = {"name": "bench", "stream_url": "rtsp://127.0.0.1:9/"}
        camera_id = call(port, "POST", "/cameras", body=camera, token=token)["id"]
        pids = [web, postgres.pid, *machine.redis_pids]
        yield Website(port, pids, token, camera_id, password, postgres.url)


def call(
    port: int,
    method: str,
    path: str,
    *,
    body: dict[str, Any] | None = None,
    token: str | None = None,
) -> Any:
    """Return what web answers.

    Raises:
        BenchFailed: It is no 2xx.
    """
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_CALL_S)
    try:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        said = answer.read()
    finally:
        connection.close()
    if answer.status not in _FINE:
        raise BenchFailed(f"{method} {path}: {answer.status} {said[:200]!r}")
    return json.loads(said)


def _logged_in(port: int, password: str) -> str:
    pair = {"username": _USER, "password": password}
    token: str = call(port, "POST", "/login", body=pair)["access_token"]
    return token


def _is_admin_there(port: int, password: str) -> bool:
    try:
        _logged_in(port, password)
    except BenchFailed:
        # web makes the first account right after it began to answer.
        return False
    return True
