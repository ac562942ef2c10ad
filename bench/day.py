"""A day of a camera's footage on disk: files as the recorder writes them, and facts of them."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import av
import redis

from recorder.mp4.boxes import lengths_for
from recorder.mp4.fragments import FragmentMuxer
from standalone.demo.clip import ClipFormat, render_test_card
from vigil.bus.facts.redis import RedisFactLog
from vigil.bus.packets.base import Entry, EntryId, Template
from vigil.clock import MICROSECONDS, utc_from_us
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.packet import Packet
from vigil.facts import SegmentFact
from vigil.footage import MARKER
from vigil.media.template import template_of

#: A file each minute. Their pictures are small, so that a day is a third of a gigabyte: what is
#: read before the first byte is sent does not grow with them.
FILES, FILE_S = 1440, 60
_FORM = ClipFormat(size_wh=(320, 180), fps=Fraction(25), length_s=float(FILE_S), gop_s=2.0)
_VOLUME = UUID(int=0xDA7)
_BATCH = 200


def make_day(folder: Path, queue: redis.Redis, camera_id: int, *, begun_us: int) -> list[Path]:
    """Put a day on disk and tell of it; return its files.

    Args:
        folder: To become the volume.
        queue: The queue Redis, on which a writer listens.
        camera_id: Whose.
        begun_us: When its first picture was captured: UTC in microseconds since 1970.
    """
    folder.mkdir(parents=True)
    (folder / MARKER).write_text(str(_VOLUME))
    minute = folder / "minute"
    _record(minute)
    paths: list[Path] = []
    facts: list[SegmentFact] = []
    for number in range(FILES):
        file_us = begun_us + number * FILE_S * MICROSECONDS
        begun = utc_from_us(file_us)
        path = Path(str(camera_id), f"{begun:%Y-%m-%d}", f"{begun:%H-%M-%S.%f}Z.mp4")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(minute, folder / path)
        paths.append(folder / path)
        facts.append(_fact(camera_id, path, file_us, size_bytes=minute.stat().st_size))
    minute.unlink()
    log = RedisFactLog(queue)
    for first in range(0, FILES, _BATCH):
        log.append([fact.model_dump_json().encode() for fact in facts[first : first + _BATCH]])
    return paths


def _record(path: Path) -> None:
    """Write a minute as a recorder does."""
    clip = path.with_suffix(".clip.mp4")
    render_test_card(clip, form=_FORM)
    written = bytearray()
    with closing(av.open(clip)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        template = template_of([stream], bytes(packets[0]))
        muxer = FragmentMuxer(template, write=written.extend)
        for entry in _entries(packets, template):
            muxer.add(entry)
        muxer.close()
    for at, length in lengths_for(written, FILE_S):
        written[at : at + len(length)] = length
    path.write_bytes(written)
    clip.unlink()


def _entries(packets: "list[av.Packet[av.VideoStream]]", template: Template) -> Iterator[Entry]:
    for number, packet in enumerate(packets, 1):
        assert packet.pts is not None
        assert packet.dts is not None
        yield Entry(
            EntryId(f"{number}-0"),
            Packet(
                stream_index=0,
                pts=packet.pts,
                dts=packet.dts,
                duration=packet.duration or 0,
                time_base=Fraction(packet.time_base),
                is_keyframe=packet.is_keyframe,
                template_id=template.template_id,
                anchor_us=0,
                captured_at_us=0,
                data=bytes(packet),
            ),
        )


def _fact(camera_id: int, path: Path, begun_us: int, *, size_bytes: int) -> SegmentFact:
    ended_us = begun_us + FILE_S * MICROSECONDS
    return SegmentFact(
        camera_id=CameraId(camera_id),
        epoch=Epoch(1),
        volume=_VOLUME,
        path=str(path),
        revision=2,
        begun_us=begun_us,
        ended_us=ended_us,
        first_entry=f"{begun_us // 1000}-0",
        last_entry=f"{ended_us // 1000 - 1}-0",
        size_bytes=size_bytes,
        codec="h264",
        width_px=_FORM.size_wh[0],
        height_px=_FORM.size_wh[1],
    )
