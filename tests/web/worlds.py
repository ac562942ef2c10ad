"""A whole application for one test, and the people who call it."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import redis
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from vigil import keys
from vigil.bus.camera_config.redis import RedisCameraConfigStore
from vigil.bus.connection import connect_single
from vigil.bus.explanations.redis import RedisExplanationLog
from vigil.bus.exports.redis import RedisExportQueue
from vigil.bus.footage.redis import RedisFootageStore
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.status.redis import RedisStatusBoard
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId, Epoch
from vigil.keys import Role as BusRole
from vigil.messages import (
    CameraState,
    CameraStatus,
    FrameDetections,
    RecognitionStatus,
    RecordingStatus,
)
from web.access.rights import Role
from web.app import create_app
from web.blueprint import ApiBlueprint
from web.database import db
from web.settings import WebSettings
from web.status.readiness import ask_queue
from web.users.first_account import setup_code
from web.wiring import EXTENSION, Bus, Wiring
from web.workers.service import RecognitionPool

SECRET = "a secret of tests, long enough for anybody"
PASSWORD = "correct horse"

#: Real argon2, at the least cost that it takes.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def settings_for(database_url: str, redis_url: str, home: Path, **changes: Any) -> WebSettings:
    """Return settings that no environment and no file touches."""
    given = {
        "database_url": database_url,
        "redis_url": redis_url,
        "secret_key": SECRET,
        "vigil_home": home,
        "login_rate_limit": "1000 per minute",
        "register_rate_limit": "1000 per minute",
        "refresh_rate_limit": "1000 per minute",
        "notification_rate_limit": "1000 per minute",
        **changes,
    }
    return WebSettings(_env_file=None, **given)


@dataclass(frozen=True)
class Answer:
    """What came back, read to its end."""

    status_code: int
    text: str
    json: Any
    headers: Headers


@dataclass
class Caller:
    """Somebody at an HTTP client; with a token, if they logged in."""

    client: FlaskClient
    account_uuid: str = ""
    username: str = ""
    access_token: str = ""
    refresh_token: str = ""

    def get(self, path: str, **options: Any) -> Answer:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        return self.call("POST", path, json=json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> Answer:
        return self.call("PATCH", path, json=json, **options)

    def put(self, path: str, **options: Any) -> Answer:
        return self.call("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> Answer:
        return self.call("DELETE", path, **options)

    def call(self, method: str, path: str, **options: Any) -> Answer:
        headers = dict(options.pop("headers", {}))
        if self.access_token:
            headers["Authorization"] = f"Bearer {self.access_token}"
        came = self.client.open(path, method=method, headers=headers, buffered=True, **options)
        text = came.get_data().decode(errors="replace")
        return Answer(came.status_code, text, came.get_json(silent=True), came.headers)


@dataclass
class World:
    """An application with its collaborators in reach."""

    app: Flask
    clock: FakeClock
    queue: redis.Redis
    statuses: RedisStatusBoard[CameraStatus]
    store: RedisCameraConfigStore
    _admin: Caller | None = field(default=None)

    @property
    def wiring(self) -> Wiring:
        wiring: Wiring = self.app.extensions[EXTENSION]
        return wiring

    def anew(self) -> Self:
        """Return the same application at the beginning of time, in which nobody is known."""
        self.clock.now_us = FakeClock().now_us
        # This face of a clock never goes back. Whatever was kept for a while is of long ago.
        self.clock.elapsed_s += 3600
        return dataclasses.replace(self, _admin=None)

    def stranger(self) -> Caller:
        """Return somebody who did not log in, with a browser of their own."""
        return Caller(self.app.test_client(use_cookies=True))

    def admin(self) -> Caller:
        """Return the first account, which is made when first asked for."""
        if self._admin is None:
            code = setup_code(self.wiring.signer)
            self._admin = self._registered("admin", setup_code=code)
        return self._admin

    def person(self, role: Role, username: str = "") -> Caller:
        """Return a new account in a role, logged in."""
        admin = self.admin()
        caller = self._registered(username or f"{role}-of-tests")
        answer = admin.patch(f"/accounts/{caller.account_uuid}", {"role": role})
        assert answer.status_code == 200, answer.json
        return caller

    def viewer_of(self, *camera_ids: int, username: str = "viewer") -> Caller:
        """Return a viewer who was granted some cameras."""
        caller = self.person(Role.VIEWER, username)
        for camera_id in camera_ids:
            self.admin().put(f"/cameras/{camera_id}/grants/{caller.account_uuid}")
        return caller

    def camera(self, name: str = "Door", **fields: Any) -> int:
        """Return the number of a new camera."""
        body = {"name": name, "stream_url": "rtsp://cam/1", **fields}
        answer = self.admin().post("/cameras", body)
        assert answer.status_code == 201, answer.json
        camera_id: int = answer.json["id"]
        return camera_id

    def log_in(self, caller: Caller) -> None:
        """Give somebody fresh tokens."""
        pair = {"username": caller.username, "password": PASSWORD}
        answer = self.stranger().post("/login", pair)
        assert answer.status_code == 200, answer.json
        caller.access_token = answer.json["access_token"]
        caller.refresh_token = answer.json["refresh_token"]

    def say(self, camera_id: int, **fields: Any) -> None:
        """Let a camera service say how a camera is, as the real one does."""
        leases = RedisLeases(self.queue, role=BusRole.INGEST)
        camera = CameraId(camera_id)
        epoch = leases.acquire(camera, "camera_ctrl-1", ttl_s=60, last_seen=Epoch(0))
        assert epoch is not None
        given = {"state": CameraState.ACTIVE, "owner": "camera_ctrl-1", "since_us": 0, **fields}
        self.statuses.put(camera, CameraStatus(epoch=epoch, **given), epoch=epoch)

    def _registered(self, username: str, **extra: str) -> Caller:
        body = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
        answer = self.stranger().post("/register", {**body, **extra})
        assert answer.status_code == 201, answer.json
        caller = Caller(
            self.app.test_client(use_cookies=False), answer.json["account_uuid"], username
        )
        self.log_in(caller)
        return caller


@contextmanager
def a_world(settings: WebSettings, *, streams: ApiBlueprint | None = None) -> Iterator[World]:
    """Give an application over real servers, and close what it opened."""
    clock = FakeClock()
    queue = connect_single(settings.queue_url())
    statuses = RedisStatusBoard(queue, role=BusRole.INGEST, document_class=CameraStatus)
    store = RedisCameraConfigStore(queue)

    bus = Bus(
        config_store=store,
        statuses=statuses,
        pool=RecognitionPool(
            RedisLeases(queue, role=BusRole.RECOGNITION),
            RedisStatusBoard(queue, role=BusRole.RECOGNITION, document_class=RecognitionStatus),
        ),
        detections=RedisStatusBoard(
            queue,
            role=BusRole.RECOGNITION,
            document_class=FrameDetections,
            key_of=keys.detections,
        ),
        explanations=RedisExplanationLog(queue),
        recordings=RedisStatusBoard(queue, role=BusRole.RECORDING, document_class=RecordingStatus),
        footage=RedisFootageStore(queue),
        exports=RedisExportQueue(queue, clock=clock),
    )
    app = create_app(
        settings,
        bus=bus,
        checks={"queue_redis": partial(ask_queue, queue)},
        clock=clock,
        hasher=CHEAP,
        streams=streams,
    )
    try:
        yield World(app, clock, queue, statuses, store)
    finally:
        app.extensions[EXTENSION].thumbnails.close()
        with app.app_context():
            db.engine.dispose()
        queue.close()


def account_id_of(caller: Caller) -> UUID:
    """Return a caller's account as services know it."""
    return UUID(caller.account_uuid)
