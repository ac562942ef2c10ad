"""A site for tests: one Valkey, camera controllers as processes, and eyes on both."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import cv2
import numpy as np
import psutil

from camera_ctrl.ingest.keyframe import jpeg_size
from standalone.demo.counter import read_counter
from tests.builders import BEGINNING
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.camera_config.redis import RedisCameraConfigStore
from vigil.bus.connection import connect, connect_single
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.packets.base import BacklogLimits, Entry
from vigil.bus.packets.redis import RedisPacketLog
from vigil.bus.status.redis import RedisStatusBoard
from vigil.camera_document import CameraConfig, ConfigHead
from vigil.domain.camera import CameraId, Stream
from vigil.domain.frame import STAMPED_HEAD_BYTES, FrameStamp, read_stamp
from vigil.messages import CameraState, CameraStatus
from vigil.sealing import Sealer

SECRET = "a secret of forty characters, for tests.."
ROOT = Path(__file__).parents[2]
#: Seconds in which a controller has its shards running and a camera connected, on a busy machine.
START_S = 30.0


class Site:
    """What a test of camera controllers stands on.

    Args:
        redis_url: Of the Valkey that serves as both roles.
        folder: For the controllers' last good configurations.
    """

    def __init__(self, redis_url: str, folder: Path) -> None:
        self.redis_url = redis_url
        self.redis = connect(redis_url)
        self.packets = RedisPacketLog(self.redis, limits=BacklogLimits())
        self.sub_packets = RedisPacketLog(self.redis, limits=BacklogLimits(), stream=Stream.SUB)
        self.frames = RedisFrameStore(self.redis, kind=keys.FrameKind.RAW)
        self.statuses = RedisStatusBoard(
            self.redis, role=keys.Role.INGEST, document_class=CameraStatus
        )
        self._folder = folder
        self._configs = RedisCameraConfigStore(connect_single(redis_url))
        self._generation = 0
        self._cameras: dict[CameraId, CameraConfig] = {}
        self._controllers: list[subprocess.Popen[bytes]] = []

    def add(
        self, camera_id: int, url: str, *, sub_url: str | None = None, **changes: object
    ) -> CameraId:
        """Configure a camera, sealed as web does it."""
        parts = urlsplit(url)
        user, _, host = parts.netloc.rpartition("@")
        sealer = Sealer(SECRET)
        known = self._cameras.get(CameraId(camera_id))
        camera = CameraConfig.model_validate(
            {
                "id": camera_id,
                "revision": known.revision + 1 if known else 1,
                "name": f"camera {camera_id}",
                "sealed_url": sealer.seal(urlunsplit(parts._replace(netloc=host))),
                "credentials": sealer.seal(unquote(user)) if user else None,
                "sealed_sub_url": sealer.seal(sub_url) if sub_url else None,
            }
            | changes
        )
        self._cameras[camera.id] = camera
        self._publish(changed=[camera], removed=[])
        return camera.id

    def delete(self, camera_id: CameraId) -> None:
        """Remove a camera from the configuration."""
        del self._cameras[camera_id]
        self._publish(changed=[], removed=[camera_id])

    def start_controller(self, name: str = "one") -> subprocess.Popen[bytes]:
        """Start a camera controller; its folder is its name's."""
        process = subprocess.Popen(
            [sys.executable, "-m", "vigil", "ingest"],
            cwd=ROOT,
            env={
                **os.environ,
                "REDIS_URL": self.redis_url,
                "SECRET_KEY": SECRET,
                "VIGIL_HOME": str(self._folder / name),
            },
        )
        self._controllers.append(process)
        return process

    def close(self) -> None:
        """End every controller, and everything that it started."""
        for process in self._controllers:
            descendants = family(process.pid)
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
            for each in descendants:
                if each.is_running():
                    each.kill()
        self.redis.close()

    def status(self, camera_id: CameraId) -> CameraStatus | None:
        """Return what is said of a camera."""
        return self.statuses.read([camera_id]).get(camera_id)

    def is_active(self, camera_id: CameraId) -> bool:
        """Return whether a camera is said to live."""
        status = self.status(camera_id)
        return status is not None and status.state is CameraState.ACTIVE

    def error(self, camera_id: CameraId) -> str | None:
        """Return why a camera gives no video, as its owner is told."""
        status = self.status(camera_id)
        return None if status is None else status.error

    def wait_until_live(self, *camera_ids: CameraId, timeout_s: float = START_S) -> None:
        """Wait until every camera has a picture and is said to live."""
        wait_until(
            lambda: (
                all(map(self.is_active, camera_ids))
                and len(self.frames.newest(camera_ids)) == len(camera_ids)
            ),
            timeout_s=timeout_s,
        )

    def stamp(self, camera_id: CameraId) -> FrameStamp | None:
        """Return the stamp of a camera's newest picture."""
        jpeg = self.frames.newest([camera_id]).get(camera_id)
        return None if jpeg is None else read_stamp(jpeg)

    def picture_wh(self, camera_id: CameraId) -> tuple[int, int] | None:
        """Return width and height of a camera's newest picture, whatever its stamp says."""
        jpeg = self.frames.newest([camera_id]).get(camera_id)
        return None if jpeg is None else jpeg_size(b"\xff\xd8" + jpeg[STAMPED_HEAD_BYTES:])

    def number(self, camera_id: CameraId) -> int | None:
        """Return the number burnt into a camera's newest picture."""
        jpeg = self.frames.newest([camera_id]).get(camera_id)
        return None if jpeg is None else number_in(jpeg)

    def entries(self, camera_id: CameraId) -> list[Entry]:
        """Return all packets that are held of a camera."""
        return self.packets.read({camera_id: BEGINNING}, limit=100_000).get(camera_id, [])

    def keys_of(self, camera_id: CameraId) -> set[str]:
        """Return the names of all media keys of a camera."""
        pattern = f"*camera_{camera_id}_latest_frame*"
        return {key.decode() for key in self.redis.scan_iter(match=pattern, count=1000)}

    def _publish(self, *, changed: list[CameraConfig], removed: list[CameraId]) -> None:
        self._generation += 1
        head = ConfigHead(generation=self._generation, camera_ids=tuple(self._cameras))
        self._configs.publish(head, changed=changed, removed=removed)


def number_in(jpeg: bytes) -> int | None:
    """Return the number burnt into a picture, or None where it cannot be read."""
    image_bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image_bgr is not None
    return read_counter(image_bgr.astype(np.uint8, copy=False))


def family(pid: int) -> list[psutil.Process]:
    """Return every process that a process has started."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
