"""Footage with sound, sent as cameras do, and what is heard of it in files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recorder.recorded_camera import RecordedCamera
from tests.footage import Footage
from tests.recorder.sounds import beeps_in, shown_from_s
from tests.recorder.studio import NOW_S, Studio
from vigil.bus.packets.base import Entry, EntryId


@dataclass(frozen=True, slots=True)
class Sounding:
    """Footage, and when each beep of it begins by ffmpeg, in the camera's own time."""

    footage: Footage
    beeps: Sequence[float]

    def between(self, begin_s: float, end_s: float) -> list[float]:
        return [beep for beep in self.beeps if begin_s <= beep < end_s]


def video_of(sent: Footage) -> list[Entry]:
    return [entry for entry in sent.entries if entry.packet.stream_index == 0]


def audio_of(sent: Footage) -> list[Entry]:
    """Return the audio that begins with the first picture or behind it."""
    return [
        entry
        for entry in sent.entries
        if entry.packet.stream_index == 1
        and entry.packet.pts * entry.packet.time_base >= first_s(sent)
    ]


def numbered(entries: Sequence[Entry]) -> list[Entry]:
    """Return packets as a log would have them that came in this order."""
    return [
        replace(entry, entry_id=EntryId(f"{number}-0")) for number, entry in enumerate(entries, 10)
    ]


def shifted(sent: Footage, late_s: float) -> Footage:
    """Return footage of which the audio comes so much later than its video; or earlier."""

    def comes_s(entry: Entry) -> float:
        packet = entry.packet
        return float(packet.dts * packet.time_base) + late_s * packet.stream_index

    return replace(sent, entries=numbered(sorted(sent.entries, key=comes_s)))


def recorded(studio: Studio, *, at_once: int = 40) -> RecordedCamera:
    camera = studio.camera()
    camera.with_audio = True
    for at in range(0, len(studio.sent.entries), at_once):
        camera.take(studio.sent.entries[at : at + at_once], now_s=NOW_S)
        camera.sync(now_s=NOW_S)
    camera.close()
    return camera


def heard_at(sent: Footage, path: Path) -> list[float]:
    """Return when each beep of a file was sent, in seconds of the camera's own time.

    The file's time zero is the dts of its first picture, which is looked up by its content.
    """
    base_s = shown_from_s(sent, path)
    return [base_s + beep for beep in beeps_in(path)]


def first_s(sent: Footage) -> float:
    first = video_of(sent)[0].packet
    return float(first.pts * first.time_base)
