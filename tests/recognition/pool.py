"""Real workers on a real Valkey, cameras that are filmed for them, and what anybody can see."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Self

import redis

from object_recognition.picture import encoded
from tests.recognition import scenes
from vigil import keys
from vigil.bus.connection import connect
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.status.redis import RedisStatusBoard
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import FrameStamp, read_stamp, stamped
from vigil.messages import RecognitionStatus

ROOT = Path(__file__).parents[2]
CAMERAS = tuple(CameraId(number) for number in range(1, 7))
FRAME_EVERY_S = 0.2
#: A start, with its imports, on a busy machine.
STARTED_S = 30.0
TAKEN_OVER_S = 5.0


class Cameras:
    """Writes a frame of each camera five times a second, as camera_ctrl does."""

    def __init__(
        self, url: str, *, instead: Mapping[CameraId, Sequence[bytes]] | None = None
    ) -> None:
        #: What some cameras show instead of a street.
        self._instead = instead or {}
        self._redis = connect(url)
        self._frames = RedisFrameStore(self._redis, kind=keys.FrameKind.RAW)
        leases = RedisLeases(self._redis, role=keys.Role.INGEST)
        self._epochs: dict[CameraId, Epoch] = {}
        for camera_id in CAMERAS:
            epoch = leases.acquire(camera_id, "test", ttl_s=600, last_seen=Epoch(0))
            assert epoch is not None
            self._epochs[camera_id] = epoch
        self._jpegs = [
            encoded(frame, quality=85)
            for frame in scenes.frames_of(scenes.a_street(320, 240), [], count=5)
        ]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        #: When each frame was written, by camera and sequence.
        self.written_s: dict[tuple[CameraId, int], float] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._redis.close()

    def _write(self) -> None:
        sequence = 0
        while not self._stop.wait(FRAME_EVERY_S / len(CAMERAS)):
            sequence += 1
            camera_id = CAMERAS[sequence % len(CAMERAS)]
            stamp = FrameStamp(sequence, time.time_ns() // 1000, self._epochs[camera_id], 320, 240)
            shown = self._instead.get(camera_id, self._jpegs)
            jpeg = stamped(shown[sequence // len(CAMERAS) % len(shown)], stamp)
            self.written_s[camera_id, sequence] = time.monotonic()
            self._frames.put(camera_id, jpeg, epoch=self._epochs[camera_id], ttl_s=4.0)


class Viewer:
    """What anybody can see on the bus."""

    def __init__(self, url: str) -> None:
        self.redis = connect(url)
        self._boxed = RedisFrameStore(self.redis, kind=keys.FrameKind.BOXED)
        self._statuses = RedisStatusBoard(
            self.redis, role=keys.Role.RECOGNITION, document_class=RecognitionStatus
        )

    def stamps(self) -> dict[CameraId, FrameStamp]:
        return {each: read_stamp(jpeg) for each, jpeg in self._boxed.newest(CAMERAS).items()}

    def owners(self) -> dict[CameraId, str]:
        return {each: status.owner for each, status in self._statuses.read(CAMERAS).items()}

    def epochs(self) -> dict[CameraId, Epoch]:
        return {each: status.epoch for each, status in self._statuses.read(CAMERAS).items()}


@contextmanager
def a_worker(
    url: str, home: Path, *, module: str = "object_recognition", **more: str
) -> Iterator["subprocess.Popen[bytes]"]:
    environment = os.environ | {
        "REDIS_URL": url,
        "SECRET_KEY": "a secret of a test, long enough for all",
        "VIGIL_HOME": str(home),
        "DEFAULT_MODEL": "basic",
        "LOG_LEVEL": "WARNING",
        **more,
    }
    process = subprocess.Popen([sys.executable, "-m", module], cwd=ROOT, env=environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        process.wait(timeout=20)


def pid_of(owner: str) -> int:
    return int(owner.split(":")[-2])


def shares(viewer: Viewer) -> set[int]:
    """Return the processes that own cameras, once every camera has one."""
    owners = viewer.owners()
    return {pid_of(owner) for owner in owners.values()} if len(owners) == len(CAMERAS) else set()


class BoxedFrames:
    """Every boxed image of the cameras, in the order in which the server took them."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url)
        assert isinstance(self._redis, redis.Redis)
        self._pubsub = self._redis.pubsub(ignore_subscribe_messages=True)
        self._camera_of = {
            keys.frame_bell(each, keys.FrameKind.BOXED).encode(): each for each in CAMERAS
        }
        self._pubsub.ssubscribe(*self._camera_of)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self.stamps: dict[CameraId, list[FrameStamp]] = {each: [] for each in CAMERAS}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._pubsub.close()
        self._redis.close()

    def assert_none_is_boxed_twice(self) -> None:
        for camera_id, stamps in self.stamps.items():
            orders = [stamp.order for stamp in stamps]
            assert len(orders) > 5, camera_id
            assert all(earlier < later for earlier, later in pairwise(orders)), camera_id

    def count(self) -> dict[CameraId, int]:
        return {each: len(stamps) for each, stamps in self.stamps.items()}

    def _follow(self) -> None:
        while not self._stop.is_set():
            message = self._pubsub.get_message(timeout=0.2)
            if message is not None and message["type"] == "smessage":
                self.stamps[self._camera_of[message["channel"]]].append(read_stamp(message["data"]))
