"""The running system, as its callers and its operator meet it."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from tests.containers.compose import Compose

ADMIN_USERNAME = "admin"
ADMIN_PASSWORD = "as-good-as-any"  # Of a stack that lives for minutes, on loopback.


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP.

    Attributes:
        headers: With names in lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, decoded."""
        return json.loads(self.body)


class Stack:
    """The running system behind its front door.

    Args:
        compose: The project; started.
    """

    def __init__(self, compose: Compose) -> None:
        self.compose = compose

    def port(self, name: str) -> int:
        """Return the port of this machine that ``PUBLISH_<name>`` opened."""
        return int(self.compose.environment[f"PUBLISH_{name}"].rpartition(":")[2])

    def request(
        self,
        method: str,
        path: str,
        *,
        port: str = "API",
        body: object = None,
        token: str | None = None,
    ) -> Answer:
        """Send one request and return the whole answer.

        Args:
            method: Such as ``GET``.
            path: With its query.
            port: Which of the published ports: ``HTTP``, ``API``, ``STREAMS``.
            body: Sent as JSON; bytes as they are.
            token: Sent as bearer.
        """
        with self._connection(port) as connection:
            response = self._send(connection, method, path, body=body, token=token)
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())

    def stream(self, path: str, *, size: int, token: str | None = None) -> bytes:
        """Return the first bytes of an answer that does not end."""
        with self._connection("STREAMS") as connection:
            response = self._send(connection, "GET", path, token=token)
            assert response.status == 200, response.read(200)
            return response.read(size)

    def log_in(self) -> str:
        """Return an access token of the first account."""
        answer = self.request(
            "POST", "/login", body={"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD}
        )
        assert answer.status == 200, answer.body
        token: str = answer.json()["access_token"]
        return token

    def secrets(self) -> dict[str, str]:
        """Return what the operator's ``.env`` holds."""
        lines = self.compose.env_file.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if line)

    def log(self, service: str) -> str:
        """Return what every container of a service has logged."""
        ids = self.compose.run("ps", "--all", "--quiet", service).split()
        return "".join(self.compose.docker("logs", each) for each in ids)

    def redis(self, server: str, role: str, command: str) -> str:
        """Return what a Redis answers to a role: a value, or the words of an error."""
        # The health check's own is known in its container alone.
        secret = self.secrets().get(f"REDIS_{role.upper()}_PASSWORD") or self.compose.execute(
            server, "cat", "/tmp/vigil/health"
        )
        said = self.compose.execute(
            server, "redis-cli", stdin=f"AUTH {role} {secret.strip()}\n{command}\n"
        )
        authenticated, _, answer = said.partition("\n")
        assert authenticated == "OK", said
        return answer.strip()

    def _connection(self, port: str) -> closing[HTTPConnection]:
        return closing(HTTPConnection("127.0.0.1", self.port(port), timeout=20))

    @staticmethod
    def _send(
        connection: HTTPConnection,
        method: str,
        path: str,
        *,
        body: object = None,
        token: str | None = None,
    ) -> HTTPResponse:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, body=sent, headers=headers)
        return connection.getresponse()
