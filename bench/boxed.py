"""Hears which annotated pictures a recognition worker puts on the bus."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.client import PubSub

from bench.children import BenchFailed
from bench.frames import FrameWriter
from vigil import keys
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId
from vigil.domain.frame import FrameStamp, read_stamp


@contextmanager
def boxed_bell(client: redis.Redis, camera_id: CameraId) -> Iterator[PubSub]:
    """Give what rings with each annotated picture of a camera."""
    with client.pubsub(ignore_subscribe_messages=True) as bell:
        bell.ssubscribe(keys.frame_bell(camera_id, keys.FrameKind.BOXED))
        yield bell


def next_stamp(bell: PubSub, timeout_s: float) -> FrameStamp | None:
    """Return the stamp of the next boxed image; the bell rings with the head of the picture."""
    clock = SystemClock()
    deadline_s = clock.monotonic_s() + timeout_s
    while (left_s := deadline_s - clock.monotonic_s()) > 0:
        message = bell.get_message(timeout=left_s)
        if message is not None and message["type"] == "smessage":
            return read_stamp(message["data"])
    return None


def wait_for_first(
    writer: FrameWriter, bell: PubSub, jpeg: bytes, *, every_s: float, timeout_s: float
) -> None:
    """Write a picture again and again until one comes back annotated.

    Raises:
        BenchFailed: None did in time.
    """
    clock = SystemClock()
    deadline_s = clock.monotonic_s() + timeout_s
    while clock.monotonic_s() < deadline_s:
        writer.write(jpeg)
        if next_stamp(bell, every_s) is not None:
            return
    raise BenchFailed(f"no boxed image in {timeout_s:g} s")
