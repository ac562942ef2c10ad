"""Real packets without a camera: a clip as entries of the bus."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from vigil.bus.packets.base import Entry, EntryId, Template
from vigil.domain.packet import Packet
from vigil.media.template import MediaStream, template_of

#: When the first frame of all footage was captured: UTC in microseconds since 1970.
BEGAN_US = 1_790_000_000_000_000


@dataclass(frozen=True, slots=True)
class Footage:
    """The packets of a clip, as an ingest shard would have put them on the bus."""

    template: Template
    entries: Sequence[Entry]


def footage_of(path: Path) -> Footage:
    """Return a clip's packets, each captured at its pts behind BEGAN_US."""
    with closing(av.open(path)) as container:
        streams: list[MediaStream] = [container.streams.video[0], *container.streams.audio[:1]]
        packets = [packet for packet in container.demux(streams) if packet.size]
        first = next(each for each in packets if each.stream_index == streams[0].index)
        template = template_of(streams, bytes(first))
        return Footage(
            template,
            [
                Entry(
                    EntryId(f"{BEGAN_US // 1000 + number}-0"),
                    _as_packet(packet, [each.index for each in streams], template),
                )
                for number, packet in enumerate(packets)
            ],
        )


def _as_packet(packet: "av.Packet[Any]", indices: list[int], template: Template) -> Packet:
    assert packet.pts is not None
    assert packet.dts is not None
    return Packet(
        stream_index=indices.index(packet.stream_index),
        pts=packet.pts,
        dts=packet.dts,
        duration=packet.duration or 0,
        time_base=Fraction(packet.time_base),
        is_keyframe=packet.is_keyframe,
        template_id=template.template_id,
        anchor_us=BEGAN_US,
        captured_at_us=BEGAN_US + round(packet.pts * packet.time_base * 1_000_000),
        data=bytes(packet),
    )
