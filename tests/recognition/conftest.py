"""Cameras that are configured, and who watches them."""

from collections.abc import Iterator

import pytest
import redis

from standalone.servers.valkey import EmbeddedValkey
from tests.builders import a_camera
from tests.recognition.pool import CAMERAS, Viewer
from vigil.bus.camera_config.redis import RedisCameraConfigStore
from vigil.camera_document import ConfigHead


@pytest.fixture
def viewer(valkey: EmbeddedValkey) -> Iterator[Viewer]:
    with redis.Redis.from_url(valkey.url) as queue:
        documents = [a_camera(camera_id, frame_fps=5) for camera_id in CAMERAS]
        head = ConfigHead(generation=1, camera_ids=CAMERAS)
        assert RedisCameraConfigStore(queue).publish(head, changed=documents, removed=())
    watching = Viewer(valkey.url)
    yield watching
    watching.redis.close()
