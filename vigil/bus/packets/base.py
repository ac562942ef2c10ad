"""The port: a bounded log of packets a camera, trimmed at keyframes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NewType, Protocol

from vigil.bus.answers import Answers
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.packet import Packet

#: Where a packet stands in its camera's log, as Redis writes it: ``<ms>-<n>``.
EntryId = NewType("EntryId", str)


def place_of(entry_id: EntryId) -> tuple[int, int]:
    """Return what entries of one log are ordered by: when Redis took it, in ms, and a count."""
    milliseconds, count = entry_id.split("-")
    return int(milliseconds), int(count)


def keyframe_before(begins: Sequence[tuple[int, int]], *, before_s: float) -> EntryId | None:
    """Return the position right before a GOP; see `PacketLog.last_keyframe`.

    Args:
        begins: Where GOPs begin, the oldest first.
        before_s: So long before the newest of them.
    """
    if not begins:
        return None
    latest_ms = begins[-1][0] - round(before_s * 1000)
    milliseconds, sequence = next(
        (each for each in reversed(begins) if each[0] <= latest_ms), begins[0]
    )
    # Reading begins behind a position.
    if sequence == 0:
        return EntryId(f"{milliseconds - 1}-{2**64 - 1}")
    return EntryId(f"{milliseconds}-{sequence - 1}")


@dataclass(frozen=True, slots=True)
class BacklogLimits:
    """How much of each camera is kept.

    Attributes:
        seconds: At least this much where max_bytes allows.
        max_bytes: Whole GOPs beyond it are dropped, but not the last one.
        max_gop_bytes: A GOP beyond it is cut: the log is never larger than this.
    """

    seconds: float = 30.0
    max_bytes: int = 32 * 2**20
    max_gop_bytes: int = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is held of one camera: from its oldest keyframe to its newest packet."""

    seconds: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Template:
    """The codec parameters that a run of packets was sent with.

    Attributes:
        template_id: 16 hex digits; another codec or size has another.
        nut: A NUT file of its header and one packet, which FFmpeg opens.
    """

    template_id: str
    nut: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A packet and where it stands."""

    entry_id: EntryId
    packet: Packet


class Reading(Answers[list[Entry]]):
    """What was read of each camera that had something.

    Attributes:
        watched: Of the cameras that were asked about, those that somebody watches.
    """

    watched: frozenset[CameraId] = frozenset()


class PacketLog(Protocol):
    """The packets of one stream of every camera."""

    def append(
        self,
        camera_id: CameraId,
        packets: Sequence[Packet],
        *,
        template: Template,
        epoch: Epoch,
    ) -> Backlog:
        """Add the packets of one read, as one; return what is held then.

        Args:
            camera_id: Of the camera.
            packets: In the order of their dts; all with the template's id.
            template: Written again with each keyframe, so that an emptied Redis learns it.
            epoch: Of the camera's ingest lease.

        Raises:
            LeaseLost: epoch is not the lease's; nothing was written.
            BusUnavailable: Redis does not answer.
        """
        ...

    def read(
        self,
        positions: Mapping[CameraId, EntryId],
        *,
        limit: int,
        asking: Collection[CameraId] = (),
    ) -> Reading:
        """Return at most limit packets behind each position, in one round trip a server.

        A camera with none is left out. An entry that cannot be decoded is logged and left out.

        Args:
            positions: Behind which to read.
            limit: Of one camera.
            asking: Of which cameras to say, besides, whether somebody watches them.

        Raises:
            BusUnavailable: Redis does not answer; of a cluster, no server that was asked.
        """
        ...

    def last_keyframe(self, camera_id: CameraId, *, before_s: float = 0.0) -> EntryId | None:
        """Return a position right before a GOP, or None when the log has none.

        Args:
            camera_id: Of the camera.
            before_s: The newest GOP that began so long before the newest of all; the oldest where
                none did.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def last_entry(self, camera_id: CameraId) -> EntryId | None:
        """Return where the newest packet stands, or None when the log has none.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def template(self, camera_id: CameraId, template_id: str) -> Template | None:
        """Return the template with this id, while the log holds packets of it.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """Remove all packets of a camera that was deleted.

        Raises:
            LeaseLost: epoch is not the lease's; nothing was removed.
            BusUnavailable: Redis does not answer.
        """
        ...
