"""Pictures written to the bus by the benchmark itself, as camera_ctrl would."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import av
import redis

from vigil import keys
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.leases.redis import RedisLeases
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import FrameStamp, stamped
from vigil.media.jpeg import encoded

#: Longer than any measurement: nobody else ingests the camera meanwhile.
_LEASE_S = 600.0


class FrameWriter:
    """Writes a camera's newest picture, under the ingest lease.

    Args:
        client: Of the media Redis.
        camera_id: Of the camera.
        size_wh: What the pictures' stamps say of the full frame.
    """

    def __init__(
        self, client: redis.Redis, camera_id: CameraId, *, size_wh: tuple[int, int]
    ) -> None:
        self._store = RedisFrameStore(client, kind=keys.FrameKind.RAW)
        self._camera_id = camera_id
        self._size_wh = size_wh
        self._clock = SystemClock()
        self._sequence = count(1)
        epoch = RedisLeases(client, role=keys.Role.INGEST).acquire(
            camera_id, "bench", ttl_s=_LEASE_S, last_seen=Epoch(0)
        )
        if epoch is None:
            raise AssertionError("somebody else ingests the benchmark's camera")
        self._epoch = epoch

    def write(self, jpeg: bytes) -> FrameStamp:
        """Put jpeg in place, as captured now."""
        stamp = FrameStamp(next(self._sequence), self._clock.utc_us(), self._epoch, *self._size_wh)
        self._store.put(
            self._camera_id, stamped(jpeg, stamp), epoch=self._epoch, ttl_s=keys.FRAME_TTL_S
        )
        return stamp


def jpegs_of(clip: Path, *, every: int, size_wh: tuple[int, int], quality: int) -> Iterator[bytes]:
    """Yield each every-th frame of a clip as a JPEG, once.

    Args:
        clip: A file of video.
        every: 5: of 25 frames a second, 5.
        size_wh: Of the pictures.
        quality: As libjpeg means it.
    """
    with av.open(clip) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % every == 0:
                yield encoded(frame.reformat(width=size_wh[0], height=size_wh[1]), quality=quality)
