"""The application with its real collaborators. The only module that names concrete classes."""

import redis
from argon2 import PasswordHasher
from flask import Flask

from vigil.bus.camera_config.redis import RedisCameraConfigStore
from vigil.bus.connection import RedisClient, connect, connect_single, translated_errors
from vigil.bus.status.redis import RedisStatusBoard
from vigil.clock import SystemClock
from vigil.keys import Role
from vigil.messages import CameraStatus
from web.app import create_app
from web.blueprint import ApiBlueprint
from web.settings import WebSettings
from web.status.readiness import Check


def build_app(settings: WebSettings, *, streams: ApiBlueprint | None = None) -> Flask:
    """Return the application over the servers that the settings name.

    Raises:
        BusUnavailable: The media Redis does not answer; the others may be away.
        SetupInvalid: A server answers, and refuses us.
    """
    media = connect(str(settings.redis_url))
    queue = connect_single(settings.queue_url())
    return create_app(
        settings,
        config_store=RedisCameraConfigStore(queue),
        statuses=RedisStatusBoard(media, role=Role.INGEST, document_class=CameraStatus),
        checks={"redis": _ping(media), "queue_redis": _ping(queue)},
        clock=SystemClock(),
        hasher=PasswordHasher(),
        streams=streams,
    )


def _ping(client: RedisClient | redis.Redis) -> Check:
    def ping() -> None:
        with translated_errors():
            client.ping()

    return ping
