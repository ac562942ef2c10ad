"""Recorders that are killed at random moments lose no packet that is still in Redis."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis

from recorder.footage.marks import MarkFile
from standalone.servers.valkey import EmbeddedValkey
from tests.builders import a_camera
from tests.footage import Footage, footage_of
from tests.recorder.clips import FPS, frames_in, make_clip, payloads_of
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.camera_config.redis import RedisCameraConfigStore
from vigil.bus.connection import connect, connect_single
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.packets.base import BacklogLimits
from vigil.bus.packets.redis import RedisPacketLog
from vigil.camera_document import ConfigHead, RecordingMode
from vigil.domain.camera import CameraId, Epoch

CAMERA = CameraId(7)
ROOT = Path(__file__).parents[2]
SECRET = "a secret of forty characters, for tests.."
KILLS = 8
START_S = 30.0


class Street:
    """A camera that sends in real time, and the recorders of it."""

    def __init__(self, url: str, folder: Path, sent: Footage) -> None:
        self.url, self.folder, self.sent = url, folder, sent
        self.redis = connect(url)
        self._packets = RedisPacketLog(self.redis, limits=BacklogLimits())
        epoch = RedisLeases(self.redis, role=keys.Role.INGEST).acquire(
            CAMERA, "test", ttl_s=600, last_seen=Epoch(0)
        )
        assert epoch is not None
        self._epoch = epoch
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self.count = 0
        self._recorder: subprocess.Popen[bytes] | None = None
        RedisCameraConfigStore(connect_single(url)).publish(
            ConfigHead(generation=1, camera_ids=(CAMERA,)),
            changed=[a_camera(CAMERA, recording=RecordingMode.CONTINUOUS)],
            removed=[],
        )

    def _send(self) -> None:
        """Send the clip once, at its own pace, as if it were captured now."""
        begun_us = time.time_ns() // 1000
        first = self.sent.entries[0].packet.captured_at_us
        for at in range(0, len(self.sent.entries), 3):
            if self._stop.wait(3 / FPS):
                return
            packets = [
                replace(
                    entry.packet,
                    anchor_us=begun_us,
                    captured_at_us=begun_us + entry.packet.captured_at_us - first,
                )
                for entry in self.sent.entries[at : at + 3]
            ]
            self._packets.append(CAMERA, packets, template=self.sent.template, epoch=self._epoch)
            self.count += len(packets)

    def begin(self) -> None:
        self._thread.start()

    def is_over(self) -> bool:
        return not self._thread.is_alive()

    @property
    def footage(self) -> Path:
        return self.folder / "footage"

    def start(self, **settings: str) -> None:
        self._recorder = subprocess.Popen(
            [sys.executable, "-m", "vigil", "record"],
            cwd=ROOT,
            env={
                **os.environ,
                "REDIS_URL": self.url,
                "SECRET_KEY": SECRET,
                "VIGIL_HOME": str(self.folder),
                "SEGMENT_S": "3",
                "FOOTAGE_RESERVE_BYTES": "0",
                **settings,
            },
        )

    def end(self, how: signal.Signals) -> None:
        assert self._recorder is not None
        self._recorder.send_signal(how)
        self._recorder.wait(15)

    def is_safe(self) -> bool:
        """Return whether all that was sent is on disk: who sends no more has a whole file."""
        mark = MarkFile(self.footage / str(CAMERA)).read()
        newest = self.redis.xrevrange(keys.packets(CAMERA), count=1) or []
        return mark is not None and bool(newest) and newest[0][0] == mark.entry.encode()

    def close(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._recorder is not None and self._recorder.poll() is None:
            self._recorder.kill()
            self._recorder.wait()
        self.redis.close()


@pytest.fixture(params=["h264", "h265 with B-frames"])
def street(
    request: pytest.FixtureRequest, valkey: EmbeddedValkey, tmp_path: Path
) -> Iterator[Street]:
    kind: dict[str, Any] = {"b_frames": 2, "codec": "libx265"} if "h265" in request.param else {}
    clip = make_clip(tmp_path / "clip.mp4", seconds=25, gop=2 * FPS, **kind)
    it = Street(valkey.url, tmp_path / "home", footage_of(clip))
    yield it
    it.close()


def test_no_packet_is_lost_by_kills(street: Street) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  # Who repeats a failure needs it.
    rng = random.Random(seed)
    street.begin()
    street.start()
    wait_until(lambda: any(street.footage.rglob("*.mp4")), timeout_s=START_S)
    for _ in range(KILLS):
        # The moment is what is tried: there is no condition to wait for.
        time.sleep(rng.uniform(0.3, 2.0))
        street.end(signal.SIGKILL)
        street.start()
    wait_until(street.is_over, timeout_s=60)
    wait_until(street.is_safe, timeout_s=START_S)
    street.end(signal.SIGTERM)

    files = sorted(street.footage.rglob("*.mp4"))
    recorded = {payload for path in files for payload in payloads_of(path)}
    wanted = [entry.packet.data for entry in street.sent.entries]
    first = next(n for n, payload in enumerate(wanted) if payload in recorded)
    # It begins at a keyframe, with the newest that was there
    assert first < 3 * FPS
    missing = [n for n, payload in enumerate(wanted[first:], first) if payload not in recorded]
    assert missing == []
    for path in files:
        assert frames_in(path) > 0
    with redis.Redis.from_url(street.url) as queue:
        kinds = [fact for _, entry in queue.xrange(keys.facts()) for fact in entry.values()]
    assert any(b'"segment"' in fact for fact in kinds)
    assert not any(b'"gap"' in fact for fact in kinds)
