"""Files of footage as a recorder writes them, and what it would tell of them."""

from dataclasses import dataclass, replace
from pathlib import Path

from recorder.footage.volume import Volume
from recorder.segment import Segment
from tests.footage import BEGAN_US, Footage
from vigil.bus.packets.base import EntryId
from vigil.domain.camera import CameraId, Epoch
from vigil.facts import SegmentFact


@dataclass(frozen=True, slots=True)
class Written:
    """A file, and the facts of its beginning and of its end."""

    path: Path
    opened: SegmentFact
    done: SegmentFact

    def torn(self) -> "Written":
        """Cut the file in the midst of its last fragment, as a kill does."""
        content = self.path.read_bytes()
        self.path.write_bytes(content[: content.rindex(b"moof") + 40])
        return self


def write_segment(
    volume: Volume, sent: Footage, camera_id: int, begun_us: int, *, epoch: int = 5
) -> Written:
    """Write all packets of a clip into one file that begins at a time."""
    shift_us = begun_us - BEGAN_US
    entries = [
        replace(
            entry,
            packet=replace(
                entry.packet,
                anchor_us=entry.packet.anchor_us + shift_us,
                captured_at_us=entry.packet.captured_at_us + shift_us,
            ),
        )
        for entry in sent.entries
    ]
    before = EntryId("1-0")
    segment = Segment(
        volume,
        CameraId(camera_id),
        epoch=Epoch(epoch),
        template=sent.template,
        first=entries[0],
        before=before,
    )
    for entry in entries:
        segment.add(entry, before=before)
        before = entry.entry_id
    segment.sync()
    opened = segment.opened_fact()
    return Written(volume.path / segment.mark.path, opened, segment.close())
