"""What stands in for a boxed image, and what it costs, between twins."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.builders import CAMERA, a_camera
from vigil.bus.frames.memory import MemoryFrameBell, MemoryFrameStore
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.status.memory import MemoryStatusBoard
from vigil.bus.watchers.memory import MemoryWatchers
from vigil.camera_document import CameraConfig
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import FrameStamp, stamped
from vigil.messages import CameraStatus
from web.live.banner import with_banner
from web.live.feeds import FeedBoard
from web.live.no_signal import jpeg_of
from web.live.reader import LiveReader
from web.live.substitutes import NoSignal, RawWithBanner


class Facts:
    cameras: dict[CameraId, CameraConfig] = {CAMERA: a_camera(CAMERA)}  # noqa: RUF012


def a_grey_frame(sequence: int) -> bytes:
    picture = jpeg_of(np.full((90, 160, 3), 90, np.uint8))
    return stamped(picture, FrameStamp(sequence, 1_790_000_000_000_000, Epoch(5), 160, 90))


def test_a_banner_is_painted_once_for_a_picture_however_often_it_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a camera of which raw pictures come, and no boxed ones
    clock = FakeClock()
    leases, zone, bell = MemoryLeases(clock), ZoneInfo("UTC"), MemoryFrameBell()
    raw, boxed = MemoryFrameStore(leases, clock), MemoryFrameStore(MemoryLeases(clock), clock, bell)
    no_signal = NoSignal(
        statuses=MemoryStatusBoard[CameraStatus](leases, clock),
        facts=Facts(),
        site_zone=zone,
        clock=clock,
    )
    board, watchers = FeedBoard(lambda _: None), MemoryWatchers(clock)
    reader = LiveReader(
        store=boxed,
        bell=bell,
        board=board,
        watchers=watchers,
        takers=watchers,
        substitute=RawWithBanner(
            raw=raw,
            leases=MemoryLeases(clock),
            facts=Facts(),
            no_signal=no_signal,
            site_zone=zone,
        ),
        clock=clock,
    )
    epoch = leases.acquire(CAMERA, "camera_ctrl", ttl_s=60.0, last_seen=Epoch(0))
    assert epoch is not None
    painted: list[bytes] = []

    def counted(jpeg: bytes, text: str) -> bytes:
        painted.append(jpeg)
        return with_banner(jpeg, text)

    monkeypatch.setattr("web.live.substitutes.with_banner", counted)
    feed = board.join(CAMERA)

    # When it is looked for ten times while each of two is there
    for sequence in (1, 2):
        raw.put(CAMERA, a_grey_frame(sequence), epoch=epoch, ttl_s=4.0)
        for _ in range(10):
            clock.advance(0.2)
            reader.run_once()

    # Then each was painted once, and shown once
    assert painted == [a_grey_frame(1), a_grey_frame(2)]
    assert (feed.serial, (feed.shown or ("",))[0]) == (2, "raw")
