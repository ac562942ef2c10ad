"""Packets as a Redis stream a camera."""

from collections.abc import Collection, Mapping, Sequence

import structlog
from typing_extensions import override

from vigil import keys
from vigil.bus.cluster import Command
from vigil.bus.connection import RedisClient, script_source, translated_errors
from vigil.bus.many import ask_all
from vigil.bus.packets.base import (
    Backlog,
    BacklogLimits,
    Entry,
    EntryId,
    PacketLog,
    Reading,
    Template,
    keyframe_before,
    place_of,
)
from vigil.domain.camera import CameraId, Epoch, Stream
from vigil.domain.packet import Packet, packed_meta, unpacked
from vigil.errors import MessageInvalid

log = structlog.get_logger(__name__)

#: What append.lua answers when it does not know the template.
_TEMPLATE_UNKNOWN = -1


class RedisPacketLog(PacketLog):
    """The packets of one stream of every camera, on one Redis or a cluster.

    Args:
        redis: The media Redis.
        limits: How much of each camera is kept.
        stream: Which of its streams.
    """

    def __init__(
        self, redis: RedisClient, *, limits: BacklogLimits, stream: Stream = Stream.MAIN
    ) -> None:
        self._redis = redis
        self._stream = stream
        self._limits = limits
        self._append = redis.register_script(script_source(__package__, "append.lua"))
        self._clear = redis.register_script(script_source("vigil.bus", "clear.lua"))

    @override
    def append(
        self,
        camera_id: CameraId,
        packets: Sequence[Packet],
        *,
        template: Template,
        epoch: Epoch,
    ) -> Backlog:
        is_gop = [packet.is_keyframe and packet.stream_index == 0 for packet in packets]
        entries: list[bytes | str] = []
        for packet, begins in zip(packets, is_gop, strict=True):
            entries += ["1" if begins else "0", packed_meta(packet), packet.data]
        # With each keyframe the template goes along; else only when an emptied Redis asks.
        held_ms, held_bytes = self._call(camera_id, epoch, template, any(is_gop), entries)
        if held_ms == _TEMPLATE_UNKNOWN:
            held_ms, held_bytes = self._call(camera_id, epoch, template, True, entries)
        return Backlog(seconds=held_ms / 1000, size_bytes=held_bytes)

    def _call(
        self,
        camera_id: CameraId,
        epoch: Epoch,
        template: Template,
        with_template: bool,
        entries: list[bytes | str],
    ) -> tuple[int, int]:
        limits = self._limits
        with translated_errors():
            held_ms, held_bytes = self._append(
                keys=[*self._log_keys(camera_id), _lease(camera_id)],
                args=[
                    epoch,
                    round(limits.seconds * 1000),
                    limits.max_bytes,
                    limits.max_gop_bytes,
                    keys.PACKET_KEYS_TTL_S,
                    template.template_id,
                    template.nut if with_template else "",
                    *entries,
                ],
            )
        return int(held_ms), int(held_bytes)

    @override
    def read(
        self,
        positions: Mapping[CameraId, EntryId],
        *,
        limit: int,
        asking: Collection[CameraId] = (),
    ) -> Reading:
        found = Reading()
        left, asked = dict(positions), asking
        # Again behind what nobody can read: a reader that got none of it would stay before it.
        while left or asked:
            ranges, watched = self._ranges(left, limit, asked, found)
            found.watched |= watched
            left, asked = {}, ()
            for camera_id, answer in ranges.items():
                entries = [entry for raw in answer if (entry := _entry(camera_id, *raw))]
                if entries:
                    found[camera_id] = entries
                elif answer:
                    left[camera_id] = EntryId(answer[-1][0].decode())
        return found

    def _ranges(
        self,
        positions: Mapping[CameraId, EntryId],
        limit: int,
        asking: Collection[CameraId],
        found: Reading,
    ) -> tuple[dict[CameraId, list[tuple[bytes, dict[bytes, bytes]]]], frozenset[CameraId]]:
        """Return raw entries, and who is watched; note in found who could not be asked."""
        questions: dict[tuple[CameraId, bool], tuple[CameraId, Command]] = {
            (each, False): (
                each,
                ("XRANGE", keys.packets(each, self._stream), f"({after}", "+", "COUNT", limit),
            )
            for each, after in positions.items()
        }
        for each in asking:
            questions[each, True] = (each, ("GET", keys.watched(each)))
        heard, unread = ask_all(self._redis, questions)
        found.unread |= unread
        ranges = {each: answer for (each, is_watch), answer in heard.items() if not is_watch}
        return ranges, frozenset(
            each for (each, is_watch), answer in heard.items() if is_watch and answer is not None
        )

    @override
    def last_keyframe(self, camera_id: CameraId, *, before_s: float = 0.0) -> EntryId | None:
        # A backlog has a GOP or two a second, at most.
        first = 0 if before_s else -1
        with translated_errors():
            found = self._redis.lrange(keys.gops(camera_id, self._stream), first, -1)
        return keyframe_before([place_of(_begun_at(each)) for each in found], before_s=before_s)

    @override
    def last_entry(self, camera_id: CameraId) -> EntryId | None:
        with translated_errors():
            found = self._redis.xrevrange(keys.packets(camera_id, self._stream), count=1)
        return EntryId(_text(found[0][0])) if found else None

    @override
    def template(self, camera_id: CameraId, template_id: str) -> Template | None:
        with translated_errors():
            nut = self._redis.hget(keys.templates(camera_id, self._stream), template_id)
        return None if nut is None else Template(template_id, _raw(nut))

    @override
    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        with translated_errors():
            self._clear(keys=[_lease(camera_id), *self._log_keys(camera_id)], args=[epoch])

    def _log_keys(self, camera_id: CameraId) -> list[str]:
        names = (keys.packets, keys.packet_bytes, keys.gops, keys.templates)
        return [name(camera_id, self._stream) for name in names]


def _begun_at(gop: bytes | str) -> EntryId:
    """Return where a GOP begins, as its note says."""
    return EntryId(_text(gop).split(" ", 1)[0])


def _text(answer: bytes | str | None) -> str:
    assert answer is not None
    return answer if isinstance(answer, str) else answer.decode()


def _raw(answer: bytes | str) -> bytes:
    return answer if isinstance(answer, bytes) else answer.encode()


def _lease(camera_id: CameraId) -> str:
    return keys.lease(camera_id, keys.Role.INGEST)


def _entry(camera_id: CameraId, entry_id: bytes, fields: Mapping[bytes, bytes]) -> Entry | None:
    try:
        return Entry(EntryId(entry_id.decode()), unpacked(fields[b"m"], fields[b"d"]))
    except (MessageInvalid, KeyError) as error:
        log.warning(
            "packet_skipped", camera_id=camera_id, entry_id=entry_id.decode(), reason=str(error)
        )
        return None
