"""The life of one connection, on a clip whose end is the test's to say."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import av
import pytest

from camera_ctrl.ingest.feeds import AvPacket, Feed
from camera_ctrl.ingest.pump import PacketPump, PumpState
from camera_ctrl.ingest.session import CameraSession
from camera_ctrl.ingest.source import Source
from camera_ctrl.notes import Notes
from tests.builders import BEGINNING, CAMERA, a_camera
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.packets.base import BacklogLimits
from vigil.bus.packets.memory import MemoryPacketLog
from vigil.clock import FakeClock
from vigil.domain.camera import Epoch
from vigil.errors import CameraUnavailable

STEP_S = 0.04
#: Fewer than a burst at the beginning takes to be over: none of them has a stamp.
FEW = 4
#: The last two of these wait for a third, as three go together.
MANY = 13

#: What happens behind the last packet.
End = Callable[[CameraSession], None]


def breaks(_: CameraSession) -> None:
    raise CameraUnavailable("the connection was reset")


def is_told_to_stop(session: CameraSession) -> None:
    session.stop()


def on_bus(path: Path, count: int, end: End) -> list[bytes]:
    """Return what is on the bus after a connection of so many packets."""
    clock = FakeClock()
    leases = MemoryLeases(clock)
    epoch = leases.acquire(CAMERA, "test", ttl_s=600.0, last_seen=Epoch(0))
    assert epoch is not None
    log, notes = MemoryPacketLog(leases, clock, limits=BacklogLimits()), Notes(1)
    session = CameraSession(
        a_camera(), Source("rtsp://x/"), epoch=epoch, packets=log, notes=notes, clock=clock
    )

    def packets() -> Iterator[AvPacket]:
        for packet, _ in zip(container.demux(video=0), range(count), strict=False):
            yield packet
            clock.advance(STEP_S)
        end(session)
        yield packet

    with closing(av.open(path)) as container, notes.at(CAMERA, due_s=0.0) as note:
        streams = [container.streams.video[0]]
        pump = PacketPump(
            CAMERA, streams, state=PumpState(epoch, hold_s=0.1), packets=log, clock=clock
        )
        with suppress(CameraUnavailable):
            session._pump(Feed([*streams], packets(), has_end=False), pump, note)
    entries = log.read({CAMERA: BEGINNING}, limit=1000).get(CAMERA, [])
    return [entry.packet.data for entry in entries]


def sent(path: Path, count: int) -> list[bytes]:
    with closing(av.open(path)) as container:
        packets = zip(container.demux(video=0), range(count), strict=False)
        return [bytes(packet) for packet, _ in packets]


@pytest.mark.parametrize("count", [FEW, MANY])
def test_a_connection_that_breaks_loses_nothing_that_came(small_clip: Path, count: int) -> None:
    assert on_bus(small_clip, count, breaks) == sent(small_clip, count)


def test_who_is_told_to_stop_writes_nothing_any_more(small_clip: Path) -> None:
    # Another session may be writing by then
    assert on_bus(small_clip, FEW, is_told_to_stop) == []
