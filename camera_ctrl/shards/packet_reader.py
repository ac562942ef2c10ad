"""What a decode shard reads: of each camera the packets of the stream that is decoded."""

from collections.abc import Collection, Mapping, Sequence

import structlog

from camera_ctrl.shards.decoded_camera import DecodedCamera
from vigil.bus.packets.base import Entry, EntryId, PacketLog, Reading
from vigil.domain.camera import CameraId, Stream
from vigil.errors import ServerUnavailable

log = structlog.get_logger(__name__)


class PacketReader:
    """Reads of many cameras at once; a server of a cluster that is away costs only its cameras.

    Args:
        logs: Where the packets of each stream are.
    """

    def __init__(self, logs: Mapping[Stream, PacketLog]) -> None:
        self._logs = logs

    def log_of(self, camera: DecodedCamera) -> PacketLog:
        """Return where the packets are of which a camera's pictures are made."""
        return self._logs[camera.stream]

    def newest_keyframe(
        self, camera: DecodedCamera, stream: Stream | None = None
    ) -> EntryId | None:
        """Return a position right before the newest GOP; None: there is none, or Redis is away.

        Args:
            camera: Of which camera.
            stream: Of which of its streams; None: of that which is decoded.
        """
        try:
            return self._logs[stream or camera.stream].last_keyframe(camera.config.id)
        except ServerUnavailable as error:
            log.debug("camera_unread", camera_id=camera.config.id, what=str(error))
            return None

    def read(
        self, cameras: Sequence[DecodedCamera], *, limit: int, asking: Collection[CameraId]
    ) -> Reading:
        """Return what came behind each camera's position.

        Args:
            cameras: Those without a position are left out.
            limit: Packets of one camera.
            asking: Of which cameras to say, besides, whether somebody watches them.

        Raises:
            BusUnavailable: Redis does not answer, and not one server of a cluster alone.
        """
        found = Reading()
        for stream in Stream:
            positions = {
                each.config.id: each.position
                for each in cameras
                if each.stream is stream and each.position is not None
            }
            if positions:
                _add(found, self._read(stream, positions, limit, positions.keys() & asking))
        return found

    def _read(
        self,
        stream: Stream,
        positions: Mapping[CameraId, EntryId],
        limit: int,
        asking: Collection[CameraId],
    ) -> Reading:
        try:
            return self._logs[stream].read(positions, limit=limit, asking=asking)
        except ServerUnavailable as error:
            # Only its cameras were due: the others are not to wait until it is back.
            log.debug("cameras_unread", camera_ids=sorted(positions), what=str(error))
            nothing = Reading()
            nothing.unread = frozenset(positions)
            return nothing


def _add(found: Reading, more: Reading) -> None:
    found.update(more)
    found.unread |= more.unread
    found.watched |= more.watched


def runs_of_one_template(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Return entries in runs, each of which one template decodes."""
    runs: list[list[Entry]] = []
    for entry in entries:
        if not runs or runs[-1][-1].packet.template_id != entry.packet.template_id:
            runs.append([])
        runs[-1].append(entry)
    return runs
