"""The running system, as its callers and its operator meet it."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from tests.containers.compose import Compose


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
