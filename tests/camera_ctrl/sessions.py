"""One camera's session in this process, on a bus in memory: all but processes and Redis is real."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from camera_ctrl.ingest.session import CameraSession
from camera_ctrl.ingest.source import Source
from camera_ctrl.notes import Notes
from camera_ctrl.reports import IngestReport
from tests.builders import BEGINNING, CAMERA, a_camera
from tests.waiting import wait_until
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.packets.base import BacklogLimits, Template
from vigil.bus.packets.memory import MemoryPacketLog
from vigil.clock import SystemClock
from vigil.domain.camera import Epoch
from vigil.domain.packet import Packet
from vigil.media.template import reopened

#: A camera's session may take so long for what it is asked for, on a busy machine.
PATIENCE_S = 30.0


class WatchedSession:
    """A session, and what it put on the bus."""

    def __init__(self, session: CameraSession, log: MemoryPacketLog) -> None:
        self._session = session
        self._log = log

    @property
    def session(self) -> CameraSession:
        return self._session

    def report(self) -> IngestReport:
        return self._session.report()

    def packets(self) -> list[Packet]:
        held = self._log.read({CAMERA: BEGINNING}, limit=100_000).get(CAMERA, [])
        return [entry.packet for entry in held]

    def wait_for_packets(self, count: int) -> list[Packet]:
        """Return all packets, as soon as there are so many."""
        wait_until(lambda: len(self.packets()) >= count, timeout_s=PATIENCE_S)
        return self.packets()

    def wait_for_error(self, timeout_s: float = PATIENCE_S) -> str:
        """Return what is said of the camera, as soon as something is."""
        wait_until(lambda: self.report().error is not None, timeout_s=timeout_s)
        return self.report().error or ""

    def template(self, packet: Packet) -> Template:
        """Return the template that a packet names."""
        template = self._log.template(CAMERA, packet.template_id)
        assert template is not None
        return template

    def streams_of(self, packet: Packet) -> list[tuple[str, int, int]]:
        """Return codec, width and height of each stream of the template that a packet names."""
        with reopened(self.template(packet)) as container:
            contexts = [stream.codec_context for stream in container.streams]
            return [
                (each.name, getattr(each, "width", 0), getattr(each, "height", 0))
                for each in contexts
            ]


@contextmanager
def watched(url: str, **changes: Any) -> Iterator[WatchedSession]:
    """Give the running session of a camera; arguments as its configuration has them."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    camera = a_camera(**changes)
    source = Source(
        urlunsplit(parts._replace(netloc=host)),
        unquote(user) if user else None,
        camera.transport,
        loop=camera.loop,
    )
    clock = SystemClock()
    leases = MemoryLeases(clock)
    epoch = leases.acquire(CAMERA, "test", ttl_s=600.0, last_seen=Epoch(0))
    assert epoch is not None
    log = MemoryPacketLog(leases, clock, limits=BacklogLimits())
    session = CameraSession(camera, source, epoch=epoch, packets=log, notes=Notes(1), clock=clock)
    session.start()
    try:
        yield WatchedSession(session, log)
    finally:
        session.stop()
