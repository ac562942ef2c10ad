"""A REST client as a customer writes one: HTTP and JSON, and nothing of ours."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PASSWORD = "correct horse battery"
#: Seconds that an answer may take; more than what the server waits for a server of its own.
TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, read to its end. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass
class Client:
    """Somebody who calls the API at a port of this machine; with a token, once logged in."""

    port: int
    username: str = ""
    account_uuid: str = ""
    access_token: str = ""
    refresh_token: str = field(default="", repr=False)

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: Any = None) -> Reply:
        return self.call("POST", path, body)

    def put(self, path: str) -> Reply:
        return self.call("PUT", path)

    def patch(self, path: str, body: Any) -> Reply:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Reply:
        return self.call("DELETE", path)

    def call(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a request with a connection of its own; a body is sent as JSON."""
        given = {**self.authorization(), **(headers or {})}
        if body is not None:
            given["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, body=sent, headers=given)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, names, answer.read())
        finally:
            connection.close()

    def authorization(self) -> dict[str, str]:
        """Return the header that says who is calling."""
        return {"Authorization": f"Bearer {self.access_token}"} if self.access_token else {}

    def register(self, username: str) -> None:
        """Make an account of one's own, and log in."""
        body = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
        made = self.post("/register", body)
        assert made.status == 201, made.body
        self.username = username
        self.log_in()

    def log_in(self) -> None:
        """Get fresh tokens."""
        self.access_token = ""
        answer = self.post("/login", {"username": self.username, "password": PASSWORD})
        assert answer.status == 200, answer.body
        self.account_uuid = answer.json["account_uuid"]
        self.access_token = answer.json["access_token"]
        self.refresh_token = answer.json["refresh_token"]

    def add_camera(self, name: str, stream_url: str, **fields: Any) -> int:
        """Add a camera; return its number."""
        made = self.post("/cameras", {"name": name, "stream_url": stream_url, **fields})
        assert made.status == 201, made.body
        camera_id: int = made.json["id"]
        return camera_id

    def is_active(self, *camera_ids: int) -> bool:
        """Return whether all of these cameras are said to live."""
        answer = self.get("/camera_status")
        return answer.status == 200 and all(
            answer.json.get(f"camera_{each}") == "active" for each in camera_ids
        )

    def sign(self, path: str) -> str:
        """Return an address that needs no header."""
        answer = self.post("/stream_tokens", {"path": path})
        assert answer.status == 201, answer.body
        url: str = answer.json["url"]
        return url
