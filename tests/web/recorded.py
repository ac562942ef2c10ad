"""Cameras whose footage is really there: recorded by the recorder, filed by the writer."""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import sessionmaker

from recorder.footage.volume import open_volume
from recorder.recorded_camera import RecordedCamera
from tests.footage import BEGAN_US, Footage
from tests.web.worlds import Answer, Caller, World
from vigil.bus.facts.redis import RedisFactInbox, RedisFactLog
from vigil.bus.known_footage.redis import RedisKnownFootageBoard
from vigil.bus.packets.base import Entry, EntryId
from vigil.clock import MICROSECONDS
from vigil.domain.camera import CameraId, Epoch
from vigil.facts import Fact
from web.database import db
from web.facts.writer import FactWriter

BEGAN = datetime.fromtimestamp(BEGAN_US / MICROSECONDS, UTC)
#: From the first picture of all footage to the time at which it is looked at.
LATER_S = 3600.0


class Archive:
    """A volume of a world, and a recorder and a writer for what is on it."""

    def __init__(self, world: World) -> None:
        world.clock.now_us = BEGAN_US + round(LATER_S * MICROSECONDS)
        self.world = world
        self.folder: Path = world.wiring.settings.footage_folder()
        self.volume = open_volume(self.folder, known=None)
        self.told: list[Fact] = []
        self._log = RedisFactLog(world.queue)
        with world.app.app_context():
            sessions = sessionmaker(db.engine)
        inbox = RedisFactInbox(world.queue, member="writer")
        known = RedisKnownFootageBoard(world.queue)
        self._writer = FactWriter(
            inbox,
            sessions,
            known=known,
            exports=world.wiring.exports,
            clock=world.clock,
            kept_days=30,
        )

    def recorder(
        self, camera_id: int, sent: Footage, *, segment_s: float = 3, epoch: int = 5
    ) -> RecordedCamera:
        """Return who records a camera; it goes on where another stopped."""
        return RecordedCamera(
            CameraId(camera_id),
            Epoch(epoch),
            volume=self.volume,
            mark=None,
            segment_s=segment_s,
            template_of=lambda _, __: sent.template,
            say=self.told.append,
        )

    def record(self, camera_id: int, sent: Footage, *, segment_s: float = 3) -> None:
        """Record all that was sent, to its end."""
        camera = self.recorder(camera_id, sent, segment_s=segment_s)
        camera.position = EntryId("1-0")
        camera.take(sent.entries, now_s=1000.0)
        camera.close()
        self.file()

    def file(self) -> None:
        """File what recorders told."""
        self._log.append([fact.model_dump_json().encode() for fact in self.told])
        self.told.clear()
        self._writer.run_once()

    def files(self) -> list[Path]:
        """Return the files, the first recorded first."""
        return sorted(self.folder.rglob("*.mp4"))

    def segments(self, camera_id: int) -> list[dict[str, Any]]:
        """Return what the API says of a camera's files, the first recorded first."""
        found = self.world.admin().get(f"/recordings?camera_id={camera_id}").json
        return sorted(found, key=lambda each: str(each["begun_at"]))


def later(sent: Footage, seconds: float) -> Footage:
    """Return the same footage, captured later, over another connection."""
    by_us = round(seconds * MICROSECONDS)
    return Footage(sent.template, [_later(entry, by_us) for entry in sent.entries])


def _later(entry: Entry, by_us: int) -> Entry:
    packet = dataclasses.replace(
        entry.packet,
        captured_at_us=entry.packet.captured_at_us + by_us,
        anchor_us=entry.packet.anchor_us + by_us,
    )
    milliseconds, _, number = entry.entry_id.partition("-")
    return Entry(EntryId(f"{int(milliseconds) + by_us // 1000}-{number}"), packet)


def at(seconds: float) -> str:
    """Return a moment of the footage as a query has it."""
    moment = BEGAN + timedelta(seconds=seconds)
    return moment.isoformat().replace("+00:00", "Z")


def playlist_path(camera_id: int, since_s: float, until_s: float | None = None) -> str:
    until = "" if until_s is None else f"&until={at(until_s)}"
    return f"/recordings/{camera_id}/playlist.m3u8?since={at(since_s)}{until}"


@dataclass(frozen=True)
class Listed:
    """A part of a playlist: where it lies, and how long it plays."""

    uri: str
    head: tuple[int, int]
    place: tuple[int, int]
    length_s: float


@dataclass(frozen=True)
class Parsed:
    """A playlist as a player reads it (RFC 8216)."""

    tags: Sequence[str]
    pieces: Sequence[Listed]
    #: For each piece that has one, by its number, when it was captured.
    captured_at: dict[int, datetime]
    #: The pieces that come behind a discontinuity.
    breaks: Sequence[int]

    @property
    def length_s(self) -> float:
        return sum(piece.length_s for piece in self.pieces)

    @property
    def is_over(self) -> bool:
        return "#EXT-X-ENDLIST" in self.tags

    def uris(self) -> list[str]:
        """Return each file once, in order."""
        return list(dict.fromkeys(piece.uri for piece in self.pieces))


def parsed(text: str) -> Parsed:
    """Read a playlist, strictly."""
    lines = text.splitlines()
    assert lines[0] == "#EXTM3U"
    pieces: list[Listed] = []
    captured_at: dict[int, datetime] = {}
    breaks: list[int] = []
    head = place = (0, 0)
    length_s = 0.0
    for line in lines:
        if match := re.fullmatch(r'#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\d+)@(\d+)"', line):
            head = int(match[2]), int(match[3])
        elif match := re.fullmatch(r"#EXT-X-BYTERANGE:(\d+)@(\d+)", line):
            place = int(match[1]), int(match[2])
        elif match := re.fullmatch(r"#EXTINF:([0-9.]+),", line):
            length_s = float(match[1])
        elif line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
            captured_at[len(pieces)] = datetime.fromisoformat(line.partition(":")[2])
        elif line == "#EXT-X-DISCONTINUITY":
            breaks.append(len(pieces))
        elif line and not line.startswith("#"):
            pieces.append(Listed(line, head, place, length_s))
    tags = [line for line in lines if line.startswith("#EXT")]
    [target] = [tag for tag in tags if tag.startswith("#EXT-X-TARGETDURATION:")]
    assert all(round(piece.length_s) <= int(target.partition(":")[2]) for piece in pieces)
    return Parsed(tags, pieces, captured_at, breaks)


def ask(who: Caller, path: str) -> Parsed:
    """Ask for a playlist."""
    answer = who.get(path)
    assert answer.status_code == 200, answer.json
    assert answer.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    return parsed(answer.text)


def fetch(who: Caller, uri: str, piece: tuple[int, int]) -> Answer:
    """Ask for a range of a file that a playlist names."""
    size, begin = piece
    headers = {"Range": f"bytes={begin}-{begin + size - 1}"}
    return who.get(uri.replace("../", "/recordings/"), headers=headers)
